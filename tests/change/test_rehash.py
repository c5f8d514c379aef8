"""`rehash` as a change: undone, taken back where a step fails, and careful with what it cannot read."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from capath.change.apply import apply_plan, undo_last
from capath.change.journal import Journal
from capath.change.rehash import plan_rehash
from capath.change.toggle import plan_toggle
from capath.cli.main import main
from capath.errors import ChangeError, InterruptedChangeError
from capath.store import list_store, scan
from tests.minting import mint_root
from tests.oracle.openssl import links_in
from tests.trees import tree


@pytest.fixture
def store(tmp_path: Path) -> Path:
    directory = tmp_path / "d"
    directory.mkdir()
    for number in range(8):
        (directory / f"{number}.pem").write_bytes(mint_root(f"Root {number // 2}").pem)
    return directory


def _rehash(directory: Path) -> int:
    def no_explorer(_: object) -> int:
        raise AssertionError("no screen was asked for")

    return main(["rehash", str(directory)], no_explorer)


def test_it_can_be_undone(store: Path) -> None:
    before = tree(store)
    apply_plan(plan_rehash(scan(store)).plan)
    (change,) = Journal(str(store)).changes()
    assert len(change.operations) == 8
    undo_last(str(store))
    assert tree(store) == before


@pytest.mark.parametrize("at", [1, 5])
def test_a_full_disk_takes_it_back(store: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """All of the links or none."""
    before = tree(store)
    _fail(monkeypatch, "symlink", at)
    with pytest.raises(ChangeError, match=r"No space left on device; (the 4 steps before it|nothing was changed)"):
        apply_plan(plan_rehash(scan(store)).plan)
    assert tree(store) == before


def test_where_that_fails_too_it_says_so(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the next capath takes it back."""
    _fail(monkeypatch, "symlink", 3)
    _fail(monkeypatch, "unlink", 1)
    with pytest.raises(InterruptedChangeError, match="failed too"):
        apply_plan(plan_rehash(scan(store)).plan)
    with pytest.raises(ChangeError, match="was interrupted"):
        apply_plan(plan_rehash(scan(store)).plan)


def _fail(monkeypatch: pytest.MonkeyPatch, call: str, at: int) -> None:
    real, calls = getattr(os, call), 0

    def failing(*arguments: Any, **keywords: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls >= at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*arguments, **keywords)

    monkeypatch.setattr(os, call, failing)


def _refuse_to_open(monkeypatch: pytest.MonkeyPatch, name: str, error: int) -> None:
    """Let opening `name` fail, as it does for other users, on bad disks and with too many open files."""
    real = os.open

    def failing(path: Any, *arguments: Any, **keywords: Any) -> int:
        if os.path.basename(os.fspath(path)) == name:
            raise OSError(error, os.strerror(error))
        return real(path, *arguments, **keywords)

    monkeypatch.setattr(os, "open", failing)


@pytest.mark.parametrize("error", [errno.EACCES, errno.EIO, errno.ESTALE, errno.EMFILE])
def test_what_cannot_be_read_keeps_its_link(
    store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: int
) -> None:
    """Unknown is not garbage: another process may read it. It is reported, and the exit status counts it."""
    assert _rehash(store) == 0
    before = links_in(store)
    (store / "0.pem").touch()  # so that it is read again
    (store / "7.pem").unlink()  # and there is something to do
    _refuse_to_open(monkeypatch, "0.pem", error)
    capsys.readouterr()
    assert _rehash(store) == 1
    assert links_in(store) == {name: target for name, target in before.items() if target != "7.pem"}
    assert f"error: skipping 0.pem, it cannot be opened: {os.strerror(error)}" in capsys.readouterr().err


def test_the_row_of_an_unknown_file_closes_up_round_it(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its link moves down with the others, so that no gap hides it."""
    _rehash(store)
    (store / "0.pem").unlink()
    (store / "1.pem").touch()
    _refuse_to_open(monkeypatch, "1.pem", errno.EACCES)
    assert _rehash(store) == 1
    (name,) = [name for name, target in links_in(store).items() if target == "1.pem"]
    assert name.endswith(".0")


def test_a_toggle_keeps_the_link_of_an_unknown_file(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _rehash(store)
    (store / "1.pem").touch()
    _refuse_to_open(monkeypatch, "1.pem", errno.EACCES)
    listing = list_store(scan(store))
    chosen = next(row.held.sha256 for row in listing.certificates if row.file == "0.pem")
    apply_plan(plan_toggle(listing, [], [chosen]))
    (name,) = [name for name, target in links_in(store).items() if target == "1.pem"]
    assert name.endswith(".0")


def test_a_link_out_of_the_directory_that_cannot_be_followed_is_kept(store: Path, tmp_path: Path) -> None:
    """Run as somebody who may not enter the directory that it leads into."""
    away = tmp_path / "away"
    away.mkdir()
    (away / "a.pem").write_bytes(mint_root("Away").pem)
    (store / "away.pem").symlink_to(away / "a.pem")
    _rehash(store)
    before = links_in(store)
    for path in (store, *store.parents):
        if len(path.parts) > 2:
            path.chmod(0o777)
    away.chmod(0)
    code = (
        "import os, sys\nfrom capath.change.rehash import plan_rehash\nfrom capath.store import scan\n"
        "import capath.store.linkable, cryptography.x509\nos.geteuid() or os.setuid(65534)\n"
        "rehash = plan_rehash(scan(sys.argv[1]))\n"
        "print(rehash.plan.operations, [(p.file, p.is_error) for p in rehash.passed])"
    )
    done = subprocess.run([sys.executable, "-c", code, store], capture_output=True, text=True, check=True)
    away.chmod(0o755)
    assert done.stdout.strip() == "() [('away.pem', True)]"
    assert links_in(store) == before


@pytest.mark.parametrize("call", ["stat", "open"])
def test_a_file_that_vanishes_while_the_directory_is_read_is_not_an_error(
    store: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """Between being listed and being looked at, or between that and being read."""
    real = getattr(os, call)

    def vanishing(path: Any, *arguments: Any, **keywords: Any) -> Any:
        if path == "3.pem":
            (store / "3.pem").unlink(missing_ok=True)
        return real(path, *arguments, **keywords)

    monkeypatch.setattr(os, call, vanishing)
    assert _rehash(store) == 0
    assert len(links_in(store)) == 7


def test_a_file_that_vanishes_before_it_is_linked_stops_the_change(store: Path) -> None:
    """Nothing is changed, and the message names it."""
    plan = plan_rehash(scan(store)).plan
    (store / "3.pem").unlink()
    with pytest.raises(ChangeError, match=r"3\.pem: something else has changed it"):
        apply_plan(plan)
    assert links_in(store) == {}


def test_an_unchanged_directory_loads_nothing_that_it_does_not_need(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither screen nor network, nor a reader of certificates: starting is most of what a small one costs."""
    monkeypatch.setattr("capath.store.cache.SETTLED_NS", -(10**12))
    assert _rehash(store) == 0
    unneeded = {"textual", "rich", "requests", "cryptography", "OpenSSL", "argparse", "dataclasses", "ssl"}
    code = (
        "import sys; from capath.__main__ import run; sys.argv[1:] = ['rehash', sys.argv[1]]\n"
        "try:\n    run()\nexcept SystemExit as leaving:\n    assert leaving.code == 0\n"
        f"print({unneeded} & set(sys.modules))"
    )
    arguments = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{code}", str(store)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
    assert len(links_in(store)) == 8
