"""Operations as JSON values, for the journal and for people's scripts. Names that are no text survive."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

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
)
from capath.errors import ParseError, assert_never


def all_to_json(operations: Iterable[Operation]) -> list[dict[str, Any]]:
    """Return `operations` in order; a run of new links, which a rehash can have very many of, is one value."""
    values: list[dict[str, Any]] = []
    run: dict[str, str] = {}
    for operation in operations:
        match operation:
            case MakeLink(name=name, target=target, replaces=Absent(), mtime_ns=0) if name not in run:
                if not run:
                    values.append({"op": "links", "links": run})
                run[name] = target
            case _:
                run = {}
                values.append(to_json(operation))
    return values


def all_from_json(values: Iterable[Mapping[str, Any]]) -> Iterator[Operation]:
    """Yield the operations that `all_to_json` wrote. Raises ParseError for anything else."""
    absent = Absent()
    for value in values:
        if value.get("op") == "links":
            for name, target in value["links"].items():
                yield MakeLink(name, str(target), absent)
        else:
            yield from_json(value)


def to_json(operation: Operation) -> dict[str, Any]:
    """Return `operation` as an object with an ``op`` member."""
    match operation:
        case MakeLink(name=name, target=target, replaces=replaces, mtime_ns=mtime_ns):
            old = None if isinstance(replaces, Absent) else _link(replaces)
            return {"op": "link", "name": name, "target": target, "replaces": old, "mtime_ns": mtime_ns}
        case RemoveLink(name=name, was=was):
            return {"op": "unlink", "name": name, "was": _link(was)}
        case RenameFile(name=name, new_name=new_name):
            return {"op": "rename", "name": name, "new_name": new_name}
        case ReplaceFile(name=name, new_name=new_name, target=target):
            return {"op": "replace-file", "name": name, "new_name": new_name, "target": target}
        case RestoreFile(name=name, file_name=file_name, was=was):
            return {"op": "restore-file", "name": name, "file_name": file_name, "was": _link(was)}
        case AddFile(name=name, content=content, mode=mode):
            return {"op": "add", "name": name, "content": _octets(content), "mode": mode}
        case RemoveAddedFile(name=name, content=content, mode=mode):
            return {"op": "remove-added", "name": name, "content": _octets(content), "mode": mode}
        case EditPolicy(name=name, before=before, after=after, command=command, effects=effects):
            edit = {"op": "edit-policy", "name": name, "before": before, "after": after}
            return {**edit, "command": list(command), "effects": all_to_json(effects)}
        case _:
            assert_never(operation)


def from_json(value: Mapping[str, Any]) -> Operation:
    """Return the operation that `to_json` wrote. Raises ParseError for anything else."""
    try:
        name = str(value["name"])
        match value["op"]:
            case "link":
                old = value["replaces"]
                replaces = Absent() if old is None else _read_link(old)
                return MakeLink(name, str(value["target"]), replaces, int(value["mtime_ns"]))
            case "unlink":
                return RemoveLink(name, _read_link(value["was"]))
            case "rename":
                return RenameFile(name, str(value["new_name"]))
            case "replace-file":
                return ReplaceFile(name, str(value["new_name"]), str(value["target"]))
            case "restore-file":
                return RestoreFile(name, str(value["file_name"]), _read_link(value["was"]))
            case "add":
                return AddFile(name, base64.b64decode(value["content"]), int(value["mode"]))
            case "remove-added":
                return RemoveAddedFile(name, base64.b64decode(value["content"]), int(value["mode"]))
            case "edit-policy":
                command, effects = tuple(map(str, value["command"])), tuple(all_from_json(value["effects"]))
                return EditPolicy(name, str(value["before"]), str(value["after"]), command, effects)
            case other:
                raise ParseError(f"an operation called {other!r}")
    except (KeyError, TypeError, ValueError) as error:
        raise ParseError(f"an operation that cannot be read: {error!r}") from None


def _link(link: Symlink) -> dict[str, Any]:
    return {"target": link.target, "mtime_ns": link.mtime_ns}


def _read_link(value: Mapping[str, Any]) -> Symlink:
    return Symlink(str(value["target"]), int(value["mtime_ns"]))


def _octets(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
