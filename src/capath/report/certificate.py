"""Certificates and CRLs, as JSON and as text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from capath.pki.certificate import Certificate
from capath.pki.describe import describe_extensions, use_name
from capath.pki.key import public_key
from capath.pki.key_identifiers import is_self_signed
from capath.pki.pem import encode_pem
from capath.pki.signature import signature_algorithm
from capath.pki.trust_attributes import TrustAttributes
from capath.pki.visible import visible, visible_name
from capath.report.document import Json, moment
from capath.store import CertificateRow, CrlRow
from capath.store.readers import Readers
from capath.store.standing import why_standing

if TYPE_CHECKING:
    from capath.audit import Finding


def certificate_json(row: CertificateRow, findings: Sequence[Finding]) -> Json:
    """The object of a certificate in ``capath list --json``."""
    certificate = row.certificate
    key = public_key(certificate)
    return {
        "file": row.file,
        "subject": certificate.subject.text,
        "issuer": certificate.issuer.text,
        "serial": f"{certificate.serial:x}",
        "sha256": certificate.sha256,
        "sha1": certificate.sha1,
        "subject_hash": certificate.subject_hash,
        "old_hash": certificate.subject.old_hash,
        "links": list(row.links),
        "state": "trusted" if row.trusted else "untrusted",
        "why": why_standing(row.standing),
        "not_before": moment(certificate.not_before),
        "not_after": moment(certificate.not_after),
        "key": {"type": key.type, "bits": key.bits or None, "curve": key.curve or None},
        "signature_algorithm": signature_algorithm(certificate),
        "is_ca": certificate.is_ca,
        "self_signed": is_self_signed(certificate),
        "readers": _readers_json(row.readers),
        "trust": {"trusted_uses": list(row.trust.trusted), "rejected_uses": list(row.trust.rejected)},
        "problems": [
            {"rule": finding.rule, "severity": finding.severity.value, "text": finding.text}
            for finding in findings
        ],
    }


def _readers_json(readers: Readers) -> Json:
    return {"openssl": readers.openssl, "all-files": readers.all_files, "bundle": readers.bundle}


def crl_json(row: CrlRow) -> Json:
    """The object of a CRL in ``capath list --json``."""
    return {
        "file": row.file,
        "issuer": row.crl.issuer.text,
        "sha256": row.crl.sha256,
        "sha1": row.crl.sha1,
        "issuer_hash": row.crl.issuer.subject_hash,
        "links": list(row.links),
        "this_update": moment(row.crl.this_update),
        "next_update": moment(row.crl.next_update),
        "revoked_count": row.crl.revoked_count,
    }


def extensions_json(certificate: Certificate) -> list[Json]:
    """The decoded extensions, for ``capath show --json``."""
    return [
        {"name": extension.name, "critical": extension.critical, "lines": list(extension.lines)}
        for extension in describe_extensions(certificate)
    ]


def certificate_text(row: CertificateRow, findings: Sequence[Finding], now: datetime) -> str:
    """One certificate in full, for people; every value visible."""
    certificate = row.certificate
    key = public_key(certificate)
    lines = [
        visible_name(certificate.subject.title),
        "",
        f"State        {'trusted' if row.trusted else 'untrusted'}: {visible(why_standing(row.standing))}",
        f"File         {visible(row.file)}",
        f"Hash links   {visible(', '.join(row.links)) or 'none'}",
        f"Subject      {visible(certificate.subject.text)}",
        f"Issuer       {visible(certificate.issuer.text)}",
        f"Serial       {serial_text(certificate)}",
        f"Valid        {date_text(certificate.not_before)} to {date_text(certificate.not_after)}"
        f" ({remaining_text(certificate, now)})",
        f"Key          {visible(key.text)}{f', e {key.exponent}' if key.exponent else ''}",
        f"Signature    {signature_algorithm(certificate)}",
        f"SHA-256      {fingerprint_text(certificate.sha256)}",
        f"SHA-1        {fingerprint_text(certificate.sha1)}",
        f"Subject hash {certificate.subject_hash}   old hash {certificate.subject.old_hash}",
    ]
    if row.readers.disagree:
        lines.append(f"Readers      {readers_text(row.readers)}")
    if row.trust.encoded:
        lines.append(f"Trust        {_trust_text(row.trust)} (TRUSTED CERTIFICATE, which only OpenSSL reads)")
    for extension in describe_extensions(certificate):
        mark = " (critical)" if extension.critical else ""
        lines.append(f"{extension.name}{mark}")
        lines.extend(f"    {visible(line)}" for line in extension.lines)
    lines.extend(f"{finding.severity.value}: {visible(finding.text)} [{finding.rule}]" for finding in findings)
    return "\n".join(lines)


def readers_text(readers: Readers) -> str:
    """Who takes a certificate for a root and who does not, where that differs."""
    others = "programs that read every file (Go, git, wget, uv, …)"
    if readers.all_files:
        return f"OpenSSL does not trust it; {others} do"
    return f"OpenSSL trusts it; {others} do not"


def _trust_text(trust: TrustAttributes) -> str:
    """The uses of a TRUSTED CERTIFICATE in words."""
    uses = (("trusted for", trust.trusted), ("rejected for", trust.rejected))
    return "; ".join(f"{what} {', '.join(map(use_name, oids))}" for what, oids in uses if oids) or "no uses"


def certificate_pem(certificate: Certificate) -> str:
    """The certificate as normalised PEM."""
    return encode_pem("CERTIFICATE", certificate.der).decode("ascii")


def fingerprint_text(digits: str) -> str:
    """Hex digits as OpenSSL prints fingerprints: pairs, capitals, colons."""
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2)).upper()


def serial_text(certificate: Certificate) -> str:
    return f"{certificate.serial:X}"


def date_text(value: datetime | None) -> str:
    return "an unreadable date" if value is None else f"{value:%Y-%m-%d}"


def remaining_text(certificate: Certificate, now: datetime) -> str:
    """How long it is still good, or for how long it has not been."""
    if certificate.not_before is not None and now < certificate.not_before:
        return f"not valid for another {_span((certificate.not_before - now).days)}"
    if certificate.not_after is None:
        return "its end date cannot be read"
    days = (certificate.not_after - now).days
    return f"{_span(days)} left" if now <= certificate.not_after else f"expired {_span(-days)} ago"


def _span(days: int) -> str:
    if days >= 730:
        return f"{days / 365.25:.1f} years"
    return f"{days} day{'' if days == 1 else 's'}"
