"""One X.509 certificate or CRL, with the fields that trust decisions need (RFC 5280 §4 and §5).

What OpenSSL checks when it loads one is checked at once; what only people ask for is decoded when they ask.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from capath.errors import ParseError
from capath.pki import ber, der
from capath.pki.frame import (
    CertificateFrame,
    CrlFrame,
    extension_at,
    frame_certificate,
    frame_crl,
)
from capath.pki.name import Name

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
    subject: Name = field(compare=False)
    issuer: Name = field(compare=False)
    _plain: bytes = field(repr=False, compare=False)
    """`der` itself; where that is only BER, the same in DER, which the frame's bounds are of."""
    _frame: CertificateFrame = field(repr=False, compare=False)
    _sha256: str = field(default="", init=False, repr=False, compare=False)

    @property
    def sha256(self) -> str:
        if not self._sha256:
            object.__setattr__(self, "_sha256", hashlib.sha256(self._fingerprinted).hexdigest())
        return self._sha256

    @property
    def sha1(self) -> str:
        return hashlib.sha1(self._fingerprinted, usedforsecurity=False).hexdigest()

    @property
    def version(self) -> int:
        return self._frame.version

    @property
    def serial(self) -> int:
        return int.from_bytes(self._cut(self._frame.serial), "big", signed=True)

    @property
    def not_before(self) -> datetime | None:
        """None where it is no time that RFC 5280 knows."""
        return _times(self._plain, *self._frame.validity)[0]

    @property
    def not_after(self) -> datetime | None:
        return _times(self._plain, *self._frame.validity)[1]

    @property
    def public_key_info(self) -> bytes:
        """The subjectPublicKeyInfo, a whole DER element."""
        return self._cut(self._frame.public_key_info)

    @property
    def signature_oid(self) -> str:
        start, stop = self._frame.signature_algorithm
        oid, oid_end = der.expect(self._plain, start, stop, der.OID, "algorithm")
        return der.oid_text(self._plain[oid:oid_end])

    @property
    def extensions(self) -> tuple[Extension, ...]:
        found = []
        at, stop = self._frame.extensions
        while at < stop:
            oid, critical, value, at = extension_at(self._plain, at, stop)
            found.append(Extension(der.oid_text(oid), critical, self._plain[value:at]))
        return tuple(found)

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

    @property
    def _fingerprinted(self) -> bytes:
        """What `openssl x509 -fingerprint` hashes: what was signed as it is, the rest as DER."""
        algorithm, signature = self._frame.signature_algorithm
        if self._plain is self.der and all(map(self._is_minimal, (0, algorithm - 2, signature))):
            return self.der
        signed = ber.parts(self.der)[0]
        _, at, _ = der.header(self._plain, 0, len(self._plain))
        _, _, at = der.header(self._plain, at, len(self._plain))
        rest = [
            der.encode(tag, self._plain[content:stop])
            for tag, _, content, stop in der.elements(self._plain, at, self._frame.end)
        ]
        return der.encode(der.SEQUENCE, signed + b"".join(rest))

    def _is_minimal(self, at: int) -> bool:
        """Whether the length of the element at `at` is in no more octets than it needs."""
        length = self.der[at + 1 : at + 4]
        return (
            length[0] < 0x80 or (length[0] == 0x81 and length[1] > 0x7F) or (length[0] == 0x82 and length[1] > 0)
        )

    def _cut(self, bounds: tuple[int, int]) -> bytes:
        return self._plain[bounds[0] : bounds[1]]


@dataclass(frozen=True)
class CertificateList:
    """A CRL that OpenSSL would load."""

    der: bytes
    issuer: Name = field(compare=False)
    _plain: bytes = field(repr=False, compare=False)
    _frame: CrlFrame = field(repr=False, compare=False)

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.der).hexdigest()

    @cached_property
    def sha1(self) -> str:
        return hashlib.sha1(self.der, usedforsecurity=False).hexdigest()

    @property
    def this_update(self) -> datetime | None:
        return _times(self._plain, *self._frame.times)[0]

    @property
    def next_update(self) -> datetime | None:
        """None where there is none, or it is no time that RFC 5280 knows."""
        return _times(self._plain, *self._frame.times)[1]

    @cached_property
    def revoked_count(self) -> int:
        return sum(1 for _ in der.elements(self._plain, *self._frame.revoked))


def read_certificate(data: bytes) -> tuple[Certificate, bytes]:
    """Decode the certificate that `data` begins with; return it and the bytes behind it.

    Raises ParseError where `d2i_X509` fails.
    """
    try:
        frame = frame_certificate(data)
        issuer = Name.decode(data[slice(*frame.issuer)])
        encoded = data[slice(*frame.subject)]
        subject = issuer if encoded == issuer.encoded else Name.decode(encoded)
        whole = data if frame.end == len(data) else data[: frame.end]
    except ParseError:
        return _read_ber_certificate(data)
    return Certificate(whole, subject, issuer, whole, frame), data[frame.end :]


def read_crl(data: bytes) -> CertificateList:
    """Decode a CRL (RFC 5280 §5.1). Raises ParseError where `d2i_X509_CRL` fails."""
    try:
        frame = frame_crl(data)
        plain = whole = data[: frame.end]
        issuer = Name.decode(data[slice(*frame.issuer)])
    except ParseError:
        plain, end = ber.to_der(data)
        frame, whole = frame_crl(plain), data[:end]
        signed = ber.parts(ber.parts(whole)[0])
        issuer = _ber_name(signed, plain[slice(*frame.issuer)])
    return CertificateList(whole, issuer, plain, frame)


def _read_ber_certificate(data: bytes) -> tuple[Certificate, bytes]:
    plain, end = ber.to_der(data)
    frame = frame_certificate(plain)
    signed = ber.parts(ber.parts(data)[0])
    issuer = _ber_name(signed, plain[slice(*frame.issuer)])
    subject = _ber_name(signed[::-1], plain[slice(*frame.subject)])
    return Certificate(data[:end], subject, issuer, plain, frame), data[end:]


def _ber_name(elements: list[bytes], plain: bytes) -> Name:
    """The name whose DER is `plain`, with its own encoding, which the old hash is of, from `elements`."""
    encoded = next(element for element in elements if ber.to_der(element)[0] == plain)
    return Name(encoded, Name.decode(plain).canonical)


def _times(data: bytes, start: int, end: int) -> tuple[datetime | None, datetime | None]:
    values = [der.time_value(tag, data[content:stop]) for tag, _, content, stop in der.elements(data, start, end)]
    return values[0], values[1] if len(values) > 1 else None


def _basic_constraints(value: bytes) -> BasicConstraints | None:
    try:
        start, end = der.expect(value, 0, len(value), der.SEQUENCE, "basicConstraints")
        ca, path_length = False, None
        for tag, _, content, stop in der.elements(value, start, end):
            if tag == der.BOOLEAN:
                ca = value[content:stop] not in (b"", b"\0")
            elif tag == der.INTEGER:
                path_length = der.integer(value[content:stop])
    except ParseError:
        return None
    return BasicConstraints(ca, path_length)
