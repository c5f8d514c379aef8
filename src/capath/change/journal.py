"""The changes capath made to one directory: written before they are made, so a kill half-way can be mended.

The journal lives in the user's state directory ($XDG_STATE_HOME/capath), one file a CApath, and never in the
CApath itself: taking a root out and in again leaves the directory byte for byte as it was.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import platformdirs

from capath.change.codec import from_json, to_json
from capath.change.operation import Operation
from capath.errors import ChangeError, ParseError, StrEnum
from capath.pki.visible import visible
from capath.store.entry import symlink_target
from capath.store.link_name import LinkName, Row
from capath.store.snapshot import Snapshot

_SCHEMA_VERSION = 1


class Progress(StrEnum):
    """How far a change came."""

    BEGUN = "begun"
    DONE = "done"
    TAKEN_BACK = "taken back"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class Change:
    """One change to the directory. `undoes` is the number of the change it took back, 0 if none.

    `rows` is how the touched rows stood before: the link targets in slot order.
    """

    number: int
    at: datetime
    summary: str
    operations: tuple[Operation, ...]
    rows: tuple[tuple[Row, tuple[str, ...]], ...]
    undoes: int
    progress: Progress


class Journal:
    """The journal of one directory. Reading it changes nothing; a missing one is empty."""

    def __init__(self, directory: str) -> None:
        real = os.path.realpath(directory)
        key = hashlib.sha256(os.fsencode(real)).hexdigest()[:24]
        self._directory = real
        self.path = os.path.join(state_directory(), "journal", f"{key}.jsonl")

    def changes(self) -> tuple[Change, ...]:
        """All changes, oldest first. A last line cut short by a crash is passed over."""
        found: dict[int, Change] = {}
        for record in self._records():
            try:
                if "progress" in record:
                    number = int(record["number"])
                    found[number] = _with_progress(found[number], Progress(record["progress"]))
                else:
                    change = _read_change(record)
                    found[change.number] = change
            except (KeyError, TypeError, ValueError, ParseError):
                continue
        return tuple(found.values())

    def begin(
        self, summary: str, operations: Iterable[Operation], before: Snapshot, at: datetime, undoes: int = 0
    ) -> Change:
        """Write down what is about to be done; it is on the disk when this returns. Raises ChangeError."""
        number = max((change.number for change in self.changes()), default=0) + 1
        steps = tuple(operations)
        rows = _touched_rows(steps, before)
        self._append(
            {
                "schema_version": _SCHEMA_VERSION,
                "number": number,
                "at": at.astimezone(timezone.utc).isoformat(),
                "directory": self._directory,
                "summary": summary,
                "undoes": undoes,
                "operations": [to_json(step) for step in steps],
                "rows": {row.name(0): list(targets) for row, targets in rows},
            },
            durable=True,
        )
        return Change(number, at, summary, steps, rows, undoes, Progress.BEGUN)

    def mark(self, number: int, progress: Progress) -> None:
        """Write down how the change `number` ended."""
        self._append({"number": number, "progress": progress.value}, durable=True)

    def row_memory(self) -> dict[Row, tuple[str, ...]]:
        """How each row that was ever touched stood the last time it was at its longest order known."""
        memory: dict[Row, tuple[str, ...]] = {}
        for change in self.changes():
            for row, targets in change.rows:
                known = memory.get(row, ())
                memory[row] = _merged(known, targets)
        return memory

    def _records(self) -> Iterator[dict[str, Any]]:
        try:
            with open(self.path, encoding="utf-8", errors="surrogateescape") as lines:
                for line in lines:
                    try:
                        record = json.loads(line)
                    except ValueError:
                        continue
                    if isinstance(record, dict):
                        yield record
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise ChangeError(f"{visible(self.path)}: the history cannot be read: {error.strerror}") from None

    def _append(self, record: dict[str, Any], durable: bool) -> None:
        try:
            os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
            with open(self.path, "ab") as file:
                # A line of its own, even behind one that a crash cut short.
                file.write(b"\n" + json.dumps(record).encode() + b"\n")
                file.flush()
                if durable:
                    os.fsync(file.fileno())
        except OSError as error:
            raise ChangeError(
                f"{visible(self.path)}: the history cannot be written ({error.strerror}), so nothing is changed; "
                "make room there, or set XDG_STATE_HOME to a directory that can be written"
            ) from None


def state_directory() -> str:
    """Where capath keeps its history ($XDG_STATE_HOME/capath)."""
    return platformdirs.user_state_dir("capath", appauthor=False)


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
    rows = {link.row for operation in operations if (link := LinkName.parse(operation.name)) is not None}
    return tuple(
        (row, tuple(symlink_target(entry) or "" for entry in before.rows.get(row, {}).values()))
        for row in sorted(rows)
    )


def _read_change(record: dict[str, Any]) -> Change:
    rows = []
    for name, targets in record["rows"].items():
        link = LinkName.parse(name)
        if link is not None:
            rows.append((link.row, tuple(str(target) for target in targets)))
    return Change(
        int(record["number"]),
        datetime.fromisoformat(record["at"]),
        str(record["summary"]),
        tuple(from_json(value) for value in record["operations"]),
        tuple(rows),
        int(record["undoes"]),
        Progress.BEGUN,
    )


def _with_progress(change: Change, progress: Progress) -> Change:
    return Change(
        change.number, change.at, change.summary, change.operations, change.rows, change.undoes, progress
    )
