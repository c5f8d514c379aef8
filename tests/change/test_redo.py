"""Redo: what was undone is made again, step by step, as a change of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from capath.change.apply import apply_plan, undo_last
from capath.change.journal import Journal
from capath.change.rehash import plan_rehash
from capath.change.toggle import plan_toggle
from capath.change.undo import next_redo, redo_plan
from capath.errors import BadInputError, ChangeError
from capath.store import list_store, scan
from tests.minting import mint_root


@pytest.fixture
def crts(tmp_path: Path) -> Path:
    directory = tmp_path / "crts"
    directory.mkdir()
    for name in "ABC":
        (directory / f"Root_{name}.pem").write_bytes(mint_root(f"Root {name}").pem)
    apply_plan(plan_rehash(scan(directory)).plan)
    return directory


def _distrust(crts: Path, name: str) -> None:
    listing = list_store(scan(crts))
    sha256 = next(
        row.certificate.sha256 for row in listing.certificates if row.certificate.subject.title == f"Root {name}"
    )
    apply_plan(plan_toggle(listing, [], [sha256]))


def _redo(crts: Path) -> None:
    apply_plan(redo_plan(scan(crts), Journal(str(crts)).changes()))


def _names(crts: Path) -> dict[str, str | bytes]:
    """Every name with its link's text or its octets."""
    return {
        str(path): os.readlink(path) if path.is_symlink() else path.read_bytes()
        for path in sorted(crts.rglob("*"))
        if not path.is_dir()
    }


def test_two_undone_two_done_again_and_undone_again(crts: Path) -> None:
    """Back and forth, in order, and each state is the one it was."""
    states = [_names(crts)]
    for name in "AB":
        _distrust(crts, name)
        states.append(_names(crts))
    for state in (states[1], states[0]):
        undo_last(str(crts))
        assert _names(crts) == state
    for state in (states[1], states[2]):
        _redo(crts)
        assert _names(crts) == state
    with pytest.raises(BadInputError, match="no undone change"):
        _redo(crts)
    undo_last(str(crts))
    assert _names(crts) == states[1]
    _redo(crts)
    assert _names(crts) == states[2]


def test_another_change_ends_it(crts: Path) -> None:
    """What was undone before something else was done is not made again."""
    _distrust(crts, "A")
    undo_last(str(crts))
    assert next_redo(Journal(str(crts)).changes()) is not None
    _distrust(crts, "C")
    assert next_redo(Journal(str(crts)).changes()) is None


def test_the_same_done_by_hand_counts(crts: Path) -> None:
    """Who makes the undone change again in another way has nothing to make again."""
    _distrust(crts, "A")
    undo_last(str(crts))
    _distrust(crts, "A")
    assert next_redo(Journal(str(crts)).changes()) is None


def test_nothing_to_begin_with(crts: Path) -> None:
    """A change in force is not made twice."""
    assert next_redo(()) is None
    assert next_redo(Journal(str(crts)).changes()) is None


def test_a_directory_that_moved_on_is_left(crts: Path) -> None:
    """The steps are checked against what is there, as ever."""
    _distrust(crts, "A")
    undo_last(str(crts))
    (crts / "Root_A.pem").rename(crts / "Root_Z.pem")
    before = _names(crts)
    with pytest.raises(ChangeError):
        _redo(crts)
    assert _names(crts) == before
