"""One extension of a certificate, as encoded, and the few that decide on trust decoded (RFC 5280 §4.2)."""

from __future__ import annotations

from capath.errors import ParseError
from capath.pki import tlv
from capath.values import value_class

BASIC_CONSTRAINTS = "2.5.29.19"
KEY_USAGE = "2.5.29.15"
SUBJECT_KEY_IDENTIFIER = "2.5.29.14"
AUTHORITY_KEY_IDENTIFIER = "2.5.29.35"
NAME_CONSTRAINTS = "2.5.29.30"
PROCESSED_BY_OPENSSL = frozenset(
    {KEY_USAGE, "2.5.29.17", BASIC_CONSTRAINTS, NAME_CONSTRAINTS, "2.5.29.31", "2.5.29.32", "2.5.29.33"}
    | {"2.5.29.36", "2.5.29.37", "2.5.29.54", "1.3.6.1.5.5.7.1.7", "1.3.6.1.5.5.7.1.8", "1.3.6.1.5.5.7.1.14"}
    | {"1.3.6.1.5.5.7.48.1.5", "2.16.840.1.113730.1.1"}
)
"""What may be critical without OpenSSL rejecting the certificate (X509_supported_extension)."""


@value_class
class Extension:
    """An extension as encoded: dotted `oid` and the content of its OCTET STRING."""

    __slots__ = ("critical", "oid", "value")

    def __init__(self, oid: str, critical: bool, value: bytes) -> None:
        self.oid = oid
        self.critical = critical
        self.value = value

    @classmethod
    def read(cls, data: bytes, at: int, end: int) -> tuple[Extension, int]:
        """Return the extension at `at`, and where it ends. Raises ParseError."""
        header = tlv.header
        _, at, stop = header(data, at, end)
        _, oid, oid_end = header(data, at, stop)
        tag, value, value_end = header(data, oid_end, stop)
        critical = False
        if tag == tlv.BOOLEAN:
            critical = data[value] != 0
            _, value, value_end = header(data, value_end, stop)
        return cls(tlv.oid_text(data[oid:oid_end]), critical, data[value:value_end]), stop

    @property
    def encoded(self) -> bytes:
        """The whole DER element."""
        critical = b"\x01\x01\xff" if self.critical else b""
        content = tlv.encode_oid(self.oid) + critical + tlv.encode(tlv.OCTET_STRING, self.value)
        return tlv.encode(tlv.SEQUENCE, content)


@value_class
class BasicConstraints:
    """RFC 5280 §4.2.1.9."""

    __slots__ = ("ca", "path_length")

    def __init__(self, ca: bool, path_length: int | None) -> None:
        self.ca = ca
        self.path_length = path_length

    @classmethod
    def decode(cls, value: bytes) -> BasicConstraints | None:
        """Return what `value` says; None where it does not decode."""
        ca, path_length = False, None
        try:
            for tag, content in tlv.members(value, tlv.SEQUENCE, "basicConstraints"):
                if tag == tlv.BOOLEAN:
                    ca = content not in (b"", b"\0")
                elif tag == tlv.INTEGER:
                    path_length = tlv.integer(content)
        except ParseError:
            return None
        return cls(ca, path_length)


def key_usage_bits(value: bytes) -> frozenset[int]:
    """The bits that are set in an encoded keyUsage; none where it does not decode."""
    try:
        start, end = tlv.expect(value, 0, len(value), tlv.BIT_STRING, "keyUsage")
    except ParseError:
        return frozenset()
    octets = value[start + 1 : end]
    return frozenset(bit for bit in range(len(octets) * 8) if octets[bit // 8] & 0x80 >> bit % 8)
