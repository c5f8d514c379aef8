"""The file behind the journal: lines of JSON, appended and on the disk before anything they tell of is done.

A change is two lines: what it does, which may be long, and the rest; then one more that tells how it ended.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping, Sequence

from capath.errors import ChangeError
from capath.files import state_directory
from capath.pki.visible import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SCHEMA_VERSION = 1
_OPERATIONS = b'{"operations_of": '
BEGUN, DONE, TAKEN_BACK, ABANDONED = "begun", "done", "taken back", "abandoned"


class JournalFile:
    """The lines of one directory's journal. Reading them changes nothing; a missing file is an empty one."""

    __slots__ = ("directory", "path")

    def __init__(self, directory: str) -> None:
        self.directory = os.path.realpath(directory)
        key = hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:24]
        self.path = os.path.join(state_directory(), "journal", f"{key}.jsonl")

    def records(self) -> tuple[list[dict[str, Any]], dict[int, bytes]]:
        """The lines that are whole, oldest first, but for those of operations: their text by their number."""
        try:
            with open(self.path, "rb") as file:
                lines = file.read().split(b"\n")
        except (FileNotFoundError, NotADirectoryError):
            return [], {}
        except OSError as error:
            raise ChangeError(f"{visible(self.path)}: the history cannot be read: {error.strerror}") from None
        import json

        records, operations = [], {}
        for line in lines:
            if line.startswith(_OPERATIONS):
                number = line[len(_OPERATIONS) : line.find(b",")]
                if number.isdigit():
                    operations[int(number)] = line
                continue
            try:
                record = json.loads(line)
            except ValueError:  # empty, or cut short by a crash
                continue
            if isinstance(record, dict):
                records.append(record)
        return records, operations

    def unfinished(self) -> bool:
        """Whether a change was begun and its end is not told."""
        state: dict[object, object] = {}
        for record in self.records()[0]:
            state[record.get("number")] = record.get("progress", BEGUN)
        return BEGUN in state.values()

    def begin(
        self,
        summary: str,
        operations: Sequence[Mapping[str, Any]],
        rows: Mapping[str, Sequence[str]],
        undoes: int = 0,
        at: str = "",
    ) -> tuple[int, str]:
        """Write down what is about to be done; return its number, and when. Raises ChangeError."""
        numbers = [record.get("number") for record in self.records()[0]]
        number = max((number for number in numbers if isinstance(number, int)), default=0) + 1
        at = at or time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
        self._append(
            {"operations_of": number, "operations": operations},
            {
                "schema_version": _SCHEMA_VERSION,
                "number": number,
                "at": at,
                "directory": self.directory,
                "summary": summary,
                "undoes": undoes,
                "rows": rows,
            },
        )
        return number, at

    def mark(self, number: int, progress: str) -> None:
        """Write down how the change `number` ended. Raises ChangeError."""
        self._append({"number": number, "progress": progress})

    def _append(self, *records: Mapping[str, Any]) -> None:
        import json

        try:
            os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
            with open(self.path, "ab") as file:
                # Lines of their own, even behind one that a crash cut short.
                file.write(b"\n" + b"".join(json.dumps(record).encode() + b"\n" for record in records))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise ChangeError(
                f"{visible(self.path)}: the history cannot be written ({error.strerror}), so nothing is changed; "
                "make room there, or set XDG_STATE_HOME to a directory that can be written"
            ) from None
