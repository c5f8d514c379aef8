"""Failures in the middle of a change: the directory is as it was, and the error says what and where."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from capath.change import file_system
from capath.change.apply import apply_plan, recover, undo_last
from capath.change.journal import Journal, Progress
from capath.change.operation import AddFile
from capath.change.plan import Plan
from capath.change.rehash import plan_rehash
from capath.change.toggle import plan_toggle
from capath.errors import BadInputError, ChangeError, InterruptedChangeError
from capath.files import new_stem, state_directory
from capath.pki.load import read_certificate
from capath.store.listing import list_store
from capath.store.walk import TEMPORARY_STEM, scan
from tests.minting import Minted, mint_root
from tests.trees import tree


@pytest.fixture
def roots() -> list[Minted]:
    return [mint_root() for _ in range(4)]


@pytest.fixture
def store(tmp_path: Path, roots: list[Minted]) -> Path:
    """A rehashed directory with one regular file in a slot."""
    directory = tmp_path / "d"
    directory.mkdir()
    row = read_certificate(roots[0].der)[0].subject_hash
    (directory / f"{row}.0").write_bytes(roots[0].pem)
    for number in (1, 2, 3):
        (directory / f"{number}.pem").write_bytes(roots[number].pem)
        (directory / f"{row}.{number}").symlink_to(f"{number}.pem")
    return directory


def _off(store: Path, *chosen: Minted) -> Plan:
    return plan_toggle(list_store(scan(store)), [], [root.sha256 for root in chosen])


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("call", ["symlink", "rename2", "rename", "link", "unlink"])
@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_call_that_fails_is_taken_back(
    store: Path, roots: list[Minted], monkeypatch: pytest.MonkeyPatch, code: int, call: str, at: int
) -> None:
    """Disk full, read-only, permission lost, at the first, second or third such call: as it was, and undoable."""
    before = _without_times(store)
    plan = _off(store, roots[0], roots[2])
    module = file_system if call == "rename2" else os
    real: Callable[..., Any] = getattr(module, call)
    calls = 0

    def failing(*arguments: Any, **keywords: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls != at:
            return real(*arguments, **keywords)
        if call == "rename2":
            return code
        raise OSError(code, os.strerror(code))

    failure = ""
    with monkeypatch.context() as patched:
        patched.setattr(module, call, failing)
        if call in ("rename", "link"):
            patched.setattr(file_system, "rename2", lambda *_: errno.ENOSYS)
        try:
            apply_plan(plan)
        except ChangeError as error:
            failure = str(error)
    assert not any(TEMPORARY_STEM.match(name) for name in os.listdir(store))
    assert recover(str(store)) == ""
    if failure:
        assert os.strerror(code) in failure
        assert "were undone" in failure or "nothing was changed" in failure
        assert _without_times(store) == before
    else:
        assert calls < at  # there are not so many of this call


def test_where_taking_back_fails_too_the_next_start_takes_it_back(
    store: Path, roots: list[Minted], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is claimed that is not so: the error says the directory is half changed, and recovery mends it."""
    before = _without_times(store)
    plan = _off(store, roots[2])

    def look(done: int) -> None:
        if done == 2:
            for name in ("symlink", "rename", "link", "unlink"):
                patched.setattr(os, name, _no_space)
            patched.setattr(file_system, "rename2", lambda *_: errno.ENOSPC)

    with monkeypatch.context() as patched, pytest.raises(InterruptedChangeError, match="half changed"):
        apply_plan(plan, look)
    assert _without_times(store) != before
    with monkeypatch.context() as patched:
        patched.setattr(os, "unlink", _no_space)
        patched.setattr(file_system, "rename2", lambda *_: errno.ENOSPC)
        with pytest.raises(InterruptedChangeError, match="No space left"):
            recover(str(store))
    assert "finished steps were undone" in recover(str(store))
    assert _without_times(store) == before


def _without_times(directory: Path) -> dict[str, tuple[object, ...]]:
    return {name: entry[:2] for name, entry in tree(directory).items()}


def _no_space(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_an_interrupt_from_the_keyboard_is_taken_back(store: Path, roots: list[Minted]) -> None:
    """Control-C in the middle leaves nothing behind, and stays an interrupt."""
    before = tree(store)

    def interrupt(done: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        apply_plan(_off(store, roots[0], roots[1]), interrupt)
    assert tree(store) == before
    assert recover(str(store)) == ""


def test_two_at_once(store: Path, roots: list[Minted]) -> None:
    """While one capath is at work, another neither changes nor recovers, and says why."""
    (row,) = [name for name in tree(store) if name.endswith(".3")]

    def meanwhile(done: int) -> None:
        if done != 1:
            return
        seen = tree(store)
        for attempt in (
            lambda: apply_plan(plan_rehash(_without(store, row)).plan),
            lambda: recover(str(store)),
            lambda: undo_last(str(store)),
        ):
            with pytest.raises(ChangeError, match="another capath is changing this directory"):
                attempt()
        assert tree(store) == seen

    apply_plan(_off(store, roots[2]), meanwhile)
    assert recover(str(store)) == ""


def _without(store: Path, name: str) -> Any:
    snapshot = scan(store)
    entries = {key: entry for key, entry in snapshot.entries.items() if key != name}
    return type(snapshot)(snapshot.directory, entries, snapshot.writable)


def test_the_lock_ends_with_its_holder(store: Path, roots: list[Minted]) -> None:
    """A lock held by another process is met with a message; its death frees it."""
    code = "import fcntl, os, sys; fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX); print(); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(store)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(ChangeError, match="another capath"):
            apply_plan(_off(store, roots[2]))
        holder.kill()
    assert apply_plan(_off(store, roots[2])) is not None


def test_a_file_system_without_locks_is_no_obstacle(
    store: Path, roots: list[Minted], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where flock(2) is not there, each step still checks what it finds."""

    def no_locks(*_: Any) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    assert apply_plan(_off(store, roots[2])) is not None


def _edit(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"# more\n")


def _replace_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("elsewhere.pem")


def _make_file(path: Path) -> None:
    path.unlink()
    path.write_bytes(b"the user's own\n")


def _take(path: Path) -> None:
    path.parent.mkdir()
    path.touch()


MEANWHILE: dict[str, tuple[str, Callable[[Path], None]]] = {
    "a link that is to go leads elsewhere": ("{row}.2", _replace_link),
    "a link that is to go is gone": ("{row}.2", Path.unlink),
    "a link that is to go became a file": ("{row}.2", _make_file),
    "the file to rename is gone": ("2.pem", Path.unlink),
    "the file to rename was edited": ("2.pem", _edit),
    "the new name is taken": ("untrusted/2.pem", _take),
    "a file that a link will lead to was edited": ("3.pem", _edit),
}


@pytest.mark.parametrize("what", MEANWHILE)
def test_the_directory_changed_since_the_plan(store: Path, roots: list[Minted], what: str) -> None:
    """Nothing is done, and the error names what is not as the plan found it."""
    plan = _off(store, roots[2])
    row = read_certificate(roots[0].der)[0].subject_hash
    pattern, change = MEANWHILE[what]
    path = store / pattern.format(row=row)
    change(path)
    changed = tree(store)
    with pytest.raises(ChangeError, match="something else has changed it since the plan was made") as caught:
        apply_plan(plan)
    assert path.name in str(caught.value)
    assert tree(store) == changed
    assert Journal(str(store)).changes() == ()


def test_the_directory_changed_in_the_middle(store: Path, roots: list[Minted]) -> None:
    """A step that meets something unknown stops, and the steps before it are taken back."""
    row = read_certificate(roots[0].der)[0].subject_hash

    def meddle(done: int) -> None:
        if done == 1:
            _take(store / "untrusted/2.pem")
            (store / "untrusted/2.pem").write_bytes(b"the user's own\n")

    before = tree(store)
    with pytest.raises(ChangeError, match=r"untrusted/2\.pem: the name is taken"):
        apply_plan(_off(store, roots[2]), meddle)
    (store / "untrusted/2.pem").unlink()
    (store / "untrusted").rmdir()
    assert tree(store) == before
    assert (store / f"{row}.2").is_symlink()


def test_a_killed_change_whose_directory_moved_on_is_left_alone(store: Path, roots: list[Minted]) -> None:
    """What cannot be told is not touched: the change is given up, and that is said, once."""
    plan = _off(store, roots[2])
    journal = Journal(str(store))
    journal.begin(plan.summary, plan.operations, plan.before, _now())
    (store / "2.pem").rename(store / "mine.pem")
    before = tree(store)
    assert "left as it is" in recover(str(store))
    assert tree(store) == before
    assert recover(str(store)) == ""
    assert journal.changes()[-1].progress is Progress.ABANDONED


def _now() -> Any:
    from datetime import datetime, timezone

    return datetime(2026, 1, 1, tzinfo=timezone.utc)


def test_a_killed_change_whose_added_file_was_edited_is_left(store: Path) -> None:
    """What a person has written since is kept, and the next start is not stopped by it."""
    plan = Plan(scan(store), "add", (AddFile("new.pem", b"added"), AddFile("more.pem", b"added")))
    Journal(str(store)).begin(plan.summary, plan.operations, plan.before, _now(), temporary=new_stem())
    (store / "new.pem").write_bytes(b"edited")
    assert "could be undone: new.pem: it has been edited since" in recover(str(store))
    assert (store / "new.pem").read_bytes() == b"edited"
    assert not list(store.glob(".capath-*"))
    assert recover(str(store)) == ""


def test_an_unfinished_change_stops_the_next_until_it_is_recovered(store: Path, roots: list[Minted]) -> None:
    """No change is made on top of half of another."""
    plan = _off(store, roots[2])
    Journal(str(store)).begin(plan.summary, plan.operations, plan.before, _now())
    with pytest.raises(ChangeError, match="was interrupted"):
        apply_plan(plan)
    assert "no step of it was done" in recover(str(store))
    assert apply_plan(plan) is not None


@pytest.mark.parametrize("name", ["new.tmp", "1-0123456789abcdef.0", "backup"])
def test_only_names_that_the_journal_has_are_removed(store: Path, roots: list[Minted], name: str) -> None:
    """What somebody else calls so is neither removed nor in the way, in a change and in a recovery."""
    mine = store / f".capath-{name}"
    mine.write_bytes(b"the user's own\n")
    assert (mine.name in scan(store).entries) is (TEMPORARY_STEM.match(mine.name) is None)
    plan = _off(store, roots[0])
    apply_plan(plan)
    undo_last(str(store))
    Journal(str(store)).begin(plan.summary, plan.operations, plan.before, _now(), temporary=new_stem())
    assert "was interrupted" in recover(str(store))
    assert mine.read_bytes() == b"the user's own\n"


def test_a_journal_that_cannot_be_written_stops_the_change(
    store: Path, roots: list[Minted], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No history, no change: and the message says where the history should be."""
    (store.parent / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_STATE_HOME", str(store.parent / "file"))
    before = tree(store)
    with pytest.raises(ChangeError, match=r"CAPATH_STATE_DIR.*--no-history"):
        apply_plan(_off(store, roots[2]))
    assert tree(store) == before


def test_a_journal_that_fills_the_disk_at_the_end_takes_the_change_back(
    store: Path, roots: list[Minted], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change that could not be written down as done is not done."""
    before = tree(store)
    real = Journal.mark

    def mark(self: Journal, number: int, progress: Progress) -> None:
        if progress is Progress.DONE:
            raise ChangeError("the history cannot be written (No space left on device)")
        real(self, number, progress)

    monkeypatch.setattr(Journal, "mark", mark)
    with pytest.raises(ChangeError, match="No space left"):
        apply_plan(_off(store, roots[2]))
    assert tree(store) == before
    assert recover(str(store)) == ""


def test_a_journal_line_cut_short_is_passed_over(store: Path, roots: list[Minted]) -> None:
    """The lines before it and behind it count."""
    apply_plan(_off(store, roots[2]))
    journal = Journal(str(store))
    with open(journal.path, "ab") as file:
        file.write(b'{"schema_version": 1, "number": 2, "opera')
    apply_plan(_off(store, roots[3]))
    assert [change.progress for change in journal.changes()] == [Progress.DONE, Progress.DONE]
    undo_last(str(store))
    undo_last(str(store))
    with pytest.raises(BadInputError, match="no change here that could be undone"):
        undo_last(str(store))


def test_the_journal_is_the_users_own(store: Path, roots: list[Minted]) -> None:
    """It is kept out of the directory, and of other users' sight."""
    apply_plan(_off(store, roots[2]))
    path = Path(Journal(str(store)).path)
    assert state_directory() in str(path)
    assert path.parent.stat().st_mode & 0o077 == 0
    assert json.loads(path.read_bytes().splitlines()[2])["directory"] == os.path.realpath(store)


def test_an_undo_after_somebody_moved_on_is_refused(store: Path, roots: list[Minted]) -> None:
    """The names are not what the change left: nothing is undone."""
    apply_plan(_off(store, roots[2]))
    (store / "untrusted/2.pem").rename(store / "gone-for-good.pem")
    before = tree(store)
    with pytest.raises(ChangeError, match=r"untrusted/2\.pem"):
        undo_last(str(store))
    assert tree(store) == before


@pytest.fixture
def read_only_mount(store: Path) -> Iterator[Path]:
    """The store through a read-only bind mount; skipped where mounts are not allowed."""
    target = store.parent / "ro"
    target.mkdir()
    done = subprocess.run(["mount", "--bind", store, target], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("no permission to mount here")
    subprocess.run(["mount", "-o", "remount,ro,bind", target], check=True)
    yield target
    subprocess.run(["umount", target], check=True)


def test_a_read_only_file_system_is_named(read_only_mount: Path, roots: list[Minted]) -> None:
    """The message says it is the file system and not the owner."""
    before = tree(read_only_mount)
    with pytest.raises(ChangeError, match="mounted read-only"):
        apply_plan(_off(read_only_mount, roots[2]))
    assert tree(read_only_mount) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_somebody_elses_directory(store: Path, roots: list[Minted]) -> None:
    """A user without permission is told so before anything is written, the journal included."""
    os.chmod(store.parent, 0o755)
    for parent in store.parents:
        if parent.stat().st_mode & 0o011 != 0o011 and "pytest" in str(parent):
            os.chmod(parent, 0o755)
    code = (
        "import os, sys\n"
        "from capath.change.apply import apply_plan\nfrom capath.change.toggle import plan_toggle\n"
        "from capath.store import list_store, scan\nfrom capath.errors import ChangeError\n"
        "import capath.change.journal, capath.change.simulate, capath.store.linkable\n"
        "import cryptography.x509, platformdirs.unix, encodings.idna, ctypes, json, pwd\nos.setuid(65534)\n"
        "listing = list_store(scan(sys.argv[1]))\nassert not listing.snapshot.writable\n"
        "try:\n    apply_plan(plan_toggle(listing, [], [sys.argv[2]]))\n"
        "except ChangeError as error:\n    print(error)\n"
    )
    before = tree(store)
    arguments = [sys.executable, "-c", code, str(store), roots[2].sha256]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert "no permission to change this directory" in done.stdout
    assert tree(store) == before
