"""A file put there by somebody else between capath's look and its act: it is not lost, whatever the step."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from capath.change import file_system
from capath.change.apply import apply_plan, recover, undo_last
from capath.change.journal import Journal
from capath.change.operation import (
    Absent,
    AddFile,
    MakeLink,
    Operation,
    RemoveAddedFile,
    RemoveLink,
    RenameFile,
    ReplaceFile,
    RestoreFile,
    Symlink,
)
from capath.change.plan import Plan
from capath.change.rehash import plan_rehash
from capath.change.toggle import plan_toggle
from capath.errors import ChangeError, InterruptedChangeError
from capath.files import new_stem
from capath.store.listing import list_store
from capath.store.lookup import reachable
from capath.store.walk import scan
from tests.faults.test_faults import _now
from tests.minting import mint_root
from tests.oracle.openssl import needs_openssl
from tests.trees import tree

MINE = b"somebody else's own\n"
OLD, FILE = Symlink("old.pem", 0), Symlink("file.pem", 0)
STEPS: dict[str, tuple[Operation, str]] = {
    "a link that is replaced": (MakeLink("12345678.0", "new.pem", OLD), "12345678.0"),
    "a link that is removed": (RemoveLink("12345678.0", OLD), "12345678.0"),
    "a link that is put back": (MakeLink("12345678.1", "new.pem", Absent(), 7), "12345678.1"),
    "a file that gets another name": (RenameFile("file.pem", "other.pem"), "other.pem"),
    "a file that is put aside": (RenameFile("file.pem", "untrusted/file.pem"), "untrusted/file.pem"),
    "a file that is replaced by a link": (ReplaceFile("12345678.2", "aside.0", "new.pem"), "aside.0"),
    "a link that a file replaces": (RestoreFile("12345678.0", "file.pem", OLD), "12345678.0"),
    "a file that is added": (AddFile("added.pem", b"added"), "added.pem"),
    "a file that is added aside": (AddFile("untrusted/added.pem", b"added"), "untrusted/added.pem"),
    "an added file that is removed": (RemoveAddedFile("12345678.2", b"in a slot"), "12345678.2"),
}
CALLS = ("rename", "link", "unlink")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    directory = tmp_path / "d"
    directory.mkdir()
    (directory / "12345678.0").symlink_to("old.pem")
    (directory / "12345678.2").write_bytes(b"in a slot")
    for name in ("old", "new", "file"):
        (directory / f"{name}.pem").write_bytes(name.encode())
    return directory


def _before_calls(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Act once, before the first call that changes a name that capath has not made itself."""
    done: list[bool] = []

    def first(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **keywords: Any) -> Any:
            if not done:
                done.append(True)
                act()
            return real(*arguments, **keywords)

        return call

    for name in CALLS:
        monkeypatch.setattr(os, name, first(getattr(os, name)))
    monkeypatch.setattr(file_system, "rename2", first(file_system.rename2))


@pytest.mark.parametrize("what", STEPS)
def test_a_file_that_comes_meanwhile_is_not_lost(store: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """The step is refused, what came is where it was put, and everything else is as it was."""
    step, name = STEPS[what]
    plan = Plan(scan(store), "a step", (step,))

    def come() -> None:
        (store / name).parent.mkdir(exist_ok=True)
        (store / name).unlink(missing_ok=True)
        (store / name).write_bytes(MINE)

    with monkeypatch.context() as patched:
        _before_calls(patched, come)
        with pytest.raises(ChangeError, match=r"in the meantime|is taken|edited since"):
            apply_plan(plan)
    assert (store / name).read_bytes() == MINE
    assert not list(store.rglob(".capath-*"))
    kept = {"old.pem": b"old", "new.pem": b"new", "file.pem": b"file", "12345678.2": b"in a slot", name: MINE}
    assert {path: (store / path).read_bytes() for path in kept} == kept
    assert name == "12345678.0" or os.readlink(store / "12345678.0") == "old.pem"
    assert recover(str(store)) == ""


@pytest.mark.parametrize("what", STEPS)
def test_each_step_there_and_back_without_renameat2(
    store: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Where the kernel or the file system has no such call, the same is done by others."""
    monkeypatch.setattr(file_system, "rename2", lambda *_: errno.ENOSYS)
    step, _ = STEPS[what]
    before = tree(store)
    apply_plan(Plan(scan(store), "a step", (step,)))
    assert tree(store) != before
    undo_last(str(store))
    assert {name: entry[:2] for name, entry in tree(store).items()} == {
        name: entry[:2] for name, entry in before.items()
    }


@pytest.mark.parametrize("what", ["a link that is replaced", "a link that is removed", "a file that is replaced"])
def test_a_kill_between_the_exchange_and_the_look(store: Path, what: str) -> None:
    """What came out of the name, and is not what the plan says, is put back by the next capath."""
    step: Operation
    match what:
        case "a link that is replaced":
            step, name = MakeLink("12345678.0", "new.pem", OLD), "12345678.0"
        case "a link that is removed":
            step, name = RemoveLink("12345678.0", OLD), "12345678.0"
        case _:
            step, name = ReplaceFile("12345678.2", "aside.0", "new.pem"), "12345678.2"
    stem = new_stem()
    Journal(str(store)).begin("a step", [step], scan(store), _now(), temporary=stem)
    (store / name).unlink()
    if not isinstance(step, RemoveLink):
        (store / name).symlink_to("new.pem")
    (store / f"{stem}.0").write_bytes(MINE)
    assert "was interrupted" in recover(str(store))
    assert (store / name).read_bytes() == MINE
    assert not [path for path in store.iterdir() if path.name.startswith(".capath-")]


def test_what_cannot_be_put_back_is_kept_and_named(store: Path) -> None:
    """Its name has been taken once more: both stay, and it is said."""
    stem = new_stem()
    step = RemoveLink("12345678.0", OLD)
    Journal(str(store)).begin("a step", [step], scan(store), _now(), temporary=stem)
    (store / "12345678.0").unlink()
    (store / "12345678.0").write_bytes(b"another\n")
    (store / f"{stem}.0").write_bytes(MINE)
    assert f"{stem}.0" in recover(str(store))
    assert (store / f"{stem}.0").read_bytes() == MINE
    assert (store / "12345678.0").read_bytes() == b"another\n"
    assert recover(str(store)) == ""


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o777], ids=oct)
def test_files_in_a_store_can_be_read_by_all(store: Path, umask: int) -> None:
    """Whatever the umask: a file that others cannot read ends their lookups of its name."""
    old = os.umask(umask)
    try:
        apply_plan(Plan(scan(store), "add", (AddFile("a.pem", b"a"), AddFile("untrusted/b.pem", b"b"))))
    finally:
        os.umask(old)
    assert (store / "a.pem").stat().st_mode & 0o777 == 0o644
    assert (store / "untrusted" / "b.pem").stat().st_mode & 0o777 == 0o644
    assert (store / "untrusted").stat().st_mode == store.stat().st_mode


@pytest.mark.parametrize("length", [245, 246, 250, 255])
def test_long_names(store: Path, length: int) -> None:
    """A name that fits is put aside and brought back; one that would get too long is an error that names it."""
    name = "x" * (length - 4) + ".pem"
    (store / name).write_bytes(b"long")
    apply_plan(Plan(scan(store), "aside", (RenameFile(name, f"untrusted/{name}"),)))
    assert (store / "untrusted" / name).read_bytes() == b"long"
    apply_plan(Plan(scan(store), "back", (RenameFile(f"untrusted/{name}", name),)))
    assert not (store / "untrusted").exists()
    too_long = RenameFile(name, f"{name}.untrusted")
    if length > 245:
        with pytest.raises(ChangeError, match=r"File name too long; nothing was changed"):
            apply_plan(Plan(scan(store), "old", (too_long,)))
    assert (store / name).read_bytes() == b"long"


def test_the_subdirectory_is_somebody_elses_file(store: Path) -> None:
    """Its name is taken: an error that names it, whatever it is."""
    plan = Plan(scan(store), "aside", (RenameFile("file.pem", "untrusted/file.pem"),))
    (store / "elsewhere").mkdir()
    for kind in ("file", "link"):
        if kind == "file":
            (store / "untrusted").write_bytes(MINE)
        else:
            (store / "untrusted").symlink_to("elsewhere")
        with pytest.raises(ChangeError, match=r"untrusted: .*; nothing was changed; rename it"):
            apply_plan(plan)
        (store / "untrusted").unlink()
    assert list((store / "elsewhere").iterdir()) == []


@needs_openssl
@pytest.mark.oracle
@pytest.mark.parametrize("at", range(1, 10))
def test_openssl_rehash_meanwhile(tmp_path: Path, at: int) -> None:
    """The other tool links all again in the middle: no file is lost, and a rehash puts the links right."""
    directory = tmp_path / "d"
    directory.mkdir()
    roots = [mint_root() for _ in range(4)]
    for number, root in enumerate(roots):
        (directory / f"{number}.pem").write_bytes(root.pem)
    apply_plan(plan_rehash(scan(directory)).plan)
    plan = plan_toggle(list_store(scan(directory)), [], [roots[0].sha256])
    assert len(plan.operations) >= 9

    def other(done: int) -> None:
        if done == at:
            subprocess.run(["openssl", "rehash", str(directory)], check=True, capture_output=True)

    with contextlib.suppress(ChangeError, InterruptedChangeError):
        apply_plan(plan, other)
    recover(str(directory))
    apply_plan(plan_rehash(scan(directory)).plan)
    contents = {path.read_bytes() for path in directory.rglob("*") if path.is_file()}
    assert contents == {root.pem for root in roots}
    assert {root.sha256 for root in roots[1:]} <= reachable(scan(directory)).keys()
    assert not list(directory.rglob(".capath-*"))


def test_the_directory_is_replaced_meanwhile(store: Path) -> None:
    """The change goes on in the directory that it was planned for; what has its name now is not touched."""
    other = store.parent / "other"
    shutil.copytree(store, other, symlinks=True)
    untouched = tree(other)
    moved = store.parent / "moved"

    def replace(done: int) -> None:
        if done == 1:
            store.rename(moved)
            other.rename(store)

    steps = (RemoveLink("12345678.0", OLD), RenameFile("file.pem", "untrusted/file.pem"))
    apply_plan(Plan(scan(store), "two steps", steps), replace)
    assert tree(store) == untouched
    assert (moved / "untrusted" / "file.pem").read_bytes() == b"file"
    with pytest.raises(ChangeError, match="something else has changed it"):
        undo_last(str(store))
    assert tree(store) == untouched


def test_the_directory_was_replaced_before(store: Path) -> None:
    """A plan is for the files that were read: others of the same names are not changed."""
    plan = Plan(scan(store), "a step", (RenameFile("file.pem", "untrusted/file.pem"),))
    store.rename(store.parent / "moved")
    shutil.copytree(store.parent / "moved", store, symlinks=True)
    before = tree(store)
    with pytest.raises(ChangeError, match=r"file\.pem: something else has changed it"):
        apply_plan(plan)
    assert tree(store) == before
