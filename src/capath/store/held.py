"""What one file holds, told by hashes and digests alone: all that links, lookup and toggles are decided by.

Plain classes: this is on the path of every start, and importing a dataclass costs as much as reading a file.
"""

from __future__ import annotations

import hashlib
import struct

_PACKED = struct.Struct("<1s4s4s32s20s4s8s")
PACKED_SIZE = _PACKED.size
NOT_ONE_TEXT = "it does not contain exactly one certificate or CRL"


class Held:
    """A certificate or CRL by its hashes and digests; two with the same SHA-256 are the same.

    It is kept in 73 bytes, as the cache keeps it: a large directory holds 100,000 of them. `issuer_hash` and `key`
    (the beginning of a digest) say which certificates may be related, before any is read.
    """

    __slots__ = ("packed",)

    def __init__(self, packed: bytes) -> None:
        self.packed = packed

    @classmethod
    def of(
        cls,
        *,
        is_crl: bool,
        subject_hash: str,
        old_hash: str,
        sha256: str,
        sha1: str,
        issuer_hash: str = "",
        public_key_info: bytes = b"",
    ) -> Held:
        """The same from its parts, as hexadecimal digits. A CRL is named by its issuer's hashes."""
        hashes = bytes.fromhex(subject_hash), bytes.fromhex(old_hash)
        digests = bytes.fromhex(sha256), bytes.fromhex(sha1)
        key = hashlib.sha1(public_key_info, usedforsecurity=False).digest()[:8] if public_key_info else b""
        letter = b"r" if is_crl else b"\0"
        return cls(_PACKED.pack(letter, *hashes, *digests, bytes.fromhex(issuer_hash), key))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Held) and self.packed == other.packed

    def __hash__(self) -> int:
        return hash(self.packed)

    def __repr__(self) -> str:
        return f"<{'CRL' if self.is_crl else 'certificate'} {self.subject_hash} {self.sha256[:16]}>"

    @property
    def is_crl(self) -> bool:
        return self.packed[:1] == b"r"

    @property
    def letter(self) -> str:
        """What comes before the slot number in the names of its links."""
        return "r" if self.packed[:1] == b"r" else ""

    @property
    def subject_hash(self) -> str:
        return self.packed[1:5].hex()

    @property
    def old_hash(self) -> str:
        return self.packed[5:9].hex()

    @property
    def sha256(self) -> str:
        return self.packed[9:41].hex()

    @property
    def sha1(self) -> str:
        return self.packed[41:61].hex()

    @property
    def issuer_hash(self) -> str:
        """The subject hash of its issuer's name; zeros for a CRL."""
        return self.packed[61:65].hex()

    @property
    def key(self) -> bytes:
        """Equal where two certificates have the same public key."""
        return self.packed[65:]


class Linkable:
    """A file that gets links, one for each hash that is asked for. `remark`: what in it gets none, and why."""

    __slots__ = ("held", "remark")

    def __init__(self, held: Held, remark: str = "") -> None:
        self.held = held
        self.remark = remark


class NotLinkable:
    """A file that gets no link, and why. `is_error` counts in the exit status, as `openssl rehash` counts it."""

    __slots__ = ("is_error", "reason")

    def __init__(self, reason: str, *, is_error: bool = False) -> None:
        self.reason = reason
        self.is_error = is_error
