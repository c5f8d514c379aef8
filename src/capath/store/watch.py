"""Whether a directory is still the same, asked cheaply and often: by times and inodes, without reading a file."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import struct

from capath.store.link_name import ASIDE

_ENTRY = struct.Struct("<5Q")
_MASK = 2**64 - 1


def fingerprint(directory: str) -> bytes:
    """Return a value that changes when an entry comes, goes, or becomes another version of itself.

    Links are followed, so a file elsewhere that they lead to counts too. A directory that cannot be read has a
    fingerprint as well, and another one when it can. Costs some two microseconds an entry.
    """
    digest = hashlib.blake2b(digest_size=16)
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        return b"unreadable: %d" % (error.errno or 0)
    try:
        digest.update(_version(os.fstat(descriptor)))
        names = os.listdir(descriptor)
        if ASIDE in names:
            with contextlib.suppress(OSError):  # no directory, or none that can be read
                names += [f"{ASIDE}/{name}" for name in os.listdir(os.path.join(directory, ASIDE))]
        for name in sorted(names, key=os.fsencode):
            digest.update(os.fsencode(name) + b"\0")
            try:
                status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
                digest.update(_version(status))
                if stat.S_ISLNK(status.st_mode):
                    digest.update(_version(os.stat(name, dir_fd=descriptor)))
            except OSError as error:
                digest.update(b"%d" % (error.errno or 0))
    except OSError as error:
        return b"unreadable: %d" % (error.errno or 0)
    finally:
        os.close(descriptor)
    return digest.digest()


def _version(status: os.stat_result) -> bytes:
    mode_and_device = (status.st_mode << 40 ^ status.st_dev) & _MASK
    return _ENTRY.pack(
        mode_and_device,
        status.st_ino & _MASK,
        status.st_size & _MASK,
        status.st_mtime_ns & _MASK,
        status.st_ctime_ns & _MASK,
    )
