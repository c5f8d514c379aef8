"""One name in the directory and what it leads to. Values only: `capath.store.walk` makes them."""

from __future__ import annotations

import os
from typing import NamedTuple

from capath.errors import StrEnum, assert_never
from capath.store.held import Held, Linkable, NotLinkable

TYPE_CHECKING = False  # typing's, without importing it
if TYPE_CHECKING:
    from capath.store.content import Content


class FileStat(NamedTuple):
    """What tells one file, and one version of it, from another (stat(2); times in nanoseconds)."""

    device: int
    inode: int
    mode: int
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> FileStat:
        """The part of `status` that tells whether a file is still the same."""
        return cls(status.st_dev, status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns)

    @property
    def identity(self) -> tuple[int, int]:
        return self.device, self.inode


class File:
    """A regular file, the same for each name that leads to it.

    `held` is what it holds, where that is one certificate or CRL and nothing else: known at once, be it from the
    cache. Of all other files the content is known at once, and of these it is read when it is asked for.
    """

    __slots__ = ("_content", "_directory", "_name", "held", "stat")

    def __init__(
        self, stat: FileStat, held: Held | None, content: Content | None, directory: str = "", name: str = ""
    ) -> None:
        self.stat = stat
        self.held = held
        self._content = content
        self._directory = directory
        self._name = name

    @property
    def content(self) -> Content:
        """Its objects, or why they cannot be read (any more): what is read now must be what was `held`."""
        if self._content is None:
            from capath.store.content import read_again

            assert self.held is not None
            self._content = read_again(os.path.join(self._directory, self._name), self.held)
        return self._content

    @property
    def linkable(self) -> Linkable | NotLinkable:
        """What `openssl rehash` makes links for in it."""
        if self.held is not None:
            return Linkable(self.held)
        from capath.store.linkable import linkable_object

        return linkable_object(self.content)


class OtherKind(StrEnum):
    DIRECTORY = "a directory"
    FIFO = "a FIFO"
    SOCKET = "a socket"
    DEVICE = "a device"
    OUT_OF_SIGHT = "nothing that can be looked at: the directory gives no permission to"
    UNKNOWN = "not a file"


class FileEntry:
    """A regular file."""

    __slots__ = ("file", "name")

    def __init__(self, name: str, file: File) -> None:
        self.name = name
        self.file = file

    @property
    def stat(self) -> FileStat:
        return self.file.stat

    @property
    def content(self) -> Content:
        return self.file.content


class LinkEntry:
    """A symbolic link to a file that can be reached. `target` is the link's text.

    `mtime_ns` is the link's own time. Few are ever asked for it, so it is looked up in `directory` then.
    """

    __slots__ = ("_directory", "_mtime_ns", "file", "name", "target")

    def __init__(
        self, name: str, target: str, file: File, mtime_ns: int | None = None, directory: str = ""
    ) -> None:
        self.name = name
        self.target = target
        self.file = file
        self._mtime_ns = mtime_ns
        self._directory = directory

    @property
    def mtime_ns(self) -> int:
        if self._mtime_ns is None:
            try:
                self._mtime_ns = os.lstat(os.path.join(self._directory, self.name)).st_mtime_ns
            except OSError:
                self._mtime_ns = 0
        return self._mtime_ns

    @property
    def stat(self) -> FileStat:
        return self.file.stat

    @property
    def content(self) -> Content:
        return self.file.content


class DanglingEntry:
    """A symbolic link that leads to no file: `reason` says what is in the way.

    `is_unknown`: there may well be a file, which this process could not reach.
    """

    __slots__ = ("is_unknown", "mtime_ns", "name", "reason", "target")

    def __init__(self, name: str, target: str, mtime_ns: int, reason: str, *, is_unknown: bool = False) -> None:
        self.name = name
        self.target = target
        self.mtime_ns = mtime_ns
        self.reason = reason
        self.is_unknown = is_unknown


class OtherEntry:
    """A directory, FIFO, socket or device. `target` is empty unless a symbolic link leads to it."""

    __slots__ = ("kind", "mtime_ns", "name", "target")

    def __init__(self, name: str, kind: OtherKind, target: str = "", mtime_ns: int = 0) -> None:
        self.name = name
        self.kind = kind
        self.target = target
        self.mtime_ns = mtime_ns


Entry = FileEntry | LinkEntry | DanglingEntry | OtherEntry


def symlink_target(entry: Entry) -> str | None:
    """The text of the symbolic link that `entry` is; None where it is none."""
    match entry:
        case LinkEntry(target=target) | DanglingEntry(target=target):
            return target
        case OtherEntry(target=target):
            return target or None
        case FileEntry():
            return None
        case _:
            assert_never(entry)


def is_unknown(entry: Entry) -> bool:
    """Whether `entry` leads to something that this process could not read: it is not known to be bad."""
    match entry:
        case DanglingEntry(is_unknown=unknown):
            return unknown
        case FileEntry(file=file) | LinkEntry(file=file):
            return file.held is None and file.content.is_unknown
        case OtherEntry(kind=kind):
            return kind is OtherKind.OUT_OF_SIGHT
        case _:
            assert_never(entry)
