"""One directory at one moment, immutable: what scan read, or what a plan would leave."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from capath.store.entry import Entry, symlink_target
from capath.store.link_name import LinkName, Row


class Snapshot:
    """The entries of `directory` by name. `writable` is whether this process may change the directory.

    A snapshot is equal to itself alone: what was found in it can be kept by it.
    """

    def __init__(self, directory: str, entries: Mapping[str, Entry], writable: bool) -> None:
        self.directory = directory
        self.entries = entries
        self.writable = writable

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All names in byte order, as `openssl rehash` takes them."""
        return tuple(sorted(self.entries, key=_encoded))

    @cached_property
    def rows(self) -> Mapping[Row, Mapping[int, Entry]]:
        """Every row that has an entry: slot to entry, gaps included by absence, slots ascending."""
        parse = LinkName.parse
        rows: dict[Row, dict[int, Entry]] = {}
        for name, entry in self.entries.items():
            if name[8:9] == "." and (link := parse(name)) is not None:
                rows.setdefault(link.row, {})[link.slot] = entry
        return {
            row: slots if len(slots) == 1 else dict(sorted(slots.items())) for row, slots in sorted(rows.items())
        }

    def bare(self, target: str) -> str:
        """The name in this directory that a link's target is, where it is plainly one; else the target."""
        parent, slash, name = target.rpartition("/")
        return name if slash and name and parent in (".", self.directory) else target

    @cached_property
    def links_to(self) -> Mapping[str, tuple[str, ...]]:
        """The names of the symbolic links with each target, as `bare` gives it."""
        found: dict[str, list[str]] = {}
        for name, entry in self.entries.items():
            if (target := symlink_target(entry)) is not None:
                found.setdefault(self.bare(target), []).append(name)
        return {target: tuple(names) for target, names in found.items()}


def _encoded(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")
