"""A directory as a value, to say that it is as it was: names, targets, contents, modes, times of links."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path


def tree(directory: Path, *, times: bool = False) -> dict[str, tuple[object, ...]]:
    """Every entry: a link's target (and time, if asked for), a file's content, mode, inode and time.

    Those of the subdirectory ``untrusted`` are in it as ``untrusted/NAME``.
    """
    found: dict[str, tuple[object, ...]] = {}
    for path in directory.iterdir():
        status = path.lstat()
        if path.name == "untrusted" and stat.S_ISDIR(status.st_mode):
            inner = tree(path, times=times)
            found["untrusted"] = ("directory", status.st_mode)
            found.update({f"untrusted/{name}": entry for name, entry in inner.items()})
            continue
        if stat.S_ISLNK(status.st_mode):
            found[path.name] = ("link", os.readlink(path), status.st_mtime_ns if times else 0)
        elif stat.S_ISREG(status.st_mode):
            content = path.read_bytes() if status.st_mode & 0o400 or os.geteuid() == 0 else b""
            found[path.name] = ("file", content, status.st_mode, status.st_ino, status.st_mtime_ns)
        else:
            found[path.name] = ("other", stat.S_IFMT(status.st_mode))
    return found


def copy_of(directory: Path, to: Path) -> Path:
    """A copy with the same links."""
    shutil.copytree(directory, to, symlinks=True)
    return to
