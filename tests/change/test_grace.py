"""A lookup in progress while links move: by all lookups there could be, on real plans in real directories."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capath.change.apply import apply_plan
from capath.change.grace import missed
from capath.change.operation import MakeLink, RemoveLink, RenameFile, Wait
from capath.change.plan import Plan
from capath.change.rehash import plan_rehash
from capath.change.toggle import plan_toggle
from capath.change.undo import undo_plan
from capath.pki.load import read_certificate
from capath.store.listing import list_store
from capath.store.walk import scan
from tests.change.rows import RECIPES, Recipe, roots
from tests.minting import Minted, mint_root
from tests.trees import tree

MANY = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def temporary() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


def _row(path: Path, number: int) -> tuple[Path, list[Minted]]:
    path.mkdir()
    minted = [mint_root() for _ in range(number)]
    start = read_certificate(minted[0].der)[0].subject_hash
    for slot, root in enumerate(minted):
        (path / f"{slot}.pem").write_bytes(root.pem)
        (path / f"{start}.{slot}").symlink_to(f"{slot}.pem")
    return path, minted


def _toggle(path: Path, *, on: Sequence[Minted] = (), off: Sequence[Minted] = ()) -> Plan:
    return plan_toggle(list_store(scan(path)), [root.sha256 for root in on], [root.sha256 for root in off])


def _seen(path: Path) -> dict[int, str]:
    """The row as a lookup reads it now: slot to link target."""
    found = {}
    for slot in itertools.count():
        try:
            found[slot] = os.readlink(next(path.glob(f"????????.{slot}")))
        except StopIteration:
            return found
    raise AssertionError


def test_a_row_that_closes_up_keeps_copies_for_one_wait(tmp_path: Path, pauses: list[float]) -> None:
    """Copies of the three that move, the shift, one wait, and the copies go with the last slot."""
    store, minted = _row(tmp_path / "d", 5)
    operations = _toggle(store, off=[minted[0]]).operations
    kinds = "".join(type(operation).__name__[0:2] for operation in operations)
    assert kinds == "Ma" * 3 + "Ma" * 4 + "Wa" + "Re" * 4 + "Re"  # the last one renames the file
    assert [step.target for step in operations[:3] if isinstance(step, MakeLink)] == ["1.pem", "2.pem", "3.pem"]
    apply_plan(_toggle(store, off=[minted[0]]))
    assert pauses == [0.1]
    assert list(_seen(store).values()) == ["1.pem", "2.pem", "3.pem", "4.pem"]


@pytest.mark.parametrize("off", [(4,), (0, 1, 2, 3, 4)])
def test_no_wait_where_nothing_kept_moves(tmp_path: Path, pauses: list[float], off: tuple[int, ...]) -> None:
    """The last of a row, all of a row, a new root, a first rehash: nothing to wait for."""
    store, minted = _row(tmp_path / "d", 5)
    apply_plan(_toggle(store, off=[minted[number] for number in off]))
    apply_plan(_toggle(store, on=[minted[number] for number in off]))
    for path in store.glob("*.[0-9]"):
        path.unlink()
    apply_plan(plan_rehash(scan(store)).plan)
    assert pauses == []


def test_one_wait_for_all_rows(tmp_path: Path, pauses: list[float]) -> None:
    """Two rows that close up in one change share it."""
    store, first = _row(tmp_path / "d", 3)
    second = [mint_root("Another") for _ in range(3)]
    for number, root in enumerate(second):
        (store / f"other{number}.pem").write_bytes(root.pem)
    apply_plan(plan_rehash(scan(store)).plan)
    apply_plan(_toggle(store, off=[first[0], second[0]]))
    assert pauses == [0.1]


def test_an_undo_that_closes_a_row_up_waits_as_well(tmp_path: Path, pauses: list[float]) -> None:
    """Taking a root in fills from the top and needs no copies; undoing that needs them."""
    store, minted = _row(tmp_path / "d", 4)
    before = tree(store)
    apply_plan(_toggle(store, off=[minted[0]]))
    assert pauses == [0.1]
    _, undo = undo_plan(str(store))
    assert not [step for step in undo.operations if isinstance(step, Wait)]
    assert len(undo.operations) == 5  # the file, and four links
    apply_plan(undo)
    assert tree(store) == before
    apply_plan(_toggle(store, off=[minted[0]]))
    apply_plan(_toggle(store, on=[minted[0]]))
    _, undo = undo_plan(str(store))
    assert len([step for step in undo.operations if isinstance(step, Wait)]) == 1
    apply_plan(undo)
    assert list(_seen(store).values()) == ["1.pem", "2.pem", "3.pem"]


@pytest.mark.parametrize("change", ["off", "undo of off", "undo of on", "rehash"])
def test_no_lookup_that_there_could_be_misses_a_root(tmp_path: Path, change: str) -> None:
    """The directory is read after each step; a lookup may read each slot at any of these moments, in order."""
    store, minted = _row(tmp_path / "d", 5)
    if change == "rehash":
        (store / "0.pem").unlink()
        os.replace(next(store.glob("*.4")), str(next(store.glob("*.0"))))
        plan = plan_rehash(scan(store)).plan
    else:
        plan = _toggle(store, off=[minted[0]])
    if change.startswith("undo"):
        apply_plan(plan)
        if change == "undo of on":
            apply_plan(_toggle(store, on=[minted[0]]))
        _, plan = undo_plan(str(store))
    moments, wait = [_seen(store)], None

    def look(done: int) -> None:
        nonlocal wait
        if isinstance(plan.operations[done - 1], Wait):
            assert wait is None
            wait = len(moments) - 1
        else:
            moments.append(_seen(store))

    apply_plan(plan, look)
    states = [{slot: (target,) for slot, target in moment.items()} for moment in moments]
    kept = set(moments[0].values()) & set(moments[-1].values())
    assert len(kept) >= 3
    assert missed(states, kept, wait) == set()
    if change in ("off", "undo of on"):
        assert missed(states, kept)  # without the wait there would be one that misses


@MANY
@given(RECIPES, st.sets(st.integers(0, 4), min_size=1, max_size=2), st.booleans())
def test_on_any_row(temporary: Path, recipe: Recipe, chosen: set[int], on: bool) -> None:
    """Nothing that was in reach before is made unreachable for the sake of a lookup, whatever the row is like."""
    directory = recipe.build(Path(tempfile.mkdtemp(dir=temporary)) / "d")
    listing = list_store(scan(directory))
    known = {roots()[number].sha256 for number in chosen} & listing.by_sha256.keys()
    plan = plan_toggle(listing, known if on else (), () if on else known)
    waits = [number for number, step in enumerate(plan.operations) if isinstance(step, Wait)]
    assert len(waits) <= 1
    if waits:
        assert isinstance(plan.operations[waits[0] + 1], RemoveLink | RenameFile)


def test_what_a_lookup_can_miss() -> None:
    """The rule itself: a root that goes down past a lookup is missed, one that goes up is not."""
    down = [{0: ("a",), 1: ("b",)}, {0: ("b",), 1: ("b",)}, {0: ("b",)}]
    assert missed(down, {"b"}) == {"b"}
    assert missed(down, {"b"}, wait=1) == set()
    up = [{0: ("b",)}, {0: ("b",), 1: ("b",)}, {0: ("a",), 1: ("b",)}]
    assert missed(up, {"b"}) == set()
    assert missed([{0: ("b",)}, {}, {0: ("b",)}], {"b"}) == {"b"}
    assert missed([{0: (), 1: ("b",)}], {"b"}) == {"b"}
