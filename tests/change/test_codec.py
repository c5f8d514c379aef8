"""What the journal keeps of an operation is the operation."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capath.change.codec import all_from_json, all_to_json, from_json
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
    describe,
    inverse,
    names_of,
)
from capath.errors import ParseError

# Names as `os.listdir` gives them: bytes that are no UTF-8 are surrogates.
_NAMES = st.binary(min_size=1, max_size=12).map(lambda octets: octets.decode("utf-8", "surrogateescape"))
_TIMES = st.integers(0, 2**62)
_LINKS = st.builds(Symlink, _NAMES, _TIMES)
_STEPS: st.SearchStrategy[Operation] = st.one_of(
    st.builds(MakeLink, _NAMES, _NAMES, st.just(Absent()), st.just(0)),
    st.builds(MakeLink, _NAMES, _NAMES, _LINKS | st.just(Absent()), _TIMES),
    st.builds(RemoveLink, _NAMES, _LINKS),
    st.builds(RenameFile, _NAMES, _NAMES),
    st.builds(ReplaceFile, _NAMES, _NAMES, _NAMES),
    st.builds(RestoreFile, _NAMES, _NAMES, _LINKS),
    st.builds(AddFile, _NAMES, st.binary(max_size=9), st.integers(0, 0o777)),
    st.builds(RemoveAddedFile, _NAMES, st.binary(max_size=9), st.integers(0, 0o777)),
)
_POLICIES = st.builds(
    EditPolicy,
    _NAMES,
    _NAMES,
    _NAMES,
    st.lists(_NAMES, min_size=1, max_size=2).map(tuple),
    st.lists(_STEPS, max_size=3).map(tuple),
)
_OPERATIONS: st.SearchStrategy[Operation] = _STEPS | _POLICIES


@given(st.lists(_OPERATIONS, max_size=8))
def test_every_operation_survives_json(operations: list[Operation]) -> None:
    """In order, with names that are no text, whatever runs of new links are among them."""
    assert list(all_from_json(json.loads(json.dumps(all_to_json(operations))))) == operations


@given(_OPERATIONS)
def test_the_inverse_of_the_inverse_does_the_same(operation: Operation) -> None:
    """To the same names, and it can be told to people."""
    assert type(inverse(inverse(operation))) is type(operation)
    assert set(names_of(inverse(operation))) <= set(names_of(operation))
    assert describe(operation)


@pytest.mark.parametrize(
    "value",
    [{}, {"op": "link"}, {"op": "no such", "name": "a"}, {"op": "add", "name": "a", "content": 1, "mode": 0}],
)
def test_junk_is_a_parse_error(value: dict[str, Any]) -> None:
    """Nothing else escapes."""
    with pytest.raises(ParseError):
        from_json(value)
