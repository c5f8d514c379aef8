"""Rules on how a certificate is numbered, encoded and stored."""

from __future__ import annotations

from functools import lru_cache

from capath.audit.context import Context
from capath.audit.facts import Facts
from capath.audit.finding import Severity
from capath.audit.rule import CertificateRule, Hit
from capath.pki.certificate import Certificate
from capath.pki.describe import library_refusal, use_name
from capath.store.listing import CertificateRow

_SERIAL_OCTETS_LIMIT = 20
_SHOWN = 5


def _serial_number(context: Context, facts: Facts) -> Hit | None:
    serial = facts.certificate.serial
    octets = serial.bit_length() // 8 + 1
    if serial == 0:
        text = "its serial number is zero"
    elif serial < 0:
        text = "its serial number is negative"
    elif octets > _SERIAL_OCTETS_LIMIT:
        text = f"its serial number has {octets} bytes, more than {_SERIAL_OCTETS_LIMIT}"
    else:
        return None
    return Hit(text, f"the serial number is {serial:x}", "nothing to do; some clients reject it")


def _trusted_uses(context: Context, facts: Facts) -> Hit | None:
    trust = facts.row.trust
    if not trust.encoded:
        return None
    parts = []
    if trust.trusted:
        parts.append(f"trusted for {', '.join(map(use_name, trust.trusted))}")
    if trust.rejected:
        parts.append(f"rejected for {', '.join(map(use_name, trust.rejected))}")
    if not parts:
        parts.append("no uses")
    allows = "OpenSSL accepts it for TLS servers" if trust.allows_servers else "OpenSSL rejects it for TLS servers"
    return Hit(
        "it is a TRUSTED CERTIFICATE: other clients ignore its uses, or cannot read it at all",
        f"{'; '.join(parts)}: {allows}",
        "import it again as a plain certificate, unless only OpenSSL reads this store",
    )


def _twice(context: Context, facts: Facts) -> Hit | None:
    rows = context.listing.by_sha256[facts.certificate.sha256]
    if len(rows) == 1:
        return None
    return Hit(
        f"the same certificate is here {len(rows)} times",
        _files(rows),
        "nothing to do; trust and distrust change all copies together",
    )


def _library_differs(context: Context, facts: Facts) -> Hit | None:
    refusal = _refusal(facts.certificate)
    if not refusal:
        return None
    return Hit(
        "OpenSSL loads it, and other libraries reject it",
        f"cryptography says: {refusal}",
        "nothing to do while only OpenSSL reads this store",
    )


def _refused_by_newer(context: Context, facts: Facts) -> Hit | None:
    refusal = facts.certificate.refused_by_newer
    if not refusal:
        return None
    return Hit(
        "the OpenSSL of this Python loads it, and a newer OpenSSL refuses it",
        f"pyOpenSSL's OpenSSL says: {refusal}",
        "ask its CA for a certificate that is encoded as RFC 5280 requires, before OpenSSL is updated",
    )


@lru_cache(maxsize=32768)
def _refusal(certificate: Certificate) -> str:
    return library_refusal(certificate)


def _files(rows: tuple[CertificateRow, ...]) -> str:
    text = ", ".join(row.file for row in rows[:_SHOWN])
    return text if len(rows) <= _SHOWN else f"{text} and {len(rows) - _SHOWN} more"


ENCODING_RULES = (
    CertificateRule(
        "trusted-certificate-uses",
        Severity.WARNING,
        "it is a TRUSTED CERTIFICATE with uses that other clients ignore",
        "openssl-x509(1), TRUST SETTINGS",
        _trusted_uses,
    ),
    CertificateRule(
        "libraries-differ",
        Severity.WARNING,
        "one library loads the certificate and another rejects it",
        "RFC 5280 section 4; X.690",
        _library_differs,
    ),
    CertificateRule(
        "refused-by-newer-openssl",
        Severity.WARNING,
        "a newer OpenSSL refuses the certificate",
        "RFC 5280 section 4; X.690",
        _refused_by_newer,
    ),
    CertificateRule(
        "serial-number",
        Severity.INFO,
        "its serial number is zero, negative or longer than 20 bytes",
        "RFC 5280 section 4.1.2.2; CA/Browser Forum TLS BR section 7.1",
        _serial_number,
    ),
    CertificateRule(
        "same-certificate-twice",
        Severity.INFO,
        "the same certificate is in two files",
        "openssl-rehash(1)",
        _twice,
    ),
)
