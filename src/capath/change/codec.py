"""Operations as JSON values, for the journal and for people's scripts. Names that are not text survive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    Wait,
    place_fault,
)
from capath.errors import ParseError, assert_never

_TARGET_CHARACTERS_LIMIT = 4096
_WAIT_LIMIT_MS = 1000
_NS_LIMIT = 2**63


def all_to_json(operations: Iterable[Operation]) -> list[dict[str, Any]]:
    """Return `operations` in order; a run of new links, which a rehash can have very many of, is one value."""
    values: list[dict[str, Any]] = []
    run: dict[str, str] = {}
    for operation in operations:
        if type(operation) is MakeLink:
            name, target, replaces, mtime_ns = operation
            if type(replaces) is Absent and not mtime_ns and name not in run:
                if not run:
                    values.append({"op": "links", "links": run})
                run[name] = target
                continue
        run = {}
        values.append(to_json(operation))
    return values


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
        case ReplaceFile(name=name, new_name=new_name, target=target, mtime_ns=mtime_ns):
            names = {"name": name, "new_name": new_name}
            return {"op": "replace-file", **names, "target": target, "mtime_ns": mtime_ns}
        case RestoreFile(name=name, file_name=file_name, was=was):
            return {"op": "restore-file", "name": name, "file_name": file_name, "was": _link(was)}
        case AddFile(name=name, content=content, mode=mode):
            return {"op": "add", "name": name, "content": _encoded(content), "mode": mode}
        case RemoveAddedFile(name=name, content=content, mode=mode):
            return {"op": "remove-added", "name": name, "content": _encoded(content), "mode": mode}
        case EditPolicy(name=name, before=before, after=after, command=command, effects=effects):
            edit = {"op": "edit-policy", "name": name, "before": before, "after": after}
            return {**edit, "command": list(command), "effects": all_to_json(effects)}
        case Wait(name=name, milliseconds=milliseconds):
            return {"op": "wait", "name": name, "milliseconds": milliseconds}
        case _:
            assert_never(operation)


def operations_from_json(values: object, directory: str) -> tuple[Operation, ...]:
    """Return the operations that `all_to_json` wrote of the CApath `directory`.

    The values may be anybody's, so nothing is taken from them that reaches outside of the directory: a name is one
    component, and which file another tool reads its configuration from, and the command that runs it, follow from
    the directory. Raises ParseError for anything else than what `all_to_json` writes.
    """
    return tuple(_read_all(values, directory))


def _read_all(values: object, directory: str) -> Iterator[Operation]:
    absent = Absent()
    for value in _sequence(values):
        value = _object(value)
        if value.get("op") == "links":
            for name, target in _object(value.get("links")).items():
                yield MakeLink(_place(name), _target(target), absent)
        else:
            yield _read(value, directory)


def _read(value: Mapping[str, object], directory: str) -> Operation:
    get = value.get
    match get("op"):
        case "link":
            old = get("replaces")
            replaces = Absent() if old is None else _read_link(old)
            return MakeLink(
                _place(get("name")), _target(get("target")), replaces, _integer(get("mtime_ns"), _NS_LIMIT)
            )
        case "unlink":
            return RemoveLink(_place(get("name")), _read_link(get("was")))
        case "rename":
            return RenameFile(_place(get("name")), _place(get("new_name")))
        case "replace-file":
            mtime_ns = _integer(value.get("mtime_ns", 0), _NS_LIMIT)  # earlier versions wrote none
            return ReplaceFile(_place(get("name")), _place(get("new_name")), _target(get("target")), mtime_ns)
        case "restore-file":
            return RestoreFile(_place(get("name")), _place(get("file_name")), _read_link(get("was")))
        case "add":
            return AddFile(_place(get("name")), _decoded(get("content")), _integer(get("mode"), 0o1000))
        case "remove-added":
            return RemoveAddedFile(_place(get("name")), _decoded(get("content")), _integer(get("mode"), 0o1000))
        case "edit-policy":
            return _read_policy(value, directory)
        case "wait":
            return Wait(_place(get("name")), _integer(get("milliseconds"), _WAIT_LIMIT_MS))
        case other:
            raise ParseError(f"the operation {_shown(other)} is unknown")


def _read_policy(value: Mapping[str, object], directory: str) -> EditPolicy:
    from capath.change.debian import policy_edit

    effects = tuple(_read_all(value.get("effects"), directory))
    edit = policy_edit(directory, _text(value.get("before")), _text(value.get("after")), effects)
    if edit is None:
        raise ParseError("it edits a policy, and no tool's policy decides what is in this directory")
    return edit


def _link(link: Symlink) -> dict[str, Any]:
    return {"target": link.target, "mtime_ns": link.mtime_ns}


def _read_link(value: object) -> Symlink:
    value = _object(value)
    return Symlink(_target(value.get("target")), _integer(value.get("mtime_ns"), _NS_LIMIT))


def _encoded(content: bytes) -> str:
    import base64

    return base64.b64encode(content).decode("ascii")


def _decoded(value: object) -> bytes:
    import base64

    try:
        return base64.b64decode(_text(value), validate=True)
    except ValueError:
        raise ParseError("the content of a file is not base64") from None


def _place(value: object) -> str:
    place = _text(value)
    if fault := place_fault(place):
        raise ParseError(f"{_shown(place)} cannot be a name here: {fault}")
    return place


def _target(value: object) -> str:
    target = _text(value)
    if not 0 < len(target) < _TARGET_CHARACTERS_LIMIT or "\0" in target:
        raise ParseError(f"{_shown(target)} cannot be the target of a link")
    return target


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ParseError(f"{_shown(value)} is not text")
    try:
        value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise ParseError(f"{_shown(value)} is not text") from None
    return value


def _integer(value: object, limit: int) -> int:
    if type(value) is not int or not 0 <= value < limit:
        raise ParseError(f"{_shown(value)} is not a number from 0 to {limit - 1}")
    return value


def _object(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ParseError(f"{_shown(value)} is not an object")
    return value


def _sequence(value: object) -> Sequence[object]:
    if not isinstance(value, list):
        raise ParseError(f"{_shown(value)} is not a list")
    return value


def _shown(value: object) -> str:
    """The value as an error shows it: never long, never deep."""
    if isinstance(value, str):
        return repr(value[:40])
    return repr(value) if value is None or isinstance(value, bool | float) else f"this {type(value).__name__}"
