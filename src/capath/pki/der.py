"""The little of DER (ITU-T X.690) that names, certificates and CRLs need, as OpenSSL's templates read it.

`cryptography` decodes what people read. This reader decides what *OpenSSL* would load: it accepts what
`d2i_X509` accepts (a non-minimal length, say) and touches nothing that OpenSSL leaves undecoded.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

from capath.errors import ParseError

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
        if count > 8 or start > end:
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


def encode(tag: int, content: bytes) -> bytes:
    """Return the DER element of `tag` around `content`."""
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def oid_text(content: bytes) -> str:
    """Return the dotted form of an OBJECT IDENTIFIER's content octets."""
    if not content or content[-1] & 0x80:
        raise ParseError("an object identifier that does not end")
    arcs: list[int] = []
    value = 0
    for position, octet in enumerate(content):
        if value == 0 and octet == 0x80 and (position == 0 or not content[position - 1] & 0x80):
            raise ParseError("an object identifier with a padded arc")
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def time_value(tag: int, content: bytes) -> datetime | None:
    """Return a UTCTime or GeneralizedTime as RFC 5280 §4.1.2.5 has it, in UTC; None where it is no such time.

    OpenSSL loads a certificate whose dates are nonsense (and rejects it when it verifies), so nonsense is
    no error here.
    """
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
