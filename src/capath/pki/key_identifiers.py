"""How a certificate names its own key and its issuer's (RFC 5280 §4.2.1.1 and §4.2.1.2), and whether two agree.

OpenSSL passes over an issuer of the right name that is not the one its child asks for (X509_check_akid).
"""

from __future__ import annotations

from dataclasses import dataclass

from capath.errors import ParseError
from capath.pki import der
from capath.pki.certificate import AUTHORITY_KEY_IDENTIFIER, SUBJECT_KEY_IDENTIFIER, Certificate
from capath.pki.name import Name

_KEY_IDENTIFIER, _ISSUERS, _SERIAL, _DIRECTORY_NAME = 0x80, 0xA1, 0x82, 0xA4


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
    """The child asks for what one authority issued, and the issuer was issued by another."""

    asked: Name
    own: Name


Mismatch = OtherKey | OtherSerial | OtherIssuer


@dataclass(frozen=True, slots=True)
class _Asked:
    key: bytes | None = None
    issuer: Name | None = None
    serial: int | None = None


def mismatch(issuer: Certificate, child: Certificate) -> Mismatch | None:
    """Why `child` does not ask for `issuer`, as OpenSSL judges; None where it does, or asks for none.

    Subject and issuer names, and the signature, are not looked at. What does not decode asks for nothing.
    """
    asked = _asked(child)
    own = subject_key_identifier(issuer)
    if asked.key is not None and own is not None and asked.key != own:
        return OtherKey(asked.key, own)
    if asked.serial is not None and asked.serial != issuer.serial:
        return OtherSerial(asked.serial, issuer.serial)
    if asked.issuer is not None and asked.issuer.canonical != issuer.issuer.canonical:
        return OtherIssuer(asked.issuer, issuer.issuer)
    return None


def subject_key_identifier(certificate: Certificate) -> bytes | None:
    """How it names its own key; None where it does not, or that does not decode."""
    extension = certificate.extension(SUBJECT_KEY_IDENTIFIER)
    if extension is None:
        return None
    value = extension.value
    try:
        start, end = der.expect(value, 0, len(value), der.OCTET_STRING, "subjectKeyIdentifier")
    except ParseError:
        return None
    return value[start:end]


def _asked(certificate: Certificate) -> _Asked:
    extension = certificate.extension(AUTHORITY_KEY_IDENTIFIER)
    if extension is None:
        return _Asked()
    value = extension.value
    key, issuer, serial = None, None, None
    try:
        start, end = der.expect(value, 0, len(value), der.SEQUENCE, "authorityKeyIdentifier")
        for tag, _, content, stop in der.elements(value, start, end):
            if tag == _KEY_IDENTIFIER:
                key = value[content:stop]
            elif tag == _ISSUERS:
                issuer = _first_name(value, content, stop)
            elif tag == _SERIAL:
                serial = int.from_bytes(value[content:stop], "big", signed=True)
    except ParseError:
        return _Asked()
    return _Asked(key, issuer, serial)


def _first_name(value: bytes, start: int, end: int) -> Name | None:
    """The first directoryName of GeneralNames, the only one that OpenSSL compares. Raises ParseError."""
    for tag, _, content, stop in der.elements(value, start, end):
        if tag == _DIRECTORY_NAME:
            return Name.decode(value[content:stop])
    return None
