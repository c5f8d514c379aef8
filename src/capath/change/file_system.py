"""The system calls behind operations: each takes effect at one instant, and overwrites nothing of the user's."""

from __future__ import annotations

import errno
import os
import stat

from capath.change.operation import (
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
)
from capath.errors import ChangeError, assert_never
from capath.pki.visible import visible
from capath.store.scan import TEMPORARY_PREFIX

TEMPORARY_NAME = f"{TEMPORARY_PREFIX}new.tmp"
# FAT and its like, and files of others where the kernel protects hard links (proc_sys_fs(5)).
_NO_HARD_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


class Directory:
    """An open directory in which operations are carried out. Every name is relative to it (openat(2))."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def close(self) -> None:
        os.close(self.descriptor)

    def link_at(self, name: str) -> Absent | Symlink | None:
        """What stands at `name`: nothing, a symbolic link, or (None) something else."""
        try:
            target = os.readlink(name, dir_fd=self.descriptor)
            mtime_ns = os.stat(name, dir_fd=self.descriptor, follow_symlinks=False).st_mtime_ns
        except FileNotFoundError:
            return Absent()
        except OSError as error:
            if error.errno == errno.EINVAL:
                return None
            raise
        return Symlink(target, mtime_ns)

    def exists(self, name: str) -> bool:
        """Whether `name` is taken, be it by a dangling link."""
        try:
            os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def same_file(self, name: str, other: str) -> bool:
        """Whether both names stand for one file or link (the same inode)."""
        try:
            first = os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
            second = os.stat(other, dir_fd=self.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return (first.st_dev, first.st_ino) == (second.st_dev, second.st_ino)

    def unlink(self, name: str) -> None:
        os.unlink(name, dir_fd=self.descriptor)

    def read(self, name: str) -> bytes:
        """The content of the regular file `name`."""
        descriptor = os.open(
            name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=self.descriptor
        )
        with open(descriptor, "rb") as file:
            return file.read()

    def carry_out(self, operation: Operation) -> None:
        """Do one operation. Raises OSError, or ChangeError where the directory is not as the plan has it."""
        match operation:
            case MakeLink(name=name, target=target, replaces=Absent(), mtime_ns=0):
                self._make_new_link(name, target)
            case MakeLink(name=name, target=target, replaces=replaces, mtime_ns=mtime_ns):
                self._expect(name, replaces)
                self._make_link(name, target, mtime_ns)
            case RemoveLink(name=name, was=was):
                self._expect(name, was)
                os.unlink(name, dir_fd=self.descriptor)
            case RenameFile(name=name, new_name=new_name):
                self._rename(name, new_name)
            case ReplaceFile(name=name, new_name=new_name, target=target):
                self._hard_link(name, new_name)
                self._make_link(name, target, 0)
            case RestoreFile(name=name, file_name=file_name, was=was):
                self._expect(name, was)
                os.rename(file_name, name, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
            case AddFile(name=name, content=content, mode=mode):
                self._add(name, content, mode)
            case RemoveAddedFile(name=name, content=content):
                if self.read(name) != content:
                    raise ChangeError(f"{visible(name)}: it has been edited since, so it is left")
                os.unlink(name, dir_fd=self.descriptor)
            case EditPolicy():
                from capath.change.policy import edit_policy

                edit_policy(operation)
            case _:
                assert_never(operation)

    def remove_leftovers(self) -> None:
        """Remove the temporary name that a killed process can leave behind. A directory is none of ours."""
        try:
            os.unlink(TEMPORARY_NAME, dir_fd=self.descriptor)
        except FileNotFoundError:
            pass
        except (IsADirectoryError, PermissionError):  # unlink(2): EPERM elsewhere than on Linux
            if not stat.S_ISDIR(os.stat(TEMPORARY_NAME, dir_fd=self.descriptor, follow_symlinks=False).st_mode):
                raise

    def _expect(self, name: str, expected: Absent | Symlink) -> None:
        try:
            target = os.readlink(name, dir_fd=self.descriptor)
        except FileNotFoundError:
            same = isinstance(expected, Absent)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            same = False
        else:
            same = isinstance(expected, Symlink) and target == expected.target
        if not same:
            raise _changed(name)

    def _make_new_link(self, name: str, target: str) -> None:
        """symlink(2) where nothing stands: one step by itself."""
        try:
            os.symlink(target, name, dir_fd=self.descriptor)
        except FileExistsError:
            raise _changed(name) from None

    def _make_link(self, name: str, target: str, mtime_ns: int) -> None:
        """Make a link aside and rename it into place, over a link or a file that has another name by now."""
        try:
            os.symlink(target, TEMPORARY_NAME, dir_fd=self.descriptor)
        except FileExistsError:
            self.remove_leftovers()
            try:
                os.symlink(target, TEMPORARY_NAME, dir_fd=self.descriptor)
            except FileExistsError:
                raise _blocked() from None
        try:
            if mtime_ns:
                os.utime(TEMPORARY_NAME, ns=(mtime_ns, mtime_ns), dir_fd=self.descriptor, follow_symlinks=False)
            os.rename(TEMPORARY_NAME, name, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
        except OSError:
            self.remove_leftovers()
            raise

    def _rename(self, name: str, new_name: str) -> None:
        try:
            self._hard_link(name, new_name)
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
            # link(2) refuses a name that is taken, where rename(2) would overwrite it: look, then rename.
            if self.exists(new_name):
                raise _taken(new_name) from None
            os.rename(name, new_name, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
            return
        os.unlink(name, dir_fd=self.descriptor)

    def _hard_link(self, name: str, new_name: str) -> None:
        """Give a file, or a symbolic link itself, a second name, which must be free."""
        descriptor = self.descriptor
        try:
            os.link(name, new_name, src_dir_fd=descriptor, dst_dir_fd=descriptor, follow_symlinks=False)
        except FileExistsError:
            raise _taken(new_name) from None

    def _add(self, name: str, content: bytes, mode: int) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        self.remove_leftovers()
        try:
            descriptor = os.open(TEMPORARY_NAME, flags, mode, dir_fd=self.descriptor)
        except FileExistsError:
            raise _blocked() from None
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            self._rename(TEMPORARY_NAME, name)
        except (OSError, ChangeError):
            self.remove_leftovers()
            raise


def _blocked() -> ChangeError:
    return ChangeError(f"a directory has the name that changes go through; move {TEMPORARY_NAME} away first")


def _taken(name: str) -> ChangeError:
    return ChangeError(f"{visible(name)}: the name is taken; move that file away first")


def _changed(name: str) -> ChangeError:
    return ChangeError(f"{visible(name)}: something else has changed it in the meantime; look again")
