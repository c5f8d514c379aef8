"""The steps a plan is made of. Each is visible to others at one instant, and each has an exact inverse.

The names are *places*: a name in the directory, or ``untrusted/NAME`` in its subdirectory for what is distrusted
(no reader of any kind looks there). So a file is put aside with ``RenameFile("a.pem", "untrusted/a.pem")`` and
brought back with its inverse; a file in a slot with ``ReplaceFile("12345678.0", "untrusted/12345678.0",
"other.pem")`` or ``RenameFile``, and brought back with ``RestoreFile`` or ``RenameFile``; a new certificate is
added distrusted with ``AddFile("untrusted/a.pem", …)``. A symbolic link whose target is relative gets another text
there, so it is put aside as ``MakeLink("untrusted/a.pem", "../" + target, Absent())`` and ``RemoveLink("a.pem",
was)``. The subdirectory is made when a step first needs it (with the mode and owner of the directory) and removed
when a step leaves it empty; there is no step for either.

Named tuples, which are fast to import and to make. Two of different kinds can be equal as tuples: compare their
types.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from capath.errors import assert_never
from capath.store.link_name import ASIDE as ASIDE

_NAME_BYTES_LIMIT = 255
GRACE_MILLISECONDS = 100


class Absent(NamedTuple):
    """The name does not exist."""


class Symlink(NamedTuple):
    """The name is a symbolic link with this text and modification time."""

    target: str
    mtime_ns: int


class MakeLink(NamedTuple):
    """Make `name` a link to `target`, replacing what is there (a link, or nothing), in one step.

    `mtime_ns` is 0 for a new link, and the old time where an undo puts one back.
    """

    name: str
    target: str
    replaces: Absent | Symlink
    mtime_ns: int = 0


class RemoveLink(NamedTuple):
    """Remove the link `name`."""

    name: str
    was: Symlink


class RenameFile(NamedTuple):
    """Give the file (or link to a file) `name` the name `new_name`, which must be free."""

    name: str
    new_name: str


class ReplaceFile(NamedTuple):
    """Give the file `name` the free name `new_name`, and make `name` a link to `target`.

    `mtime_ns` is the link's time, where it had been there before; 0 for the present.
    """

    name: str
    new_name: str
    target: str
    mtime_ns: int = 0


class RestoreFile(NamedTuple):
    """Take back a `ReplaceFile`: give the file `file_name` the name `name`, in place of the link `was` there."""

    name: str
    file_name: str
    was: Symlink


class AddFile(NamedTuple):
    """Write a new file with this content; the name must be free. `mode` is its permission bits."""

    name: str
    content: bytes
    mode: int = 0o644


class RemoveAddedFile(NamedTuple):
    """Take back an `AddFile`: remove the file if its content is still the same."""

    name: str
    content: bytes
    mode: int = 0o644


class EditPolicy(NamedTuple):
    """Give the file at the path `name`, which another tool reads its orders from, a new text, and run that tool.

    `effects` are what the tool will do to the directory, as far as lookup can tell.
    """

    name: str
    before: str
    after: str
    command: tuple[str, ...]
    effects: tuple[Operation, ...] = ()


class Wait(NamedTuple):
    """Let lookups that have begun come to their end, before links are removed that they may still need.

    A lookup opens ``.0``, ``.1``, … one after the other; `name` is the first of the links that it can need.
    """

    name: str
    milliseconds: int = GRACE_MILLISECONDS


Operation = (
    MakeLink | RemoveLink | RenameFile | ReplaceFile | RestoreFile | AddFile | RemoveAddedFile | EditPolicy | Wait
)


def place_fault(place: str) -> str:
    """Why `place` is neither a name in the directory nor one in its subdirectory; empty where it is one."""
    name = place.removeprefix(f"{ASIDE}/")
    if name in ("", ".", "..") or (name == place and name == ASIDE):
        return "it is not the name of a file"
    if "/" in name or "\0" in name:
        return "it has a slash or a NUL in it"
    try:
        too_long = len(os.fsencode(name)) > _NAME_BYTES_LIMIT
    except UnicodeEncodeError:
        return "it cannot be the name of a file"
    return f"it is longer than {_NAME_BYTES_LIMIT} bytes" if too_long else ""


def inverse(operation: Operation) -> Operation:
    """Return the operation that takes `operation` back."""
    match operation:
        case MakeLink(name=name, target=target, replaces=replaces, mtime_ns=mtime_ns):
            now = Symlink(target, mtime_ns)
            if isinstance(replaces, Absent):
                return RemoveLink(name, now)
            return MakeLink(name, replaces.target, now, replaces.mtime_ns)
        case RemoveLink(name=name, was=was):
            return MakeLink(name, was.target, Absent(), was.mtime_ns)
        case RenameFile(name=name, new_name=new_name):
            return RenameFile(new_name, name)
        case ReplaceFile(name=name, new_name=new_name, target=target, mtime_ns=mtime_ns):
            return RestoreFile(name, new_name, Symlink(target, mtime_ns))
        case RestoreFile(name=name, file_name=file_name, was=was):
            return ReplaceFile(name, file_name, was.target, was.mtime_ns)
        case AddFile(name=name, content=content, mode=mode):
            return RemoveAddedFile(name, content, mode)
        case RemoveAddedFile(name=name, content=content, mode=mode):
            return AddFile(name, content, mode)
        case EditPolicy(name=name, before=before, after=after, command=command, effects=effects):
            return EditPolicy(name, after, before, command, tuple(inverse(step) for step in reversed(effects)))
        case Wait():
            return operation
        case _:
            assert_never(operation)


def changed_names(operation: Operation) -> tuple[str, ...]:
    """The names that `operation` makes, removes or makes something else."""
    match operation:
        case RenameFile(name=name, new_name=new_name) | ReplaceFile(name=name, new_name=new_name):
            return name, new_name
        case RestoreFile(name=name, file_name=file_name):
            return name, file_name
        case Wait() | EditPolicy():
            return ()
        case _:
            return (operation.name,)


def names_of(operation: Operation) -> tuple[str, ...]:
    """The names that `operation` is about: those it changes, and those its links lead to."""
    match operation:
        case MakeLink(name=name, target=target, replaces=replaces):
            return (name, target) if isinstance(replaces, Absent) else (name, target, replaces.target)
        case RemoveLink(name=name, was=was):
            return name, was.target
        case RenameFile(name=name, new_name=new_name):
            return name, new_name
        case ReplaceFile(name=name, new_name=new_name, target=target):
            return name, new_name, target
        case RestoreFile(name=name, file_name=file_name, was=was):
            return name, file_name, was.target
        case AddFile(name=name) | RemoveAddedFile(name=name) | Wait(name=name):
            return (name,)
        case EditPolicy(name=name, effects=effects):
            return (name, *(other for step in effects for other in names_of(step)))
        case _:
            assert_never(operation)


def describe(operation: Operation) -> str:
    """Say what `operation` does, as a person would. Names are raw: make them visible before showing them."""
    match operation:
        case MakeLink(name=name, target=target, replaces=replaces):
            if isinstance(replaces, Absent):
                return f"link    {name} -> {target}"
            return f"relink  {name} -> {target}  (was {replaces.target})"
        case RemoveLink(name=name, was=Symlink(target=target)):
            return f"unlink  {name}  (was -> {target})"
        case RenameFile(name=name, new_name=new_name):
            return f"rename  {name} -> {new_name}"
        case ReplaceFile(name=name, new_name=new_name, target=target):
            return f"rename  {name} -> {new_name}, and link {name} -> {target} in its place"
        case RestoreFile(name=name, file_name=file_name, was=Symlink(target=target)):
            return f"rename  {file_name} -> {name}, in place of the link (was -> {target})"
        case AddFile(name=name, content=content, mode=mode):
            return f"add     {name}  ({len(content)} bytes, mode {mode:04o})"
        case RemoveAddedFile(name=name):
            return f"remove  {name}  (added by capath, unchanged since)"
        case EditPolicy(name=name, before=before, after=after, command=command):
            lines = len(set(before.splitlines()) ^ set(after.splitlines())) // 2
            return f"edit    {name}  ({lines} lines), and run {command[0]}"
        case Wait(milliseconds=milliseconds):
            return f"wait    {milliseconds} ms for lookups in progress to end"
        case _:
            assert_never(operation)
