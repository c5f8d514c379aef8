"""What each name must be before an operation, and what it is after: how a plan is checked, and a kill is read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from capath.change.file_system import Directory
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
)
from capath.errors import assert_never
from capath.store.entry import FileEntry, FileStat, LinkEntry
from capath.store.snapshot import Snapshot


class Taken(NamedTuple):
    """Something has the name: a file, or a link to one."""


_MANY = 1000


class Text(NamedTuple):
    """A file with this text has the name."""

    text: str


Expected = Absent | Symlink | Taken | Text


def expected_before(operations: Sequence[Operation]) -> dict[str, Expected]:
    """What each name must be before the first of `operations`."""
    expected: dict[str, Expected] = {}
    for operation in operations:
        if type(operation) is MakeLink:  # of which there can be a hundred thousand
            expected.setdefault(operation.name, operation.replaces)
            continue
        for name, before, _ in _changes(operation):
            expected.setdefault(name, before)
    return expected


def first_difference(directory: Directory, operations: Sequence[Operation]) -> str | None:
    """The first name that is not as the first of `operations` that touches it needs it."""
    names = expected_before(operations)
    # Many names are asked for at once, few one by one: a toggle costs the same in any directory.
    present = set(os.listdir(directory.descriptor)) if len(names) > _MANY else None
    for name, expected in names.items():
        if present is not None and isinstance(expected, Absent):
            if name in present:
                return name
        elif not is_as(directory, name, expected):
            return name
    return None


def first_changed_file(directory: Directory, operations: Sequence[Operation], before: Snapshot) -> str | None:
    """The first file to be renamed or linked to which is another, or another version, than `before` read."""
    involved: dict[str, None] = {}
    for operation in operations:
        match operation:
            case MakeLink(target=target):
                involved[target] = None
            case RenameFile(name=name) | ReplaceFile(name=name) | RestoreFile(file_name=name):
                involved[name] = None
            case _:
                pass
    for name in involved:
        entry = before.entries.get(name)
        if isinstance(entry, FileEntry | LinkEntry):
            try:
                status = os.stat(name, dir_fd=directory.descriptor)
            except OSError:
                return name
            if FileStat.of(status) != entry.stat:
                return name
    return None


def steps_done(directory: Directory, operations: Sequence[Operation]) -> int | None:
    """How many steps had been done: the first number that fits everything that is there now."""
    wrong = {
        name for name, expected in expected_before(operations).items() if not is_as(directory, name, expected)
    }
    if not wrong:
        return 0
    for done, operation in enumerate(operations, 1):
        for name, _, after in _changes(operation):
            if is_as(directory, name, after):
                wrong.discard(name)
            else:
                wrong.add(name)
        if not wrong:
            return done
    return None


def is_done(directory: Directory, operation: Operation) -> bool:
    """Whether each name that `operation` touches is what it is after it."""
    return all(is_as(directory, name, after) for name, _, after in _changes(operation))


def is_as(directory: Directory, name: str, expected: Expected) -> bool:
    """Whether `name` is what is expected. Of a link only the target counts."""
    match expected:
        case Absent():
            return not directory.exists(name)
        case Symlink(target=target):
            return directory.link_text(name) == target
        case Taken():
            return directory.exists(name)
        case Text(text=text):
            from capath.change.policy import read_policy

            return read_policy(name) == text
        case _:
            assert_never(expected)


def _changes(operation: Operation) -> tuple[tuple[str, Expected, Expected], ...]:
    """Each name that `operation` touches: what it is before, and after."""
    match operation:
        case MakeLink(name=name, target=target, replaces=replaces, mtime_ns=mtime_ns):
            return ((name, replaces, Symlink(target, mtime_ns)),)
        case RemoveLink(name=name, was=was):
            return ((name, was, Absent()),)
        case RenameFile(name=name, new_name=new_name):
            return (name, Taken(), Absent()), (new_name, Absent(), Taken())
        case ReplaceFile(name=name, new_name=new_name, target=target, mtime_ns=mtime_ns):
            return (name, Taken(), Symlink(target, mtime_ns)), (new_name, Absent(), Taken())
        case RestoreFile(name=name, file_name=file_name, was=was):
            return (name, was, Taken()), (file_name, Taken(), Absent())
        case AddFile(name=name):
            return ((name, Absent(), Taken()),)
        case RemoveAddedFile(name=name):
            return ((name, Taken(), Absent()),)
        case EditPolicy(name=name, before=text, after=edited):
            return ((name, Text(text), Text(edited)),)
        case Wait():
            return ()
        case _:
            assert_never(operation)
