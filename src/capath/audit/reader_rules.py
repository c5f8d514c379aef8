"""Rules on who reads a certificate: OpenSSL's lookup, and programs that read every file of the directory."""

from __future__ import annotations

from capath.audit.context import Context
from capath.audit.facts import Facts
from capath.audit.finding import Severity
from capath.audit.rule import CertificateRule, Hit
from capath.store.standing import TakenOut, UsesRejected, why_standing

_SOURCE = "measured: Go, GnuTLS, uv, mbedTLS, wolfSSL, Node.js --use-system-ca"
_OTHERS = "programs that read every file of the directory (Go, git, wget, uv)"


def _trusted_by_some(context: Context, facts: Facts) -> Hit | None:
    readers = facts.row.readers
    if not readers.disagree or isinstance(facts.row.standing, TakenOut | UsesRejected):
        return None
    why = why_standing(facts.row.standing)
    if readers.all_files:
        remedy = f"{context.command('rehash')}, or {context.command('distrust', facts.row.file)}"
        return Hit(f"OpenSSL does not find it, and {_OTHERS} trust it", why, remedy)
    return Hit(
        f"OpenSSL trusts it, and {_OTHERS} do not",
        f"{facts.row.file} is a TRUSTED CERTIFICATE, which only OpenSSL reads",
        "write it as a plain certificate: openssl x509 -in FILE -out FILE.pem",
    )


def _off_but_read(context: Context, facts: Facts) -> Hit | None:
    standing = facts.row.standing
    if not isinstance(standing, TakenOut | UsesRejected) or not facts.row.readers.all_files:
        return None
    remedy = (
        f"{context.command('distrust', facts.row.file)} moves it into untrusted/, where TLS clients do not look"
    )
    return Hit(f"it is distrusted for OpenSSL, and {_OTHERS} still trust it", why_standing(standing), remedy)


def _bundle_differs(context: Context, facts: Facts) -> Hit | None:
    readers = facts.row.readers
    if readers.bundle is None or readers.bundle is context.listing.is_trusted(facts.row.held.sha256):
        return None
    has, remedy = "the directory trusts it, and the bundle beside it does not have it", "update-ca-certificates"
    if readers.bundle:
        has = "the directory does not trust it, and the bundle beside it still has it"
        remedy = f"{context.command('distrust', facts.row.file)} --policy distrusts it in both"
    evidence = "programs that read only ca-certificates.crt (wget, curl, Python, Deno) go by the bundle"
    return Hit(has, evidence, remedy)


READER_RULES = (
    CertificateRule(
        "bundle-differs",
        Severity.WARNING,
        "the directory and the bundle of its owner disagree about a certificate",
        "update-ca-certificates(8)",
        _bundle_differs,
    ),
    CertificateRule(
        "trusted-by-some",
        Severity.WARNING,
        "OpenSSL and programs that read every file disagree about a certificate",
        _SOURCE,
        _trusted_by_some,
    ),
    CertificateRule(
        "off-but-read",
        Severity.WARNING,
        "a distrusted certificate is still trusted by programs that read every file",
        _SOURCE,
        _off_but_read,
    ),
)
