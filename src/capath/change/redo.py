"""Which change the next redo makes again: the journal tells it, without a word of its own for it.

A redo is the inverse of an undo, written down as a new change with the steps of the old one; so it can be undone
as any other, and what was undone before it can be made again after it.
"""

from __future__ import annotations

from collections.abc import Iterable

from capath.change.codec import all_to_json
from capath.change.journal import Change, Progress
from capath.change.plan import Plan
from capath.errors import BadInputError
from capath.pki.visible import visible
from capath.store.snapshot import Snapshot


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
