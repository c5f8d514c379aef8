"""Moving one row of slots from what it is to what it should be, without a moment at which a root is lost.

Lookup walks a row from slot 0 and stops at the first that is missing or does not load. So a slot may be
replaced (atomically) only while everything to be kept is in reach elsewhere, and removed only from the top.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from capath.change.operation import Absent, MakeLink, RemoveLink, Symlink
from capath.errors import ChangeError
from capath.store.link_name import Row


@dataclass(frozen=True, slots=True)
class LinkSlot:
    """A slot that holds a symbolic link; `serves` are the objects (SHA-256) it loads, none if it does not."""

    link: Symlink
    serves: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FixedSlot:
    """A slot that holds a regular file or directory, which is not capath's to replace."""

    serves: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A link that should stand in the row: where to, and which object it serves."""

    target: str
    serves: tuple[str, ...]


Slot = LinkSlot | FixedSlot


@dataclass(frozen=True, slots=True)
class Blocked:
    """The row cannot be made to work: a file or directory that does not load stands at `slot`."""

    slot: int


def lay_out(
    current: Mapping[int, Slot], wanted: Sequence[Wanted], keep_places: bool
) -> dict[int, Wanted] | Blocked:
    """Give each wanted link its slot, dense from 0, round the fixed slots that load.

    With `keep_places` a link that already stands in a needed slot stays there (as `openssl rehash` does),
    otherwise the order of `wanted` is the order of the slots.
    """
    free: list[int] = []
    slot = 0
    while len(free) < len(wanted):
        match current.get(slot):
            case FixedSlot(serves=()):
                return Blocked(slot)
            case FixedSlot():
                pass
            case _:
                free.append(slot)
        slot += 1
    if not keep_places:
        return dict(zip(free, wanted, strict=True))
    rest = {item.target: item for item in wanted}
    placed: dict[int, Wanted] = {}
    for slot in free:
        there = current.get(slot)
        if isinstance(there, LinkSlot) and there.link.target in rest:
            item = rest[there.link.target]
            if there.serves == item.serves:
                placed[slot] = rest.pop(there.link.target)
    empty = (slot for slot in free if slot not in placed)
    placed.update(zip(empty, rest.values(), strict=True))
    return placed


def row_operations(
    row: Row, current: Mapping[int, Slot], layout: Mapping[int, Wanted], remove: Collection[int]
) -> list[MakeLink | RemoveLink]:
    """Return the steps from `current` to `layout`, and out of the slots to `remove` that it does not fill."""
    mover = _Mover(row, current, layout, remove)
    mover.place()
    mover.remove_rest()
    return mover.steps


class _Mover:
    """The row while it changes."""

    def __init__(
        self,
        row: Row,
        current: Mapping[int, Slot],
        layout: Mapping[int, Wanted],
        remove: Collection[int],
    ) -> None:
        self._row = row
        self._slots: dict[int, Slot] = dict(current)
        self._layout = layout
        self._remove = set(remove) - layout.keys()
        final = {slot: there for slot, there in current.items() if slot not in self._remove}
        for slot, item in layout.items():
            final[slot] = LinkSlot(Symlink(item.target, 0), item.serves)
        self._keep = _reach(self._slots).keys() & _reach(final).keys()
        self.steps: list[MakeLink | RemoveLink] = []

    def place(self) -> None:
        """Put every link into its slot."""
        pending = [slot for slot, item in self._layout.items() if not self._stands(slot, item)]
        # Growing, the top must be filled first; shrinking, the bottom.
        pending.sort(reverse=len(self._layout) > sum(isinstance(s, LinkSlot) for s in self._slots.values()))
        while pending:
            for slot in pending:
                if self._lost_by(slot, self._layout[slot]) == set():
                    self._make(slot, self._layout[slot])
                    pending.remove(slot)
                    break
            else:
                self._make_spare_copy(pending[0])

    def remove_rest(self) -> None:
        """Remove what is to go, and the spare copies, from the top."""
        for slot in sorted(self._slots, reverse=True):
            there = self._slots[slot]
            if isinstance(there, LinkSlot) and slot in self._remove:
                self.steps.append(RemoveLink(self._row.name(slot), there.link))
                del self._slots[slot]

    def _stands(self, slot: int, item: Wanted) -> bool:
        there = self._slots.get(slot)
        return isinstance(there, LinkSlot) and there.link.target == item.target and there.serves == item.serves

    def _lost_by(self, slot: int, item: Wanted) -> set[str]:
        after = dict(self._slots)
        after[slot] = LinkSlot(Symlink(item.target, 0), item.serves)
        return set(self._keep - _reach(after).keys())

    def _make_spare_copy(self, slot: int) -> None:
        """Before `slot` is replaced, let what it alone serves be served from the end of the row."""
        there = self._slots[slot]
        assert isinstance(there, LinkSlot)
        end = 0
        while (other := self._slots.get(end)) is not None and other.serves:
            end += 1
        if isinstance(self._slots.get(end), FixedSlot):
            raise ChangeError(
                f"{self._row.name(end)}: this is no link, and no certificate that loads; move it away first"
            )
        self._make(end, Wanted(there.link.target, there.serves))
        self._remove.add(end)

    def _make(self, slot: int, item: Wanted) -> None:
        there = self._slots.get(slot)
        replaces = there.link if isinstance(there, LinkSlot) else Absent()
        self.steps.append(MakeLink(self._row.name(slot), item.target, replaces))
        self._slots[slot] = LinkSlot(Symlink(item.target, 0), item.serves)


def _reach(slots: Mapping[int, Slot]) -> Counter[str]:
    """What lookup finds, and in how many slots."""
    found: Counter[str] = Counter()
    slot = 0
    while (there := slots.get(slot)) is not None and there.serves:
        found.update(there.serves)
        slot += 1
    return found
