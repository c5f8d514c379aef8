"""The names in a certificate of the shape that nearly all have, found in a quarter of the time.

`capath.pki.frame` is the reading; this takes the same steps for one shape, and leaves every other to it.
"""

from __future__ import annotations

from capath.errors import ParseError
from capath.pki.frame import check_algorithm, extension_at

_known_algorithms: set[bytes] = set()


def plain_names(data: bytes) -> tuple[bytes, bytes] | None:
    """Issuer and subject, whole elements, of the certificate that `data` is; None where it is of another shape.

    What is accepted, `frame_certificate` accepts: each element begins where the one before ended, and the last
    ends where the whole does.
    """
    try:
        return _names(data)
    except (IndexError, ParseError):
        return None


def _names(data: bytes) -> tuple[bytes, bytes] | None:
    end = len(data)
    if data[:2] != b"\x30\x82" or (data[2] << 8 | data[3]) + 4 != end or not data[2]:
        return None
    if data[4:6] != b"\x30\x82" or data[8:12] != b"\xa0\x03\x02\x01" or data[13] != 0x02:
        return None
    signed_end = (data[6] << 8 | data[7]) + 8
    length = data[14]
    if not 0 < length < 0x80 or (data[15] in (0x00, 0xFF) and length > 1 and data[15] >> 7 == data[16] >> 7):
        return None
    issuer = _algorithm_end(data, 15 + length)
    validity = _end_of(data, issuer, 0x30)
    subject = _times_end(data, validity)
    key = _end_of(data, subject, 0x30)
    key_end = _end_of(data, key, 0x30)
    key_bits = _algorithm_end(data, key + (4 if data[key + 1] == 0x82 else 3 if data[key + 1] == 0x81 else 2))
    if _bits_end(data, key_bits) != key_end or not _extensions_end_at(data, key_end, signed_end):
        return None
    if _bits_end(data, _algorithm_end(data, signed_end)) != end:
        return None
    return data[issuer:validity], data[subject:key]


def _times_end(data: bytes, at: int) -> int:
    """Where the validity at `at` ends: two times of whole seconds, of which those behind 2049 are longer."""
    end = _end_of(data, at, 0x30)
    at += 2
    for _ in range(2):
        if data[at : at + 2] not in (b"\x17\x0d", b"\x18\x0f"):
            raise ParseError("a time of another shape")
        at += 2 + data[at + 1]
    if at != end:
        raise ParseError("times of another shape")
    return end


def _extensions_end_at(data: bytes, at: int, end: int) -> bool:
    if at == end:
        return True
    if data[at] != 0xA3 or _end_of(data, at, 0xA3) != end:
        return False
    at += 4 if data[at + 1] == 0x82 else 3 if data[at + 1] == 0x81 else 2
    if _end_of(data, at, 0x30) != end:
        return False
    at += 4 if data[at + 1] == 0x82 else 3 if data[at + 1] == 0x81 else 2
    while at < end:
        length, stop = data[at + 1], at + 2 + data[at + 1]
        value = at + 7
        if length < 0x80 and data[at] == 0x30 and data[at + 2 : at + 6] == b"\x06\x03\x55\x1d" and stop <= end:
            if data[value] == 0x01 and data[value + 1] == 1:
                value += 3
            if (
                data[value] == 0x04
                and data[value + 1] < 0x80
                and value + 2 + data[value + 1] == stop
                and data[at + 6] < 0x80
            ):
                at = stop
                continue
        at = extension_at(data, at, end)[3]
    return at == end


def _algorithm_end(data: bytes, at: int) -> int:
    length = data[at + 1]
    if data[at] != 0x30 or length >= 0x80:
        raise ParseError("an algorithm of another shape")
    stop = at + 2 + length
    content = data[at + 2 : stop]
    if content not in _known_algorithms:
        check_algorithm(content)
        if len(content) != length:
            raise ParseError("an algorithm that is cut short")
        _known_algorithms.add(content)
    return stop


def _bits_end(data: bytes, at: int) -> int:
    """Where the BIT STRING at `at` ends."""
    stop = _end_of(data, at, 0x03)
    first = at + (4 if data[at + 1] == 0x82 else 3 if data[at + 1] == 0x81 else 2)
    if first >= stop or data[first] > 7:
        raise ParseError("a bit string of another shape")
    return stop


def _end_of(data: bytes, at: int, tag: int) -> int:
    """Where the element at `at` ends; its length must be in as few octets as it needs."""
    if data[at] != tag:
        raise ParseError("another element")
    length = data[at + 1]
    if length < 0x80:
        return at + 2 + length
    if length == 0x81 and data[at + 2] > 0x7F:
        return at + 3 + data[at + 2]
    if length == 0x82 and data[at + 2]:
        return at + 4 + (data[at + 2] << 8 | data[at + 3])
    raise ParseError("a length of another shape")
