"""One directory at one moment, immutable: what scan read, or what a plan would leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from capath.store.entry import Entry, symlink_target
from capath.store.link_name import LinkName, Row


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The entries of `directory` by name. `writable` is whether this process may change the directory.

    A snapshot is equal to itself alone: what was found in it can be kept by it.
    """

    directory: str
    entries: Mapping[str, Entry]
    writable: bool

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All names in byte order, as `openssl rehash` takes them."""
        return tuple(sorted(self.entries, key=_octets))

    @cached_property
    def rows(self) -> Mapping[Row, Mapping[int, Entry]]:
        """Every row that has an entry: slot to entry, gaps included by absence, slots ascending."""
        rows: dict[Row, dict[int, Entry]] = {}
        links = [(link, name) for name in self.entries if (link := LinkName.parse(name)) is not None]
        links.sort(key=lambda pair: (pair[0].row.hash, pair[0].row.kind, pair[0].slot))
        for link, name in links:
            rows.setdefault(link.row, {})[link.slot] = self.entries[name]
        return rows

    @cached_property
    def links_to(self) -> Mapping[str, tuple[str, ...]]:
        """The names of the symbolic links with each target."""
        found: dict[str, list[str]] = {}
        for name, entry in self.entries.items():
            if (target := symlink_target(entry)) is not None:
                found.setdefault(target, []).append(name)
        return {target: tuple(names) for target, names in found.items()}


def _octets(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")
