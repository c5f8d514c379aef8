"""The PEM block that nearly every file of a CApath is: read in one step, with next to nothing imported."""

from __future__ import annotations

import binascii
import re

from capath.errors import ParseError
from capath.pki.canonical import canonical_bytes
from capath.pki.frame import frame_certificate

BEGIN = b"-----BEGIN "
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
    at = data.find(BEGIN)
    if at < 0 or (block := ordinary_block(data, at)) is None:
        return None
    label, encoded, end = block
    if label != b"CERTIFICATE" or data.find(BEGIN, end) >= 0:
        return None
    if (at or end < len(data)) and not has_plain_lines(data):
        return None
    try:
        frame = frame_certificate(encoded)
        subject = encoded[frame.subject[0] : frame.subject[1]]
        canonical = canonical_bytes(subject)
        issuer = encoded[frame.issuer[0] : frame.issuer[1]]
        if issuer != subject:
            canonical_bytes(issuer)
    except ParseError:
        return None
    # Bytes behind it, or a length in more octets than it needs, change what it is told apart by.
    if frame.end != len(encoded) or not encoded.startswith(b"\x30\x82") or not encoded[2]:
        return None
    return encoded, subject, canonical
