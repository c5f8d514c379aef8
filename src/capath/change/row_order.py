"""Moving one row of slots from what it is to what it should be, without a moment at which a root is lost.

Lookup walks a row from slot 0 and stops at the first that is missing or does not load. So a slot may be
replaced (atomically) only while everything to be kept is in reach elsewhere, and removed only from the top.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from capath.change.operation import Absent, MakeLink, RemoveLink, RenameFile, ReplaceFile, RestoreFile, Symlink
from capath.errors import RowError, assert_never
from capath.store.link_name import Row


class LinkSlot(NamedTuple):
    """A slot that holds a symbolic link; `serves` are the objects (SHA-256) it loads, none if it does not.

    `before_fault`: what lookup takes in from it all the same, where it does not load to its end.
    """

    link: Symlink
    serves: tuple[str, ...]
    before_fault: tuple[str, ...] = ()


class FixedSlot(NamedTuple):
    """A slot that holds a regular file or directory, which is not capath's to replace."""

    serves: tuple[str, ...]
    before_fault: tuple[str, ...] = ()


Slot = LinkSlot | FixedSlot


class Wanted(NamedTuple):
    """A link that should be in the row: where to, and which object it serves."""

    target: str
    serves: tuple[str, ...]


class Returning(NamedTuple):
    """A file that comes back into its slot, from the name it was put aside under."""

    file_name: str
    serves: tuple[str, ...]


Layout = Mapping[int, Wanted | Returning]
RowStep = MakeLink | RemoveLink | RenameFile | ReplaceFile | RestoreFile


class Blocked(NamedTuple):
    """The row cannot be made to work: a file or directory that does not load is at `slot`."""

    slot: int


def lay_out(
    current: Mapping[int, Slot], wanted: Sequence[Wanted], keep_places: bool
) -> dict[int, Wanted] | Blocked:
    """Give each wanted link its slot, dense from 0, round the fixed slots that load.

    With `keep_places` a link that is already in a needed slot stays there (as `openssl rehash` does),
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
    row: Row,
    current: Mapping[int, Slot],
    layout: Layout,
    remove: Collection[int],
    put_aside: Mapping[int, str] | None = None,
) -> list[RowStep]:
    """Return the steps from `current` to `layout`, and out of the slots to `remove` that it does not fill.

    `put_aside` are the slots whose file leaves the row, and the name it gets. Raises RowError where there is
    no way without a moment of loss.
    """
    mover = _Mover(row, current, layout, remove, put_aside or {})
    mover.place()
    mover.remove_rest()
    return mover.steps


class _Mover:
    """The row while it changes."""

    def __init__(
        self,
        row: Row,
        current: Mapping[int, Slot],
        layout: Layout,
        remove: Collection[int],
        put_aside: Mapping[int, str],
    ) -> None:
        self._row = row
        self._slots: dict[int, Slot] = dict(current)
        self._layout = layout
        self._aside = dict(put_aside)
        self._remove = (set(remove) | put_aside.keys()) - layout.keys()
        final = {slot: there for slot, there in current.items() if slot not in self._remove}
        final.update({slot: _placed(item) for slot, item in layout.items()})
        self._keep = reach(self._slots).keys() & reach(final).keys()
        self.steps: list[RowStep] = []

    def place(self) -> None:
        """Put every link and every returning file into its slot."""
        pending = [slot for slot, item in self._layout.items() if not self._is_there(slot, item)]
        # Growing, the top must be filled first; shrinking, the bottom.
        pending.sort(reverse=len(self._layout) > sum(isinstance(s, LinkSlot) for s in self._slots.values()))
        while pending:
            for slot in pending:
                if not self._loses(slot, self._layout[slot]):
                    self._make(slot, self._layout[slot])
                    pending.remove(slot)
                    break
            else:
                self._make_spare_copy(pending[0])

    def remove_rest(self) -> None:
        """Remove what is to go, and the spare copies, from the top."""
        for slot in sorted(self._slots, reverse=True):
            if slot not in self._remove:
                continue
            name = self._row.name(slot)
            match self._slots[slot]:
                case LinkSlot(link=link) if slot not in self._aside:
                    self.steps.append(RemoveLink(name, link))
                    del self._slots[slot]
                case _ if slot in self._aside:
                    self.steps.append(RenameFile(name, self._aside[slot]))
                    del self._slots[slot]
                case _:
                    pass

    def _is_there(self, slot: int, item: Wanted | Returning) -> bool:
        there = self._slots.get(slot)
        return (
            isinstance(there, LinkSlot)
            and slot not in self._aside
            and isinstance(item, Wanted)
            and there.link.target == item.target
            and there.serves == item.serves
        )

    def _loses(self, slot: int, item: Wanted | Returning) -> bool:
        after = dict(self._slots)
        after[slot] = _placed(item)
        return bool(self._keep - reach(after).keys())

    def _make_spare_copy(self, slot: int) -> None:
        """Before `slot` is replaced, let what it alone serves be served from the end of the row."""
        there = self._slots[slot]
        end = 0
        while (other := self._slots.get(end)) is not None and other.serves:
            end += 1
        if isinstance(self._slots.get(end), FixedSlot) or not isinstance(there, LinkSlot) or end in self._layout:
            raise RowError(
                self._row.name(end),
                "because of what is here, the row cannot be changed without a gap in which a root is lost",
                "move it away first",
            )
        self._make(end, Wanted(there.link.target, there.serves))
        self._remove.add(end)

    def _make(self, slot: int, item: Wanted | Returning) -> None:
        name = self._row.name(slot)
        there = self._slots.get(slot)
        aside = self._aside.pop(slot, None)
        match item:
            case Wanted(target=target) if aside is not None:
                self.steps.append(ReplaceFile(name, aside, target))
            case Wanted(target=target):
                replaces = there.link if isinstance(there, LinkSlot) else Absent()
                self.steps.append(MakeLink(name, target, replaces))
            case Returning(file_name=file_name) if isinstance(there, LinkSlot):
                self.steps.append(RestoreFile(name, file_name, there.link))
            case Returning(file_name=file_name):
                self.steps.append(RenameFile(file_name, name))
            case _:
                assert_never(item)
        self._slots[slot] = _placed(item)


def _placed(item: Wanted | Returning) -> Slot:
    match item:
        case Wanted(target=target, serves=serves):
            return LinkSlot(Symlink(target, 0), serves)
        case Returning(serves=serves):
            return FixedSlot(serves)
        case _:
            assert_never(item)


def reach(slots: Mapping[int, Slot]) -> Counter[str]:
    """What lookup finds, and in how many slots."""
    found: Counter[str] = Counter()
    slot = 0
    while (there := slots.get(slot)) is not None:
        found.update(there.serves)
        if not there.serves:
            found.update(there.before_fault)
            break
        slot += 1
    return found
