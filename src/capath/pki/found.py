"""What reading one file for a rehash gives. Plain classes: importing `dataclasses` costs more than 100 files."""

from __future__ import annotations

REHASH_EXTENSIONS = frozenset({"pem", "crt", "cer", "crl"})


def has_rehash_extension(name: str) -> bool:
    """Whether `openssl rehash` looks at a file of this name: its last extension, in any case, is one of four."""
    _, dot, extension = name.rpartition(".")
    return bool(dot) and extension.lower() in REHASH_EXTENSIONS


class Single:
    """The one certificate or CRL of a file. `letter` is that of its slots' names: ``r`` for a CRL.

    Two with the same `sha256` are the same; both fingerprints are what people name a certificate by.
    """

    __slots__ = ("letter", "old_hash", "remark", "sha1", "sha256", "subject_hash")

    def __init__(
        self, letter: str, subject_hash: str, old_hash: str, sha256: bytes, sha1: bytes, remark: str = ""
    ) -> None:
        self.letter = letter
        self.subject_hash = subject_hash
        self.old_hash = old_hash
        self.sha256 = sha256
        self.sha1 = sha1
        self.remark = remark


SKIPPED_TEXT = "it does not contain exactly one certificate or CRL"


class NotSingle:
    """A file that gets no link, and why. `is_error` counts in the exit status, as upstream counts it."""

    __slots__ = ("is_error", "reason")

    def __init__(self, reason: str, *, is_error: bool = False) -> None:
        self.reason = reason
        self.is_error = is_error


def several(count: int) -> NotSingle:
    """A file that holds `count` objects, more than the one that gets a link."""
    return NotSingle(f"{SKIPPED_TEXT}, but {count} (capath import makes one file of each)")
