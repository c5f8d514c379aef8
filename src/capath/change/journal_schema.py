"""What the lines of a journal must be, but for the operations: those are `capath.change.codec`'s.

Nothing of a journal is used, or done, before each of its lines is known to be what capath writes.
"""

from __future__ import annotations

import os
from collections.abc import Container, Mapping

from capath.store.walk import TEMPORARY_STEM

SCHEMA_VERSION = 1
BEGUN, DONE, TAKEN_BACK, ABANDONED = "begun", "done", "taken back", "abandoned"
_ENDS = (DONE, TAKEN_BACK, ABANDONED)
_NUMBER_LIMIT = 10**9


def record_fault(record: object, directory: str, known: Container[int], with_operations: Container[int]) -> str:
    """What is wrong with a line of `directory`'s journal, empty where it is as capath writes it.

    `known` are the numbers of the changes before it, `with_operations` of those whose operations are there.
    """
    if not isinstance(record, dict):
        return "it is not an object"
    version, number = record.get("schema_version", SCHEMA_VERSION), record.get("number")
    if type(version) is int and SCHEMA_VERSION < version < _NUMBER_LIMIT:
        return f"a newer capath wrote it (schema version {version}); use that one"
    if version != SCHEMA_VERSION or type(version) is not int:
        return "its schema version is not a version"
    if type(number) is not int or not 0 < number < _NUMBER_LIMIT:
        return "its number is not a number"
    if "progress" in record:
        if number not in known:
            return f"it ends change {number}, which was not begun"
        return "" if record["progress"] in _ENDS else "its progress is unknown"
    if number in known:
        return f"change {number} is there twice"
    if number not in with_operations:
        return f"change {number} has no operations"
    if record.get("directory") != directory:
        return "it is of another directory"
    return _change_fault(record)


def _change_fault(record: Mapping[str, object]) -> str:
    """What is wrong with the line of a change, but for its number and directory."""
    summary, undoes, rows = record.get("summary"), record.get("undoes"), record.get("rows")
    if not isinstance(summary, str):
        return "its summary is not text"
    if type(undoes) is not int or not 0 <= undoes < _NUMBER_LIMIT:
        return "what it undoes is not a number"
    temporary = record.get("temporary", "")
    if not isinstance(temporary, str) or (temporary and not TEMPORARY_STEM.fullmatch(temporary)):
        return "its temporary name is not one"
    if not _is_moment(record.get("at")):
        return "its time is not a time"
    if not isinstance(rows, dict) or not all(
        isinstance(targets, list) and all(map(_is_text, targets)) for targets in rows.values()
    ):
        return "its rows are not lists of targets"
    return ""


def _is_text(value: object) -> bool:
    """Whether it is text that can be the name of a file, or be encoded for one."""
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        os.fsencode(value)
    except UnicodeEncodeError:
        return False
    return True


def _is_moment(value: object) -> bool:
    from datetime import datetime, timezone

    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        return moment is not None and moment.tzinfo is not None and moment.astimezone(timezone.utc).year > 0
    except (ValueError, OverflowError):
        return False
