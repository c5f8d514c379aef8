"""Reading the files that a source names: nothing in it can hang, or fill the memory."""

from __future__ import annotations

import os
import stat
from typing import BinaryIO

from capath.errors import BadInputError
from capath.pki.visible import visible

FILE_OCTETS_LIMIT = 256 * 1024 * 1024


def open_file(path: str) -> BinaryIO:
    """Open the regular file `path`. Raises BadInputError, saying why it cannot be opened and what to do."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except FileNotFoundError:
        advice = f"; for the chain that a host sends, write https://{visible(path)}" if ":" in path else ""
        raise BadInputError(f"{visible(path)}: there is no such file or directory{advice}") from None
    except OSError as error:
        raise BadInputError(f"{visible(path)}: it cannot be opened: {error.strerror}") from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise BadInputError(f"{visible(path)}: it is neither a regular file nor a directory")
    if status.st_size > FILE_OCTETS_LIMIT:
        os.close(descriptor)
        limit = FILE_OCTETS_LIMIT // 2**20
        raise BadInputError(f"{visible(path)}: it is larger than {limit} MiB, so it was not read; split it first")
    try:
        os.pread(descriptor, 1, 0)  # some open, and fail when they are read: a disk's error, /proc/self/mem
    except OSError as error:
        os.close(descriptor)
        raise BadInputError(f"{visible(path)}: it cannot be read: {error.strerror}") from None
    return open(descriptor, "rb")


def read_file(path: str) -> bytes:
    """The content of the regular file `path`. Raises BadInputError."""
    with open_file(path) as file:
        try:
            return file.read(FILE_OCTETS_LIMIT)
        except OSError as error:
            raise BadInputError(f"{visible(path)}: it cannot be read: {error.strerror}") from None
