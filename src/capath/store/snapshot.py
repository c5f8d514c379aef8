"""One directory at one moment, immutable: what scan read, or what a plan would leave."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property

from capath.store.entry import Entry, symlink_target
from capath.store.link_name import IN_ASIDE, LinkName, Row


class Snapshot:
    """The entries of `directory` by name. `writable` is whether this process may change the directory.

    `title` is what people and commands name: another store than the directory, where that is a temporary copy.
    A snapshot is equal to itself alone: what was found in it can be kept by it.
    """

    def __init__(self, directory: str, entries: Mapping[str, Entry], writable: bool, title: str = "") -> None:
        self.directory = directory
        self.title = title or directory
        self.entries = entries
        self.writable = writable

    def __repr__(self) -> str:
        return f"<Snapshot {self.directory!r}: {len(self.entries):,} entries>"

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

    def place(self, name: str, target: str) -> str:
        """Where the link `name` leads, seen from this directory: a name in it, ``untrusted/NAME``, or a path.

        The text alone is looked at; a link that leads through other links out and in again leads to a path.
        """
        if target.startswith("/"):
            parent, _, last = target.rpartition("/")
            return last if last and parent == self.directory else target
        if name.startswith(IN_ASIDE):
            return os.path.normpath(IN_ASIDE + target)
        return os.path.normpath(target) if "/" in target else target

    @cached_property
    def links_to(self) -> Mapping[str, tuple[str, ...]]:
        """The symbolic links that lead to each place, as `place` gives it."""
        found: dict[str, list[str]] = {}
        for name, entry in self.entries.items():
            if (target := symlink_target(entry)) is not None:
                found.setdefault(self.place(name, target), []).append(name)
        return {target: tuple(names) for target, names in found.items()}


def _encoded(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")
