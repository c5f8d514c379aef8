"""What files held the last time they were read, so that only those that have changed are read again.

A record counts while the file's device, inode, size, modification and change time are what they were; and only
files that had been left alone for a while are recorded, for a file can change twice within one tick of the
clock. The change time cannot be set by anyone, so a stale answer cannot be had by setting times back.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import time
import zlib

from capath.files import write_file
from capath.store.held import PACKED_SIZE, Held

_MAGIC = b"capath digests 5\n"
_HEADER = struct.Struct("<17sI")
_KEY = struct.Struct("<QQqqq")
_RECORD = struct.Struct(f"{_KEY.size}s{PACKED_SIZE}s")
SETTLED_NS = 2_000_000_000
"""Longer than the tick of any file system's clock (two seconds, on FAT)."""


def version_key(status: os.stat_result) -> bytes:
    """What tells this version of a file from all others; empty where its numbers are out of any range."""
    try:
        return _KEY.pack(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    except struct.error:
        return b""


class Cache:
    """The records of one directory, in a file of the user's. Any fault of that file means no records."""

    def __init__(self, directory: str, home: str) -> None:
        key = hashlib.sha256(os.fsencode(os.path.realpath(directory))).hexdigest()[:24]
        self._path = os.path.join(home, "digests", key)
        self._known = _read(self._path)
        self._seen: dict[bytes, bytes] = {}
        self._settled_before = time.time_ns() - SETTLED_NS
        self._changed = False

    def get(self, key: bytes) -> Held | None:
        """What the file of this version holds; None where it has to be read."""
        packed = self._known.get(key)
        if packed is None:
            return None
        self._seen[key] = packed
        return Held(packed)

    def put(self, key: bytes, status: os.stat_result, held: Held) -> None:
        """Record what was read, if the file had settled before it was."""
        if key and max(status.st_mtime_ns, status.st_ctime_ns) < self._settled_before:
            self._seen[key] = held.packed
            self._changed = True

    def save(self) -> None:
        """Write the records of all that was seen. Failing does not matter: the files can be read again."""
        if not self._changed and len(self._seen) == len(self._known):
            return
        body = b"".join([key + packed for key, packed in self._seen.items()])
        try:
            os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
            write_file(self._path, _HEADER.pack(_MAGIC, zlib.crc32(body)) + body, mode=0o600, sync=False)
        except OSError:
            return


def _read(path: str) -> dict[bytes, bytes]:
    """The records in the file; none where it is damaged, or another user could have written it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return {}
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
            return {}
        with open(descriptor, "rb", closefd=False) as file:
            data = file.read()
        magic, checksum = _HEADER.unpack_from(data)
        body = memoryview(data)[_HEADER.size :]
        if magic != _MAGIC or zlib.crc32(body) != checksum:
            return {}
        return dict(_RECORD.iter_unpack(body))
    except (OSError, struct.error):
        return {}
    finally:
        os.close(descriptor)
