"""The PEM block that nearly every file of a CApath is: read in one step, with next to nothing imported."""

from __future__ import annotations

import binascii
import re

from capath.errors import ParseError
from capath.pki.canonical import canonical_bytes
from capath.pki.plain_frame import plain_names

BEGIN = b"-----BEGIN "
_FIRST_LINE = b"-----BEGIN CERTIFICATE-----\n"
_LAST_LINE = b"-----END CERTIFICATE-----\n"
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
LINE_OCTETS = 254
"""`PEM_read_bio` reads a longer line in parts."""

# 64 characters a line, no header, no blank line, nothing behind the dashes.
_ORDINARY = re.compile(
    rb"-----BEGIN ([A-Z0-9 ]+)-----\n"
    rb"((?:[A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/]{1,64}={0,2}\n)"
    rb"-----END \1-----(?:\n|\Z)"
)


def ordinary_block(data: bytes, at: int) -> tuple[bytes, bytes, int] | None:
    """Label, content and end of the block that begins at `at`; None where reading it takes more care."""
    found = _ORDINARY.match(data, at)
    if found is None or (at and data[at - 1] != 0x0A):
        return None
    text = found[2]
    if (len(text) - text.count(b"\n")) % 4:
        return None
    return found[1], binascii.a2b_base64(text), found.end()


def has_plain_lines(data: bytes) -> bool:
    """Whether every line fits OpenSSL's buffer and none holds a NUL."""
    return b"\0" not in data and max(map(len, data.split(b"\n"))) < LINE_OCTETS


def only_certificate(data: bytes) -> tuple[bytes, bytes, bytes] | None:
    """The DER, encoded subject and canonical subject, if `data` is one certificate and nothing else in PEM.

    None where it may be more, less, or odd: then reading all its objects tells.
    """
    encoded = _whole_file(data) or _block_in_text(data)
    if encoded is None or (names := _plain_subject(encoded)) is None:
        return None
    subject, canonical = names
    return encoded, subject, canonical


def _plain_subject(encoded: bytes) -> tuple[bytes, bytes] | None:
    """The subject of a certificate, as encoded and canonical; None where reading it takes more care."""
    names = plain_names(encoded)
    if names is None:
        return None
    issuer, subject = names
    try:
        canonical = canonical_bytes(subject)
        if issuer != subject:
            canonical_bytes(issuer)
    except ParseError:
        return None
    return subject, canonical


def certificate_count(data: bytes) -> int:
    """How many certificates `data` is, if it is a bundle of nothing else; 0 where reading it takes more care."""
    at = count = 0
    while (begin := data.find(BEGIN, at)) >= 0:
        block = ordinary_block(data, begin)
        if block is None or block[0] != b"CERTIFICATE" or _plain_subject(block[1]) is None:
            return 0
        at, count = block[2], count + 1
    return count if has_plain_lines(data) else 0


def _whole_file(data: bytes) -> bytes | None:
    """The content of a file that is one certificate's block and no more, as most are."""
    if not (data.startswith(_FIRST_LINE) and data.endswith(_LAST_LINE)):
        return None
    body = data[len(_FIRST_LINE) : -len(_LAST_LINE)]
    line_ends = body[64::65]
    # Whatever is no base64 must be line ends, at the end of each 65 octets and once at the end, and padding.
    rest = body.translate(None, _BASE64)
    pads = rest.count(b"=")
    count = len(line_ends) + bool(len(body) % 65)
    if (
        len(line_ends) != line_ends.count(b"\n")
        or rest.count(b"\n") != count
        or pads > 2
        or len(rest) != count + pads
        or not body.endswith(b"=" * pads + b"\n")
        or (len(body) - count) % 4
        or len(body) % 65 == 1  # a blank line at the end
        or len(body) - count == pads
    ):
        return None
    return binascii.a2b_base64(body)


def _block_in_text(data: bytes) -> bytes | None:
    """The content of the only block in a file, a certificate's, with text before it or behind."""
    at = data.find(BEGIN)
    if at < 0 or (block := ordinary_block(data, at)) is None:
        return None
    label, encoded, end = block
    if label != b"CERTIFICATE" or data.find(BEGIN, end) >= 0:
        return None
    if (at or end < len(data)) and not has_plain_lines(data):
        return None
    return encoded
