"""One X.509 certificate, with the facts that trust decisions need (RFC 5280 §4).

Facts are read from the octets when they are asked for: reading ten thousand roots to hash them must not cost
decoding them. `capath.pki.load` makes these, and decides what is a certificate.
"""

from __future__ import annotations

import hashlib

from capath.errors import ParseError
from capath.pki import tlv
from capath.pki.name import Name
from capath.values import value_class

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime

BASIC_CONSTRAINTS = "2.5.29.19"
KEY_USAGE = "2.5.29.15"
SUBJECT_KEY_IDENTIFIER = "2.5.29.14"
AUTHORITY_KEY_IDENTIFIER = "2.5.29.35"
_SERIAL, _ALGORITHM, _ISSUER, _VALIDITY, _SUBJECT, _KEY = range(1, 7)
_DIRECTORY_NAME = 0xA4


@value_class
class Extension:
    """An extension as encoded: dotted `oid` and the content of its OCTET STRING."""

    __slots__ = ("critical", "oid", "value")

    def __init__(self, oid: str, critical: bool, value: bytes) -> None:
        self.oid = oid
        self.critical = critical
        self.value = value


@value_class
class BasicConstraints:
    """RFC 5280 §4.2.1.9."""

    __slots__ = ("ca", "path_length")

    def __init__(self, ca: bool, path_length: int | None) -> None:
        self.ca = ca
        self.path_length = path_length


@value_class
class AuthorityKey:
    """How a certificate names its issuer's key (RFC 5280 §4.2.1.1): by identifier, by name and serial, or not.

    `issuer` is the first directoryName, the only one that OpenSSL compares.
    """

    __slots__ = ("identifier", "issuer", "serial")

    def __init__(self, identifier: bytes | None, issuer: Name | None, serial: int | None) -> None:
        self.identifier = identifier
        self.issuer = issuer
        self.serial = serial


class Certificate:
    """A certificate that OpenSSL loads. Two are equal when their `der` is.

    `plain` is `der` itself; where that is only BER, the same in DER. `refused_by_newer`: why the newer of two
    OpenSSLs (pyOpenSSL's) refuses what the machine's loads; empty where it does not.
    """

    __slots__ = ("_bounds", "_sha1", "_sha256", "der", "issuer", "plain", "refused_by_newer", "subject")

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
        _, at, end = tlv.header(self.plain, 0, len(self.plain))
        _, _, end = tlv.header(self.plain, at, end)
        for tag, _, start, stop in tlv.elements(self.plain, self._fields[-1], end):
            if tag == 0xA3:
                _, start, stop = tlv.header(self.plain, start, stop)
                bounds = [(at, to) for _, _, at, to in tlv.elements(self.plain, start, stop)]
                return tuple(_extension(self.plain[at:to]) for at, to in bounds)
        return ()

    def extension(self, oid: str) -> Extension | None:
        return next((extension for extension in self.extensions if extension.oid == oid), None)

    @property
    def basic_constraints(self) -> BasicConstraints | None:
        """Decoded basicConstraints; None where there is none or it does not decode."""
        extension = self.extension(BASIC_CONSTRAINTS)
        return None if extension is None else _basic_constraints(extension.value)

    @property
    def key_usage(self) -> frozenset[int] | None:
        """The bits of keyUsage that are set (RFC 5280 §4.2.1.3: 0 is digitalSignature); None where there is none.

        One that does not decode has no bits.
        """
        extension = self.extension(KEY_USAGE)
        return None if extension is None else key_usage_bits(extension.value)

    @property
    def subject_key(self) -> bytes | None:
        """How it names its own key (RFC 5280 §4.2.1.2); None where it does not, or that does not decode."""
        extension = self.extension(SUBJECT_KEY_IDENTIFIER)
        if extension is None:
            return None
        try:
            start, end = tlv.expect(
                extension.value, 0, len(extension.value), tlv.OCTET_STRING, "subjectKeyIdentifier"
            )
        except ParseError:
            return None
        return extension.value[start:end]

    @property
    def authority_key(self) -> AuthorityKey:
        """How it names its issuer's key. What does not decode names nothing."""
        extension = self.extension(AUTHORITY_KEY_IDENTIFIER)
        try:
            return AuthorityKey(None, None, None) if extension is None else _authority_key(extension.value)
        except ParseError:
            return AuthorityKey(None, None, None)

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
        return tlv.encode(tlv.SEQUENCE, b"".join((signed, *(tlv.definite(part)[0] for part in rest))))

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

    Fields are told by their order, for OpenSSL forgives some tags. A missing version is empty.
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


def key_usage_bits(value: bytes) -> frozenset[int]:
    """The bits that are set in an encoded keyUsage; none where it does not decode."""
    try:
        start, end = tlv.expect(value, 0, len(value), tlv.BIT_STRING, "keyUsage")
    except ParseError:
        return frozenset()
    octets = value[start + 1 : end]
    return frozenset(bit for bit in range(len(octets) * 8) if octets[bit // 8] & 0x80 >> bit % 8)


def _extension(content: bytes) -> Extension:
    oid, *_, value = (content[start:stop] for _, _, start, stop in tlv.elements(content, 0, len(content)))
    _, _, after = tlv.header(content, 0, len(content))
    critical = content[after] == tlv.BOOLEAN and content[after + 2] != 0
    return Extension(tlv.oid_text(oid), critical, value)


def times_in(content: bytes) -> tuple[datetime | None, datetime | None]:
    """The first two times that `content` consists of; None for one that is missing, or is not a time."""
    values = [
        tlv.time_value(tag, content[start:stop]) for tag, _, start, stop in tlv.elements(content, 0, len(content))
    ]
    return values[0], values[1] if len(values) > 1 else None


def _basic_constraints(value: bytes) -> BasicConstraints | None:
    ca, path_length = False, None
    try:
        for tag, content in tlv.members(value, tlv.SEQUENCE, "basicConstraints"):
            if tag == tlv.BOOLEAN:
                ca = content not in (b"", b"\0")
            elif tag == tlv.INTEGER:
                path_length = tlv.integer(content)
    except ParseError:
        return None
    return BasicConstraints(ca, path_length)


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
