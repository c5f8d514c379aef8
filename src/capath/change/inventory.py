"""A whole directory, told without reading a file that the digest cache knows: what a toggle is found in.

It costs a look at each entry. What is not plainly one certificate or one CRL is left to `scan`'s own reader.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator, Mapping

from capath.change.digest_cache import DigestCache, packed
from capath.change.read_files import read_files, side_by_side
from capath.pki.found import Single
from capath.store.garbage import no_collection
from capath.store.scan import TEMPORARY_PREFIX

_WORTH_IT = 500
_WORTH_KEEPING = 200
"""To read fewer files again costs less than to write the cache again."""


class Inventory:
    """`names` are in the directory's order, and `targets` the texts of its symbolic links.

    `values` are what names stand for themselves, packed as the digest cache does; `odd` are the names that hold
    anything else. All other names are links to one with a value: `value` tells it.
    """

    __slots__ = ("names", "odd", "targets", "values")

    def __init__(self) -> None:
        self.names: dict[str, None] = {}
        self.targets: dict[str, str] = {}
        self.values: dict[str, bytes] = {}
        self.odd: set[str] = set()

    def value(self, name: str) -> bytes | None:
        """What `name` stands for; None where it is odd, or nothing stands there."""
        value = self.values.get(name)
        if value is None and name in self.names and name not in self.odd:
            return self.values[self.targets[name]]
        return value

    def links_to(self, names: Collection[str]) -> Iterator[str]:
        """The links with these targets."""
        return (name for name, target in self.targets.items() if target in names)


def take_inventory(directory: str) -> Inventory | None:
    """Look at all of `directory`; None where a scan is needed to tell of it, or costs no more."""
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        with no_collection():
            return _look(directory, descriptor)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _look(directory: str, descriptor: int) -> Inventory | None:
    if os.fstat(descriptor).st_mode & (stat.S_ISVTX | stat.S_IWOTH) == stat.S_ISVTX | stat.S_IWOTH:
        return None  # as in /tmp: whether a link is followed depends on whose it is (proc_sys_fs(5))
    result = Inventory()
    links: list[str] = []
    files: dict[str, None] = {}
    with os.scandir(descriptor) as entries:
        for entry in entries:
            name = entry.name
            if name.startswith(TEMPORARY_PREFIX):
                continue
            result.names[name] = None
            if entry.is_symlink():
                links.append(name)
            elif entry.is_file(follow_symlinks=False):
                files[name] = None
            else:
                result.odd.add(name)
    if len(result.names) < _WORTH_IT:
        return None
    cache = DigestCache(directory)
    # Of the files, as many to the other process as make its work as long as ours.
    share = max(2 * len(files) - len(links), 0) // 4
    ours, childs = list(files)[share:], list(files)[:share]
    keys, (texts, more) = side_by_side(
        len(result.names),
        lambda: cache.keys(descriptor, ours),
        lambda: ([_target(name, descriptor) for name in links], cache.keys(descriptor, childs)),
    )
    result.targets = {name: target for name, target in zip(links, texts, strict=True) if target is not None}
    # The target of any other link may be another link, or elsewhere: where it ends, the system knows.
    far = cache.keys(descriptor, (name for name in links if result.targets.get(name) not in files))
    _identify(result, directory, descriptor, cache, {**keys, **more, **far})
    return result


def _target(name: str, descriptor: int) -> str | None:
    try:
        return os.readlink(name, dir_fd=descriptor)
    except OSError:
        return None


def _identify(
    result: Inventory, directory: str, descriptor: int, cache: DigestCache, keys: Mapping[str, bytes]
) -> None:
    """Tell what each name in `keys` stands for, and the links to it with it: what the cache knows not is read."""
    result.values = values = cache.get_packed(keys)
    unknown = [name for name in keys if name not in values]
    kept = 0
    for name, found in zip(unknown, read_files(directory, descriptor, unknown), strict=True):
        if isinstance(found, Single) and not found.remark:
            values[name] = packed(found)
            if keys[name]:
                cache.put(name, keys[name], found)
                kept += 1
        else:
            result.odd.add(name)
    if kept >= _WORTH_KEEPING:
        cache.save(cache.right_state)
    if result.odd:
        result.odd.update([name for name in result.links_to(frozenset(result.odd)) if name not in values])
