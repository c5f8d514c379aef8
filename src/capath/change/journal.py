"""The changes capath made to one directory: written before they are made, so a kill half-way can be taken back.

The journal is in the user's state directory ($XDG_STATE_HOME/capath, or $CAPATH_STATE_DIR), one file a CApath, and
never in the CApath itself: taking a root out and in again leaves the directory byte for byte as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any, NamedTuple

from capath.change.codec import all_to_json, operations_from_json
from capath.change.journal_file import JournalFile
from capath.change.journal_schema import ABANDONED, BEGUN, DONE, TAKEN_BACK
from capath.change.operation import MakeLink, Operation, changed_names
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


class Change(NamedTuple):
    """One change to the directory. `undoes` is the number of the change it took back, 0 if none.

    `rows` are the touched rows as they were before: the link targets in slot order. `temporary` is what the
    temporary names of its steps begin with.
    """

    number: int
    at: datetime
    summary: str
    rows: tuple[tuple[Row, tuple[str, ...]], ...]
    undoes: int
    temporary: str
    progress: Progress
    operations: tuple[Operation, ...]


class Journal:
    """The journal of one directory. Reading it changes nothing; a missing one is empty.

    What reads it raises ChangeError where any of it is not what capath writes there: then none of it is used.
    """

    __slots__ = ("_file", "path")

    def __init__(self, directory: str) -> None:
        self._file = JournalFile(directory)
        self.path = self._file.path

    def changes(self) -> tuple[Change, ...]:
        """All changes, oldest first, each with its operations."""
        found: dict[int, Change] = {}
        records, operations = self._file.records()
        for record in records:
            number = record["number"]
            if "progress" in record:
                found[number] = found[number]._replace(progress=Progress(record["progress"]))
                continue
            try:
                steps = _read_operations(operations[number], self._file.directory)
            except ParseError as error:
                raise self._file.fault(f"the operations of change {number}: {error}") from None
            found[number] = _read_change(record, steps)
        return tuple(found.values())

    def unfinished(self) -> tuple[Change, ...]:
        """The changes that were begun and have not come to an end."""
        if not self._file.unfinished():  # which needs no operations read
            return ()
        return tuple(change for change in self.changes() if change.progress is Progress.BEGUN)

    def begin(
        self,
        summary: str,
        operations: Iterable[Operation],
        before: Snapshot,
        at: datetime,
        undoes: int = 0,
        temporary: str = "",
    ) -> Change:
        """Write down what is about to be done; it is on the disk when this returns. Raises ChangeError."""
        change = unwritten(summary, operations, before, at, undoes, temporary)
        row_targets = {row.name(0): list(targets) for row, targets in change.rows}
        time = at.astimezone(timezone.utc).isoformat()
        number, _ = self._file.begin(summary, all_to_json(change.operations), row_targets, undoes, time, temporary)
        return change._replace(number=number)

    def mark(self, number: int, progress: Progress) -> None:
        """Write down how the change `number` ended. Raises ChangeError."""
        self._file.mark(number, progress.value)

    def discard(self) -> str:
        """Move the journal aside, whatever it is; return its new path, empty where there was none."""
        return self._file.discard()

    def row_memory(self) -> dict[Row, tuple[str, ...]]:
        """The longest order known of each row that was ever touched: its link targets."""
        memory: dict[Row, tuple[str, ...]] = {}
        for record in self._file.records()[0]:
            for row, targets in _rows(record.get("rows", {})):
                memory[row] = _merged(memory.get(row, ()), targets)
        return memory


def unwritten(
    summary: str, operations: Iterable[Operation], before: Snapshot, at: datetime, undoes: int, temporary: str
) -> Change:
    """The change that `Journal.begin` would write down."""
    steps = tuple(operations)
    return Change(0, at, summary, _touched_rows(steps, before), undoes, temporary, Progress.BEGUN, steps)


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


def _touched_rows(operations: Sequence[Operation], before: Snapshot) -> tuple[tuple[Row, tuple[str, ...]], ...]:
    """The rows that `operations` touch, as they were, without those that were empty."""
    present = before.rows
    if not present:
        return ()
    names = {
        name
        for operation in operations
        for name in ((operation[0],) if type(operation) is MakeLink else changed_names(operation))
    }
    rows = {link.row for link in map(LinkName.parse, names) if link is not None}
    return tuple(
        (row, tuple(symlink_target(entry) or "" for entry in present[row].values()))
        for row in sorted(rows & present.keys())
    )


@lru_cache(maxsize=256)
def _read_operations(line: bytes, directory: str) -> tuple[Operation, ...]:
    """The operations in a line of the journal. Raises ParseError."""
    import json

    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        raise ParseError("they are not JSON") from None
    return operations_from_json(record.get("operations"), directory)


def _read_change(record: Mapping[str, Any], operations: tuple[Operation, ...]) -> Change:
    return Change(
        record["number"],
        datetime.fromisoformat(record["at"]).astimezone(timezone.utc),
        record["summary"],
        tuple(_rows(record["rows"])),
        record["undoes"],
        record.get("temporary", ""),
        Progress.BEGUN,
        operations,
    )


def _rows(rows: Mapping[str, Sequence[str]]) -> list[tuple[Row, tuple[str, ...]]]:
    return [
        (link.row, tuple(targets)) for name, targets in rows.items() if (link := LinkName.parse(name)) is not None
    ]
