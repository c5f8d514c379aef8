"""The little of DER (ITU-T X.690) that names, certificates and CRLs need, as OpenSSL's templates read it.

`cryptography` decodes what people read. This reader decides what *OpenSSL* would load: it accepts what
`d2i_X509` accepts (a non-minimal length, say) and touches nothing that OpenSSL leaves undecoded. What only
BER allows (indefinite lengths, strings in pieces) is made DER by `capath.pki.ber` first.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from capath.errors import ParseError

TYPE_CHECKING = False  # typing itself, and datetime, cost `capath rehash` more than a small directory
if TYPE_CHECKING:
    from datetime import datetime

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
UTF8_STRING, PRINTABLE_STRING, T61_STRING, IA5_STRING = 0x0C, 0x13, 0x14, 0x16
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
VISIBLE_STRING, UNIVERSAL_STRING, BMP_STRING, NUMERIC_STRING = 0x1A, 0x1C, 0x1E, 0x12
SEQUENCE, SET = 0x30, 0x31


def header(data: bytes, offset: int, end: int) -> tuple[int, int, int]:
    """Return ``(tag, content start, content end)`` of the element at `offset`. Raises ParseError past `end`."""
    try:
        tag = data[offset]
        length = data[offset + 1]
    except IndexError:
        raise ParseError("the data ends inside an element") from None
    start = offset + 2
    if length & 0x80:
        count = length & 0x7F
        if count == 0:
            raise ParseError("indefinite length")
        start += count
        if start >= end:
            raise ParseError("the length of an element is not readable")
        length = int.from_bytes(data[offset + 2 : start], "big")
    if tag & 0x1F == 0x1F:
        raise ParseError("a tag above 30 where X.509 has none")
    stop = start + length
    if stop > end:
        raise ParseError("an element is longer than what holds it")
    return tag, start, stop


def expect(data: bytes, offset: int, end: int, tag: int, what: str) -> tuple[int, int]:
    """Return the content bounds of the element at `offset`, which must have `tag`."""
    if offset + 4 < end and data[offset] == tag:  # the common lengths, without a call
        length = data[offset + 1]
        start = offset + 2
        if length == 0x82:
            length, start = data[offset + 2] << 8 | data[offset + 3], offset + 4
        elif length == 0x81:
            length, start = data[offset + 2], offset + 3
        elif length >= 0x80:  # indefinite, or a length of three octets and more
            length = end
        stop = start + length
        if stop <= end:
            return start, stop
    found, start, stop = header(data, offset, end)
    if found != tag:
        raise ParseError(f"{what}: tag 0x{found:02x} where 0x{tag:02x} belongs")
    return start, stop


def expect_list(data: bytes, offset: int, end: int, tag: int, what: str) -> tuple[int, int]:
    """As `expect`, for a SEQUENCE OF or SET OF, which OpenSSL takes even where it is not marked constructed."""
    if offset < end and data[offset] == tag & ~0x20:
        _, start, stop = header(data, offset, end)
        return start, stop
    return expect(data, offset, end, tag, what)


def elements(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield ``(tag, element start, content start, content end)`` for each element between the bounds."""
    while start < end:
        tag, content, stop = header(data, start, end)
        yield tag, start, content, stop
        start = stop


def encode(tag: int, content: bytes) -> bytes:
    """Return the DER element of `tag` around `content`."""
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


@lru_cache(maxsize=4096)
def check_oid(content: bytes) -> None:
    """Raise ParseError where `content` are not the octets of an OBJECT IDENTIFIER."""
    if not content or content[-1] & 0x80:
        raise ParseError("an object identifier that does not end")
    if content[0] == 0x80 or any(octet == 0x80 and not before & 0x80 for before, octet in pairwise(content)):
        raise ParseError("an object identifier with a padded arc")


@lru_cache(maxsize=4096)
def oid_text(content: bytes) -> str:
    """Return the dotted form of an OBJECT IDENTIFIER's content octets."""
    check_oid(content)
    arcs: list[int] = []
    value = 0
    for octet in content:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def integer(content: bytes) -> int:
    """Return an INTEGER's value. Raises ParseError where it has no octets, or one that says nothing."""
    if not content:
        raise ParseError("an integer without octets")
    if len(content) > 1 and (content[0], content[1] >> 7) in ((0x00, 0), (0xFF, 1)):
        raise ParseError("an integer with padding")
    return int.from_bytes(content, "big", signed=True)


def check_bit_string(data: bytes, start: int, stop: int) -> None:
    """Raise ParseError where the content of a BIT STRING does not begin with its count of unused bits."""
    if start == stop or data[start] > 7:
        raise ParseError("a bit string without a count of its unused bits")


def check_value(tag: int, data: bytes, start: int, stop: int) -> None:
    """Raise ParseError for a value of a universal type that OpenSSL does not take in (asn1_ex_c2i)."""
    length = stop - start
    if tag & 0xE0 == 0x20 and tag not in (SEQUENCE, SET):
        raise ParseError("a value in pieces")
    match tag:
        case 0x00 if not length:
            raise ParseError("an end of contents that nothing began")
        case 0x02 | 0x0A:
            integer(data[start:stop])
        case 0x03:
            check_bit_string(data, start, stop)
        case 0x06:
            check_oid(data[start:stop])
        case 0x01 if length != 1:
            raise ParseError("a boolean that is not one octet")
        case 0x05 if length:
            raise ParseError("a NULL that is not empty")
        case 0x1E if length % 2:
            raise ParseError("a BMPString of odd length")
        case 0x1C if length % 4:
            raise ParseError("a UniversalString whose length is no multiple of four")
        case 0x10 | 0x11:
            raise ParseError("a sequence or set that is not constructed")


@lru_cache(maxsize=4096)  # hosts share their issuers, and a test names each date several times
def time_value(tag: int, content: bytes) -> datetime | None:
    """Return a UTCTime or GeneralizedTime as RFC 5280 §4.1.2.5 has it, in UTC; None where it is no such time.

    OpenSSL loads a certificate whose dates are nonsense (and rejects it when it verifies), so nonsense is
    no error here.
    """
    from datetime import datetime, timezone

    try:
        text = content.decode("ascii")
        if not text.endswith("Z") or not text[:-1].isdigit():
            return None
        if tag == UTC_TIME and len(text) == 13:
            year = int(text[:2])
            text = f"{year + (1900 if year >= 50 else 2000):04d}{text[2:]}"
        elif len(text) != 15:
            return None
        return datetime(
            *(int(text[:4]), int(text[4:6]), int(text[6:8])),
            *(int(text[8:10]), int(text[10:12]), int(text[12:14])),
            tzinfo=timezone.utc,
        )
    except ValueError:
        return None
