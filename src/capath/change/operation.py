"""The system calls a plan is made of. Each is one visible step, and each has an exact inverse."""

from __future__ import annotations

from dataclasses import dataclass

from capath.errors import assert_never


@dataclass(frozen=True, slots=True)
class Absent:
    """The name does not exist."""


@dataclass(frozen=True, slots=True)
class Symlink:
    """The name is a symbolic link with this text and modification time."""

    target: str
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class MakeLink:
    """Let `name` be a link to `target`, in the place of what is there (a link, or nothing), in one step.

    `mtime_ns` is 0 for a new link, and the old time where an undo puts one back.
    """

    name: str
    target: str
    replaces: Absent | Symlink
    mtime_ns: int = 0


@dataclass(frozen=True, slots=True)
class RemoveLink:
    """Remove the link `name`."""

    name: str
    was: Symlink


@dataclass(frozen=True, slots=True)
class RenameFile:
    """Give the file (or link to a file) `name` the name `new_name`, which must be free."""

    name: str
    new_name: str


@dataclass(frozen=True, slots=True)
class ReplaceFile:
    """Give the file `name` the free name `new_name`, and let `name` be a link to `target`, in one step."""

    name: str
    new_name: str
    target: str


@dataclass(frozen=True, slots=True)
class RestoreFile:
    """Take back a `ReplaceFile`: give the file `file_name` the name `name`, in place of the link `was` there."""

    name: str
    file_name: str
    was: Symlink


@dataclass(frozen=True, slots=True)
class AddFile:
    """Write a new file with this content; the name must be free. `mode` is its permission bits."""

    name: str
    content: bytes
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class RemoveAddedFile:
    """Take back an `AddFile`: remove the file if its content is still the same."""

    name: str
    content: bytes
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class EditPolicy:
    """Give the file at the path `name`, which another tool reads its orders from, a new text, and run that tool.

    `effects` are what the tool will do to the directory, as far as lookup can tell.
    """

    name: str
    before: str
    after: str
    command: tuple[str, ...]
    effects: tuple[Operation, ...] = ()


Operation = MakeLink | RemoveLink | RenameFile | ReplaceFile | RestoreFile | AddFile | RemoveAddedFile | EditPolicy


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
        case ReplaceFile(name=name, new_name=new_name, target=target):
            return RestoreFile(name, new_name, Symlink(target, 0))
        case RestoreFile(name=name, file_name=file_name, was=Symlink(target=target)):
            return ReplaceFile(name, file_name, target)
        case AddFile(name=name, content=content, mode=mode):
            return RemoveAddedFile(name, content, mode)
        case RemoveAddedFile(name=name, content=content, mode=mode):
            return AddFile(name, content, mode)
        case EditPolicy(name=name, before=before, after=after, command=command, effects=effects):
            return EditPolicy(name, after, before, command, tuple(inverse(step) for step in reversed(effects)))
        case _:
            assert_never(operation)


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
        case AddFile(name=name) | RemoveAddedFile(name=name):
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
        case AddFile(name=name, content=content):
            return f"add     {name}  ({len(content)} bytes)"
        case RemoveAddedFile(name=name):
            return f"remove  {name}  (added by capath, unchanged since)"
        case EditPolicy(name=name, before=before, after=after, command=command):
            lines = len(set(before.splitlines()) ^ set(after.splitlines())) // 2
            return f"edit    {name}  ({lines} lines), and run {command[0]}"
        case _:
            assert_never(operation)
