"""X.501 names: decoded for people, compared and hashed as OpenSSL does it (`X509_NAME_hash`, openssl-x509(1))."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache

from capath.errors import ParseError
from capath.pki import tlv
from capath.values import value_class

# OpenSSL's short names (openssl-x509(1), -nameopt RFC2253), and for the eIDAS identifier its own.
_LABELS = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "street",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.13": "description",
    "2.5.4.15": "businessCategory",
    "2.5.4.16": "postalAddress",
    "2.5.4.17": "postalCode",
    "2.5.4.20": "telephoneNumber",
    "2.5.4.41": "name",
    "2.5.4.42": "GN",
    "2.5.4.43": "initials",
    "2.5.4.44": "generationQualifier",
    "2.5.4.45": "x500UniqueIdentifier",
    "2.5.4.46": "dnQualifier",
    "2.5.4.65": "pseudonym",
    "2.5.4.72": "role",
    "2.5.4.97": "organizationIdentifier",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.3": "mail",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
    "1.2.840.113549.1.9.2": "unstructuredName",
    "1.2.840.113549.1.9.8": "unstructuredAddress",
    "1.3.6.1.4.1.311.60.2.1.1": "jurisdictionL",
    "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionST",
    "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionC",
    "1.2.643.3.131.1.1": "INN",
    "1.2.643.100.1": "OGRN",
    "1.2.643.100.3": "SNILS",
    "1.2.643.100.4": "INNLE",
    "1.2.643.100.5": "OGRNIP",
}
_CODECS = {
    tlv.UTF8_STRING: "utf-8",
    tlv.PRINTABLE_STRING: "latin-1",
    tlv.T61_STRING: "latin-1",  # OpenSSL takes T61String for Latin-1
    tlv.IA5_STRING: "latin-1",
    tlv.VISIBLE_STRING: "latin-1",
    tlv.UNIVERSAL_STRING: "utf-32-be",
    tlv.BMP_STRING: "utf-16-be",
}
_ASCII_TAGS = frozenset({tlv.UTF8_STRING, tlv.PRINTABLE_STRING, tlv.IA5_STRING, tlv.T61_STRING})
# What ASN1_PRINTABLE, the type of a name's values in OpenSSL, accepts: of tags with a type, these; and those
# that have none (7, 8, 9, 11, 13, 14, 15, 29). Every other tag makes the whole certificate unreadable.
_VALUE_TAGS = frozenset(
    {tlv.BIT_STRING, tlv.UTF8_STRING, tlv.NUMERIC_STRING, tlv.PRINTABLE_STRING, tlv.T61_STRING, tlv.IA5_STRING}
    | {tlv.UNIVERSAL_STRING, tlv.BMP_STRING, tlv.SEQUENCE}
    | {0x07, 0x08, 0x09, 0x0B, 0x0D, 0x0E, 0x0F, 0x1D}
)


@value_class
class Attribute:
    """One AttributeTypeAndValue (RFC 5280 §4.1.2.4): dotted `oid`, `tag` of the value, content bytes."""

    __slots__ = ("oid", "tag", "value")

    def __init__(self, oid: str, tag: int, value: bytes) -> None:
        self.oid = oid
        self.tag = tag
        self.value = value

    @property
    def label(self) -> str:
        return _LABELS.get(self.oid, self.oid)

    @property
    def text(self) -> str:
        """The value as text; ``#hex`` of its encoding where it is not a string (RFC 4514 §2.4)."""
        codec = _CODECS.get(self.tag, "latin-1" if self.tag == tlv.NUMERIC_STRING else None)
        if codec is None:
            return "#" + tlv.encode(self.tag, self.value).hex()
        return self.value.decode(codec, "replace")


class Name:
    """A distinguished name: its encoded bytes (the whole SEQUENCE element), and the `canonical` ones that
    OpenSSL compares and hashes names by (see `canonical_bytes`)."""

    __slots__ = ("_subject_hash", "canonical", "encoded")

    def __init__(self, encoded: bytes, canonical: bytes) -> None:
        self.encoded = encoded
        self.canonical = canonical
        self._subject_hash = ""

    @classmethod
    def decode(cls, encoded: bytes) -> Name:
        """Return the name that `encoded` is. Raises ParseError where OpenSSL would not load it."""
        return cls(encoded, canonical_bytes(encoded))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Name) and self.encoded == other.encoded

    def __hash__(self) -> int:
        return hash(self.encoded)

    def __repr__(self) -> str:
        return f"<Name {self.text!r}>"

    @property
    def rdns(self) -> tuple[tuple[Attribute, ...], ...]:
        """The relative distinguished names in encoded order (most often country first)."""
        try:
            return _decode_rdns(self.encoded)
        except ParseError:  # BER
            return _decode_rdns(tlv.definite(self.encoded))

    @property
    def text(self) -> str:
        """The name as RFC 4514 writes it: last RDN first, special characters escaped with a backslash.

        An RDN without attributes, which RFC 5280 does not allow and OpenSSL loads, is left out.
        """
        return ",".join(
            "+".join(f"{attribute.label}={_escape(attribute.text)}" for attribute in rdn)
            for rdn in reversed(self.rdns)
            if rdn
        )

    @property
    def title(self) -> str:
        """What people call it: the common name, else the lowest unit or organisation, else the whole."""
        attributes = [attribute for rdn in reversed(self.rdns) for attribute in rdn]
        for label in ("CN", "OU", "O"):
            for attribute in attributes:
                if attribute.label == label and attribute.text.strip():
                    return attribute.text
        return self.text or "(empty name)"

    @property
    def organisation(self) -> str:
        """The O attribute, or an empty string."""
        return next((a.text for rdn in self.rdns for a in rdn if a.label == "O"), "")

    @property
    def subject_hash(self) -> str:
        """``openssl x509 -subject_hash``: eight lowercase hex digits."""
        if not self._subject_hash:
            self._subject_hash = _hash_text(hashlib.sha1(self.canonical, usedforsecurity=False).digest())
        return self._subject_hash

    @property
    def old_hash(self) -> str:
        """``openssl x509 -subject_hash_old``: eight lowercase hex digits."""
        return _hash_text(hashlib.md5(self.encoded, usedforsecurity=False).digest())


def canonical_bytes(encoded: bytes) -> bytes:
    """Return OpenSSL's canonical form of the name whose SEQUENCE is `encoded` (x509_name_canon).

    The RDN SETs are back to back without an outer header; string values become UTF8String, trimmed, inner
    white-space runs one space, ASCII lowercased; the members of a SET are in DER order.
    Raises ParseError for a name that OpenSSL refuses to load.
    """
    canonical = b""
    for rdn in _rdns(encoded):
        canonical += _plain_rdn(rdn) or _canonical_rdn(rdn)
    return canonical


def _decode_rdns(encoded: bytes) -> tuple[tuple[Attribute, ...], ...]:
    return tuple(
        tuple(Attribute(tlv.oid_text(oid), tag, value) for oid, tag, value in _members(rdn))
        for rdn in _rdns(encoded)
    )


def _rdns(encoded: bytes) -> Iterator[bytes]:
    _, at, end = tlv.header(encoded, 0, len(encoded))
    while at < end:
        if at + 1 < end and encoded[at + 1] < 0x80:  # nearly every one, without a call
            stop = at + 2 + encoded[at + 1]
            if stop > end:
                raise ParseError("a relative distinguished name that is longer than its name")
        else:
            _, _, stop = tlv.header(encoded, at, end)
        yield encoded[at:stop]
        at = stop


def _plain_rdn(rdn: bytes) -> bytes:
    """The canonical form of an RDN of one short ASCII string; empty where it takes more care."""
    size = len(rdn)
    # SET, SEQUENCE, a type of three octets, a string: in one octet of length each.
    if not 11 <= size < 0x80 or rdn[2] != 0x30 or rdn[3] != size - 4:
        return b""
    if rdn[4:7] != b"\x06\x03\x55" or rdn[9] not in _ASCII_TAGS or rdn[10] != size - 11:
        return b""
    value = rdn[11:]
    if not value.isascii():
        return b""
    text = b" ".join(value.lower().split())
    length = len(text)
    return b"\x31%c\x30%c%b\x0c%c%b" % (length + 9, length + 7, rdn[4:9], length, text)


@lru_cache(maxsize=8192)
def _canonical_rdn(rdn: bytes) -> bytes:
    members = []
    for oid, tag, value in _members(rdn):
        if tag in _CODECS:
            text = b" ".join(_utf8(tag, value).lower().split())
            canonical = tlv.encode(tlv.UTF8_STRING, text)
        else:
            canonical = tlv.encode(tag, _bits(value) if tag == tlv.BIT_STRING else value)
        members.append(tlv.encode(tlv.SEQUENCE, tlv.encode(tlv.OID, oid) + canonical))
    if not members:
        return b""
    return tlv.encode(tlv.SET, b"".join(sorted(members)))


def _members(rdn: bytes) -> list[tuple[bytes, int, bytes]]:
    """Type, tag and value of each attribute of an RDN. Raises ParseError where OpenSSL would not load it."""
    _, at, stop = tlv.header(rdn, 0, len(rdn))
    members = []
    while at < stop:
        pair, at = tlv.expect(rdn, at, stop, tlv.SEQUENCE, "attribute of a name")
        oid_start, oid_end = tlv.expect(rdn, pair, at, tlv.OID, "attribute type")
        tag, value, value_end = tlv.header(rdn, oid_end, at)
        if tag not in _VALUE_TAGS:
            raise ParseError(f"attribute of a name: a value of tag 0x{tag:02x} is not allowed")
        members.append((rdn[oid_start:oid_end], tag, rdn[value:value_end]))
    return members


def _utf8(tag: int, value: bytes) -> bytes:
    if value.isascii() and tag not in (tlv.BMP_STRING, tlv.UNIVERSAL_STRING):
        return value
    try:
        text = value.decode(_CODECS[tag])
        if tag == tlv.BMP_STRING and len(text) * 2 != len(value):
            raise ParseError("a BMPString that holds surrogates")
        return text.encode()
    except UnicodeError as error:
        raise ParseError(f"a name's text does not decode: {error}") from None


def _bits(value: bytes) -> bytes:
    """A BIT STRING's content as OpenSSL writes it again: unused bits are zero, and none in an empty one."""
    if not value or value[0] > 7:
        raise ParseError("a bit string without a count of its unused bits")
    if len(value) == 1:
        return b"\0"
    return value[:-1] + bytes((value[-1] & (0xFF << value[0]) & 0xFF,))


def _hash_text(digest: bytes) -> str:
    return digest[3::-1].hex()


def _escape(text: str) -> str:
    text = text.replace("\\", "\\\\")
    for special in ',+"<>;=':
        text = text.replace(special, "\\" + special)
    if text.startswith((" ", "#")):
        text = "\\" + text
    if text.endswith(" "):
        text = text[:-1] + "\\ "
    return text
