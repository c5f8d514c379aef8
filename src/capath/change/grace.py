"""Keeping what is trusted in reach of lookups that are in progress while links of a row move.

A lookup opens ``.0``, ``.1``, … one after the other and ends at the first that is missing. So while slots close
up, a root can move down past a lookup that has read the lower slot before and reads the upper one after. No order
of the steps alone prevents that. A copy of each such link on top of the row, until the lookups that had begun have
ended, does: measured with 100 ms, 0 of 4,795 verifications failed (with 20 ms 1 of 5,169, without 19 of 11,461).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from capath.change.operation import (
    Absent,
    AddFile,
    EditPolicy,
    MakeLink,
    Operation,
    RemoveAddedFile,
    RemoveLink,
    RenameFile,
    ReplaceFile,
    RestoreFile,
    Symlink,
    Wait,
    changed_names,
)
from capath.change.plan import row_slots
from capath.change.row_order import LinkSlot
from capath.errors import assert_never
from capath.store.link_name import LinkName, Row
from capath.store.slot import Loaded, load_slot
from capath.store.snapshot import Snapshot

State = Mapping[int, tuple[str, ...]]
"""A row at one moment: slot to what it serves (SHA-256), nothing where it does not load."""


class _Steps(NamedTuple):
    """How one row changes: its states, before the first step and after each; and where its last removals begin."""

    row: Row
    indexes: Sequence[int]
    states: Sequence[State]
    first_removal: int


def with_grace(snapshot: Snapshot, operations: Sequence[Operation]) -> tuple[Operation, ...]:
    """Return `operations` so that no lookup in progress misses what is in reach before and after them.

    Where it could, copies of the links that move come first, and one wait before the copies, and whatever else
    goes from the top of such rows, are removed. `snapshot` has the rows that change, and the files linked to.
    """
    operations = tuple(operation for operation in operations if not isinstance(operation, Wait))
    copies: list[Operation] = []
    removals: list[Operation] = []
    late: set[int] = set()
    last = -1
    for steps in _changing_rows(snapshot, operations):
        kept = reached(steps.states[0]) & reached(steps.states[-1])
        if not missed(steps.states, kept):
            continue
        made = _copies(snapshot, steps, missed(steps.states, kept, steps.first_removal), kept)
        copies += made
        removals += [RemoveLink(link.name, Symlink(link.target, 0)) for link in reversed(made)]
        tail = steps.indexes[steps.first_removal :]
        removals += [operations[index] for index in tail]
        late.update(tail)
        last = max(last, steps.indexes[-1])
    if not removals:
        return operations
    before = [operation for index, operation in enumerate(operations[: last + 1]) if index not in late]
    return (*copies, *before, Wait(removals[0].name), *removals, *operations[last + 1 :])


def reached(state: State) -> set[str]:
    """What a lookup finds at one moment."""
    found: set[str] = set()
    slot = 0
    while serves := state.get(slot):
        found.update(serves)
        slot += 1
    return found


def missed(states: Sequence[State], kept: Iterable[str], wait: int | None = None) -> set[str]:
    """Which of `kept` a lookup can miss that reads slot after slot, each at any of `states`, in their order.

    With `wait`, one that began before the state of that number ends at it at the latest.
    """
    spans = [states] if wait is None else [states[: wait + 1], states[wait:]]
    return {sha256 for sha256 in kept if any(_can_miss(span, sha256) for span in spans)}


def _can_miss(states: Sequence[State], sha256: str) -> bool:
    slot, earliest = 0, 0  # the first moment at which a lookup can have read all lower slots and not found it
    while True:
        passing = None
        for moment in range(earliest, len(states)):
            serves = states[moment].get(slot)
            if not serves:
                return True
            if passing is None and sha256 not in serves:
                passing = moment
        if passing is None:
            return False
        slot, earliest = slot + 1, passing


def _changing_rows(snapshot: Snapshot, operations: Sequence[Operation]) -> Iterable[_Steps]:
    """The rows that lose or replace something; where links are only made, nothing can be missed."""
    rows = {
        link.row
        for operation in operations
        if not (isinstance(operation, MakeLink) and isinstance(operation.replaces, Absent))
        for link in map(LinkName.parse, changed_names(operation))
        if link is not None and link.row in snapshot.rows
    }
    hashes = {row.hash for row in rows}
    touching: dict[Row, dict[int, None]] = {row: {} for row in sorted(rows)}
    for index, operation in enumerate(operations if rows else ()):
        for name in changed_names(operation):
            if name[:8] in hashes and (link := LinkName.parse(name)) is not None and link.row in rows:
                touching[link.row][index] = None
    for row, indexes in touching.items():
        steps = [operations[index] for index in indexes]
        states = _states(snapshot, row, steps)
        first_removal = len(steps)
        while first_removal and states[first_removal].keys() < states[first_removal - 1].keys():
            first_removal -= 1
        yield _Steps(row, tuple(indexes), states, first_removal)


def _states(snapshot: Snapshot, row: Row, steps: Sequence[Operation]) -> list[State]:
    slots = row_slots(snapshot, row)
    known = {there.link.target: there.serves for there in slots.values() if isinstance(there, LinkSlot)}
    state = {slot: there.serves for slot, there in slots.items()}

    def serves(name: str) -> tuple[str, ...]:
        return known[name] if name in known else _serves(snapshot, row, name)

    states: list[State] = [state]
    for step in steps:
        state = dict(state)
        match step:
            case MakeLink(name=name, target=target) | ReplaceFile(name=name, target=target):
                _put(state, row, name, serves(target))
            case RestoreFile(name=name, file_name=file_name):
                _put(state, row, name, serves(file_name))
            case RenameFile(name=name, new_name=new_name):
                _put(state, row, name, None)
                _put(state, row, new_name, serves(name))
            case RemoveLink(name=name) | RemoveAddedFile(name=name):
                _put(state, row, name, None)
            case AddFile(name=name):
                _put(state, row, name, (name,))  # a new file is nothing that is kept
            case EditPolicy() | Wait():
                pass
            case _:
                assert_never(step)
        states.append(state)
    return states


def _serves(snapshot: Snapshot, row: Row, name: str) -> tuple[str, ...]:
    """What `name` serves in a slot of `row`, or a link there to it."""
    entry = snapshot.entries.get(name)
    loaded = None if entry is None else load_slot(entry, row.kind)
    return tuple(held.sha256 for held in loaded.held) if isinstance(loaded, Loaded) else ()


def _put(state: dict[int, tuple[str, ...]], row: Row, name: str, serves: tuple[str, ...] | None) -> None:
    link = LinkName.parse(name)
    if link is None or link.row != row:
        return
    if serves is None:
        state.pop(link.slot, None)
    else:
        state[link.slot] = serves


def _copies(snapshot: Snapshot, steps: _Steps, wanted: Iterable[str], kept: set[str]) -> list[MakeLink]:
    """Links after those of the row to what serves `wanted` now; none where they do not help (gaps, faults)."""
    rest = set(wanted)
    links: list[LinkSlot] = []
    for _, there in sorted(row_slots(snapshot, steps.row).items()):
        if isinstance(there, LinkSlot) and rest.intersection(there.serves):
            rest.difference_update(there.serves)
            links.append(there)
    before = steps.states[: steps.first_removal + 1]
    used = {slot for state in steps.states for slot in state}
    first_gap = next(slot for slot in itertools.count() if slot not in before[0])
    for top in (max(used, default=-1) + 1, first_gap):
        added = {top + number: there.serves for number, there in enumerate(links)}
        if links and not used & added.keys() and not missed([{**state, **added} for state in before], kept):
            names = map(steps.row.name, added)
            return [MakeLink(name, there.link.target, Absent()) for name, there in zip(names, links, strict=True)]
    return []
