"""Files, opened without waiting and written whole or not at all; and the directories that are the user's own."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys

from capath.errors import BadInputError
from capath.pki.visible import visible

INPUT_BYTES_LIMIT = 256 * 1024 * 1024
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_CHUNK = 2**20


def open_file(path: str, limit: int = INPUT_BYTES_LIMIT, *, directory: int | None = None) -> int:
    """Open the regular file `path` (in the open `directory`, if given) to be read; return its descriptor.

    It never waits: a FIFO, a device or a directory is an error. Raises OSError, whose `strerror` a person can
    read.
    """
    descriptor = os.open(path, _FLAGS, dir_fd=directory)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", path)
        if status.st_size > limit:
            raise OSError(errno.EFBIG, f"it is larger than {_size(limit)}, so it was not read", path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def read_file(path: str, limit: int = INPUT_BYTES_LIMIT, *, directory: int | None = None) -> bytes:
    """The content of the regular file `path`, as `open_file` opens it. Raises OSError."""
    descriptor = open_file(path, limit, directory=directory)
    try:
        return read_descriptor(descriptor, limit)
    finally:
        os.close(descriptor)


def read_input(path: str, limit: int = INPUT_BYTES_LIMIT) -> bytes:
    """What a person names as an input: a regular file, or ``-``, standard input.

    A pipe that the shell has opened (``/dev/fd/63``, process substitution) is read as standard input is. Raises
    BadInputError, which says what is in the way: no such file, a FIFO, a device, too large.
    """
    try:
        if path == "-":
            return read_descriptor(sys.stdin.fileno(), limit)
        number = path.removeprefix("/dev/fd/")
        if path != number and number.isdecimal():
            return read_descriptor(int(number), limit)
        return read_file(path, limit)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name; standard input is closed
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        name = "standard input" if path == "-" else visible(path)
        raise BadInputError(f"{name}: it cannot be read: {reason}") from None


def read_descriptor(descriptor: int, limit: int) -> bytes:
    """All that `descriptor` gives up to its end. Raises OSError where that is more than `limit` bytes."""
    parts, size = [], 0
    while part := os.read(descriptor, min(_CHUNK, limit + 1 - size)):
        parts.append(part)
        size += len(part)
        if size > limit:
            raise OSError(errno.EFBIG, f"it is larger than {_size(limit)}, so it was not read")
    return b"".join(parts)


def write_file(
    path: str, content: bytes, *, mode: int | None = None, keep_owner: bool = False, sync: bool = True
) -> None:
    """Write `path` whole or not at all: who reads it finds the old content or the new. Raises OSError.

    A symbolic link stays one; what is not a regular file (a device, a pipe) is written to. `mode` is that of the
    file, without it that of the file replaced, else 0644, whatever the umask. With `keep_owner` the owner is that
    of the file replaced. Without `sync` a power failure can lose the content: for what can be found out again.
    """
    old = _status(path)
    if old is not None and not stat.S_ISREG(old.st_mode) and not stat.S_ISDIR(old.st_mode):
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)  # ENXIO: nobody reads
        os.set_blocking(descriptor, True)
        with open(descriptor, "wb") as file:
            file.write(content)
        return
    target = os.path.realpath(path)
    temporary = os.path.join(os.path.dirname(target), new_stem())
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if mode is None:
                mode = 0o644 if old is None else stat.S_IMODE(old.st_mode)
            if keep_owner and old is not None:
                with contextlib.suppress(PermissionError):
                    os.fchown(file.fileno(), old.st_uid, old.st_gid)
            os.fchmod(file.fileno(), mode)
            if sync:
                os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def new_stem() -> str:
    """A name that nobody else makes, or what the temporary names of one change begin with: process and chance."""
    return f".capath-{os.getpid()}-{os.urandom(8).hex()}"


def state_directory() -> str:
    """Where capath keeps its history ($CAPATH_STATE_DIR, else $XDG_STATE_HOME/capath). Raises BadInputError."""
    named = os.environ.get("CAPATH_STATE_DIR", "")
    if named and not os.path.isabs(named):  # it would be another place wherever capath is started
        raise BadInputError(f"CAPATH_STATE_DIR={named!r}: name an absolute path")
    return named or _directory("XDG_STATE_HOME", ".local/state", "Library/Application Support")


def cache_directory() -> str:
    """Where capath keeps what it can find out again ($XDG_CACHE_HOME/capath)."""
    return _directory("XDG_CACHE_HOME", ".cache", "Library/Caches")


def config_directory() -> str:
    """Where the user's own settings are ($XDG_CONFIG_HOME/capath)."""
    return _directory("XDG_CONFIG_HOME", ".config", "Library/Application Support")


def _directory(variable: str, default: str, macos: str) -> str:
    """XDG Base Directory Specification: a relative path is to be ignored."""
    home = os.path.expanduser("~")
    below = macos if sys.platform == "darwin" else default
    named = "" if sys.platform == "darwin" else os.environ.get(variable, "").strip()
    place = named if os.path.isabs(named) else os.path.join(home, below)
    # Under sudo, HOME and what is in the environment can be the invoking user's, who could then speak to root
    # there.
    if os.geteuid() == 0 and not _is_roots(place):
        import pwd

        place = os.path.join(pwd.getpwuid(0).pw_dir, below)
    return os.path.join(place, "capath")


def _is_roots(path: str) -> bool:
    """Whether the nearest directory on the way to `path` that exists belongs to root."""
    while (status := _status(path)) is None and path != os.path.dirname(path):
        path = os.path.dirname(path)
    return status is None or status.st_uid == 0


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _size(limit: int) -> str:
    return f"{limit // 2**20} MiB" if limit >= 2**20 else f"{limit // 2**10} KiB"
