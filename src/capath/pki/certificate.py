"""One X.509 certificate or CRL, with the fields that trust decisions need (RFC 5280 §4 and §5)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from capath.errors import ParseError
from capath.pki import der
from capath.pki.name import Name, read_name

BASIC_CONSTRAINTS = "2.5.29.19"
KEY_USAGE = "2.5.29.15"
SUBJECT_KEY_IDENTIFIER = "2.5.29.14"
AUTHORITY_KEY_IDENTIFIER = "2.5.29.35"


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension as encoded: dotted `oid` and the content of its OCTET STRING."""

    oid: str
    critical: bool
    value: bytes


@dataclass(frozen=True, slots=True)
class BasicConstraints:
    """RFC 5280 §4.2.1.9."""

    ca: bool
    path_length: int | None


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that OpenSSL would load. Two are the same certificate when their `sha256` are equal."""

    der: bytes
    subject: Name
    issuer: Name
    version: int
    serial: int
    not_before: datetime | None
    not_after: datetime | None
    public_key_info: bytes
    signature_oid: str
    extensions: tuple[Extension, ...]
    sha256: str
    sha1: str

    def extension(self, oid: str) -> Extension | None:
        return next((extension for extension in self.extensions if extension.oid == oid), None)

    @property
    def basic_constraints(self) -> BasicConstraints | None:
        """Decoded basicConstraints; None where there is none or it is malformed."""
        extension = self.extension(BASIC_CONSTRAINTS)
        return None if extension is None else _basic_constraints(extension.value)

    @property
    def is_ca(self) -> bool:
        """Whether it may issue: cA TRUE, or a self-issued version 1 certificate (X509_check_ca)."""
        constraints = self.basic_constraints
        if constraints is not None:
            return constraints.ca
        return self.version == 1 and self.self_issued

    @property
    def self_issued(self) -> bool:
        """Whether subject and issuer are the same name (RFC 5280 §3.2). Says nothing of the signature."""
        return self.subject.canonical == self.issuer.canonical

    @property
    def subject_hash(self) -> str:
        """The hash its links are named by."""
        return self.subject.subject_hash


@dataclass(frozen=True, slots=True)
class CertificateList:
    """A CRL that OpenSSL would load."""

    der: bytes
    issuer: Name
    this_update: datetime | None
    next_update: datetime | None
    revoked_count: int
    sha256: str
    sha1: str


def read_certificate(data: bytes) -> tuple[Certificate, bytes]:
    """Decode the certificate that `data` begins with; return it and the bytes behind it.

    Raises ParseError where `d2i_X509` fails.
    """
    start, end = der.expect(data, 0, len(data), der.SEQUENCE, "certificate")
    tbs, tbs_end = der.expect(data, start, end, der.SEQUENCE, "tbsCertificate")
    signature_oid, at = _algorithm(data, tbs_end, end)
    _, at = der.expect(data, at, end, der.BIT_STRING, "signature")
    if at != end:
        raise ParseError("certificate: something follows the signature")

    at, version = tbs, 1
    tag, content, stop = der.header(data, at, tbs_end)
    if tag == 0xA0:
        number, number_end = der.expect(data, content, stop, der.INTEGER, "version")
        version, at = _integer(data[number:number_end]) + 1, stop
    number, at = der.expect(data, at, tbs_end, der.INTEGER, "serial number")
    serial = _integer(data[number:at])
    _, at = _algorithm(data, at, tbs_end)
    issuer, at = read_name(data, at, tbs_end)
    not_before, not_after, at = _validity(data, at, tbs_end)
    subject_end = at + len(issuer.encoded)
    if data[at:subject_end] == issuer.encoded and subject_end <= tbs_end:
        subject, at = issuer, subject_end
    else:
        subject, at = read_name(data, at, tbs_end)
    key_start = at
    at = _public_key_info(data, at, tbs_end)
    public_key_info = data[key_start:at]
    extensions: tuple[Extension, ...] = ()
    order = 0x80
    for tag, _, content, stop in der.elements(data, at, tbs_end):
        number = tag & 0x9F
        if number <= order or number not in (0x81, 0x82, 0x83):
            raise ParseError(f"tbsCertificate: an element of tag 0x{tag:02x} does not belong here")
        order = number
        if tag == 0xA3:
            extensions = _extensions(data, content, stop)
    encoded = data[:end]
    return Certificate(
        encoded,
        subject,
        issuer,
        version,
        serial,
        not_before,
        not_after,
        public_key_info,
        signature_oid,
        extensions,
        hashlib.sha256(encoded).hexdigest(),
        hashlib.sha1(encoded, usedforsecurity=False).hexdigest(),
    ), data[end:]


def read_crl(data: bytes) -> CertificateList:
    """Decode a CRL (RFC 5280 §5.1). Raises ParseError where `d2i_X509_CRL` fails."""
    start, end = der.expect(data, 0, len(data), der.SEQUENCE, "CRL")
    at, tbs_end = der.expect(data, start, end, der.SEQUENCE, "tbsCertList")
    _, after = _algorithm(data, tbs_end, end)
    der.expect(data, after, end, der.BIT_STRING, "signature")
    if data[at] == der.INTEGER:
        _, _, at = der.header(data, at, tbs_end)
    _, at = _algorithm(data, at, tbs_end)
    issuer, at = read_name(data, at, tbs_end)
    this_update, at = _time(data, at, tbs_end)
    next_update = None
    if at < tbs_end and data[at] in (der.UTC_TIME, der.GENERALIZED_TIME):
        next_update, at = _time(data, at, tbs_end)
    revoked_count = 0
    if at < tbs_end and data[at] == der.SEQUENCE:
        entries, at = der.expect(data, at, tbs_end, der.SEQUENCE, "revokedCertificates")
        revoked_count = sum(1 for _ in der.elements(data, entries, at))
    if at < tbs_end:
        content, stop = der.expect(data, at, tbs_end, 0xA0, "crlExtensions")
        _extensions(data, content, stop)
    encoded = data[:end]
    return CertificateList(
        encoded,
        issuer,
        this_update,
        next_update,
        revoked_count,
        hashlib.sha256(encoded).hexdigest(),
        hashlib.sha1(encoded, usedforsecurity=False).hexdigest(),
    )


def _algorithm(data: bytes, offset: int, end: int) -> tuple[str, int]:
    start, stop = der.expect(data, offset, end, der.SEQUENCE, "algorithm")
    oid, oid_end = der.expect(data, start, stop, der.OID, "algorithm")
    if oid_end < stop:
        _, _, after = der.header(data, oid_end, stop)
        if after != stop:
            raise ParseError("algorithm: something follows the parameters")
    return der.oid_text(data[oid:oid_end]), stop


def _public_key_info(data: bytes, offset: int, end: int) -> int:
    start, stop = der.expect(data, offset, end, der.SEQUENCE, "subjectPublicKeyInfo")
    _, at = _algorithm(data, start, stop)
    _, at = der.expect(data, at, stop, der.BIT_STRING, "subjectPublicKey")
    if at != stop:
        raise ParseError("subjectPublicKeyInfo: something follows the key")
    return stop


def _validity(data: bytes, offset: int, end: int) -> tuple[datetime | None, datetime | None, int]:
    start, stop = der.expect(data, offset, end, der.SEQUENCE, "validity")
    not_before, at = _time(data, start, stop)
    not_after, at = _time(data, at, stop)
    if at != stop:
        raise ParseError("validity: something follows notAfter")
    return not_before, not_after, stop


def _time(data: bytes, offset: int, end: int) -> tuple[datetime | None, int]:
    tag, start, stop = der.header(data, offset, end)
    if tag not in (der.UTC_TIME, der.GENERALIZED_TIME):
        raise ParseError(f"a time of tag 0x{tag:02x}")
    return der.time_value(tag, data[start:stop]), stop


def _extensions(data: bytes, start: int, end: int) -> tuple[Extension, ...]:
    start, stop = der.expect(data, start, end, der.SEQUENCE, "extensions")
    if stop != end:
        raise ParseError("extensions: something follows the list")
    found = []
    for tag, _, at, extension_end in der.elements(data, start, stop):
        if tag != der.SEQUENCE:
            raise ParseError(f"an extension of tag 0x{tag:02x}")
        oid, oid_end = der.expect(data, at, extension_end, der.OID, "extension")
        at, critical = oid_end, False
        if at < extension_end and data[at] == der.BOOLEAN:
            flag, at = der.expect(data, at, extension_end, der.BOOLEAN, "extension")
            if at - flag != 1:
                raise ParseError("extension: critical is not one octet")
            critical = data[flag] != 0
        value, value_end = der.expect(data, at, extension_end, der.OCTET_STRING, "extension")
        if value_end != extension_end:
            raise ParseError("extension: something follows the value")
        found.append(Extension(der.oid_text(data[oid:oid_end]), critical, data[value:value_end]))
    return tuple(found)


def _basic_constraints(value: bytes) -> BasicConstraints | None:
    try:
        start, end = der.expect(value, 0, len(value), der.SEQUENCE, "basicConstraints")
        ca, path_length = False, None
        for tag, _, content, stop in der.elements(value, start, end):
            if tag == der.BOOLEAN:
                ca = value[content:stop] not in (b"", b"\0")
            elif tag == der.INTEGER:
                path_length = _integer(value[content:stop])
    except ParseError:
        return None
    return BasicConstraints(ca, path_length)


def _integer(content: bytes) -> int:
    if not content:
        raise ParseError("an integer without octets")
    if len(content) > 1 and (content[0], content[1] >> 7) in ((0x00, 0), (0xFF, 1)):
        raise ParseError("an integer with padding")
    return int.from_bytes(content, "big", signed=True)
