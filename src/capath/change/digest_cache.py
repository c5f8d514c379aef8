"""What the files of a directory were, the last time they were read: so that a rehash reads the changed ones only.

It also keeps of which state of the whole directory, links included, a rehash found nothing to do or say.

An entry counts while the file's device, inode, size, modification and change time are what they were; and only
files that had been left alone for a while were taken in, for a file can change twice within one tick of the
clock. The change time cannot be set by anyone, so a stale answer is not to be had by setting times back.
"""

from __future__ import annotations

import hashlib
import os
import struct
import sys
import zlib

from capath.pki.found import Single

_MAGIC = b"capath digests 2\n"
_HEADER = struct.Struct("<17sII16s")
_KEY = struct.Struct("<5Q")
_VALUE = struct.Struct("<1s4s4s20s")
_RECORD_OCTETS = _KEY.size + _VALUE.size
SETTLED_NS = 2_000_000_000
"""Longer than the tick of any file system's clock (two seconds, on FAT)."""
_MASK = 2**64 - 1


def file_key(status: os.stat_result) -> bytes:
    """What tells this version of this file from every other."""
    return _KEY.pack(
        status.st_dev & _MASK,
        status.st_ino & _MASK,
        status.st_size,
        status.st_mtime_ns & _MASK,
        status.st_ctime_ns & _MASK,
    )


class DigestCache:
    """The records of one directory. Any fault in its file means no records, never an error."""

    __slots__ = ("_body", "_changed", "_names_octets", "_path", "_records", "_seen", "right_state")

    def __init__(self, directory: str) -> None:
        key = hashlib.sha256(os.fsencode(os.path.realpath(directory))).hexdigest()[:24]
        self._path = os.path.join(cache_directory(), "digests", key)
        self.right_state = b""
        """The state in which a rehash found nothing to do, see `Survey.state`; empty where none is known."""
        self._body = b""
        self._names_octets = 0
        self._load()
        self._records: dict[str, bytes] | None = None
        self._seen: dict[str, bytes] = {}
        self._changed = False

    def __len__(self) -> int:
        return (len(self._body) - self._names_octets) // _RECORD_OCTETS

    def get(self, name: str, key: bytes) -> Single | None:
        """The object in the file `name`, if it is still the version that `key` tells."""
        record = self._known().get(name)
        if record is None or not record.startswith(key):
            return None
        self._seen[name] = record
        letter, subject_hash, old_hash, identity = _VALUE.unpack_from(record, _KEY.size)
        return Single(letter.strip(b"\0").decode(), subject_hash.hex(), old_hash.hex(), identity)

    def put(self, name: str, key: bytes, found: Single) -> None:
        """Keep what was read, for a file that was settled before it was."""
        if found.remark or self._seen.get(name, b"").startswith(key):
            return
        self._seen[name] = key + _VALUE.pack(
            found.letter.encode(),
            bytes.fromhex(found.subject_hash),
            bytes.fromhex(found.old_hash),
            found.identity,
        )
        self._changed = True

    def save(self, right_state: bytes) -> None:
        """Write it down if it has changed. Failing is no matter: the files can be read again."""
        if not self._changed and len(self._seen) == len(self) and right_state == self.right_state:
            return
        names = b"\0".join(map(os.fsencode, self._seen))
        body = names + b"".join(self._seen.values())
        header = _HEADER.pack(_MAGIC, zlib.crc32(body), len(names), right_state)
        temporary = f"{self._path}.{os.getpid()}"
        try:
            os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
            with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(header + body)
            os.replace(temporary, self._path)
        except OSError:
            try:
                os.unlink(temporary)
            except OSError:
                return

    def _known(self) -> dict[str, bytes]:
        if self._records is None:
            names = self._body[: self._names_octets].split(b"\0") if self._body else []
            at = range(self._names_octets, len(self._body), _RECORD_OCTETS)
            self._records = {
                os.fsdecode(name): self._body[start : start + _RECORD_OCTETS]
                for name, start in zip(names, at, strict=True)
            }
        return self._records

    def _load(self) -> None:
        try:
            with open(self._path, "rb") as file:
                data = file.read()
            magic, checksum, names_octets, right_state = _HEADER.unpack_from(data)
        except (OSError, struct.error):
            return
        body = data[_HEADER.size :]
        count = body.count(b"\0", 0, names_octets) + 1
        records = len(body) - names_octets
        if magic == _MAGIC and zlib.crc32(body) == checksum and records == count * _RECORD_OCTETS:
            self._body, self._names_octets = body, names_octets
            self.right_state = right_state if any(right_state) else b""


def cache_directory() -> str:
    """Where capath keeps what it can find out again ($XDG_CACHE_HOME/capath)."""
    if sys.platform == "darwin":
        return os.path.expanduser("~/Library/Caches/capath")
    base = os.environ.get("XDG_CACHE_HOME", "").strip() or os.path.expanduser("~/.cache")
    return os.path.join(base, "capath")
