"""The plans that undo a change, and that redo the one undone last: the journal has what they need.

A redo is a change of its own with the steps of the old one; so it can be undone as any other, and what was undone
before it can be redone after it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from capath.change.codec import all_to_json
from capath.change.grace import with_grace
from capath.change.journal import Change, Journal, Progress, current_changes
from capath.change.operation import Absent, MakeLink, Operation, RemoveLink, changed_names, inverse, names_of
from capath.change.plan import Plan
from capath.errors import BadInputError
from capath.pki.visible import visible
from capath.store.link_name import IN_ASIDE, LinkName, resembles_link
from capath.store.snapshot import Snapshot
from capath.store.walk import scan, scan_names


def undo_plan(directory_path: str, number: int = 0) -> tuple[Change, Plan]:
    """Return a change in force, the last or `number`, and the plan that undoes it. Raises BadInputError."""
    changes = current_changes(Journal(directory_path).changes())
    if not changes:
        raise BadInputError(f"{visible(directory_path)}: capath has made no change here that could be undone")
    last = next((change for change in changes if change.number == number), None) if number else changes[-1]
    if last is None:
        known = ", ".join(str(change.number) for change in changes)
        raise BadInputError(
            f"{number}: there is no such change, or it is undone already", hint=f"changes: {known}"
        )
    operations = _without_copies([inverse(operation) for operation in reversed(last.operations)])
    snapshot = _scan_touched(directory_path, operations)
    return last, Plan(snapshot, f"undo: {last.summary}", with_grace(snapshot, operations))


def _without_copies(operations: Sequence[Operation]) -> list[Operation]:
    """Leave out links that are made and removed again: which copies are needed depends on the direction."""
    made: dict[str, MakeLink | None] = {}
    for operation in operations:
        if isinstance(operation, MakeLink) and operation.name not in made:
            made[operation.name] = operation if isinstance(operation.replaces, Absent) else None
        elif isinstance(operation, RemoveLink) and (first := made.get(operation.name)) is not None:
            if first.target != operation.was.target:
                made[operation.name] = None
        else:
            made.update(dict.fromkeys(changed_names(operation)))
    gone = {operation.name for operation in operations if isinstance(operation, RemoveLink)}
    copies = {name for name, first in made.items() if first is not None and name in gone}
    return [step for step in operations if not isinstance(step, MakeLink | RemoveLink) or step.name not in copies]


def _scan_touched(directory_path: str, operations: Sequence[Operation]) -> Snapshot:
    """Read what `operations` are about, and the rows they change; the rest of the directory stays unread."""
    names: set[str] = set()
    hashes: set[str] = set()
    for operation in operations:
        for name in names_of(operation):
            names.add(name)
            if LinkName.parse(name) is not None:
                hashes.add(name[:8])
    try:
        present = os.listdir(directory_path)
    except OSError:
        return scan(directory_path)  # which says what is wrong
    names.update(name for name in present if name[:8] in hashes and resembles_link(name))
    return scan_names(directory_path, sorted(name for name in names if "/" not in name.removeprefix(IN_ASIDE)))


def next_redo(changes: Iterable[Change]) -> Change | None:
    """The change that was undone last and not made again; None where there is none, or another was made since."""
    undone: list[Change] = []
    done = {change.number: change for change in changes if change.progress is Progress.DONE}
    for change in done.values():
        if change.undoes:
            if change.undoes in done:
                undone.append(done[change.undoes])
        elif undone and _is_again(change, undone[-1]):
            undone.pop()
        else:
            undone.clear()
    return undone[-1] if undone else None


def redo_plan(snapshot: Snapshot, changes: Iterable[Change]) -> Plan:
    """The plan that makes the change undone last again. Raises BadInputError: there is none."""
    last = next_redo(changes)
    if last is None:
        raise BadInputError(f"{visible(snapshot.directory)}: there is no undone change to redo")
    return Plan(snapshot, last.summary, last.operations)


def _is_again(change: Change, undone: Change) -> bool:
    return change.summary == undone.summary and all_to_json(change.operations) == all_to_json(undone.operations)
