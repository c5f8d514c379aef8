"""One capath at a time: a lock on the directory itself (flock(2)), which leaves nothing behind."""

from __future__ import annotations

import fcntl
import os

from capath.errors import BadInputError, ChangeError
from capath.pki.visible import visible


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
            f"{visible(path)}: another capath is changing this directory now; wait for it, then try again"
        ) from None
    except OSError:
        return  # no locks on this file system; each step still checks what it finds
