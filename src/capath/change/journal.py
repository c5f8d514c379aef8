"""The changes capath made to one directory: written before they are made, so a kill half-way can be mended.

The journal lives in the user's state directory ($XDG_STATE_HOME/capath), one file a CApath, and never in the
CApath itself: taking a root out and in again leaves the directory byte for byte as it was.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import cached_property
from typing import Any

from capath.change.codec import all_from_json, all_to_json
from capath.change.journal_file import ABANDONED, BEGUN, DONE, TAKEN_BACK, JournalFile
from capath.change.operation import Operation
from capath.errors import ParseError, StrEnum
from capath.store.entry import symlink_target
from capath.store.link_name import LinkName, Row
from capath.store.snapshot import Snapshot

__all__ = ["Change", "Journal", "Progress", "current_changes"]


class Progress(StrEnum):
    """How far a change came."""

    BEGUN = BEGUN
    DONE = DONE
    TAKEN_BACK = TAKEN_BACK
    ABANDONED = ABANDONED


@dataclass(frozen=True)
class Change:
    """One change to the directory. `undoes` is the number of the change it took back, 0 if none.

    `rows` is how the touched rows stood before: the link targets in slot order.
    """

    number: int
    at: datetime
    summary: str
    rows: tuple[tuple[Row, tuple[str, ...]], ...]
    undoes: int
    progress: Progress
    _operations: bytes | tuple[Operation, ...] = field(repr=False)

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """What was done, in order. Read when it is asked for: a rehash can be a hundred thousand links."""
        if isinstance(self._operations, tuple):
            return self._operations
        try:
            record = json.loads(self._operations)
            return tuple(all_from_json(record["operations"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ParseError(f"the operations of change {self.number} cannot be read: {error!r}") from None


class Journal:
    """The journal of one directory. Reading it changes nothing; a missing one is empty."""

    def __init__(self, directory: str) -> None:
        self._file = JournalFile(directory)
        self.path = self._file.path

    def changes(self) -> tuple[Change, ...]:
        """All changes, oldest first. A line cut short by a crash is passed over."""
        found: dict[int, Change] = {}
        records, operations = self._file.records()
        for record in records:
            try:
                number = int(record["number"])
                if "progress" in record:
                    found[number] = replace(found[number], progress=Progress(record["progress"]))
                else:
                    found[number] = _read_change(record, operations[number])
            except (KeyError, TypeError, ValueError, ParseError):
                continue
        return tuple(found.values())

    def begin(
        self, summary: str, operations: Iterable[Operation], before: Snapshot, at: datetime, undoes: int = 0
    ) -> Change:
        """Write down what is about to be done; it is on the disk when this returns. Raises ChangeError."""
        steps = tuple(operations)
        rows = _touched_rows(steps, before)
        row_targets = {row.name(0): list(targets) for row, targets in rows}
        time = at.astimezone(timezone.utc).isoformat()
        number, _ = self._file.begin(summary, all_to_json(steps), row_targets, undoes, time)
        return Change(number, at, summary, rows, undoes, Progress.BEGUN, steps)

    def mark(self, number: int, progress: Progress) -> None:
        """Write down how the change `number` ended. Raises ChangeError."""
        self._file.mark(number, progress.value)

    def row_memory(self) -> dict[Row, tuple[str, ...]]:
        """How each row that was ever touched stood the last time it was at its longest order known."""
        memory: dict[Row, tuple[str, ...]] = {}
        for change in self.changes():
            for row, targets in change.rows:
                known = memory.get(row, ())
                memory[row] = _merged(known, targets)
        return memory


def current_changes(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return the changes in force, oldest first: done, not undone, and no undo themselves."""
    done = [change for change in changes if change.progress is Progress.DONE]
    undone = {change.undoes for change in done if change.undoes}
    return tuple(change for change in done if not change.undoes and change.number not in undone)


def _merged(known: tuple[str, ...], newer: tuple[str, ...]) -> tuple[str, ...]:
    """An order that holds `newer`'s, with the targets that only `known` has after the ones they followed."""
    merged = list(newer)
    for index, target in enumerate(known):
        if target not in merged:
            before = [merged.index(other) for other in known[:index] if other in merged]
            merged.insert(max(before, default=-1) + 1, target)
    return tuple(merged)


def _touched_rows(operations: tuple[Operation, ...], before: Snapshot) -> tuple[tuple[Row, tuple[str, ...]], ...]:
    """How the rows stood that `operations` touch, but for those in which nothing stood."""
    rows = {link.row for operation in operations if (link := LinkName.parse(operation.name)) is not None}
    return tuple(
        (row, tuple(symlink_target(entry) or "" for entry in before.rows[row].values()))
        for row in sorted(rows & before.rows.keys())
    )


def _read_change(record: dict[str, Any], operations: bytes) -> Change:
    rows = []
    for name, targets in record["rows"].items():
        link = LinkName.parse(name)
        if link is not None:
            rows.append((link.row, tuple(str(target) for target in targets)))
    return Change(
        int(record["number"]),
        datetime.fromisoformat(record["at"]),
        str(record["summary"]),
        tuple(rows),
        int(record["undoes"]),
        Progress.BEGUN,
        operations,
    )
