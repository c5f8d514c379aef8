"""Reading a directory: the only place that reads one. Nothing in it can hang, end or mislead the reader."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from capath.errors import BadInputError
from capath.pki.objects import is_der, read_objects
from capath.pki.visible import visible
from capath.store.entry import (
    Content,
    DanglingEntry,
    Entry,
    FileEntry,
    FileStat,
    LinkEntry,
    OtherEntry,
    OtherKind,
    Readable,
    Unreadable,
)
from capath.store.garbage import no_collection
from capath.store.snapshot import Snapshot

FILE_OCTETS_LIMIT = 32 * 1024 * 1024
TEMPORARY_PREFIX = ".capath-"
_KINDS = {
    stat.S_IFDIR: OtherKind.DIRECTORY,
    stat.S_IFIFO: OtherKind.FIFO,
    stat.S_IFSOCK: OtherKind.SOCKET,
    stat.S_IFCHR: OtherKind.DEVICE,
    stat.S_IFBLK: OtherKind.DEVICE,
}


def scan(directory: str | Path) -> Snapshot:
    """Read `directory` and every certificate and CRL in it.

    Raises BadInputError where the directory itself cannot be read; a file that cannot is an entry with its
    reason. Files are opened without blocking, so a FIFO is told from a file instead of waited for.
    """
    path = os.fspath(directory)
    try:
        names = os.listdir(path)
    except OSError as error:
        raise BadInputError(_directory_advice(path, error)) from None
    with no_collection():
        return scan_names(path, (name for name in names if not name.startswith(TEMPORARY_PREFIX)))


def check_directory(directory: str | Path) -> None:
    """Raise BadInputError where `directory` is none, or cannot be read."""
    path = os.fspath(directory)
    try:
        with os.scandir(path):
            pass
    except OSError as error:
        raise BadInputError(_directory_advice(path, error)) from None


def read_entry(directory: str, name: str) -> Entry | None:
    """Read one entry of `directory`; None where there is none of this name."""
    return _Reader(directory).read(name)


def scan_names(directory: str, names: Iterable[str]) -> Snapshot:
    """As `scan`, of these names alone: enough to plan a change that touches no others."""
    reader = _Reader(directory)
    found = {name: entry for name in names if (entry := reader.read(name)) is not None}
    return Snapshot(directory, found, os.access(directory, os.W_OK | os.X_OK))


class _Reader:
    """Reads each file once, however many links lead to it."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._contents: dict[tuple[int, int], Content] = {}
        self._stats: dict[tuple[int, int], FileStat] = {}

    def read(self, name: str) -> Entry | None:
        """The entry called `name`; None where it has gone since the directory was listed."""
        path = os.path.join(self._directory, name)
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            return None
        except OSError:
            return OtherEntry(name, OtherKind.OUT_OF_SIGHT)
        if stat.S_ISLNK(status.st_mode):
            return self._read_link(name, path, status.st_mtime_ns)
        if not stat.S_ISREG(status.st_mode):
            return OtherEntry(name, _KINDS.get(stat.S_IFMT(status.st_mode), OtherKind.UNKNOWN))
        return FileEntry(name, self._stat(status), self._content(path, status))

    def _read_link(self, name: str, path: str, mtime_ns: int) -> Entry | None:
        try:
            target = os.readlink(path)
        except OSError:
            return None
        try:
            status = os.stat(path)
        except OSError as error:
            return DanglingEntry(name, target, mtime_ns, _dangling_reason(error, target))
        if not stat.S_ISREG(status.st_mode):
            kind = _KINDS.get(stat.S_IFMT(status.st_mode), OtherKind.UNKNOWN)
            return OtherEntry(name, kind, target, mtime_ns)
        return LinkEntry(name, target, mtime_ns, self._stat(status), self._content(path, status))

    def _stat(self, status: os.stat_result) -> FileStat:
        """What tells the file; the same value for each link to it, unless it has changed meanwhile."""
        stat_now = file_stat(status)
        known = self._stats.setdefault(stat_now.identity, stat_now)
        return known if known == stat_now else stat_now

    def _content(self, path: str, status: os.stat_result) -> Content:
        identity = status.st_dev, status.st_ino
        content = self._contents.get(identity)
        if content is None:
            content = self._contents[identity] = read_content(path)
        return content


def read_content(path: str) -> Content:
    """Read and decode one file. Never blocks on what is no regular file, never reads without end."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as error:
        return Unreadable(f"it cannot be opened: {error.strerror}")
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return Unreadable("it is not a regular file")
        if status.st_size > FILE_OCTETS_LIMIT:
            return Unreadable(f"it is larger than {FILE_OCTETS_LIMIT // 2**20} MiB, so it was not read")
        data = b""
        while len(data) <= FILE_OCTETS_LIMIT and (not data or len(data) != status.st_size):
            part = os.read(descriptor, max(status.st_size + 1 - len(data), 65536))
            if not part:
                break
            data += part
    except OSError as error:
        return Unreadable(f"it cannot be read: {error.strerror}")
    finally:
        os.close(descriptor)
    objects = read_objects(data)
    return Readable(objects, is_der=not objects and is_der(data))


def file_stat(status: os.stat_result) -> FileStat:
    """Return the part of `status` that tells whether a file is still the same."""
    return FileStat(status.st_dev, status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns)


def _dangling_reason(error: OSError, target: str) -> str:
    if error.errno == errno.ENOENT:
        return f"it leads to {visible(target)}, which is not there"
    if error.errno == errno.ELOOP:
        return "it is a link that leads to itself"
    return f"it leads to {visible(target)}, which cannot be reached: {error.strerror}"


def _directory_advice(path: str, error: OSError) -> str:
    if not path:
        return "the name of the directory is empty; name one"
    name = visible(path)
    match error.errno:
        case errno.ENOENT:
            return f"{name}: there is no such directory; name one, or create it with mkdir"
        case errno.ENOTDIR:
            return f"{name}: this is a file, not a directory; name the directory that holds the certificates"
        case errno.EACCES | errno.EPERM:
            return f"{name}: no permission to read this directory; try as its owner, or on a copy"
        case _:
            return f"{name}: this directory cannot be read: {error.strerror}"
