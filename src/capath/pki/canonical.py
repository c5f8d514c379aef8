"""The canonical form of a name, which OpenSSL compares and hashes names by (x509_name_canon). Imports little."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache

from capath.errors import ParseError
from capath.pki import der

STRING_CODECS = {
    der.UTF8_STRING: "utf-8",
    der.PRINTABLE_STRING: "latin-1",
    der.T61_STRING: "latin-1",  # OpenSSL takes T61String for Latin-1
    der.IA5_STRING: "latin-1",
    der.VISIBLE_STRING: "latin-1",
    der.UNIVERSAL_STRING: "utf-32-be",
    der.BMP_STRING: "utf-16-be",
}
_ASCII_TAGS = frozenset({der.UTF8_STRING, der.PRINTABLE_STRING, der.IA5_STRING, der.T61_STRING})
# What ASN1_PRINTABLE, the type of a name's values in OpenSSL, takes: of tags with a type, these; and those
# that have none (7, 8, 9, 11, 13, 14, 15, 29). Every other tag makes the whole certificate unreadable.
_TAKEN_VALUE_TAGS = frozenset(
    {der.BIT_STRING, der.UTF8_STRING, der.NUMERIC_STRING, der.PRINTABLE_STRING, der.T61_STRING, der.IA5_STRING}
    | {der.UNIVERSAL_STRING, der.BMP_STRING, der.SEQUENCE}
    | {0x07, 0x08, 0x09, 0x0B, 0x0D, 0x0E, 0x0F, 0x1D}
)


def canonical_bytes(encoded: bytes) -> bytes:
    """Return OpenSSL's canonical form of the name whose SEQUENCE is `encoded`.

    The RDN SETs stand back to back without an outer header; string values become UTF8String, trimmed, inner
    white-space runs one space, ASCII lowercased; the members of a SET are in DER order.
    Raises ParseError for a name that OpenSSL refuses to load.
    """
    at, end = der.expect_list(encoded, 0, len(encoded), der.SEQUENCE, "name")
    canonical = b""
    while at < end:
        if encoded[at] == der.SET and at + 1 < end and encoded[at + 1] < 0x80:
            stop = at + 2 + encoded[at + 1]
            if stop > end:
                raise ParseError("a relative distinguished name that is longer than its name")
        else:
            _, stop = der.expect_list(encoded, at, end, der.SET, "relative distinguished name")
        rdn = encoded[at:stop]
        canonical += _plain_rdn(rdn) or _canonical_rdn(rdn)
        at = stop
    return canonical


def _plain_rdn(rdn: bytes) -> bytes:
    """The canonical form of an RDN of one short ASCII string; empty where it takes more care."""
    size = len(rdn)
    # SET, SEQUENCE, a type of three octets, a string: in one octet of length each.
    if not 11 <= size < 0x80 or rdn[1] != size - 2 or rdn[2] != 0x30 or rdn[3] != size - 4:
        return b""
    if (
        rdn[4:7] != b"\x06\x03\x55"
        or (rdn[7] | rdn[8]) & 0x80
        or rdn[9] not in _ASCII_TAGS
        or rdn[10] != size - 11
    ):
        return b""
    value = rdn[11:]
    if not value.isascii():
        return b""
    text = b" ".join(value.lower().split())
    length = len(text)
    return b"\x31%c\x30%c%b\x0c%c%b" % (length + 9, length + 7, rdn[4:9], length, text)


def name_hash(canonical: bytes) -> str:
    """``openssl x509 -subject_hash`` of a name's canonical form: eight lowercase hex digits."""
    return _hash_text(hashlib.sha1(canonical, usedforsecurity=False).digest())


def old_name_hash(encoded: bytes) -> str:
    """``openssl x509 -subject_hash_old`` of an encoded name."""
    return _hash_text(hashlib.md5(encoded, usedforsecurity=False).digest())


def rdns(encoded: bytes) -> Iterator[list[tuple[bytes, int, bytes]]]:
    """Yield the members of each RDN: type, tag and value. Raises ParseError."""
    at, end = der.expect_list(encoded, 0, len(encoded), der.SEQUENCE, "name")
    while at < end:
        _, stop = der.expect_list(encoded, at, end, der.SET, "relative distinguished name")
        yield _members(encoded[at:stop])
        at = stop


@lru_cache(maxsize=8192)
def _canonical_rdn(rdn: bytes) -> bytes:
    members = []
    for oid, tag, value in _members(rdn):
        if tag in STRING_CODECS:
            text = b" ".join(_utf8(tag, value).lower().split())
            canonical = der.encode(der.UTF8_STRING, text)
        else:
            canonical = der.encode(tag, _bits(value) if tag == der.BIT_STRING else value)
        members.append(der.encode(der.SEQUENCE, der.encode(der.OID, oid) + canonical))
    if not members:
        return b""
    return der.encode(der.SET, members[0] if len(members) == 1 else b"".join(sorted(members)))


def _members(rdn: bytes) -> list[tuple[bytes, int, bytes]]:
    at, stop = der.expect_list(rdn, 0, len(rdn), der.SET, "relative distinguished name")
    members = []
    while at < stop:
        pair, at = der.expect(rdn, at, stop, der.SEQUENCE, "attribute of a name")
        oid_start, oid_end = der.expect(rdn, pair, at, der.OID, "attribute type")
        tag, value, value_end = der.header(rdn, oid_end, at)
        if value_end != at:
            raise ParseError("attribute of a name: something follows the value")
        if tag not in _TAKEN_VALUE_TAGS:
            raise ParseError(f"attribute of a name: a value of tag 0x{tag:02x} is not allowed")
        oid = rdn[oid_start:oid_end]
        der.check_oid(oid)
        members.append((oid, tag, rdn[value:value_end]))
    return members


def _utf8(tag: int, value: bytes) -> bytes:
    if value.isascii() and tag not in (der.BMP_STRING, der.UNIVERSAL_STRING):
        return value
    try:
        text = value.decode(STRING_CODECS[tag])
        if tag == der.BMP_STRING and len(text) * 2 != len(value):
            raise ParseError("a BMPString that holds surrogates")
        return text.encode()
    except UnicodeError as error:
        raise ParseError(f"a name's text is not what its type says: {error}") from None


def _bits(value: bytes) -> bytes:
    """A BIT STRING's content as OpenSSL writes it again: unused bits are zero, and none in an empty one."""
    der.check_bit_string(value, 0, len(value))
    if len(value) == 1:
        return b"\0"
    return value[:-1] + bytes((value[-1] & (0xFF << value[0]) & 0xFF,))


def _hash_text(digest: bytes) -> str:
    return digest[3::-1].hex()
