"""Kill −9 before every system call of a change: nothing is lost, and the next start puts it right and says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from capath.change.apply import apply_plan, recover, undo_last
from capath.change.rehash import plan_rehash
from capath.change.toggle import plan_toggle
from capath.pki.load import read_certificate
from capath.store.listing import list_store
from capath.store.lookup import reachable
from capath.store.walk import TEMPORARY_STEM, scan
from tests.minting import Minted, mint_crl, mint_root
from tests.oracle.openssl import needs_openssl, trusts
from tests.trees import tree

ROOT = Path(__file__).parents[2]


def _store(path: Path, roots: list[Minted], *, regular: bool = False) -> Path:
    """Five roots of one name, linked out of order, or the first two as regular files in slots."""
    path.mkdir()
    row = read_certificate(roots[0].der)[0].subject_hash
    for number, root in enumerate(roots):
        slot = path / f"{row}.{(number * 2) % 5}"
        if regular and number < 2:
            slot.write_bytes(root.pem)
            continue
        (path / f"{number}.pem").write_bytes(root.pem)
        slot.symlink_to(f"{number}.pem")
    (path / "list.crl").write_bytes(mint_crl(roots[0]))
    return path


def _killed_everywhere(source: Path, copies: Path, change: str, *chosen: Minted) -> list[Path]:
    """The copies that a kill left, in order of the call before which it came; the last one is whole."""
    arguments = [source, copies, change, *(minted.sha256 for minted in chosen)]
    subprocess.run([sys.executable, "-m", "tests.faults.killed", *map(str, arguments)], cwd=ROOT, check=True)
    return sorted(copies.iterdir(), key=lambda path: int(path.name))


def _shape(directory: Path) -> dict[str, tuple[object, ...]]:
    """The tree without what tells one copy of it from another."""
    aside = tree(directory / "untrusted") if (directory / "untrusted").is_dir() else {}
    both = {**tree(directory), **{f"untrusted/{name}": entry for name, entry in aside.items()}}
    return {name: entry[:3] for name, entry in both.items()}


def _assert_recovers(copies: list[Path], before: Path, kept: set[str]) -> list[str]:
    """Every root of `kept` is in reach in each copy, and recovery leads to the shape before, or to that after."""
    done = _shape(copies[-1])
    said = []
    for copy in copies[:-1]:
        assert kept <= reachable(scan(copy)).keys(), copy
        said.append(recover(str(copy)))
        assert _shape(copy) in (_shape(before), done), copy
        assert not [path for path in copy.iterdir() if TEMPORARY_STEM.match(path.name)]
        assert recover(str(copy)) == ""
    assert recover(str(copies[-1])) == ""
    return said


@pytest.fixture(params=["renameat2", "without renameat2"])
def exchange(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """As on Linux, and as elsewhere."""
    if request.param != "renameat2":
        monkeypatch.setenv("CAPATH_TEST_WITHOUT_RENAMEAT2", "1")
    return str(request.param)


@pytest.mark.usefixtures("exchange")
@pytest.mark.parametrize("regular", [False, True])
@pytest.mark.parametrize("chosen", [(0,), (3,), (0, 1, 4)])
def test_taking_out(tmp_path: Path, regular: bool, chosen: tuple[int, ...]) -> None:
    """Roots taken out of a row, killed anywhere: the others never leave reach."""
    roots = [mint_root() for _ in range(5)]
    store = _store(tmp_path / "d", roots, regular=regular)
    copies = _killed_everywhere(store, tmp_path / "copies", "off", *(roots[number] for number in chosen))
    kept = {root.sha256 for number, root in enumerate(roots) if number not in chosen}
    said = _assert_recovers(copies, store, kept)
    assert len(copies) > 4
    # The first kills came before anything was written down, the last one when all was done.
    told = "".join("." if "a change was interrupted (distrust" in text else " " for text in said)
    assert len(told.strip()) > 4
    assert " " not in told.strip()


@pytest.mark.usefixtures("exchange")
@pytest.mark.parametrize("regular", [False, True])
def test_taking_in(tmp_path: Path, regular: bool) -> None:
    """The way back, killed anywhere."""
    roots = [mint_root() for _ in range(5)]
    store = _store(tmp_path / "d", roots, regular=regular)
    chosen = roots[:2]
    apply_plan(plan_toggle(list_store(scan(store)), [], [root.sha256 for root in chosen]))
    copies = _killed_everywhere(store, tmp_path / "copies", "on", *chosen)
    _assert_recovers(copies, store, {root.sha256 for root in roots[2:]})


@pytest.mark.usefixtures("exchange")
@pytest.mark.parametrize("umask", [0o022, 0o077], ids=oct)
def test_putting_aside_and_undoing_it(tmp_path: Path, umask: int) -> None:
    """The subdirectory is made with the directory's mode and removed again; nothing is lost, killed anywhere."""
    roots = [mint_root() for _ in range(5)]
    store = _store(tmp_path / "d", roots, regular=True)
    (store / "1.pem").symlink_to("../elsewhere/1.pem")
    (store / "0.pem").write_bytes(roots[0].pem)
    (slot,) = [path for path in store.iterdir() if path.name.endswith(".3")]
    slot.unlink()
    slot.write_bytes(roots[2].pem)
    store.chmod(0o755)
    (tmp_path / "copies").mkdir()
    old = os.umask(umask)
    try:
        copies = _killed_everywhere(store, tmp_path / "copies" / "forth", "aside")
    finally:
        os.umask(old)
    done = copies[-1]
    assert (done / "untrusted").stat().st_mode & 0o7777 == 0o755
    assert (done / "untrusted" / "new.pem").stat().st_mode & 0o7777 == 0o644
    assert sorted(path.name for path in (done / "untrusted").iterdir()) == ["0.pem", "1.pem", slot.name, "new.pem"]
    assert os.readlink(done / "untrusted" / "1.pem") == "../../elsewhere/1.pem"
    _assert_recovers(copies, store, set())
    undo_last(str(done))
    assert _shape(done) == _shape(store)


@pytest.mark.usefixtures("exchange")
def test_undo(tmp_path: Path) -> None:
    """An undo is a change as any other: killed anywhere, it is taken back, and can be made again."""
    roots = [mint_root() for _ in range(5)]
    store = _store(tmp_path / "d", roots)
    copies = _killed_everywhere(store, tmp_path / "copies", "undo", roots[1])
    assert _shape(copies[-1]) == _shape(store)
    out = tmp_path / "out"
    subprocess.run(["cp", "-a", store, out], check=True)
    apply_plan(plan_toggle(list_store(scan(out)), [], [roots[1].sha256]))
    _assert_recovers(copies, out, {root.sha256 for root in roots if root is not roots[1]})


def test_rehash(tmp_path: Path) -> None:
    """A row that upstream would leave broken is mended: what was in reach stays in reach, killed anywhere."""
    roots = [mint_root() for _ in range(5)]
    store = _store(tmp_path / "d", roots)
    row = read_certificate(roots[0].der)[0].subject_hash
    (store / "1.pem").unlink()  # slot 2 dangles, slots 3 and 4 are out of reach
    (store / f"{row}.7").symlink_to("2.pem")
    before = reachable(scan(store)).keys()
    copies = _killed_everywhere(store, tmp_path / "copies", "rehash")
    _assert_recovers(copies, store, set(before))
    assert reachable(scan(copies[-1])).keys() == {root.sha256 for root in roots if root is not roots[1]}
    assert plan_rehash(scan(copies[-1])).plan.operations == ()


def test_first_rehash(tmp_path: Path) -> None:
    """New links are taken back in the same way."""
    store = tmp_path / "d"
    store.mkdir()
    for number in range(6):
        (store / f"{number}.pem").write_bytes(mint_root(f"Root {number // 2}").pem)
    copies = _killed_everywhere(store, tmp_path / "copies", "rehash")
    said = _assert_recovers(copies, store, set())
    assert len(copies) > 8
    assert any("its 6 finished steps were undone" in text for text in said)
    assert list_store(scan(copies[-1])).trusted_count == 6


@needs_openssl
@pytest.mark.oracle
def test_the_binary_finds_what_is_kept_wherever_the_kill_came(tmp_path: Path) -> None:
    """The same, asked of `openssl verify`."""
    roots = [mint_root() for _ in range(3)]
    store = _store(tmp_path / "d", roots)
    outside = tmp_path / "outside"
    outside.mkdir()
    for number in (1, 2):
        (outside / f"{number}.pem").write_bytes(roots[number].pem)
    for slot in (1, 2, 3, 4):  # dense
        (store / f"{read_certificate(roots[0].der)[0].subject_hash}.{slot}").unlink(missing_ok=True)
    apply_plan(plan_rehash(scan(store)).plan)
    for copy in _killed_everywhere(store, tmp_path / "copies", "off", roots[0]):
        assert trusts(copy, outside / "1.pem")
        assert trusts(copy, outside / "2.pem")
