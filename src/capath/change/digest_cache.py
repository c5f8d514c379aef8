"""What the files of a directory were, the last time they were read: so that the changed ones only are read.

It also keeps of which state of the whole directory, links included, a rehash found nothing to do or say.

An entry counts while the file's device, inode, size, modification and change time are what they were; and only
files that had been left alone for a while were taken in, for a file can change twice within one tick of the
clock. The change time cannot be set by anyone, so a stale answer is not to be had by setting times back.
"""

from __future__ import annotations

import hashlib
import os
import struct
import time
import zlib
from collections.abc import Iterable, Mapping

from capath.files import cache_directory
from capath.pki.found import Single

_MAGIC = b"capath digests 3\n"
_HEADER = struct.Struct("<17sII16s")
_KEY = struct.Struct("<QQqqq")
_VALUE = struct.Struct("<1s4s4s32s20s")
_RECORD_OCTETS = _KEY.size + _VALUE.size
SETTLED_NS = 2_000_000_000
"""Longer than the tick of any file system's clock (two seconds, on FAT)."""


def packed(found: Single) -> bytes:
    """All of `found` but its remark, in 61 octets: what a hundred thousand files are told by, and compared."""
    hashes = bytes.fromhex(found.subject_hash), bytes.fromhex(found.old_hash)
    return _VALUE.pack(found.letter.encode(), *hashes, found.sha256, found.sha1)


def unpacked(value: bytes) -> Single:
    """What was `packed`."""
    letter, subject_hash, old_hash, sha256, sha1 = _VALUE.unpack(value)
    return Single(letter.strip(b"\0").decode(), subject_hash.hex(), old_hash.hex(), sha256, sha1)


LETTER, SUBJECT_HASH, OLD_HASH = slice(0, 1), slice(1, 5), slice(5, 9)
SHA256, SHA1 = slice(9, 41), slice(41, 61)
"""Where its parts are in it. The letter of a certificate is NUL."""


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

    @staticmethod
    def keys(descriptor: int, names: Iterable[str]) -> dict[str, bytes]:
        """What tells the version of each file in the directory that is open as `descriptor`.

        Empty where there is none, or the file has not been left alone for long.
        """
        settled_before = time.time_ns() - SETTLED_NS
        stat, pack, found = os.stat, _KEY.pack, {}
        for name in names:
            try:
                status = stat(name, dir_fd=descriptor)
                mtime_ns, ctime_ns = status.st_mtime_ns, status.st_ctime_ns
                settled = mtime_ns < settled_before and ctime_ns < settled_before
                version = pack(status.st_dev, status.st_ino, status.st_size, mtime_ns, ctime_ns)
            except (OSError, struct.error):
                found[name] = b""
            else:
                found[name] = version if settled else b""
        return found

    def get_packed(self, keys: Mapping[str, bytes]) -> dict[str, bytes]:
        """The objects in those of the files that are still the versions that `keys` tell, `packed`."""
        known, seen, found = self._known(), self._seen, {}
        for name, key in keys.items():
            record = known.get(name)
            if record is not None and key and record.startswith(key):
                seen[name] = record
                found[name] = record[_KEY.size :]
        return found

    def put(self, name: str, key: bytes, found: Single) -> None:
        """Keep what was read, for a file that was settled before it was."""
        if not found.remark:
            self._seen[name] = key + packed(found)
            self._changed = True

    def keep(self, names: Iterable[str]) -> None:
        """Keep what is known of `names`, which are still there and were not asked for."""
        known = self._known()
        self._seen.update((name, known[name]) for name in known.keys() & set(names))

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
            body = self._body
            names = os.fsdecode(body[: self._names_octets]).split("\0") if body else []
            at = range(self._names_octets, len(body), _RECORD_OCTETS)
            self._records = {
                name: body[start : start + _RECORD_OCTETS] for name, start in zip(names, at, strict=True)
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
