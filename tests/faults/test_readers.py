"""Real verifications in other processes while roots of the same name are toggled: none of those kept is missed."""

from __future__ import annotations

from pathlib import Path

import pytest

from capath.change.apply import apply_plan, undo_last
from capath.change.rehash import plan_rehash
from capath.change.toggle import plan_toggle
from capath.store.listing import list_store
from capath.store.walk import scan
from tests.faults.readers import reading
from tests.minting import mint_root

TOGGLES = 6  # tests/benchmarks/readers.py has them going on for a minute


@pytest.mark.parametrize("back", ["trust", "undo"])
def test_what_is_kept_is_never_missed(tmp_path: Path, back: str) -> None:
    """Slot 0 of five is toggled, off and on, or off and undone."""
    store, outside = tmp_path / "d", tmp_path / "outside"
    store.mkdir()
    outside.mkdir()
    roots = [mint_root() for _ in range(5)]
    for number, root in enumerate(roots):
        (store / f"{number}.pem").write_bytes(root.pem)
        (outside / f"{number}.pem").write_bytes(root.pem)
    apply_plan(plan_rehash(scan(store)).plan)
    with reading(store, [outside / f"{number}.pem" for number in range(1, 5)]) as readers:
        for _ in range(TOGGLES):
            apply_plan(plan_toggle(list_store(scan(store)), [], [roots[0].sha256]))
            if back == "undo":
                undo_last(str(store))
            else:
                apply_plan(plan_toggle(list_store(scan(store)), [roots[0].sha256], []))
    assert readers.errors == []
    assert readers.verifications > 8
