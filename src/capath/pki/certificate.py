"""One X.509 certificate, with the facts that trust decisions need (RFC 5280 §4).

Facts are read from the octets when they are asked for: reading ten thousand roots to hash them must not cost
decoding them. `capath.pki.load` makes these, and decides what is a certificate.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from capath.pki import tlv
from capath.pki.extensions import (
    BASIC_CONSTRAINTS,
    KEY_USAGE,
    PROCESSED_BY_OPENSSL,
    BasicConstraints,
    Extension,
    key_usage_bits,
)
from capath.pki.name import Name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime

_SERIAL, _ALGORITHM, _ISSUER, _VALIDITY, _SUBJECT, _KEY = range(1, 7)


class Certificate:
    """A certificate that OpenSSL loads. Two are equal when their `der` is.

    `plain` is `der` itself; where that is only BER, the same in DER. `refused_by_newer`: why the newer of two
    OpenSSLs (pyOpenSSL's) refuses what the machine's loads; empty where it does not.
    """

    __slots__ = (
        "_bounds",
        "_extensions",
        "_sha1",
        "_sha256",
        "der",
        "issuer",
        "plain",
        "refused_by_newer",
        "subject",
    )

    def __init__(
        self, der: bytes, subject: Name, issuer: Name, plain: bytes | None = None, refused_by_newer: str = ""
    ) -> None:
        self.der = der
        self.subject = subject
        self.issuer = issuer
        self.plain = der if plain is None else plain
        self.refused_by_newer = refused_by_newer
        self._sha256 = self._sha1 = ""
        self._bounds: tuple[int, ...] = ()
        self._extensions: tuple[Extension, ...] | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Certificate) and self.der == other.der

    def __hash__(self) -> int:
        return hash(self.der)

    def __repr__(self) -> str:
        return f"<Certificate {self.subject.text!r} {self.sha256[:16]}>"

    @property
    def sha256(self) -> str:
        if not self._sha256:
            self._sha256 = hashlib.sha256(self._fingerprinted).hexdigest()
        return self._sha256

    @property
    def sha1(self) -> str:
        if not self._sha1:
            self._sha1 = hashlib.sha1(self._fingerprinted, usedforsecurity=False).hexdigest()
        return self._sha1

    @property
    def version(self) -> int:
        octets = self._field(0)
        return 1 if not octets else tlv.integer(octets[4:]) + 1

    @property
    def serial(self) -> int:
        return tlv.integer(self._content(_SERIAL))

    @property
    def not_before(self) -> datetime | None:
        """None where it is not a time as RFC 5280 writes it."""
        return times_in(self._content(_VALIDITY))[0]

    @property
    def not_after(self) -> datetime | None:
        return times_in(self._content(_VALIDITY))[1]

    @property
    def public_key_info(self) -> bytes:
        """The subjectPublicKeyInfo, a whole DER element."""
        return self._field(_KEY)

    @property
    def signed_part(self) -> bytes:
        """The tbsCertificate as encoded, which the signature is of."""
        return tlv.parts(self.der)[0]

    @property
    def signature_algorithm(self) -> bytes:
        """The AlgorithmIdentifier outside of what is signed, a whole DER element."""
        return tlv.parts(self.plain)[1]

    @property
    def signature(self) -> bytes:
        """The signature's octets."""
        encoded = tlv.parts(self.plain)[2]
        return encoded[slice(*tlv.header(encoded, 0, len(encoded))[1:])][1:]

    @property
    def signature_oid(self) -> str:
        algorithm = self.signature_algorithm
        _, at, end = tlv.header(algorithm, 0, len(algorithm))
        return tlv.oid_text(algorithm[slice(*tlv.header(algorithm, at, end)[1:])])

    @property
    def extensions(self) -> tuple[Extension, ...]:
        """All of them, in their order."""
        if self._extensions is None:
            self._extensions = tuple(_extensions(self.plain, self._fields[-1]))
        return self._extensions

    def extension(self, oid: str) -> Extension | None:
        return next((extension for extension in self.extensions if extension.oid == oid), None)

    @property
    def unprocessed_extensions(self) -> tuple[str, ...]:
        """The OIDs of critical extensions for which OpenSSL rejects it."""
        critical = [extension.oid for extension in self.extensions if extension.critical]
        return tuple(oid for oid in critical if oid not in PROCESSED_BY_OPENSSL)

    @property
    def basic_constraints(self) -> BasicConstraints | None:
        """Decoded basicConstraints; None where there is none or it does not decode."""
        extension = self.extension(BASIC_CONSTRAINTS)
        return None if extension is None else BasicConstraints.decode(extension.value)

    @property
    def key_usage(self) -> frozenset[int] | None:
        """The bits of keyUsage that are set (RFC 5280 §4.2.1.3: 0 is digitalSignature); None where there is none.

        One that does not decode has no bits.
        """
        extension = self.extension(KEY_USAGE)
        return None if extension is None else key_usage_bits(extension.value)

    @property
    def is_ca(self) -> bool:
        """Whether it may issue: cA TRUE, or a self-issued version 1 certificate (X509_check_ca)."""
        constraints = self.basic_constraints
        if constraints is not None:
            return constraints.ca
        return self.version == 1 and self.self_issued

    @property
    def self_issued(self) -> bool:
        """Whether subject and issuer are the same name (RFC 5280 §3.2). Says nothing of the key."""
        return self.subject.canonical == self.issuer.canonical

    @property
    def subject_hash(self) -> str:
        """The hash its links are named by."""
        return self.subject.subject_hash

    @property
    def _fingerprinted(self) -> bytes:
        """What `openssl x509 -fingerprint` hashes: what was signed as it is, the rest as DER."""
        if self.plain is self.der:
            return self.der
        signed, *rest = tlv.parts(self.der)
        return tlv.encode(tlv.SEQUENCE, b"".join((signed, *(tlv.definite(part) for part in rest))))

    @property
    def _fields(self) -> tuple[int, ...]:
        """Where the seven fields of tbsCertificate begin, and where the last of them ends."""
        if not self._bounds:
            self._bounds = certificate_fields(self.plain)
        return self._bounds

    def _field(self, number: int) -> bytes:
        return self.plain[self._fields[number] : self._fields[number + 1]]

    def _content(self, number: int) -> bytes:
        _, start, stop = tlv.header(self.plain, self._fields[number], len(self.plain))
        return self.plain[start:stop]


def certificate_fields(plain: bytes) -> tuple[int, ...]:
    """Where version, serial number, algorithm, issuer, validity, subject and key begin, and the last ends.

    Fields are known by their order, for OpenSSL forgives some tags. A missing version is empty.
    Raises ParseError where there are fewer.
    """
    header = tlv.header
    _, at, end = header(plain, 0, len(plain))
    _, at, end = header(plain, at, end)
    bounds = [at]
    if plain[at : at + 1] != b"\xa0":
        bounds.append(at)
    while len(bounds) < 8:
        _, _, at = header(plain, at, end)
        bounds.append(at)
    return tuple(bounds)


def _extensions(plain: bytes, at: int) -> Iterator[Extension]:
    """The extensions of a certificate whose seven fields end at `at`. Unique identifiers may come before."""
    _, tbs, end = tlv.header(plain, 0, len(plain))
    _, _, end = tlv.header(plain, tbs, end)
    for tag, _, start, stop in tlv.elements(plain, at, end):
        if tag == 0xA3:
            _, start, stop = tlv.header(plain, start, stop)
            while start < stop:
                extension, start = Extension.read(plain, start, stop)
                yield extension


def times_in(content: bytes) -> tuple[datetime | None, datetime | None]:
    """The first two times that `content` consists of; None for one that is missing, or is not a time."""
    values = [
        tlv.time_value(tag, content[start:stop]) for tag, _, start, stop in tlv.elements(content, 0, len(content))
    ]
    return values[0], values[1] if len(values) > 1 else None
