"""BER (ITU-T X.690 §8) made DER, for the rare certificate that uses what DER leaves out.

OpenSSL loads indefinite lengths, and strings in pieces. Everything here runs only where the plain reading failed.
"""

from __future__ import annotations

from capath.errors import ParseError
from capath.pki import der

_PIECES_DEPTH_LIMIT = 5
_DEPTH_LIMIT = 30
_NEVER_IN_PIECES = frozenset({0x01, 0x02, 0x05, 0x06, 0x0A})


def to_der(data: bytes) -> tuple[bytes, int]:
    """Return the first element of `data` with definite lengths and whole strings, and where it ended in `data`.

    Raises ParseError for what is not BER at all.
    """
    return _element(data, 0, len(data), 0)


def parts(data: bytes) -> list[bytes]:
    """Return the elements inside the constructed element that `data` begins with, each as it was encoded."""
    _, start, stop = _header(data, 0, len(data))
    limit = len(data) if stop is None else stop
    found = []
    while not _is_end(data, start, stop):
        _, _, after = _header(data, start, limit)
        if after is None:
            _, after = _element(data, start, limit, 0)
        found.append(data[start:after])
        start = after
    return found


def collect(data: bytes, start: int, stop: int) -> bytes:
    """Return the string whose pieces stand between the bounds."""
    return _collect(data, start, stop, False, 0)[0]


def _element(data: bytes, offset: int, end: int, depth: int) -> tuple[bytes, int]:
    if depth > _DEPTH_LIMIT:
        raise ParseError("elements nested too deep")
    tag, start, stop = _header(data, offset, end)
    if not tag & 0x20:
        assert stop is not None
        return der.encode(tag, data[start:stop]), stop
    limit = end if stop is None else stop
    if tag & 0xC0 == 0 and tag not in (der.SEQUENCE, der.SET):
        if tag & 0x1F in _NEVER_IN_PIECES:
            raise ParseError(f"an element of tag 0x{tag:02x} in pieces")
        content, after = _collect(data, start, limit, stop is None, 0)
        return der.encode(tag & 0x1F, content), after
    pieces = []
    at = start
    try:
        while not _is_end(data, at, stop):
            piece, at = _element(data, at, limit, depth + 1)
            pieces.append(piece)
    except ParseError:
        if stop is None:
            raise
        # What is inside may be nobody's to read: a value of any type, which OpenSSL takes as it is.
        return der.encode(tag, data[start:stop]), stop
    return der.encode(tag, b"".join(pieces)), at + 2 if stop is None else at


def _collect(data: bytes, start: int, end: int, indefinite: bool, depth: int) -> tuple[bytes, int]:
    """Put a string's pieces together. OpenSSL asks nothing of the pieces' tags (asn1_collect)."""
    if depth > _PIECES_DEPTH_LIMIT:
        raise ParseError("a string in pieces of pieces, too deep")
    collected = []
    stop = None if indefinite else end
    while not _is_end(data, start, stop):
        tag, content, piece_stop = _header(data, start, end)
        if tag & 0x20:
            limit = end if piece_stop is None else piece_stop
            piece, start = _collect(data, content, limit, piece_stop is None, depth + 1)
        else:
            assert piece_stop is not None
            piece, start = data[content:piece_stop], piece_stop
        collected.append(piece)
    return b"".join(collected), start + 2 if indefinite else start


def _header(data: bytes, offset: int, end: int) -> tuple[int, int, int | None]:
    """Tag, and where the content starts and stops; None for a stop that an end-of-contents marks."""
    if data[offset : offset + 1] and data[offset] & 0x1F == 0x1F:
        return _long_tag(data, offset, end)
    if data[offset + 1 : offset + 2] == b"\x80" and offset + 2 <= end:
        if not data[offset] & 0x20:
            raise ParseError("indefinite length of an element that holds no others")
        return data[offset], offset + 2, None
    return der.header(data, offset, end)


def _long_tag(data: bytes, offset: int, end: int) -> tuple[int, int, int | None]:
    """A tag number in octets of its own; OpenSSL takes one below 31 for the same tag in one octet."""
    at, number = offset + 1, 0
    while at < end and data[at] & 0x80:
        number = (number | data[at] & 0x7F) << 7
        at += 1
    if at >= end or (number | data[at]) > 30:
        raise ParseError("a tag above 30 where X.509 has none")
    tag = data[offset] & 0xE0 | number | data[at]
    _, start, stop = _header(bytes((tag,)) + data[at + 1 : end], 0, end - at)
    return tag, start + at, None if stop is None else stop + at


def _is_end(data: bytes, start: int, stop: int | None) -> bool:
    if stop is not None:
        return start >= stop
    if start + 2 > len(data):
        raise ParseError("an indefinite length that does not end")
    return data[start : start + 2] == b"\0\0"
