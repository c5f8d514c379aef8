"""Whether two certificates agree on the issuer's key (RFC 5280 §4.2.1.1 and §4.2.1.2).

OpenSSL skips an issuer of the right name that is not the one its child asks for (X509_check_akid).
"""

from __future__ import annotations

from dataclasses import dataclass

from capath.pki.certificate import Certificate
from capath.pki.name import Name


@dataclass(frozen=True, slots=True)
class OtherKey:
    """The child asks for one subjectKeyIdentifier, and the issuer has another."""

    asked: bytes
    own: bytes


@dataclass(frozen=True, slots=True)
class OtherSerial:
    """The child asks for one serial number, and the issuer has another."""

    asked: int
    own: int


@dataclass(frozen=True, slots=True)
class OtherIssuer:
    """The child asks for what one CA issued, and the issuer was issued by another."""

    asked: Name
    own: Name


Mismatch = OtherKey | OtherSerial | OtherIssuer


def mismatch(issuer: Certificate, child: Certificate) -> Mismatch | None:
    """Why `child` does not ask for `issuer`, as OpenSSL judges; None where it does, or asks for none.

    Subject and issuer names, and the signature, are not looked at. What does not decode asks for nothing.
    """
    asked, own = child.authority_key, issuer.subject_key
    if asked.identifier is not None and own is not None and asked.identifier != own:
        return OtherKey(asked.identifier, own)
    if asked.serial is not None and asked.serial != issuer.serial:
        return OtherSerial(asked.serial, issuer.serial)
    if asked.issuer is not None and asked.issuer.canonical != issuer.issuer.canonical:
        return OtherIssuer(asked.issuer, issuer.issuer)
    return None


def is_self_signed(certificate: Certificate) -> bool:
    """Whether it names its own key as its issuer's, as OpenSSL's EXFLAG_SS. The signature is not checked."""
    return certificate.self_issued and mismatch(certificate, certificate) is None
