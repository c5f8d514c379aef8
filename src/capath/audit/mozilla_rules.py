"""Rules based on Mozilla's list, each with the date of the list."""

from __future__ import annotations

from capath.audit.context import Context
from capath.audit.facts import Facts
from capath.audit.finding import Severity
from capath.audit.rule import CertificateRule, Hit
from capath.sources.mozilla_roots import Limits, MozillaRoot, TlsTrust, limits_of
from capath.store.constraints import OWN_LIMIT

_STORE = "Mozilla Root Store Policy; NSS certdata.txt"


def _distrusted(context: Context, facts: Facts) -> Hit | None:
    root = context.mozilla.roots.get(facts.certificate.sha256)
    if root is None or root.tls is not TlsTrust.DISTRUSTED:
        return None
    return Hit(
        f"Mozilla actively distrusts it{_because(root)}",
        f"Mozilla's list has it as distrusted since {root.included}",
        context.command("distrust", facts.row.file),
        context.mozilla.date,
    )


def _removed(context: Context, facts: Facts) -> Hit | None:
    root = context.mozilla.roots.get(facts.certificate.sha256)
    if root is None or root.removed is None or root.tls is TlsTrust.DISTRUSTED:
        return None
    return Hit(
        f"Mozilla removed it on {root.removed}{_because(root)}",
        f"in Mozilla's list from {root.included} to {root.removed}",
        f"{context.command('distrust', facts.row.file)}, unless you have your own reason to trust it",
        context.mozilla.date,
    )


def _distrust_after(context: Context, facts: Facts) -> Hit | None:
    limits = _limits(context, facts)
    date = limits.distrust_after
    if date is None:
        return None
    return Hit(
        f"Mozilla accepts from it only certificates issued until {date:%Y-%m-%d}",
        f"distrust-after for TLS is {date:%Y-%m-%d %H:%M:%S}Z ({limits.source}); OpenSSL does not know it "
        "and accepts later ones",
        "keep it while servers still use certificates issued before that day; capath test checks each leaf",
        limits.list_date,
    )


def _not_for_servers(context: Context, facts: Facts) -> Hit | None:
    root = _current(context, facts)
    if root is None or root.tls is not TlsTrust.NO:
        return None
    return Hit(
        "Mozilla does not trust it for TLS servers, or no longer does",
        "its trust bit for server authentication is off; OpenSSL accepts it for servers nevertheless",
        f"{context.command('distrust', facts.row.file)}, if this store is for TLS",
        context.mozilla.date,
    )


def _constrained(context: Context, facts: Facts) -> Hit | None:
    limits = _limits(context, facts)
    if not limits.constraints:
        return None
    return Hit(
        f"Mozilla accepts from it only names under {limits.constraints}, which OpenSSL does not enforce",
        f"the constraint {limits.constraints} is in Mozilla's software ({limits.source}), not necessarily in the "
        "certificate",
        f"{context.command('distrust', facts.row.file)}, unless you need servers under {limits.constraints}",
        limits.list_date,
    )


def _unlisted(context: Context, facts: Facts) -> Hit | None:
    sha256 = facts.certificate.sha256
    if not facts.decoded.is_root or sha256 in context.mozilla.roots or sha256 in context.newer_roots():
        return None
    return Hit(
        "Mozilla has never had this root: it is from a private CA, an intercepting proxy or another root program",
        f"its SHA-256 is not in Mozilla's list of {context.mozilla.date}, nor in certifi",
        f"find out whose it is; if you do not need it: {context.command('distrust', facts.row.file)}",
        context.mozilla.date,
    )


def _limits(context: Context, facts: Facts) -> Limits:
    """What Mozilla says, also as it was kept on import; a limit that the user has set is not Mozilla's."""
    sha256 = facts.certificate.sha256
    kept = context.kept.by_sha256.get(sha256)
    from_a_list = {} if kept is None or kept.source == OWN_LIMIT else {sha256: kept}
    return limits_of(sha256, from_a_list, context.mozilla)


def _current(context: Context, facts: Facts) -> MozillaRoot | None:
    root = context.mozilla.roots.get(facts.certificate.sha256)
    if root is None or root.removed is not None or root.tls is TlsTrust.DISTRUSTED:
        return None
    return root


def _because(root: MozillaRoot) -> str:
    return f": {root.reason}" if root.reason else ""


MOZILLA_RULES = (
    CertificateRule(
        "distrusted-by-mozilla",
        Severity.ERROR,
        "Mozilla actively distrusts a certificate that is trusted here",
        _STORE,
        _distrusted,
    ),
    CertificateRule(
        "removed-by-mozilla", Severity.WARNING, "Mozilla has removed the root from its store", _STORE, _removed
    ),
    CertificateRule(
        "distrust-after",
        Severity.WARNING,
        "Mozilla accepts from the root only certificates issued before a date",
        f"{_STORE}, CKA_NSS_SERVER_DISTRUST_AFTER",
        _distrust_after,
    ),
    CertificateRule(
        "not-for-tls-servers",
        Severity.WARNING,
        "Mozilla's trust bit for TLS servers is off",
        f"{_STORE}, CKA_TRUST_SERVER_AUTH",
        _not_for_servers,
    ),
    CertificateRule(
        "mozilla-name-constraint",
        Severity.WARNING,
        "Mozilla applies a name constraint that OpenSSL does not enforce",
        f"{_STORE}; CCADB, Mozilla Applied Constraints",
        _constrained,
    ),
    CertificateRule(
        "not-in-mozilla-list",
        Severity.WARNING,
        "Mozilla has never had the root",
        _STORE,
        _unlisted,
    ),
)
