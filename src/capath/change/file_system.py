"""An open directory and the system calls on names in it: each takes effect at one instant, and overwrites nothing.

While a change is made, a name can be held under a temporary name, ``STEM.NUMBER``: `STEM` has the process and a
random part, and is in the journal before the first step; the number is that of the step. No other name is ever
removed. One capath changes a directory at a time: a lock on the directory itself (flock(2)) leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Callable

from capath.change.operation import ASIDE, Symlink
from capath.errors import BadInputError, ChangeError
from capath.pki.visible import visible
from capath.store.link_name import IN_ASIDE

# FAT and its like, and files of others where the kernel protects hard links (proc_sys_fs(5)).
_NO_HARD_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
# The kernel, a filter of system calls, or the file system does not know it (rename(2)).
_NO_RENAMEAT2 = frozenset({errno.ENOSYS, errno.EINVAL, errno.EPERM, errno.EOPNOTSUPP})
_RENAME_NOREPLACE, _RENAME_EXCHANGE = 1, 2


class Directory:
    """An open directory in which operations are carried out. Every name is relative to it (openat(2))."""

    __slots__ = ("descriptor", "stem")

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.stem = ""
        """What the temporary names of the change begin with; without one there are none."""

    def close(self) -> None:
        os.close(self.descriptor)

    def link_text(self, name: str) -> str | None:
        """The text of the symbolic link `name`; None where it is none."""
        try:
            return os.readlink(name, dir_fd=self.descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOENT, errno.ENOTDIR):
                raise
            return None

    def exists(self, name: str) -> bool:
        """Whether `name` is taken, even by a dangling link."""
        return self.status(name) is not None

    def status(self, name: str) -> os.stat_result | None:
        try:
            return os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def same(self, name: str, other: str) -> bool:
        """Whether both names are one file or link (the same inode)."""
        first, second = self.status(name), self.status(other)
        return first is not None and second is not None and os.path.samestat(first, second)

    def exchange(self, name: str, other: str) -> bool:
        """Let the two names change what they are, at one instant; False where that cannot be done here."""
        return self._rename2(name, other, _RENAME_EXCHANGE)

    def take(self, name: str, new_name: str) -> bool:
        """Rename, over nothing (else FileExistsError); False where that cannot be done here at one instant."""
        return self._rename2(name, new_name, _RENAME_NOREPLACE)

    def rename(self, name: str, new_name: str) -> None:
        """Rename, over whatever has the new name."""
        os.rename(name, new_name, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)

    def link(self, name: str, new_name: str) -> None:
        """Give a file, or a symbolic link itself, a second name, which must be free."""
        os.link(name, new_name, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor, follow_symlinks=False)

    def unlink(self, name: str) -> None:
        os.unlink(name, dir_fd=self.descriptor)

    def move(self, name: str, new_name: str) -> None:
        """Rename, over nothing. Raises ChangeError where the new name is taken."""
        try:
            if self.take(name, new_name):
                return
            self.link(name, new_name)
        except FileExistsError:
            raise taken(new_name) from None
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
            if self.exists(new_name):
                raise taken(new_name) from None
            self.rename(name, new_name)
            return
        if not self.same(name, new_name):
            raise changed(name)
        self.unlink(name)

    def make_link(self, name: str, target: str, mtime_ns: int) -> None:
        os.symlink(target, name, dir_fd=self.descriptor)
        if mtime_ns:
            os.utime(name, ns=(mtime_ns, mtime_ns), dir_fd=self.descriptor, follow_symlinks=False)

    def write(self, name: str, content: bytes, mode: int) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(name, flags, 0o600, dir_fd=self.descriptor)
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            # Whatever the umask: a file that others cannot read ends their lookups of this name.
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())

    def holds(self, name: str, content: bytes) -> bool:
        """Whether `name` is a regular file with this content."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            descriptor = os.open(name, flags, dir_fd=self.descriptor)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO):  # a link, a socket
                return False
            raise
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            return stat.S_ISREG(status.st_mode) and file.read(len(content) + 1) == content

    def remove_link(self, name: str, was: Symlink, temporary: str) -> None:
        if self.take(name, temporary):
            self.drop(temporary, name, was)
        elif self.link_text(name) != was.target:
            raise changed(name)
        else:
            self.unlink(name)

    def drop(self, temporary: str, name: str, was: Symlink) -> None:
        """Remove what came out of `name`, if it is the link that was there."""
        if self.link_text(temporary) != was.target:
            raise changed(name)
        self.unlink(temporary)

    def make_aside(self) -> None:
        try:
            os.mkdir(ASIDE, 0o700, dir_fd=self.descriptor)
        except FileExistsError:
            status = self.status(ASIDE)
            if status is not None and not stat.S_ISDIR(status.st_mode):
                raise ChangeError(
                    f"{ASIDE}: distrusted certificates go into a directory of this name, and this is not one",
                    hint="rename it",
                ) from None
            return
        parent = os.fstat(self.descriptor)
        with contextlib.suppress(PermissionError):
            if os.geteuid() == 0:
                os.chown(ASIDE, parent.st_uid, parent.st_gid, dir_fd=self.descriptor, follow_symlinks=False)
            os.chmod(ASIDE, stat.S_IMODE(parent.st_mode), dir_fd=self.descriptor)

    def remove_empty_aside(self) -> None:
        """Remove the subdirectory for what is distrusted where nothing is in it."""
        with contextlib.suppress(OSError):
            os.rmdir(ASIDE, dir_fd=self.descriptor)

    def temporary(self, name: str, number: int, back: bool) -> str:
        """The temporary name of a step, beside `name`: what is distrusted is never among what is trusted."""
        folder = IN_ASIDE if name.startswith(IN_ASIDE) else ""
        return f"{folder}{self.stem}.{number}{'b' * back}"

    def temporaries(self) -> list[str]:
        if not self.stem:  # written by a capath that had none
            return []
        found = [name for name in os.listdir(self.descriptor) if name.startswith(f"{self.stem}.")]
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            aside = os.open(ASIDE, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=self.descriptor)
            try:
                found += [IN_ASIDE + name for name in os.listdir(aside) if name.startswith(f"{self.stem}.")]
            finally:
                os.close(aside)
        return sorted(found)

    def _rename2(self, name: str, new_name: str, flag: int) -> bool:
        """renameat2(2); whether it is there. Raises OSError where it is and fails."""
        code = rename2(self.descriptor, name, new_name, flag)
        if code in _NO_RENAMEAT2:
            return False
        if code:
            raise OSError(code, os.strerror(code), name)
        return True


def open_locked(path: str) -> int:
    """Open the directory and hold its lock until the descriptor is closed.

    Raises BadInputError where it cannot be opened, and ChangeError where it cannot be changed now.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise BadInputError(f"{visible(path)}: the directory cannot be opened: {error.strerror}") from None
    try:
        _lock(descriptor, path)
        if not os.access(path, os.W_OK | os.X_OK):
            raise ChangeError(f"{visible(path)}: {why_not_writable(path)}")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def why_not_writable(path: str) -> str:
    """Why this process may not change the directory, and what to do."""
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        return "the file system is mounted read-only; work on a copy, or mount it writable"
    return "no permission to change this directory; try as its owner"


def _lock(descriptor: int, path: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ChangeError(
            f"{visible(path)}: another capath is changing this directory now", hint="wait for it, then try again"
        ) from None
    except OSError:
        return  # no locks on this file system; each step still checks what it finds


def rename2(descriptor: int, name: str, new_name: str, flag: int) -> int:
    """renameat2(2) within the directory `descriptor`; return its errno, 0 for success."""
    global _rename2
    if _rename2 is None:
        _rename2 = _load_rename2()
    return _rename2(descriptor, os.fsencode(name), os.fsencode(new_name), flag)


_rename2: Callable[[int, bytes, bytes, int], int] | None = None


def _load_rename2() -> Callable[[int, bytes, bytes, int], int]:
    import ctypes  # takes as long to import as many a change to make, and new links do not need it

    try:
        function = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):  # not Linux, or a C library without it
        return lambda *_: errno.ENOSYS
    function.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)

    def call(descriptor: int, name: bytes, new_name: bytes, flag: int) -> int:
        return ctypes.get_errno() if function(descriptor, name, descriptor, new_name, flag) else 0

    return call


def taken(name: str) -> ChangeError:
    """The error where a name is not free."""
    return ChangeError(f"{visible(name)}: the name is taken", hint="move that file away first")


def changed(name: str) -> ChangeError:
    """The error where a name is not what it was."""
    return ChangeError(f"{visible(name)}: something else has changed it in the meantime", hint="look again")
