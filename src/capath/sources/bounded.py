"""A source whose refusals are told one by one only as far as anybody could read them."""

from __future__ import annotations

from dataclasses import dataclass

from capath.sources.item import Reading, Refused, Source

REFUSALS_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class BoundedSource:
    """`source`, with the refusals beyond the first thousand counted. Every certificate still comes."""

    source: Source

    @property
    def title(self) -> str:
        return self.source.title

    def read(self) -> Reading:
        refused = 0
        for found in self.source.read():
            if isinstance(found, Refused):
                refused += 1
                if refused > REFUSALS_LIMIT:
                    continue
            yield found
        if refused > REFUSALS_LIMIT:
            yield Refused(self.title, f"{refused - REFUSALS_LIMIT:,} more items in it are rejected")
