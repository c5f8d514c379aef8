"""Handing a directory to OpenSSL, which takes a colon in a path for the end of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def capath_argument(directory: str) -> Iterator[str]:
    """Give an absolute path that OpenSSL reads as `directory` and nothing else, as long as the block lasts.

    A relative path would be looked up anew at every lookup, and ``a:b`` means two directories
    (X509_LOOKUP_hash_dir(3)): such a one is reached through a symbolic link of a plain name.
    """
    path = os.path.abspath(directory)
    if os.pathsep not in path:
        yield path
        return
    base = tempfile.gettempdir()
    if os.pathsep in base:
        base = "/tmp"  # noqa: S108 (TemporaryDirectory makes a private directory in it)
    with tempfile.TemporaryDirectory(prefix="capath-", dir=base) as place:
        link = os.path.join(place, "certs")
        os.symlink(path, link)
        yield link
