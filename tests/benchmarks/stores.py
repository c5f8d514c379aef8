"""Directories of many certificates of the size that real roots have, made without signing anything."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.minting import pem, raw_attribute, raw_name, tlv

_SHA256_WITH_RSA = tlv(0x30, tlv(0x06, bytes.fromhex("2a864886f70d01010b")), b"\x05\0")
_RSA = tlv(0x30, tlv(0x06, bytes.fromhex("2a864886f70d010101")), b"\x05\0")
_TIMES = tlv(0x30, tlv(0x17, b"200101000000Z"), tlv(0x17, b"490101000000Z"))


_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)


def real_certificates(files: Iterable[Path]) -> list[bytes]:
    """The PEM certificates in bundles or reports of Mozilla's, each once."""
    found: dict[bytes, bytes] = {}
    for path in files:
        for block in _BLOCK.finditer(path.read_bytes()):
            found.setdefault(b"".join(block[1].split()), block[0] + b"\n")
    return list(found.values())


def make_store(directory: Path, count: int, seed: int = 1, real: Sequence[bytes] = ()) -> Path:
    """Fill `directory` with `count` certificates, one a file: the `real` ones, then self-issued RSA-2048 roots, no
    two of one name."""
    rng = random.Random(seed)
    directory.mkdir(parents=True)
    for number in range(count):
        made = number - len(real)
        content = real[number] if made < 0 else pem("CERTIFICATE", _root(rng, made))
        (directory / f"Root_{number:06d}.pem").write_bytes(content)
    return directory


def _root(rng: random.Random, number: int) -> bytes:
    name = raw_name(
        (raw_attribute(0x13, b"%c%c" % (65 + number % 26, 65 + number // 26 % 26), b"\x55\x04\x06"),),
        (raw_attribute(0x0C, f"Trust Services of {number % 997}".encode(), b"\x55\x04\x0a"),),
        (raw_attribute(0x0C, f"Example Root Certification Authority R{number}".encode()),),
    )
    modulus = b"\0\x80" + rng.randbytes(255)
    key = tlv(0x30, _RSA, tlv(0x03, b"\0", tlv(0x30, tlv(0x02, modulus), b"\x02\x03\x01\0\x01")))
    identifier = hashlib.sha1(key).digest()
    extensions = (
        _extension("0f", tlv(0x03, b"\x01\x06"), critical=True),
        _extension("13", b"\x30\x03\x01\x01\xff", critical=True),
        _extension("0e", tlv(0x04, identifier)),
        _extension("23", tlv(0x30, tlv(0x80, identifier))),
    )
    serial = tlv(0x02, b"\x01" + rng.randbytes(15))
    signed = tlv(
        0x30,
        b"\xa0\x03\x02\x01\x02",
        *(serial, _SHA256_WITH_RSA, name, _TIMES, name, key),
        tlv(0xA3, tlv(0x30, *extensions)),
    )
    return tlv(0x30, signed, _SHA256_WITH_RSA, tlv(0x03, b"\0", rng.randbytes(256)))


def _extension(last_arc: str, value: bytes, *, critical: bool = False) -> bytes:
    flag = b"\x01\x01\xff" if critical else b""
    return tlv(0x30, tlv(0x06, bytes.fromhex("551d" + last_arc)), flag, tlv(0x04, value))
