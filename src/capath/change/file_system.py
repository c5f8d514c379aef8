"""The system calls behind operations: each takes effect at one instant, and overwrites nothing of the user's."""

from __future__ import annotations

import contextlib
import errno
import os

from typing_extensions import assert_never

from capath.change.operation import (
    Absent,
    AddFile,
    MakeLink,
    Operation,
    RemoveAddedFile,
    RemoveLink,
    RenameFile,
    Symlink,
)
from capath.errors import ChangeError
from capath.pki.visible import visible
from capath.store.scan import TEMPORARY_PREFIX

TEMPORARY_NAME = f"{TEMPORARY_PREFIX}new.tmp"


class Directory:
    """An open directory in which operations are carried out. Every name is relative to it (openat(2))."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

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
            case MakeLink(name=name, target=target, replaces=replaces, mtime_ns=mtime_ns):
                self._expect(name, replaces)
                self._make_link(name, target, mtime_ns)
            case RemoveLink(name=name, was=was):
                self._expect(name, was)
                os.unlink(name, dir_fd=self.descriptor)
            case RenameFile(name=name, new_name=new_name):
                self._rename(name, new_name)
            case AddFile(name=name, content=content, mode=mode):
                self._add(name, content, mode)
            case RemoveAddedFile(name=name, content=content):
                if self.read(name) != content:
                    raise ChangeError(f"{visible(name)}: it has been edited since, so it is left")
                os.unlink(name, dir_fd=self.descriptor)
            case _:
                assert_never(operation)

    def remove_leftovers(self) -> None:
        """Remove the temporary name that a killed process can leave behind."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(TEMPORARY_NAME, dir_fd=self.descriptor)

    def _expect(self, name: str, expected: Absent | Symlink) -> None:
        found = self.link_at(name)
        same = (
            found is not None
            and isinstance(found, Symlink) == isinstance(expected, Symlink)
            and getattr(found, "target", None) == getattr(expected, "target", None)
        )
        if not same:
            raise ChangeError(f"{visible(name)}: something else has changed it in the meantime; look again")

    def _make_link(self, name: str, target: str, mtime_ns: int) -> None:
        self.remove_leftovers()
        os.symlink(target, TEMPORARY_NAME, dir_fd=self.descriptor)
        try:
            if mtime_ns:
                os.utime(TEMPORARY_NAME, ns=(mtime_ns, mtime_ns), dir_fd=self.descriptor, follow_symlinks=False)
            os.rename(TEMPORARY_NAME, name, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
        except OSError:
            self.remove_leftovers()
            raise

    def _rename(self, name: str, new_name: str) -> None:
        # link(2) refuses a name that is taken, where rename(2) would overwrite it.
        try:
            os.link(
                name,
                new_name,
                src_dir_fd=self.descriptor,
                dst_dir_fd=self.descriptor,
                follow_symlinks=False,
            )
        except FileExistsError:
            raise ChangeError(f"{visible(new_name)}: the name is taken; move that file away first") from None
        except (PermissionError, NotImplementedError, OSError) as error:
            if isinstance(error, FileNotFoundError):
                raise
            # No hard links here (FAT, protected_hardlinks): look, then rename.
            if self.exists(new_name):
                raise ChangeError(f"{visible(new_name)}: the name is taken; move that file away first") from None
            os.rename(name, new_name, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
            return
        os.unlink(name, dir_fd=self.descriptor)

    def _add(self, name: str, content: bytes, mode: int) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        self.remove_leftovers()
        descriptor = os.open(TEMPORARY_NAME, flags, mode, dir_fd=self.descriptor)
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            self._rename(TEMPORARY_NAME, name)
        except (OSError, ChangeError):
            self.remove_leftovers()
            raise
