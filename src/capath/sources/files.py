"""Reading the files that a source names: nothing in it can hang, or fill the memory."""

from __future__ import annotations

import os
from typing import BinaryIO

from capath import files
from capath.errors import BadInputError
from capath.pki.visible import visible


def open_file(path: str) -> BinaryIO:
    """Open the regular file `path`. Raises BadInputError, saying why it cannot be opened and what to do."""
    try:
        descriptor = files.open_file(path)
    except FileNotFoundError:
        advice = f"; for the chain that a host sends, write https://{visible(path)}" if ":" in path else ""
        raise BadInputError(f"{visible(path)}: there is no such file or directory{advice}") from None
    except OSError as error:
        raise BadInputError(f"{visible(path)}: it cannot be opened: {error.strerror}") from None
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
            return files.read_descriptor(file.fileno(), files.INPUT_BYTES_LIMIT)
        except OSError as error:
            raise BadInputError(f"{visible(path)}: it cannot be read: {error.strerror}") from None
