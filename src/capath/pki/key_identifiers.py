"""Whether two certificates agree on the issuer's key (RFC 5280 §4.2.1.1 and §4.2.1.2).

OpenSSL skips an issuer of the right name that is not the one its child asks for (X509_check_akid).
"""

from __future__ import annotations

from dataclasses import dataclass

from capath.errors import ParseError
from capath.pki import tlv
from capath.pki.certificate import Certificate
from capath.pki.extensions import AUTHORITY_KEY_IDENTIFIER, SUBJECT_KEY_IDENTIFIER
from capath.pki.name import Name

_DIRECTORY_NAME = 0xA4


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


@dataclass(frozen=True, slots=True)
class AuthorityKey:
    """How a certificate names its issuer's key (RFC 5280 §4.2.1.1): by identifier, by name and serial, or not.

    `issuer` is the first directoryName, the only one that OpenSSL compares.
    """

    identifier: bytes | None = None
    issuer: Name | None = None
    serial: int | None = None


Mismatch = OtherKey | OtherSerial | OtherIssuer


def mismatch(issuer: Certificate, child: Certificate) -> Mismatch | None:
    """Why `child` does not ask for `issuer`, as OpenSSL judges; None where it does, or asks for none.

    Subject and issuer names, and the signature, are not looked at. What does not decode asks for nothing.
    """
    asked, own = authority_key(child), subject_key(issuer)
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


def subject_key(certificate: Certificate) -> bytes | None:
    """How it names its own key (RFC 5280 §4.2.1.2); None where it does not, or that does not decode."""
    extension = certificate.extension(SUBJECT_KEY_IDENTIFIER)
    if extension is None:
        return None
    try:
        return tlv.content(extension.value, tlv.OCTET_STRING, "subjectKeyIdentifier")
    except ParseError:
        return None


def authority_key(certificate: Certificate) -> AuthorityKey:
    """How it names its issuer's key. What does not decode names nothing."""
    extension = certificate.extension(AUTHORITY_KEY_IDENTIFIER)
    try:
        return AuthorityKey() if extension is None else _authority_key(extension.value)
    except ParseError:
        return AuthorityKey()


def _authority_key(value: bytes) -> AuthorityKey:
    """Raises ParseError."""
    identifier, issuer, serial = None, None, None
    for tag, content in tlv.members(value, tlv.SEQUENCE, "authorityKeyIdentifier"):
        if tag == 0x80:
            identifier = content
        elif tag == 0xA1:
            for kind, _, at, to in tlv.elements(content, 0, len(content)):
                if kind == _DIRECTORY_NAME:
                    issuer = Name.decode(content[at:to])
                    break
        elif tag == 0x82:
            serial = tlv.integer(content)
    return AuthorityKey(identifier, issuer, serial)
