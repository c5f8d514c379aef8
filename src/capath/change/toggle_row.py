"""One row of slots under a toggle: which links go, which come, in which order, and what closes up."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from capath.change.plan import row_slots
from capath.change.row_order import (
    Blocked,
    FixedSlot,
    LinkSlot,
    Returning,
    RowStep,
    Slot,
    Wanted,
    lay_out,
    row_operations,
)
from capath.errors import RowError
from capath.store.link_name import Row
from capath.store.snapshot import Snapshot

RowMemory = Mapping[Row, Sequence[str]]
"""The order of link targets that a row had, for those rows whose order was recorded."""


@dataclass
class RowToggle:
    """What a toggle wants of `row`. `order` is how its link targets once stood, empty where unknown."""

    snapshot: Snapshot
    row: Row
    distrust: frozenset[str]
    order: Sequence[str]
    put_aside: dict[int, str] = field(default_factory=dict)
    returning: dict[int, Returning] = field(default_factory=dict)
    must_reach: set[str] = field(default_factory=set)
    wanted: list[Wanted] = field(default_factory=list)

    def want(self, targets: Sequence[str], serves: tuple[str, ...], *, always: bool) -> None:
        """Want links to those of a certificate's names that the row once held; if `always`, else to the first."""
        once = [target for target in self.order if target in targets]
        if always and not once:
            once = list(targets[:1])
        self.wanted.extend(Wanted(target, serves) for target in once)

    def moves(self) -> dict[str, str]:
        """The places of the files that leave the row, or come back into it: old to new."""
        out = {self.row.name(slot): place for slot, place in self.put_aside.items()}
        return {**out, **{item.file_name: self.row.name(slot) for slot, item in self.returning.items()}}

    def operations(self) -> list[RowStep]:
        """The steps. Raises RowError where something is in the way."""
        slots = row_slots(self.snapshot, self.row)
        for slot in self.returning:
            if isinstance(slots.get(slot), FixedSlot):
                reason = "the slot it was in is taken"
                raise RowError(self.row.name(slot), reason, "move the file that is there away")
        incoming = {sha256 for item in self.wanted for sha256 in item.serves}
        reached = self._reached(slots)
        moving = {slot for slot in reached if self._is_movable(slot, slots[slot])}
        going = {
            slot
            for slot, there in slots.items()
            if isinstance(there, LinkSlot) and self.distrust.intersection(there.serves)
        }
        again = {
            slot
            for slot, there in slots.items()
            if isinstance(there, LinkSlot) and there.serves and incoming.issuperset(there.serves)
        }
        staying = [self._link(slots[slot]) for slot in reached if slot in moving - going - again]
        fixed = self._fixed(slots)
        wanted = self._drop_served(self._merge(staying, self.wanted), fixed)
        layout = self._lay_out(fixed, wanted, {slot for slot in fixed if slot in reached} | self._needed(fixed))
        return row_operations(
            self.row, slots, {**layout, **self.returning}, going | moving | again, self.put_aside
        )

    def _is_movable(self, slot: int, there: Slot) -> bool:
        return isinstance(there, LinkSlot) and slot not in self.put_aside

    @staticmethod
    def _link(there: Slot) -> Wanted:
        assert isinstance(there, LinkSlot)
        return Wanted(there.link.target, there.serves)

    @staticmethod
    def _reached(slots: Mapping[int, Slot]) -> list[int]:
        slot = 0
        while (there := slots.get(slot)) is not None and there.serves:
            slot += 1
        return list(range(slot))

    def _fixed(self, slots: Mapping[int, Slot]) -> dict[int, Slot]:
        """The slots that no link may take: files that stay, and files that come back."""
        fixed: dict[int, Slot] = {
            slot: there
            for slot, there in slots.items()
            if isinstance(there, FixedSlot) and slot not in self.put_aside
        }
        fixed.update({slot: FixedSlot(item.serves) for slot, item in self.returning.items()})
        return fixed

    def _needed(self, fixed: Mapping[int, Slot]) -> set[int]:
        return {slot for slot, there in fixed.items() if self.must_reach.intersection(there.serves)}

    def _drop_served(self, wanted: list[Wanted], fixed: Mapping[int, Slot]) -> list[Wanted]:
        """Leave out the links that were made to reach a file of this row which needs none any more."""
        own = {self.row.name(slot) for slot in fixed}
        return [item for item in wanted if item.target not in own]

    def _lay_out(self, fixed: Mapping[int, Slot], wanted: list[Wanted], needed: set[int]) -> dict[int, Wanted]:
        """Lay out, and where a file in the row would fall behind a gap, link to it from in front."""
        while True:
            layout = lay_out(fixed, wanted, keep_places=False)
            if isinstance(layout, Blocked):
                reason = "it is not a link, does not load, and hides what comes after it"
                raise RowError(self.row.name(layout.slot), reason, "move it away")
            top = 0
            while top in layout or ((there := fixed.get(top)) is not None and there.serves):
                top += 1
            cut_off = min((slot for slot in needed if slot > top), default=None)
            if cut_off is None:
                return layout
            wanted = [*wanted, Wanted(self.row.name(cut_off), fixed[cut_off].serves)]

    def _merge(self, staying: list[Wanted], incoming: list[Wanted]) -> list[Wanted]:
        """Put each incoming link where the row once had it; else by its name, if the row is in order of names."""
        places = _places(self.order, [*staying, *incoming])
        result = list(zip(staying, places, strict=False))
        for item, place in sorted(
            zip(incoming, places[len(staying) :], strict=True), key=lambda pair: -1 if pair[1] is None else pair[1]
        ):
            targets = [os.fsencode(other.target) for other, _ in result]
            if place is not None:
                before = [n for n, (_, other) in enumerate(result) if other is not None and other < place]
                at = max(before, default=-1) + 1
            elif targets == sorted(targets):
                at = sum(target < os.fsencode(item.target) for target in targets)
            else:
                at = len(result)
            result.insert(at, (item, place))
        return [item for item, _ in result]


def _places(order: Sequence[str], items: Sequence[Wanted]) -> list[int | None]:
    """Which place in `order` each item has: the first of its target's that no item before it has."""
    free: dict[str, list[int]] = {}
    for place, target in enumerate(order):
        free.setdefault(target, []).append(place)
    return [free[item.target].pop(0) if free.get(item.target) else None for item in items]
