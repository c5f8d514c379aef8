"""What the journal keeps of an operation is the operation."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capath.change.codec import all_to_json, operations_from_json
from capath.change.operation import (
    ASIDE,
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
    describe,
    inverse,
    names_of,
)
from capath.errors import ParseError

# Names as `os.listdir` gives them: bytes that are no UTF-8 are surrogates.
_TEXTS = st.binary(min_size=1, max_size=12).map(lambda octets: octets.decode("utf-8", "surrogateescape"))
_TARGETS = _TEXTS.filter(lambda text: "\0" not in text)
_NAMES = _TARGETS.filter(lambda text: "/" not in text and text not in (".", "..", ASIDE))
_PLACES = _NAMES | _NAMES.map(lambda name: f"{ASIDE}/{name}")
_TIMES = st.integers(0, 2**62)
_LINKS = st.builds(Symlink, _TARGETS, _TIMES)
_STEPS: st.SearchStrategy[Operation] = st.one_of(
    st.builds(MakeLink, _PLACES, _TARGETS, st.just(Absent()), st.just(0)),
    st.builds(MakeLink, _PLACES, _TARGETS, _LINKS | st.just(Absent()), _TIMES),
    st.builds(RemoveLink, _PLACES, _LINKS),
    st.builds(RenameFile, _PLACES, _PLACES),
    st.builds(ReplaceFile, _PLACES, _PLACES, _TARGETS, _TIMES),
    st.builds(RestoreFile, _PLACES, _PLACES, _LINKS),
    st.builds(AddFile, _PLACES, st.binary(max_size=9), st.integers(0, 0o777)),
    st.builds(RemoveAddedFile, _PLACES, st.binary(max_size=9), st.integers(0, 0o777)),
    st.builds(Wait, _PLACES, st.integers(0, 999)),
)
_POLICIES = st.builds(
    EditPolicy,
    _NAMES,
    _TEXTS,
    _TEXTS,
    st.lists(_NAMES, min_size=1, max_size=2).map(tuple),
    st.lists(_STEPS, max_size=3).map(tuple),
)
_OPERATIONS: st.SearchStrategy[Operation] = _STEPS | _POLICIES


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_STEPS, max_size=8))
def test_every_operation_survives_json(operations: list[Operation]) -> None:
    """In order, with names that are no text, whatever runs of new links are among them."""
    read = operations_from_json(json.loads(json.dumps(all_to_json(operations))), "/nowhere")
    assert list(read) == operations
    assert list(map(type, read)) == list(map(type, operations))


@given(_OPERATIONS)
def test_the_inverse_of_the_inverse_does_the_same(operation: Operation) -> None:
    """To the same names, and it can be told to people."""
    assert type(inverse(inverse(operation))) is type(operation)
    assert set(names_of(inverse(operation))) <= set(names_of(operation))
    assert describe(operation)


_RIGHT: dict[str, dict[str, object]] = {
    "link": {"name": "a", "target": "b", "replaces": {"target": "c", "mtime_ns": 1}, "mtime_ns": 0},
    "unlink": {"name": "a", "was": {"target": "b", "mtime_ns": 1}},
    "rename": {"name": "a", "new_name": "untrusted/a"},
    "replace-file": {"name": "a", "new_name": "b", "target": "c"},
    "restore-file": {"name": "a", "file_name": "b", "was": {"target": "b", "mtime_ns": 1}},
    "add": {"name": "a", "content": "YQ==", "mode": 0o644},
    "remove-added": {"name": "a", "content": "YQ==", "mode": 0o644},
    "wait": {"name": "a", "milliseconds": 100},
    "links": {"links": {"a": "b"}},
}
_BAD_NAMES = (
    *("", ".", "..", "/etc/passwd", "../a", "a/b", "a\0", "\ud800", "x" * 256),
    *("untrusted", "untrusted/", "untrusted/..", "untrusted/a/b", "untrusted/../a"),
)
_BAD: dict[str, tuple[object, ...]] = {
    "name": _BAD_NAMES,
    "new_name": _BAD_NAMES,
    "file_name": _BAD_NAMES,
    "target": ("", "a\0", "x" * 5000, "\ud800", None),
    "mtime_ns": (-1, 2**63, 1.0, True, "1"),
    "milliseconds": (-1, 10**9, None),
    "mode": (-1, 0o4755, "644", None),
    "content": ("?", 1, None),
    "was": (None, [], {"target": "b"}, {"target": "", "mtime_ns": 1}),
    "replaces": ([], {}, "b"),
    "links": ([], None, {"../a": "b"}, {"a": ""}, {"a": 1}),
}


@pytest.mark.parametrize("op", _RIGHT)
def test_what_capath_does_not_write_is_refused(op: str) -> None:
    """Every field, with every value that it cannot have: a name outside of the directory, another type."""
    right = {"op": op, **_RIGHT[op]}
    assert operations_from_json([right], "/nowhere")
    for field in _RIGHT[op]:
        for bad in (*_BAD[field], 1.5, [1], float("inf")):
            with pytest.raises(ParseError):
                operations_from_json([{**right, field: bad}], "/nowhere")


@pytest.mark.parametrize("value", [None, 1, {}, [1], [{}], [{"op": "no such", "name": "a"}], [{"op": []}], [[[]]]])
def test_junk_is_a_parse_error(value: Any) -> None:
    """Nothing else escapes."""
    with pytest.raises(ParseError):
        operations_from_json(value, "/nowhere")


def test_no_policy_and_no_command_comes_from_a_journal(tmp_path: Any) -> None:
    """An edit of a policy is refused where no tool owns the directory, whatever it says would be run."""
    edit = EditPolicy(str(tmp_path / "policy"), "before", "after", ("touch", str(tmp_path / "ran")))
    with pytest.raises(ParseError, match="no tool's policy"):
        operations_from_json(all_to_json([edit]), str(tmp_path))
