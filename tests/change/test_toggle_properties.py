"""Toggling, on any directory: what is asked happens, nothing else does, at no moment, and it can be taken back."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from capath.change.apply import apply_plan, undo_last
from capath.change.journal import Journal
from capath.change.plan import Plan, applicable
from capath.change.rehash import plan_rehash
from capath.change.toggle import plan_toggle
from capath.errors import ChangeError
from capath.store.entry import FileEntry, LinkEntry, symlink_target
from capath.store.listing import Listing, list_store
from capath.store.lookup import reachable
from capath.store.snapshot import Snapshot
from capath.store.walk import scan
from tests.change.odd import ODD, Odd
from tests.change.rows import FILES_AND_LINKS, RECIPES, Recipe, roots
from tests.trees import tree

CHOICES = st.sets(st.integers(0, 4), min_size=1, max_size=2)
EXAMPLES = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)


@pytest.fixture
def temporary() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


def _build(recipe: Recipe, temporary: Path) -> Path:
    return recipe.build(Path(tempfile.mkdtemp(dir=temporary)) / "d")


def _list(directory: Path) -> Listing:
    return list_store(scan(directory))


def _known(listing: Listing, numbers: set[int]) -> set[str]:
    return {roots()[number].sha256 for number in numbers} & listing.by_sha256.keys()


@EXAMPLES
@given(RECIPES, CHOICES, CHOICES)
def test_what_is_asked_happens_and_nothing_else_is_lost(
    temporary: Path, recipe: Recipe, on: set[int], off: set[int]
) -> None:
    """At every step all that is trusted before and after is in reach; at the end, just what was asked changed."""
    directory = _build(recipe, temporary)
    listing = _list(directory)
    trust, distrust = _known(listing, on - off), _known(listing, off)
    before = reachable(listing.snapshot).keys()
    plan = plan_toggle(listing, trust, distrust)
    as_it_was = tree(directory)
    if plan.refusals:
        return
    after = reachable(plan.after).keys()
    assert trust <= after
    assert not distrust & after
    assert before - distrust <= after

    def look(_: int) -> None:
        assert before & after <= reachable(scan(directory)).keys()

    change = apply_plan(plan, look)
    assert plan.after.entries.keys() == scan(directory).entries.keys()
    assert reachable(scan(directory)) == reachable(plan.after)
    if change is None:
        assert tree(directory) == as_it_was


@EXAMPLES
@given(RECIPES, CHOICES)
def test_undo_is_exact(temporary: Path, recipe: Recipe, chosen: set[int]) -> None:
    """Names, targets, contents, modes and the times of links are what they were."""
    directory = _build(recipe, temporary)
    listing = _list(directory)
    known = _known(listing, chosen)
    trusted = known & reachable(listing.snapshot).keys()
    plan = plan_toggle(listing, known - trusted, trusted)
    assume(plan.operations and not plan.refusals)
    as_it_was = tree(directory, times=True)
    before = reachable(listing.snapshot).keys()
    apply_plan(plan)
    kept = before & reachable(scan(directory)).keys()
    assert tree(directory, times=True) != as_it_was
    undo_last(str(directory))
    assert tree(directory, times=True) == as_it_was
    assert kept <= reachable(scan(directory)).keys()


@EXAMPLES
@given(FILES_AND_LINKS, CHOICES)
def test_off_then_on_leaves_every_byte_as_it_was(temporary: Path, recipe: Recipe, chosen: set[int]) -> None:
    """Rows of links and files in any order, with copies and wrong subjects: slots and targets come back."""
    directory = _build(recipe, temporary)
    listing = _list(directory)
    trusted = _known(listing, chosen) & reachable(listing.snapshot).keys()
    plan = plan_toggle(listing, (), trusted)
    assume(plan.operations and not plan.refusals)
    assume(all(row.trusted for row in listing.certificates if row.links or row.certificate.sha256 in trusted))
    # A second copy that was put aside before comes in with the first: on means every copy.
    aside = {row.certificate.sha256 for row in listing.certificates if row.file.startswith("untrusted/")}
    assume(not aside & trusted)
    as_it_was = tree(directory)
    apply_plan(plan)
    memory = Journal(str(directory)).row_memory()
    again = plan_toggle(_list(directory), trusted, (), memory)
    assert not again.refusals
    apply_plan(again)
    assert tree(directory) == as_it_was


def _shape(snapshot: Snapshot) -> dict[str, tuple[object, ...]]:
    """Each name: what it is, the text of a link, and what is behind it."""
    return {
        name: (type(entry), symlink_target(entry), entry.file.held)
        if isinstance(entry, FileEntry | LinkEntry)
        else (type(entry), symlink_target(entry))
        for name, entry in snapshot.entries.items()
    }


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@example(
    # Fully seen, for a link that leads through a name like this one.
    Odd((("a.pem", "root 0"),), (("a.pem.untrusted", "name", 8), (".capath-old.tmp", "name", 0)), (), ()),
    [0],
)
@example(
    # A link that a file came back in the place of has its time again.
    Odd((("a.pem", "root 0"), *((f"8dad599c.{slot}", f"root {slot // 2}") for slot in range(3))), (), (), ()),
    [210, 7],
)
@given(ODD, st.lists(st.integers(0, 10**6), min_size=1, max_size=5))
def test_the_directory_is_what_the_plan_said(temporary: Path, odd: Odd, seeds: list[int]) -> None:
    """Whatever is in it, toggle after toggle, with links of all kinds; and each can be undone exactly."""
    directory = odd.build(Path(tempfile.mkdtemp(dir=temporary)) / "d")
    for rng in map(random.Random, seeds):
        plan = _any_plan(directory, rng)
        before = tree(directory, times=True)
        if plan.refusals:
            with pytest.raises(ChangeError):
                apply_plan(plan)
            assert tree(directory, times=True) == before
            continue
        apply_plan(plan)
        now = scan(directory)
        assert _shape(now) == _shape(plan.after)
        assert reachable(now) == reachable(plan.after)
        if plan.operations and rng.random() < 0.4:
            undo_last(str(directory))
            assert tree(directory, times=True) == before


def _any_plan(directory: Path, rng: random.Random) -> Plan:
    listing = list_store(scan(directory), read=False)
    if not listing.certificates or rng.random() < 0.25:
        return applicable(plan_rehash(scan(directory)).plan)
    row = rng.choice(listing.certificates)
    on, off = ([], [row.held.sha256]) if row.trusted or rng.random() < 0.2 else ([row.held.sha256], [])
    return plan_toggle(listing, on, off, Journal(str(directory)).row_memory())
