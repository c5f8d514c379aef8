"""Reading a directory: the only place that reads one. Nothing in it can hang, end or mislead the reader."""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import re
import stat
from collections.abc import Iterable, Iterator

from capath.errors import BadInputError
from capath.files import cache_directory
from capath.pki.visible import visible
from capath.store.cache import Cache, version_key
from capath.store.entry import (
    DanglingEntry,
    Entry,
    File,
    FileEntry,
    FileStat,
    LinkEntry,
    OtherEntry,
    OtherKind,
)
from capath.store.link_name import ASIDE, IN_ASIDE
from capath.store.snapshot import Snapshot

TYPE_CHECKING = False  # typing's, without importing it
if TYPE_CHECKING:
    from capath.store.content import Content

TEMPORARY_STEM = re.compile(r"\.capath-[0-9]{1,10}-[0-9a-f]{16}")
"""What the temporary names of a change begin with: the process and a random part."""
_KINDS = {
    stat.S_IFDIR: OtherKind.DIRECTORY,
    stat.S_IFIFO: OtherKind.FIFO,
    stat.S_IFSOCK: OtherKind.SOCKET,
    stat.S_IFCHR: OtherKind.DEVICE,
    stat.S_IFBLK: OtherKind.DEVICE,
}
_NOTHING_THERE = frozenset({errno.ENOENT, errno.ELOOP, errno.ENOTDIR, errno.ENAMETOOLONG})
_STICKY_AND_OPEN = stat.S_ISVTX | stat.S_IWOTH


def scan(directory: str | os.PathLike[str], title: str = "") -> Snapshot:
    """Look at all of `directory`, and read each file that is not known from before.

    With `title` it is a temporary copy of the store of that name, which nothing changes.

    Raises BadInputError where the directory itself cannot be read; a file that cannot is an entry with its
    reason. Files are opened without blocking, so a FIFO is told from a file instead of waited for.
    """
    path = os.fspath(directory)
    descriptor = _open(path)
    try:
        with no_collection():
            cache = Cache(path, cache_directory())
            entries = _Walk(path, descriptor, cache).every()
            cache.save()
    finally:
        os.close(descriptor)
    return Snapshot(path, entries, not title and os.access(path, os.W_OK | os.X_OK), title)


def scan_names(directory: str, names: Iterable[str]) -> Snapshot:
    """As `scan`, of these names alone: enough to plan a change that touches no others."""
    descriptor = _open(directory)
    try:
        entries = _Walk(directory, descriptor, Cache(directory, cache_directory())).some(names)
    finally:
        os.close(descriptor)
    return Snapshot(directory, entries, os.access(directory, os.W_OK | os.X_OK))


def check_directory(directory: str | os.PathLike[str]) -> None:
    """Raise BadInputError where `directory` is none, or cannot be read."""
    os.close(_open(os.fspath(directory)))


@contextlib.contextmanager
def no_collection() -> Iterator[None]:
    """Pause the garbage collector, which finds nothing while a large directory is read, and costs a third more."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Walk:
    """One look at a directory. Each file is read once, however many links lead to it."""

    def __init__(self, path: str, descriptor: int, cache: Cache) -> None:
        self._path = path
        self._descriptor = descriptor
        self._cache = cache
        self._entries: dict[str, Entry] = {}
        self._away: dict[tuple[int, int], File] = {}
        # As in /tmp: whether a link is followed depends on whose it is (proc_sys_fs(5)), so the system is asked.
        self._follows_names = os.fstat(descriptor).st_mode & _STICKY_AND_OPEN != _STICKY_AND_OPEN

    def every(self) -> dict[str, Entry]:
        """All entries but capath's own temporary names."""
        links = []
        with os.scandir(self._descriptor) as found:
            for item in found:
                name = item.name
                if name[:1] == "." and TEMPORARY_STEM.match(name):
                    continue
                try:
                    is_link = item.is_symlink()
                except OSError:
                    is_link = False
                if is_link:
                    links.append(name)
                else:
                    self._add(name)
        self._add_links(links)
        return self._entries

    def some(self, names: Iterable[str]) -> dict[str, Entry]:
        """The entries of these names. A link leads to what the system says: its target may be none of them."""
        self._follows_names = False
        for name in names:
            self._add(name)
        return self._entries

    def _add(self, name: str) -> None:
        """Look at a name that was no link when the directory was listed; it may be gone, or one by now."""
        try:
            status = os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return
        except OSError:
            self._entries[name] = OtherEntry(name, OtherKind.OUT_OF_SIGHT)
            return
        kind = stat.S_IFMT(status.st_mode)
        if kind == stat.S_IFREG:
            if (file := self._file(name, status)) is not None:
                self._entries[name] = FileEntry(name, file)
        elif kind == stat.S_IFLNK:
            self._add_links([name])
        elif name == ASIDE and kind == stat.S_IFDIR:
            self._add_aside()
        else:
            self._entries[name] = OtherEntry(name, _KINDS.get(kind, OtherKind.UNKNOWN))

    def _add_aside(self) -> None:
        """The entries of the subdirectory for what is distrusted, as ``untrusted/NAME``."""
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            descriptor = os.open(ASIDE, flags, dir_fd=self._descriptor)
        except OSError:
            self._entries[ASIDE] = OtherEntry(ASIDE, OtherKind.OUT_OF_SIGHT)
            return
        try:
            names = os.listdir(descriptor)
        finally:
            os.close(descriptor)
        for name in names:
            if not TEMPORARY_STEM.match(name):
                self._add(IN_ASIDE + name)

    def _add_links(self, names: Iterable[str]) -> None:
        """Look at links. For one to a file of this directory, the system is not asked where it leads."""
        entries, descriptor, readlink = self._entries, self._descriptor, os.readlink
        others = {}
        for name in names:
            try:
                target = readlink(name, dir_fd=descriptor)
            except OSError:
                continue  # gone meanwhile
            there = entries.get(target)
            if isinstance(there, FileEntry) and self._follows_names and not name.startswith(IN_ASIDE):
                entries[name] = LinkEntry(name, target, there.file, directory=self._path)
            else:
                others[name] = target
        for name, target in others.items():
            self._follow(name, target)

    def _follow(self, name: str, target: str) -> None:
        try:
            mtime_ns = os.stat(name, dir_fd=self._descriptor, follow_symlinks=False).st_mtime_ns
        except OSError:
            return  # gone meanwhile
        try:
            status = os.stat(name, dir_fd=self._descriptor)
        except OSError as error:
            unknown = error.errno not in _NOTHING_THERE
            reason = _dangling_reason(error, target)
            self._entries[name] = DanglingEntry(name, target, mtime_ns, reason, is_unknown=unknown)
            return
        if not stat.S_ISREG(status.st_mode):
            kind = _KINDS.get(stat.S_IFMT(status.st_mode), OtherKind.UNKNOWN)
            self._entries[name] = OtherEntry(name, kind, target, mtime_ns)
            return
        identity = status.st_dev, status.st_ino
        file = self._away.get(identity) or self._file(name, status)
        if file is not None:
            self._away[identity] = file
            self._entries[name] = LinkEntry(name, target, file, mtime_ns)

    def _file(self, name: str, status: os.stat_result) -> File | None:
        """The file as it is known from before, or as it is read now; None where it is gone by now."""
        key = version_key(status)
        held = self._cache.get(key)
        content: Content | None = None
        if held is None:
            from capath.store.content import read_content

            content = read_content(name, self._descriptor)
            if content.is_gone:
                return None
            held = content.held
            if held is not None:
                self._cache.put(key, status, held)
                content = None  # of 100,000 it would be 300 MiB; it is read again where it is needed
        stat_of = FileStat(status.st_dev, status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns)
        return File(stat_of, held, content, self._path, name)


def _open(path: str) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise BadInputError(_directory_advice(path, error)) from None


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
