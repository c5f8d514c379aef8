"""A walk over DER and BER (ITU-T X.690): tag, length, value. Libraries decide what is a certificate, not this."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from capath.errors import ParseError

TYPE_CHECKING = False  # typing itself, and datetime, cost `capath rehash` more than a small directory
if TYPE_CHECKING:
    from datetime import datetime

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
UTF8_STRING, PRINTABLE_STRING, T61_STRING, IA5_STRING = 0x0C, 0x13, 0x14, 0x16
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
VISIBLE_STRING, UNIVERSAL_STRING, BMP_STRING, NUMERIC_STRING = 0x1A, 0x1C, 0x1E, 0x12
SEQUENCE, SET = 0x30, 0x31
_CONSTRUCTED = 0x20
_DEPTH_LIMIT = 30  # OpenSSL's (ASN1_MAX_CONSTRUCTED_NEST)
_NEVER_IN_PIECES = frozenset({BOOLEAN, INTEGER, NULL, OID, 0x0A})


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
        if start > end:
            raise ParseError("the length of an element is not readable")
        length = int.from_bytes(data[offset + 2 : start], "big")
    if tag & 0x1F == 0x1F:
        raise ParseError("a tag above 30 where X.509 has none")
    stop = start + length
    if stop > end:
        raise ParseError("an element is longer than what holds it")
    return tag, start, stop


def expect(data: bytes, offset: int, end: int, tag: int, what: str) -> tuple[int, int]:
    """Return the content bounds of the element at `offset`, which must have `tag`. Raises ParseError."""
    found, start, stop = header(data, offset, end)
    if found != tag:
        raise ParseError(f"{what}: tag 0x{found:02x} where 0x{tag:02x} belongs")
    return start, stop


def elements(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield ``(tag, element start, content start, content end)`` for each element between the bounds."""
    while start < end:
        tag, content, stop = header(data, start, end)
        yield tag, start, content, stop
        start = stop


def content(data: bytes, tag: int, what: str) -> bytes:
    """Return the content of the element that `data` begins with, which must have `tag`. Raises ParseError."""
    start, end = expect(data, 0, len(data), tag, what)
    return data[start:end]


def members(data: bytes, tag: int, what: str) -> list[tuple[int, bytes]]:
    """Return tag and content of each element in the constructed element that `data` is. Raises ParseError."""
    start, end = expect(data, 0, len(data), tag, what)
    return [(inner, data[content:stop]) for inner, _, content, stop in elements(data, start, end)]


def encode(tag: int, content: bytes) -> bytes:
    """Return the DER element of `tag` around `content`."""
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


@lru_cache(maxsize=4096)
def oid_text(content: bytes) -> str:
    """Return the dotted form of an OBJECT IDENTIFIER's content. Raises ParseError where it does not end."""
    if not content or content[-1] & 0x80:
        raise ParseError("an object identifier that does not end")
    arcs: list[int] = []
    value = 0
    for octet in content:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def encode_oid(dotted: str) -> bytes:
    """Return the DER element of an OBJECT IDENTIFIER in dotted form."""
    first, second, *arcs = map(int, dotted.split("."))
    content = b""
    for arc in (first * 40 + second, *arcs):
        octets = [arc & 0x7F]
        while arc := arc >> 7:
            octets.append(arc & 0x7F | 0x80)
        content += bytes(reversed(octets))
    return encode(OID, content)


def integer(content: bytes) -> int:
    """Return an INTEGER's value."""
    return int.from_bytes(content, "big", signed=True)


@lru_cache(maxsize=4096)  # hosts share their issuers, and a test names each date several times
def time_value(tag: int, content: bytes) -> datetime | None:
    """Return a UTCTime or GeneralizedTime as RFC 5280 §4.1.2.5 has it, in UTC; None where it is not such a time.

    OpenSSL loads a certificate whose dates are nonsense (and rejects it when it verifies), so nonsense is
    no error here.
    """
    from datetime import datetime, timezone

    try:
        text = content.decode("ascii")
        if not text.endswith("Z") or not text[:-1].isdigit():
            return None
        match tag, len(text):
            case 0x17, 13:
                year = int(text[:2])
                text = f"{year + (1900 if year >= 50 else 2000):04d}{text[2:]}"
            case 0x18, 15:
                pass
            case _:
                return None
        return datetime(
            *(int(text[:4]), int(text[4:6]), int(text[6:8])),
            *(int(text[8:10]), int(text[10:12]), int(text[12:14])),
            tzinfo=timezone.utc,
        )
    except ValueError:
        return None


def definite(data: bytes) -> bytes:
    """Return the BER element that `data` begins with in definite lengths and whole strings (X.690 §10).

    OpenSSL loads indefinite lengths and strings in pieces, which no certificate in use has. Raises ParseError.
    """
    return _definite(data, 0, len(data), 0)[0]


def end_of(data: bytes, at: int = 0) -> int:
    """Return where the BER element at `at` ends. Raises ParseError."""
    _, _, stop = ber_header(data, at, len(data))
    return _definite(data, at, len(data), 0)[1] if stop is None else stop


def _definite(data: bytes, at: int, end: int, depth: int) -> tuple[bytes, int]:
    if depth > _DEPTH_LIMIT:
        raise ParseError("elements nested too deep")
    tag, start, stop = ber_header(data, at, end)
    if not tag & _CONSTRUCTED:
        assert stop is not None
        return encode(tag, data[start:stop]), stop
    is_string = tag < 0x40 and tag not in (SEQUENCE, SET)
    if is_string and tag & 0x1F in _NEVER_IN_PIECES:
        raise ParseError(f"an element of tag 0x{tag:02x} in pieces")
    pieces = []
    try:
        at = start
        while not _is_end(data, at, stop):
            piece, at = _definite(data, at, end if stop is None else stop, depth + 1)
            pieces.append(piece)
    except ParseError:
        if stop is None or is_string:
            raise
        # What is inside may be a value of any type, which OpenSSL takes without looking.
        return encode(tag, data[start:stop]), stop
    after = at + 2 if stop is None else at
    if is_string:
        contents = (piece[slice(*header(piece, 0, len(piece))[1:])] for piece in pieces)
        return encode(tag & 0x1F, b"".join(contents)), after
    return encode(tag, b"".join(pieces)), after


def parts(data: bytes) -> list[bytes]:
    """Return the elements in the constructed BER element that `data` begins with, each as it was encoded."""
    _, at, stop = ber_header(data, 0, len(data))
    found = []
    while not _is_end(data, at, stop):
        after = end_of(data, at)
        found.append(data[at:after])
        at = after
    return found


def ber_header(data: bytes, at: int, end: int) -> tuple[int, int, int | None]:
    """Return tag, and where the content starts and stops; None for a stop that an end-of-contents marks."""
    if data[at : at + 1] and data[at] & 0x1F == 0x1F:
        return _long_tag(data, at, end)
    if data[at + 1 : at + 2] == b"\x80" and at + 2 <= end:
        if not data[at] & _CONSTRUCTED:
            raise ParseError("indefinite length of an element that holds no others")
        return data[at], at + 2, None
    return header(data, at, end)


def _long_tag(data: bytes, offset: int, end: int) -> tuple[int, int, int | None]:
    """A tag number in octets of its own; OpenSSL takes one below 31 for the same tag in one octet."""
    at, number = offset + 1, 0
    while at < end and data[at] & 0x80:
        number = (number | data[at] & 0x7F) << 7
        at += 1
    if at >= end or (number | data[at]) > 30:
        raise ParseError("a tag above 30 where X.509 has none")
    _, start, stop = ber_header(
        bytes((data[offset] & 0xE0 | number | data[at],)) + data[at + 1 : end], 0, end - at
    )
    return data[offset] & 0xE0 | number | data[at], start + at, None if stop is None else stop + at


def _is_end(data: bytes, at: int, stop: int | None) -> bool:
    if stop is not None:
        return at >= stop
    if at + 2 > len(data):
        raise ParseError("an indefinite length that does not end")
    return data[at : at + 2] == b"\0\0"
