"""The system calls behind operations: each takes effect at one instant, and nothing of the user's is overwritten.

On Linux a name is replaced or removed by exchanging or moving it (renameat2(2)), looking at what came out, and
putting it back where it is not what the plan says; so a file that somebody else puts there at that moment is not
lost. Where the kernel or the file system has no renameat2, each step looks immediately before it acts: what is put
there between the two, a few microseconds, is lost in `RemoveLink`, `RemoveAddedFile` and a `MakeLink` that
replaces a link.

While a change is made, a name can be held under a temporary name, ``STEM.NUMBER``: `STEM` has the process and a
random part, and is in the journal before the first step; the number is that of the step. No other name is ever
removed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Callable, Sequence

from capath.change.operation import (
    ASIDE,
    Absent,
    AddFile,
    EditPolicy,
    MakeLink,
    Operation,
    RemoveAddedFile,
    RemoveLink,
    RenameFile,
    ReplaceFile,
    RestoreFile,
    Symlink,
    Wait,
    changed_names,
    inverse,
)
from capath.errors import ChangeError, assert_never
from capath.pki.visible import visible
from capath.store.walk import TEMPORARY_PREFIX

# FAT and its like, and files of others where the kernel protects hard links (proc_sys_fs(5)).
_NO_HARD_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
# The kernel, a filter of system calls, or the file system does not know it (rename(2)).
_NO_RENAMEAT2 = frozenset({errno.ENOSYS, errno.EINVAL, errno.EPERM, errno.EOPNOTSUPP})
_RENAME_NOREPLACE, _RENAME_EXCHANGE = 1, 2
pause = time.sleep
_IN_ASIDE = f"{ASIDE}/"


def new_stem() -> str:
    """What the temporary names of one change begin with."""
    return f"{TEMPORARY_PREFIX}{os.getpid()}-{os.urandom(8).hex()}"


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
        return self._status(name) is not None

    def carry_out(self, operation: Operation, number: int, *, back: bool = False) -> None:
        """Do one operation, the one with `number` of its change, or (`back`) the inverse of that one.

        Raises OSError, or ChangeError where the directory is not as the plan has it; then `settle` puts back what
        the operation holds under its temporary name.
        """
        if type(operation) is MakeLink:
            name, target, replaces, mtime_ns = operation
            # Of these there can be a hundred thousand.
            if type(replaces) is Absent and not mtime_ns and not name.startswith(_IN_ASIDE):
                try:
                    os.symlink(target, name, dir_fd=self.descriptor)
                except FileExistsError:
                    raise _changed(name) from None
                return
        uses_aside = _uses_aside(operation)
        if uses_aside:
            self._make_aside()
        self._carry_out(operation, self._temporary(operation.name, number, back))
        if uses_aside:
            self.remove_empty_aside()

    def _carry_out(self, operation: Operation, temporary: str) -> None:
        match operation:
            case MakeLink(name=name, target=target, replaces=replaces, mtime_ns=mtime_ns):
                self._make_link(temporary, target, mtime_ns)
                if isinstance(replaces, Absent):
                    self._move(temporary, name)
                else:
                    self._replace(temporary, name, replaces)
            case RemoveLink(name=name, was=was):
                self._remove_link(name, was, temporary)
            case RenameFile(name=name, new_name=new_name):
                self._move(name, new_name)
            case ReplaceFile(name=name, new_name=new_name, target=target):
                self._make_link(temporary, target, 0)
                self._replace_file(name, new_name, temporary)
            case RestoreFile(name=name, file_name=file_name, was=was):
                self._restore_file(name, file_name, was, temporary)
            case AddFile(name=name, content=content, mode=mode):
                self._write(temporary, content, mode)
                self._move(temporary, name)
            case RemoveAddedFile(name=name, content=content):
                self._remove_added(name, content, temporary)
            case EditPolicy():
                from capath.change.policy import edit_policy

                edit_policy(operation)
            case Wait(milliseconds=milliseconds):
                pause(milliseconds / 1000)
            case _:
                assert_never(operation)

    def settle(self, operations: Sequence[Operation]) -> list[str]:
        """Put back, or remove where it is ours, what an interrupted step left under a temporary name.

        Afterwards each operation is either done or not. Returns the names that hold something unknown: these stay.
        """
        unknown = []
        for name in self._temporaries():
            number = name.rpartition(".")[2].removesuffix("b")
            if not number.isdecimal() or int(number) >= len(operations):
                unknown.append(name)
                continue
            operation = operations[int(number)]
            try:
                self._settle(inverse(operation) if name.endswith("b") else operation, name)
            except FileExistsError:
                unknown.append(name)
        for operation in operations:
            self._settle_names(operation)
            self._settle_names(inverse(operation))
        if any(map(_uses_aside, operations)):
            self.remove_empty_aside()
        return unknown

    def _settle(self, operation: Operation, temporary: str) -> None:
        held = self.link_text(temporary)
        match operation:
            case MakeLink(target=target, replaces=Absent()):
                ours = held == target
            case MakeLink(name=name, target=target, replaces=Symlink(target=old)):
                if held not in (target, old) and self.link_text(name) == target:
                    self._try_rename2(temporary, name, _RENAME_EXCHANGE)
                ours = self.link_text(temporary) in (target, old)
            case ReplaceFile(name=name, target=target):
                if self.link_text(name) == target:
                    self._try_rename2(temporary, name, _RENAME_EXCHANGE)
                ours = self.link_text(temporary) == target
            case (
                RemoveLink(name=name, was=Symlink(target=target))
                | RestoreFile(file_name=name, was=Symlink(target=target))
            ):
                ours = held == target or self._bring_back(temporary, name)
            case RemoveAddedFile(name=name, content=content):
                ours = self._holds(temporary, content) or self._bring_back(temporary, name)
            case AddFile():
                ours = True  # made by nobody else under this name (O_EXCL)
            case _:
                ours = False
        if not ours:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), temporary)
        with contextlib.suppress(FileNotFoundError):  # it has been brought back
            os.unlink(temporary, dir_fd=self.descriptor)

    def _settle_names(self, operation: Operation) -> None:
        """Two steps have moments between system calls that no temporary name tells of."""
        match operation:
            case RenameFile(name=name, new_name=new_name) | ReplaceFile(name=name, new_name=new_name):
                if self._same(name, new_name):  # without renameat2: one file with both names
                    os.unlink(new_name, dir_fd=self.descriptor)
            case RestoreFile(name=name, file_name=file_name, was=Symlink(target=target)):
                if self.link_text(file_name) == target != self.link_text(name):  # exchanged with the link
                    os.unlink(file_name, dir_fd=self.descriptor)
            case _:
                pass

    def _bring_back(self, temporary: str, name: str) -> bool:
        try:
            self._move(temporary, name)
        except ChangeError:  # something else has the name by now
            return False
        return True

    def _temporary(self, name: str, number: int, back: bool) -> str:
        """The temporary name of a step, beside `name`: what is distrusted is never among what is trusted."""
        folder = _IN_ASIDE if name.startswith(_IN_ASIDE) else ""
        return f"{folder}{self.stem}.{number}{'b' * back}"

    def _temporaries(self) -> list[str]:
        if not self.stem:  # written by a capath that had none
            return []
        found = [name for name in os.listdir(self.descriptor) if name.startswith(f"{self.stem}.")]
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            aside = os.open(ASIDE, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=self.descriptor)
            try:
                found += [_IN_ASIDE + name for name in os.listdir(aside) if name.startswith(f"{self.stem}.")]
            finally:
                os.close(aside)
        return sorted(found)

    def _make_aside(self) -> None:
        try:
            os.mkdir(ASIDE, 0o700, dir_fd=self.descriptor)
        except FileExistsError:
            status = self._status(ASIDE)
            if status is not None and not stat.S_ISDIR(status.st_mode):
                raise ChangeError(
                    f"{ASIDE}: distrusted certificates go into a directory of this name, and this is not one; "
                    "rename it"
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

    def _make_link(self, name: str, target: str, mtime_ns: int) -> None:
        os.symlink(target, name, dir_fd=self.descriptor)
        if mtime_ns:
            os.utime(name, ns=(mtime_ns, mtime_ns), dir_fd=self.descriptor, follow_symlinks=False)

    def _replace(self, temporary: str, name: str, expected: Symlink) -> None:
        """Put the link `temporary` in the place of the link `name`."""
        if self._try_rename2(temporary, name, _RENAME_EXCHANGE):
            self._drop(temporary, name, expected)
        elif self.link_text(name) != expected.target:
            raise _changed(name)
        else:
            os.rename(temporary, name, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)

    def _remove_link(self, name: str, was: Symlink, temporary: str) -> None:
        if self._try_rename2(name, temporary, _RENAME_NOREPLACE):
            self._drop(temporary, name, was)
        elif self.link_text(name) != was.target:
            raise _changed(name)
        else:
            os.unlink(name, dir_fd=self.descriptor)

    def _drop(self, temporary: str, name: str, was: Symlink) -> None:
        """Remove what came out of `name`, if it is the link that was there."""
        if self.link_text(temporary) != was.target:
            raise _changed(name)
        os.unlink(temporary, dir_fd=self.descriptor)

    def _replace_file(self, name: str, new_name: str, link: str) -> None:
        if self.exists(new_name):
            raise _taken(new_name)
        if self._try_rename2(link, name, _RENAME_EXCHANGE):
            self._move(link, new_name)
        else:
            descriptor = self.descriptor
            os.link(name, new_name, src_dir_fd=descriptor, dst_dir_fd=descriptor, follow_symlinks=False)
            os.rename(link, name, src_dir_fd=descriptor, dst_dir_fd=descriptor)

    def _restore_file(self, name: str, file_name: str, was: Symlink, temporary: str) -> None:
        if self.link_text(name) != was.target:
            raise _changed(name)
        if not self._try_rename2(file_name, name, _RENAME_EXCHANGE):
            os.rename(file_name, name, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
        elif self.link_text(file_name) == was.target:
            self._remove_link(file_name, was, temporary)
        else:
            self._try_rename2(file_name, name, _RENAME_EXCHANGE)
            raise _changed(name)

    def _remove_added(self, name: str, content: bytes, temporary: str) -> None:
        is_aside = self._try_rename2(name, temporary, _RENAME_NOREPLACE)
        if not self._holds(temporary if is_aside else name, content):
            raise ChangeError(f"{visible(name)}: it has been edited since, so it is left as it is")
        os.unlink(temporary if is_aside else name, dir_fd=self.descriptor)

    def _holds(self, name: str, content: bytes) -> bool:
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

    def _move(self, name: str, new_name: str) -> None:
        """Rename, over nothing. Raises ChangeError where the new name is taken."""
        try:
            if self._try_rename2(name, new_name, _RENAME_NOREPLACE):
                return
            os.link(name, new_name, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor, follow_symlinks=False)
        except FileExistsError:
            raise _taken(new_name) from None
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
            if self.exists(new_name):
                raise _taken(new_name) from None
            os.rename(name, new_name, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
            return
        if not self._same(name, new_name):
            raise _changed(name)
        os.unlink(name, dir_fd=self.descriptor)

    def _write(self, name: str, content: bytes, mode: int) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(name, flags, 0o600, dir_fd=self.descriptor)
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            # Whatever the umask: a file that others cannot read ends their lookups of this name.
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())

    def _try_rename2(self, name: str, new_name: str, flag: int) -> bool:
        """renameat2(2); whether it is there. Raises OSError where it is and fails."""
        code = rename2(self.descriptor, name, new_name, flag)
        if code in _NO_RENAMEAT2:
            return False
        if code:
            raise OSError(code, os.strerror(code), name)
        return True

    def _status(self, name: str) -> os.stat_result | None:
        try:
            return os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _same(self, name: str, other: str) -> bool:
        """Whether both names are one file or link (the same inode)."""
        first, second = self._status(name), self._status(other)
        return first is not None and second is not None and os.path.samestat(first, second)


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


def _uses_aside(operation: Operation) -> bool:
    return any(name.startswith(_IN_ASIDE) for name in changed_names(operation))


def _taken(name: str) -> ChangeError:
    return ChangeError(f"{visible(name)}: the name is taken; move that file away first")


def _changed(name: str) -> ChangeError:
    return ChangeError(f"{visible(name)}: something else has changed it in the meantime; look again")
