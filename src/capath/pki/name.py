"""X.501 names: decoded for people, and hashed as OpenSSL hashes them (`X509_NAME_hash`, x509(1) -subject_hash)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from capath.errors import ParseError
from capath.pki import der

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
    "2.5.4.15": "businessCategory",
    "2.5.4.17": "postalCode",
    "2.5.4.42": "GN",
    "2.5.4.46": "dnQualifier",
    "2.5.4.97": "organizationIdentifier",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
    "1.3.6.1.4.1.311.60.2.1.1": "jurisdictionL",
    "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionST",
    "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionC",
}
_OCTET_CODECS = {
    der.UTF8_STRING: "utf-8",
    der.PRINTABLE_STRING: "latin-1",
    der.T61_STRING: "latin-1",  # OpenSSL takes T61String for Latin-1
    der.IA5_STRING: "latin-1",
    der.VISIBLE_STRING: "latin-1",
    der.UNIVERSAL_STRING: "utf-32-be",
    der.BMP_STRING: "utf-16-be",
}
# What ASN1_PRINTABLE, the type of a name's values in OpenSSL, takes: of tags with a type, these; and those
# that have none (7, 8, 9, 11, 13, 14, 15, 29). Every other tag makes the whole certificate unreadable.
_TAKEN_VALUE_TAGS = frozenset(
    {der.BIT_STRING, der.UTF8_STRING, der.NUMERIC_STRING, der.PRINTABLE_STRING, der.T61_STRING, der.IA5_STRING}
    | {der.UNIVERSAL_STRING, der.BMP_STRING, der.SEQUENCE}
    | {0x07, 0x08, 0x09, 0x0B, 0x0D, 0x0E, 0x0F, 0x1D}
)


@dataclass(frozen=True, slots=True)
class Attribute:
    """One AttributeTypeAndValue (RFC 5280 §4.1.2.4): dotted `oid`, DER `tag` of the value, content octets."""

    oid: str
    tag: int
    value: bytes

    @property
    def label(self) -> str:
        return _LABELS.get(self.oid, self.oid)

    @property
    def text(self) -> str:
        """The value as text; ``#hex`` of the octets where it is no string (RFC 4514 §2.4)."""
        codec = _OCTET_CODECS.get(self.tag, "latin-1" if self.tag == der.NUMERIC_STRING else None)
        if codec is None:
            return "#" + der.encode(self.tag, self.value).hex()
        return self.value.decode(codec, "replace")


@dataclass(frozen=True, slots=True)
class Name:
    """A distinguished name: its encoded bytes (the whole SEQUENCE element), and the `canonical` ones that
    OpenSSL compares and hashes names by (see `canonical_bytes`)."""

    encoded: bytes
    canonical: bytes

    @classmethod
    def decode(cls, encoded: bytes) -> Name:
        """Return the name that `encoded` is. Raises ParseError where OpenSSL would not load it."""
        return cls(encoded, canonical_bytes(encoded))

    @property
    def rdns(self) -> tuple[tuple[Attribute, ...], ...]:
        """The relative distinguished names in encoded order (most often country first)."""
        return tuple(
            tuple(Attribute(der.oid_text(oid), tag, value) for oid, tag, value in rdn)
            for rdn in _rdns(self.encoded)
        )

    @property
    def text(self) -> str:
        """The name as RFC 4514 writes it: last RDN first, special characters escaped with a backslash."""
        return ",".join(
            "+".join(f"{attribute.label}={_escape(attribute.text)}" for attribute in rdn)
            for rdn in reversed(self.rdns)
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
        return _hash_text(hashlib.sha1(self.canonical, usedforsecurity=False).digest())

    @property
    def old_hash(self) -> str:
        """``openssl x509 -subject_hash_old``: eight lowercase hex digits."""
        return _hash_text(hashlib.md5(self.encoded, usedforsecurity=False).digest())


def read_name(data: bytes, offset: int, end: int) -> tuple[Name, int]:
    """Return the name at `offset` and where it ends. Raises ParseError where OpenSSL would not load it."""
    _, stop = der.expect(data, offset, end, der.SEQUENCE, "name")
    return Name.decode(data[offset:stop]), stop


def canonical_bytes(encoded: bytes) -> bytes:
    """Return OpenSSL's canonical form of the name whose SEQUENCE is `encoded` (x509_name_canon).

    The RDN SETs stand back to back without an outer header; string values become UTF8String, trimmed, inner
    white-space runs one space, ASCII lowercased; the members of a SET are in DER order.
    Raises ParseError for a name that OpenSSL refuses to load.
    """
    out = []
    for rdn in _rdns(encoded):
        members = []
        for oid, tag, value in rdn:
            der.check_oid(oid)
            if tag in _OCTET_CODECS:
                text = b" ".join(_utf8(tag, value).lower().split())
                canonical = der.encode(der.UTF8_STRING, text)
            else:
                canonical = der.encode(tag, _bits(value) if tag == der.BIT_STRING else value)
            members.append(der.encode(der.SEQUENCE, der.encode(der.OID, oid) + canonical))
        if members:
            out.append(der.encode(der.SET, members[0] if len(members) == 1 else b"".join(sorted(members))))
    return b"".join(out)


def _rdns(encoded: bytes) -> Iterator[list[tuple[bytes, int, bytes]]]:
    start, end = der.expect_list(encoded, 0, len(encoded), der.SEQUENCE, "name")
    while start < end:
        at, stop = der.expect_list(encoded, start, end, der.SET, "relative distinguished name")
        members = []
        while at < stop:
            pair, pair_end = der.expect(encoded, at, stop, der.SEQUENCE, "attribute of a name")
            oid, oid_end = der.expect(encoded, pair, pair_end, der.OID, "attribute type")
            tag, value, value_end = der.header(encoded, oid_end, pair_end)
            if value_end != pair_end:
                raise ParseError("attribute of a name: something follows the value")
            if tag not in _TAKEN_VALUE_TAGS:
                raise ParseError(f"attribute of a name: a value of tag 0x{tag:02x} is not allowed")
            members.append((encoded[oid:oid_end], tag, encoded[value:value_end]))
            at = pair_end
        yield members
        start = stop


def _bits(value: bytes) -> bytes:
    """A BIT STRING's content as OpenSSL writes it again: unused bits are zero, and none in an empty one."""
    der.check_bit_string(value, 0, len(value))
    if len(value) == 1:
        return b"\0"
    return value[:-1] + bytes((value[-1] & (0xFF << value[0]) & 0xFF,))


def _utf8(tag: int, value: bytes) -> bytes:
    if value.isascii() and tag not in (der.BMP_STRING, der.UNIVERSAL_STRING):
        return value
    try:
        text = value.decode(_OCTET_CODECS[tag])
        if tag == der.BMP_STRING and len(text) * 2 != len(value):
            raise ParseError("a BMPString that holds surrogates")
        return text.encode()
    except UnicodeError as error:
        raise ParseError(f"a name's text is not what its type says: {error}") from None


def _escape(text: str) -> str:
    text = text.replace("\\", "\\\\")
    for special in ',+"<>;=':
        text = text.replace(special, "\\" + special)
    if text.startswith((" ", "#")):
        text = "\\" + text
    if text.endswith(" "):
        text = text[:-1] + "\\ "
    return text


def _hash_text(digest: bytes) -> str:
    return f"{int.from_bytes(digest[:4], 'little'):08x}"
