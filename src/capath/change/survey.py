"""A directory read for a rehash: as `scan` reads it, and no more of it than a rehash needs."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping, Sequence

from capath.change.read_files import Found, read_files
from capath.errors import BadInputError
from capath.pki.found import NotSingle, Single, has_rehash_extension
from capath.pki.visible import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from capath.change.digest_cache import DigestCache

_SLOT = re.compile(r"([0-9A-Fa-f]{8}\.[rR]?)([0-9]+)", re.ASCII)
_WORTH_KEEPING = 500


class Survey:
    """`files` are those that upstream looks at, by name in byte order; `slots` the links of each row.

    A row is the start of its slots' names. A slot that holds no symbolic link has the target None.
    `others` are further names, which a toggle looks at and a rehash does not.
    `is_right`: a rehash of exactly this had nothing to do or say. Then the files have not been looked into.
    """

    __slots__ = ("cache", "directory", "files", "is_right", "keys", "others", "slots")

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.files: dict[str, Single | NotSingle] = {}
        self.slots: dict[str, dict[int, str | None]] = {}
        self.others: list[str] = []
        self.is_right = False
        self.cache: DigestCache | None = None
        self.keys: dict[str, bytes] = {}

    def state(self, how: str, links: Mapping[str, str]) -> bytes:
        """What tells this state of the directory, rehashed as `how` says, from all others.

        `links` are slots that have been filled since. Empty where a file cannot be told by its key.
        """
        if not all(self.keys.values()):
            return b""
        lines = [
            b"%b\0%b" % (os.fsencode(f"{row}{slot}"), b"\0" if target is None else os.fsencode(target))
            for row, slots in self.slots.items()
            for slot, target in slots.items()
        ]
        lines += [b"%b\0%b" % (name.encode(), os.fsencode(target)) for name, target in links.items()]
        lines.sort()
        lines += [b"%b\0%b" % (os.fsencode(name), key) for name, key in self.keys.items()]
        lines.append(how.encode())
        return hashlib.blake2b(b"\0\n".join(lines), digest_size=16).digest()

    def remember(self, how: str, links: Mapping[str, str], *, is_right: bool) -> None:
        """Keep what was read; and if `is_right`, that nothing is left to do once `links` have been made."""
        if self.cache is not None and not self.is_right:
            self.cache.keep(self.others)
            self.cache.save(self.state(how, links) if is_right else b"")


def survey(directory: str, *, cached: bool = True, how: str = "") -> Survey:
    """Read `directory`. Raises BadInputError where it cannot be listed.

    `cached`: take files that have not changed from the user's cache, where the directory is large enough for
    one; and look into none where a rehash as `how` says found all of this right before.
    """
    result = Survey(directory)
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise BadInputError(f"{visible(directory)}: the directory cannot be opened: {error.strerror}") from None
    try:
        names = _sort_out(result, descriptor)
        if cached and len(names) >= _WORTH_KEEPING:
            result.cache = _open_cache(directory)
            result.keys = result.cache.keys(descriptor, names)
            if how and result.cache.right_state and result.state(how, {}) == result.cache.right_state:
                result.is_right = True
                return result
        found = _read_all(result, descriptor, names)
    finally:
        os.close(descriptor)
    result.files = {name: one for name, one in zip(names, found, strict=True) if one is not None}
    return result


def _open_cache(directory: str) -> DigestCache:
    from capath.change.digest_cache import DigestCache

    return DigestCache(directory)


def _sort_out(result: Survey, descriptor: int) -> list[str]:
    """Note the slots; return the names of the other files that count, in byte order."""
    names = []
    with os.scandir(descriptor) as entries:
        for entry in entries:
            name = entry.name
            slot = _SLOT.fullmatch(name)
            if slot is not None:
                row, number = slot[1], slot[2]
                if row != row.lower() or len(number) > 10 or (number[0] == "0" and number != "0"):
                    continue  # meant as a link, perhaps, but lookup never asks for it
                target = None
                if not entry.is_symlink():
                    result.others.append(name)
                else:
                    try:
                        target = os.readlink(name, dir_fd=descriptor)
                    except OSError:
                        continue  # gone meanwhile
                result.slots.setdefault(row, {})[int(number)] = target
            elif has_rehash_extension(name):
                names.append(name)
            else:
                result.others.append(name)
    names.sort(key=os.fsencode)
    return names


def _read_all(result: Survey, descriptor: int, names: Sequence[str]) -> list[Found]:
    """What is in each file, as the cache knows it or as it is read."""
    cache = result.cache
    if cache is None:
        return read_files(result.directory, descriptor, names)
    from capath.change.digest_cache import unpacked

    keys = result.keys
    known = cache.get_packed(keys)
    found: list[Found] = [unpacked(known[name]) if name in known else None for name in names]
    unknown = [index for index, one in enumerate(found) if one is None]
    read = read_files(result.directory, descriptor, [names[index] for index in unknown])
    for index, one in zip(unknown, read, strict=True):
        found[index] = one
        if isinstance(one, Single) and keys[names[index]]:
            cache.put(names[index], keys[names[index]], one)
    return found
