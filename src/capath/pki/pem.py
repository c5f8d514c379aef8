"""PEM as OpenSSL reads it: `PEM_read_bio` with its limits and tolerances (crypto/pem/pem_lib.c, by behaviour).

RFC 7468 readers differ in what they forgive. What counts here is which files OpenSSL loads, so lines longer
than its buffer, blank lines after BEGIN and trailing bytes are treated as it treats them.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator

from capath.values import value_class

_BEGIN = b"-----BEGIN "
_LINE_OCTETS = 254
"""`PEM_read_bio` reads a longer line in parts."""
_BOM = b"\xef\xbb\xbf"
_BASE64 = re.compile(rb"[A-Za-z0-9+/]*={0,2}\Z")
_STRIPPED = bytes(range(0x21)) + bytes(range(0x80, 0x100))
# 64 characters a line, no header, no blank line, nothing after the dashes: nearly every block.
_ORDINARY = re.compile(
    rb"-----BEGIN ([A-Z0-9 ]{1,99})-----\n"
    rb"((?:[A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/]{1,64}={0,2}\n)"
    rb"-----END \1-----(?:\n|\Z)"
)


@value_class
class PemBlock:
    """One decoded block: what is between ``-----BEGIN `` and ``-----``, and the decoded bytes.

    `header`: lines such as ``Proc-Type:`` are before the base64. OpenSSL skips such a block of a type that it
    does not look for; a certificate or CRL so introduced it takes for encrypted, and fails.
    """

    __slots__ = ("content", "header", "label")

    def __init__(self, label: str, content: bytes, header: bool = False) -> None:
        self.label = label
        self.content = content
        self.header = header


@value_class
class PemFault:
    """A block that OpenSSL fails on; it reads nothing after it."""

    __slots__ = ("label", "reason")

    def __init__(self, label: str, reason: str) -> None:
        self.label = label
        self.reason = reason


def read_pem(data: bytes) -> Iterator[PemBlock | PemFault]:
    """Yield the blocks of `data` in order. A fault is the last thing yielded."""
    at = data.find(_BEGIN)
    if at < 0:
        return
    rest = 0
    if not at and (block := _ordinary_block(data, 0)) is not None and block[2] == len(data):
        yield PemBlock(block[0].decode("ascii"), block[1])  # one block and nothing else, as most files are
        return
    if _has_plain_lines(data):
        while at >= 0 and (block := _ordinary_block(data, at)) is not None:
            label, content, rest = block
            yield PemBlock(label.decode("ascii"), content)
            at = data.find(_BEGIN, rest)
        if at < 0:
            return
    yield from _read_any(data[rest:])


def _ordinary_block(data: bytes, at: int) -> tuple[bytes, bytes, int] | None:
    """Label, content and end of the block that begins at `at`; None where reading it takes more care."""
    found = _ORDINARY.match(data, at)
    if found is None or (at and data[at - 1] != 0x0A):
        return None
    text = found[2]
    if (len(text) - text.count(b"\n")) % 4:
        return None
    return found[1], binascii.a2b_base64(text), found.end()


def _has_plain_lines(data: bytes) -> bool:
    """Whether every line fits OpenSSL's buffer and none holds a NUL."""
    return b"\0" not in data and max(map(len, data.split(b"\n"))) < _LINE_OCTETS


def _read_any(data: bytes) -> Iterator[PemBlock | PemFault]:
    lines = _lines(data)
    first = True  # of the file, and after each block
    for line, _ in lines:
        begin = line.rstrip(_STRIPPED) if not first else line.removeprefix(_BOM).rstrip(_STRIPPED)
        first = False
        if not (begin.startswith(_BEGIN) and begin.endswith(b"-----") and len(begin) >= 16):
            continue
        label = begin[11:-5]
        block = _body(lines, label)
        yield block
        if isinstance(block, PemFault):
            return
        first = True


def encode_pem(label: str, content: bytes) -> bytes:
    """Return `content` as a PEM block with lines of 64 characters (RFC 7468 §2)."""
    text = binascii.b2a_base64(content, newline=False)
    body = b"\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return b"-----BEGIN %b-----\n%b\n-----END %b-----\n" % (label.encode(), body, label.encode())


def _body(lines: Iterator[tuple[bytes, bool]], raw_label: bytes) -> PemBlock | PemFault:
    label = raw_label.decode("latin-1")
    end_line = b"-----END " + raw_label + b"-----"
    header: list[bytes] = []
    body: list[bytes] = []
    state = "maybe header"
    short_line_seen = False
    previous_was_part = part = False
    for line, is_part in lines:
        previous_was_part, part = part, is_part
        if state == "maybe header" and b":" in line:
            state = "header"
        line = line.rstrip(_STRIPPED)
        if not line:
            if not previous_was_part:
                if state == "body":
                    return PemFault(label, "a second blank line inside the block")
                header, body, state = body, [], "body"
            continue
        if line.startswith(b"-----END "):
            if line != end_line:
                return PemFault(label, "the END line does not match the BEGIN line")
            if state == "header":
                return PemFault(label, "a header without a body")
            return _decode(label, header, body)
        if short_line_seen:
            return PemFault(label, "a short line before the end")
        body.append(line)
        if state == "body":
            if len(line) > 64:
                return PemFault(label, "a line longer than 64 characters after a blank line")
            short_line_seen = len(line) < 64
    return PemFault(label, "the END line is missing")


def _decode(label: str, header: list[bytes], body: list[bytes]) -> PemBlock | PemFault:
    text = b"".join(body).translate(None, b" \t\r")
    if b"-" in text:  # ends the base64, whatever follows
        text = text[: text.index(b"-")]
    if not _BASE64.match(text):
        return PemFault(label, "the block is not base64")
    if len(text) % 4:
        return PemFault(label, "the base64 is cut short")
    if not text:
        return PemFault(label, "the block is empty")
    return PemBlock(label, binascii.a2b_base64(text), bool(header))


def _lines(data: bytes) -> Iterator[tuple[bytes, bool]]:
    """Lines as `BIO_gets` with a buffer of 255 octets gives them, and whether each is only part of one."""
    lines = data.split(b"\n")
    if _has_plain_lines(data):
        for line in lines:
            yield line, False
        return
    for line in lines:
        for at in range(0, len(line) + 1, _LINE_OCTETS):
            chunk = line[at : at + _LINE_OCTETS]
            if chunk.startswith(b"\0"):  # a line that begins with NUL reads as the end of the file
                return
            yield chunk.split(b"\0", 1)[0], at + _LINE_OCTETS <= len(line)
