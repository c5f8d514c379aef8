"""Rules on hash links: what hides a root from lookup, and what trusts more than its name says."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from capath.audit.context import Context
from capath.audit.facts import Facts
from capath.audit.finding import AboutLink, Severity, Subject
from capath.audit.rule import CertificateRule, Hit, Rule, StoreRule
from capath.store.link_health import LinkState
from capath.store.link_name import resembles_link
from capath.store.standing import NotLinked, OldHashOnly, why_standing

_LOOKUP = "X509_LOOKUP_hash_dir(3), openssl-rehash(1)"


def _defect(state: LinkState, text: str) -> Callable[[Context], Iterator[tuple[Subject, Hit]]]:
    def check(context: Context) -> Iterator[tuple[Subject, Hit]]:
        for link in context.listing.links:
            if link.state is state:
                remedy = context.command("rehash")
                if link.target is None:
                    remedy = (
                        "it is a regular file, which capath leaves alone: move it away, or rename it to NAME.pem"
                    )
                yield AboutLink(link.name), Hit(text, link.why, remedy)

    return check


def _several(context: Context) -> Iterator[tuple[Subject, Hit]]:
    for link in context.listing.links:
        if link.state is LinkState.MULTIPLE:
            remedy = "capath import the file into an empty directory, which makes one file of each certificate"
            hit = Hit("one lookup trusts several certificates, whatever their names", link.why, remedy)
            yield AboutLink(link.name), hit


def _old_hash_only(context: Context, facts: Facts) -> Hit | None:
    standing = facts.row.standing
    if not isinstance(standing, OldHashOnly):
        return None
    directory = context.quote(context.listing.snapshot.directory)
    remedy = (
        f"capath import NEW-DIRECTORY {directory}" if resembles_link(facts.row.file) else context.command("rehash")
    )
    text = "only its old hash is linked, so OpenSSL 1.0 and later never find it"
    return Hit(text, why_standing(standing), remedy)


def _not_linked(context: Context, facts: Facts) -> Hit | None:
    standing = facts.row.standing
    if not isinstance(standing, NotLinked) or not facts.in_force:
        return None
    return Hit(
        "it is not linked, so OpenSSL does not trust it; the next openssl rehash would change that",
        why_standing(standing),
        f"{context.command('rehash')} trusts it; {context.command('distrust', facts.row.file)} does not",
    )


LINK_RULES: tuple[Rule, ...] = (
    StoreRule(
        "link-dangling",
        Severity.ERROR,
        "the target of a hash link does not exist",
        _LOOKUP,
        _defect(
            LinkState.DANGLING,
            "its target does not exist, which hides every later slot of the same hash",
        ),
    ),
    StoreRule(
        "link-wrong-hash",
        Severity.ERROR,
        "the name of a hash link is not the hash of its certificate",
        _LOOKUP,
        _defect(LinkState.WRONG_HASH, "the link's name is not the hash of the certificate it points to"),
    ),
    StoreRule(
        "link-unreachable",
        Severity.ERROR,
        "lookup stops before it reaches a hash link",
        _LOOKUP,
        _defect(LinkState.UNREACHABLE, "lookup never reaches this link"),
    ),
    StoreRule(
        "link-not-a-certificate",
        Severity.ERROR,
        "a hash link points to a file that OpenSSL cannot load",
        _LOOKUP,
        _defect(LinkState.NOT_A_CERTIFICATE, "OpenSSL cannot load the file that the link points to"),
    ),
    StoreRule(
        "link-duplicate",
        Severity.WARNING,
        "two hash links point to the same certificate",
        _LOOKUP,
        _defect(LinkState.DUPLICATE, "another link of the same hash points to the same certificate"),
    ),
    StoreRule(
        "several-behind-one-link",
        Severity.WARNING,
        "a hash link points to a file with several certificates",
        _LOOKUP,
        _several,
    ),
    CertificateRule(
        "old-hash-only",
        Severity.ERROR,
        "a certificate is linked by its old hash only",
        "openssl-rehash(1), -old and -compat",
        _old_hash_only,
    ),
    CertificateRule(
        "not-linked",
        Severity.WARNING,
        "a certificate has no hash link, though openssl rehash would make one",
        _LOOKUP,
        _not_linked,
    ),
)
