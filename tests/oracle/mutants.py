"""Damaged and odd encodings of good certificates, to compare what is accepted. Seeded: the same every run."""

from __future__ import annotations

import base64
import random
from collections.abc import Sequence

from tests.minting import tlv

_TAGS = (
    0x01,
    0x02,
    0x03,
    0x04,
    0x05,
    0x06,
    0x0C,
    0x13,
    0x17,
    0x18,
    0x1C,
    0x1E,
    0x30,
    0x31,
    0x81,
    0x82,
    0xA0,
    0xA1,
)


def mutate_der(rng: random.Random, encoded: bytes) -> bytes:
    """Change one header octet, one octet anywhere, or rebuild some elements in ways BER knows and DER does not."""
    kind = rng.random()
    changed = bytearray(encoded)
    if kind < 0.4:
        start, content, stop = rng.choice(_elements(encoded, 0, len(encoded), 0))
        at = rng.randrange(start, content) if content > start else start
        if rng.random() < 0.3:
            at = min(content, stop - 1)
        old = changed[at]
        changed[at] = rng.choice(
            (rng.randrange(256), old ^ 0x20, old ^ 0x80, (old + 1) & 255, (old - 1) & 255, 0x80)
        )
        return bytes(changed)
    if kind < 0.55:
        changed[rng.randrange(len(changed))] = rng.randrange(256)
        return bytes(changed)
    return _rebuild(rng, encoded, rng.choice((0.01, 0.03, 0.1)), 0)


def _rebuild(rng: random.Random, data: bytes, rate: float, depth: int) -> bytes:
    out = b""
    at = 0
    while at < len(data):
        bounds = _bounds(data, at, len(data))
        if bounds is None:
            return data
        content_at, stop = bounds
        tag, content = data[at], data[content_at:stop]
        if tag & 0x20 and depth < 8:
            content = _rebuild(rng, content, rate, depth + 1)
        out += _odd_element(rng, tag, content) if rng.random() < rate else tlv(tag, content)
        at = stop
    return out


def _odd_element(rng: random.Random, tag: int, content: bytes) -> bytes:
    half = len(content) // 2
    choices = (
        bytes((tag | 0x20, 0x80)) + content + b"\0\0",
        bytes((tag, 0x84)) + len(content).to_bytes(4, "big") + content,
        tlv(tag | 0x20, tlv(tag, content[:half]), tlv(tag, content[half:])),
        bytes((tag | 0x20, 0x80)) + tlv(0x04, content[:half]) + tlv(tag, content[half:]) + b"\0\0",
        b"",
        tlv(tag, content) * 2,
        tlv(rng.choice(_TAGS), content),
        tlv(tag, content, rng.choice((b"\0", b"\x05\0", b"\x02\x01\x01"))),
        tlv(tag, content[:-1]),
    )
    return rng.choice(choices)


def _elements(data: bytes, at: int, end: int, depth: int) -> list[tuple[int, int, int]]:
    found = []
    while at < end:
        bounds = _bounds(data, at, end)
        if bounds is None:
            break
        content, stop = bounds
        found.append((at, content, stop))
        if data[at] & 0x20 and depth < 8:
            found += _elements(data, content, stop, depth + 1)
        at = stop
    return found


def _bounds(data: bytes, at: int, end: int) -> tuple[int, int] | None:
    if at + 2 > end:
        return None
    length, content = data[at + 1], at + 2
    if length & 0x80:
        content += length & 0x7F
        length = int.from_bytes(data[at + 2 : content], "big")
    return (content, content + length) if content + length <= end else None


_WIDTHS = (64,) * 30 + (4, 60, 63, 65, 68, 76, 128, 253, 254, 255, 256, 508, 509, 1000, 10000, 3)
_LINE_ENDS = (b"\n",) * 20 + (b"\r\n",) * 4 + (b"\r", b" \n", b"\t\r\n", b"\n\n", b"\n \n", b"\x80\n")
_LABELS = (b"CERTIFICATE",) * 20 + (
    *(b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE", b"certificate", b" CERTIFICATE", b"CERTIFICATE "),
    *(b"X509 CRL", b"CERTIFICATE REQUEST", b"PKCS7", b"PRIVATE KEY", b"EC PRIVATE KEY"),
)
_HEADERS = (b"",) * 30 + (
    *(b"\n", b"\n\n", b"A: b\n\n", b"A: b\n", b" \n", b"A: b\n\n\n", b"Proc-Type: 4,MIC-CLEAR\n\n"),
    b"Proc-Type: 4,MIC-CLEAR\nX: " + b"y" * 300 + b"\n\n",
)
_BEFORE = (b"",) * 24 + (
    *(b"text\n", b"\xef\xbb\xbf", b"# x\n\n", b"\0", b"\0\n", b"a\0b\n", b"x" * 300 + b"\n", b"x" * 254 + b"\n"),
    *(
        b"x" * 254,
        b"x" * 255,
        b" ",
        b"-----BEGIN \n",
        b"-----BEGIN A-----\n",
        b"----- BEGIN\n",
        b"-----END X-----\n",
    ),
    *(b"\xef\xbb\xbf\xef\xbb\xbf", b"\r"),
)
_BEHIND = (b"",) * 5 + (b"\n", b"trailing", b"-----BEGIN CERTIFICATE-----\n", b"\0")
_INSERTED = (
    *(b"\n", b"\r", b" ", b"\t", b"=", b"==", b"\n\n", b"\0", b"A", b"-", b"\n-----END ", b"-----\n", b"\x80"),
    *(b"\n \n", b":"),
)


def odd_pem(rng: random.Random, certificates: Sequence[bytes], others: Sequence[bytes]) -> bytes:
    """A file of one to three blocks, most of them odd in some way. `others` are whole blocks of other kinds."""
    blocks = []
    for _ in range(rng.choice((1, 1, 1, 1, 2, 3))):
        block = rng.choice(others) if rng.random() < 0.1 else _odd_block(rng, rng.choice(certificates))
        if rng.random() < 0.2:
            block = _damaged(rng, block)
        blocks.append(rng.choice(_BEFORE) + block)
    return b"".join(blocks) + rng.choice(_BEHIND)


def _odd_block(rng: random.Random, content: bytes) -> bytes:
    text, width, line_end = base64.b64encode(content), rng.choice(_WIDTHS), rng.choice(_LINE_ENDS)
    body = b"".join(text[at : at + width] + line_end for at in range(0, len(text), width))
    label = rng.choice(_LABELS)
    end = label if rng.random() < 0.97 else b"CERT"
    begin_end = rng.choice((b"\n",) * 12 + (b" \n", b"x\n", b"\n\n", b"\n \n"))
    last = rng.choice((b"\n",) * 8 + (b"", b" \n", b"x\n", b"\r\n", b"\r"))
    return (
        b"-----BEGIN " + label + b"-----" + begin_end + rng.choice(_HEADERS) + body + b"-----END " + end + b"-----"
    ) + last


def _damaged(rng: random.Random, block: bytes) -> bytes:
    at = rng.randrange(len(block))
    match rng.randrange(4):
        case 0:
            return block[:at] + rng.choice([b"\n", b" ", b"=", b"-", b":", b"\0", b"\x80", b"*"]) + block[at + 1 :]
        case 1:
            return block[:at] + rng.choice(_INSERTED) + block[at:]
        case 2:
            return block[:at] + block[at + rng.choice((1, 1, 2, 4, 65)) :]
        case _:
            return block[:at] + block[at : at + rng.choice((1, 4, 65))] + block[at:]
