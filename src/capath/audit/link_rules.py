"""Rules on hash links: what hides a root from lookup, and what lets in more than it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from capath.audit.context import Context
from capath.audit.facts import Facts
from capath.audit.finding import AboutLink, Severity, Subject
from capath.audit.rule import CertificateRule, Hit, Rule, StoreRule
from capath.store.link_name import resembles_link
from capath.store.links import LinkState
from capath.store.standing import NotLinked, OldHashOnly, explain

_LOOKUP = "X509_LOOKUP_hash_dir(3), openssl-rehash(1)"


def _defect(state: LinkState, text: str) -> Callable[[Context], Iterator[tuple[Subject, Hit]]]:
    def check(context: Context) -> Iterator[tuple[Subject, Hit]]:
        for link in context.listing.links:
            if link.state is state:
                remedy = context.command("rehash")
                if link.target is None:
                    remedy = (
                        "it is a file and no link, which capath leaves: move it away, or give it a name in .pem"
                    )
                yield AboutLink(link.name), Hit(text, link.why, remedy)

    return check


def _several(context: Context) -> Iterator[tuple[Subject, Hit]]:
    for link in context.listing.links:
        if link.state is LinkState.MULTIPLE:
            remedy = "capath import the file into an empty directory, which makes one file of each certificate"
            hit = Hit("one lookup takes in several certificates, whatever their names", link.why, remedy)
            yield AboutLink(link.name), hit


def _old_hash_only(context: Context, facts: Facts) -> Hit | None:
    standing = facts.row.standing
    if not isinstance(standing, OldHashOnly):
        return None
    directory = context.quote(context.listing.snapshot.directory)
    remedy = (
        f"capath import NEW-DIRECTORY {directory}" if resembles_link(facts.row.file) else context.command("rehash")
    )
    return Hit("only its old hash is linked, so OpenSSL 1.0 and later never find it", explain(standing), remedy)


def _not_linked(context: Context, facts: Facts) -> Hit | None:
    standing = facts.row.standing
    if not isinstance(standing, NotLinked) or not facts.in_force:
        return None
    return Hit(
        "it is not linked, so nothing trusts it, and the next openssl rehash would",
        explain(standing),
        f"{context.command('rehash')} to trust it, {context.command('distrust', facts.row.file)} to keep it off",
    )


LINK_RULES: tuple[Rule, ...] = (
    StoreRule(
        "link-dangling",
        Severity.ERROR,
        "a hash link leads nowhere",
        _LOOKUP,
        _defect(LinkState.DANGLING, "the link leads nowhere, and hides every later slot of its hash"),
    ),
    StoreRule(
        "link-wrong-hash",
        Severity.ERROR,
        "a hash link has another certificate's hash",
        _LOOKUP,
        _defect(LinkState.WRONG_HASH, "the link's name is not the hash of the certificate behind it"),
    ),
    StoreRule(
        "link-unreachable",
        Severity.ERROR,
        "lookup stops before it comes to a hash link",
        _LOOKUP,
        _defect(LinkState.UNREACHABLE, "lookup never comes to this link"),
    ),
    StoreRule(
        "link-not-a-certificate",
        Severity.ERROR,
        "a hash link leads to something that does not load",
        _LOOKUP,
        _defect(LinkState.NOT_A_CERTIFICATE, "what is behind the link does not load"),
    ),
    StoreRule(
        "link-duplicate",
        Severity.WARNING,
        "two hash links lead to the same certificate",
        _LOOKUP,
        _defect(LinkState.DUPLICATE, "the link repeats another"),
    ),
    StoreRule(
        "several-behind-one-link",
        Severity.WARNING,
        "several certificates stand behind one hash link",
        _LOOKUP,
        _several,
    ),
    CertificateRule(
        "old-hash-only",
        Severity.ERROR,
        "a certificate is linked by its old hash alone",
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
