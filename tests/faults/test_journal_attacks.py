"""A history that is corrupt, truncated, foreign or newer: nothing of it is done, and there is a way out."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from capath.change.apply import apply_plan, recover
from capath.change.journal import Journal
from capath.change.operation import EditPolicy
from capath.change.plan import Plan
from capath.change.rehash import plan_rehash
from capath.errors import BadInputError, ChangeError
from capath.files import state_directory
from capath.store.walk import scan
from capath.tui.jobs import read_history, read_store
from tests.cli.test_commands import capath
from tests.minting import mint_root
from tests.trees import tree

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


@pytest.fixture
def crts(tmp_path: Path) -> Path:
    """Three roots, rehashed and one of them distrusted, by a history of two changes."""
    directory = tmp_path / "crts"
    directory.mkdir()
    for name in "ABC":
        (directory / f"{name}.pem").write_bytes(mint_root(f"Root {name}").pem)
    apply_plan(plan_rehash(scan(directory)).plan)
    assert capath("distrust", directory, "B.pem") == 0
    (directory / "new.pem").write_bytes(mint_root("Root D").pem)
    return directory


def _path(crts: Path) -> Path:
    return Path(Journal(str(crts)).path)


def _append(line: bytes) -> Callable[[Path], None]:
    def append(path: Path) -> None:
        path.write_bytes(path.read_bytes() + line + b"\n")

    return append


def _edit(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    """Change the record of the second change."""

    def edit(path: Path) -> None:
        lines = path.read_bytes().splitlines()
        number = max(number for number, line in enumerate(lines) if b'"summary"' in line)
        record = json.loads(lines[number])
        change(record)
        lines[number] = json.dumps(record).encode()
        path.write_bytes(b"\n".join(lines) + b"\n")

    return edit


def _set(field: str, value: object) -> Callable[[Path], None]:
    return _edit(lambda record: record.__setitem__(field, value))


def _step(value: object) -> Callable[[Path], None]:
    """Give the second change these operations, and no end: recovery would take them back."""

    def edit(path: Path) -> None:
        lines = [line for line in path.read_bytes().splitlines() if b'"progress": "done", "number": 2' not in line]
        lines = [line for line in lines if not (b'"progress"' in line and b'"number": 2' in line)]
        number = max(number for number, line in enumerate(lines) if line.startswith(b'{"operations_of"'))
        lines[number] = b'{"operations_of": 2, "operations": ' + json.dumps(value).encode() + b"}"
        path.write_bytes(b"\n".join(lines) + b"\n")

    return edit


def _replaced(make: Callable[[Path], object]) -> Callable[[Path], None]:
    def replace(path: Path) -> None:
        path.unlink()
        make(path)

    return replace


FORMS: dict[str, Callable[[Path], None]] = {
    "a list": _append(b"[]"),
    "null": _append(b"null"),
    "octets that are not text": _append(b"\xff\xfe"),
    "NULs": _append(b"\0" * 4096),
    "JSON of no end": _append(b"[" * 100_000),
    "deep objects": _append(b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
    "a number of a float": _append(b'{"number": 1e999, "progress": "done"}'),
    "a number of a million digits": _append(b'{"number": ' + b"9" * 10_000 + b', "progress": "done"}'),
    "a list for a number": _append(b'{"number": [1], "progress": "done"}'),
    "the end of an unknown change": _append(b'{"number": 9, "progress": "done"}'),
    "an unknown end": _append(b'{"number": 2, "progress": "maybe"}'),
    "a newer one": _set("schema_version", 2),
    "a version that is none": _set("schema_version", "1"),
    "another directory": _set("directory", "/etc/ssl/certs"),
    "a change twice": _set("number", 1),
    "no time": _set("at", "soon"),
    "a time of no zone": _set("at", "2026-01-01T00:00:00"),
    "rows that are none": _set("rows", {"12345678.0": [1]}),
    "NUL in a target": _set("rows", {"12345678.0": ["a\0"]}),
    "a lone surrogate in a target": _set("rows", {"12345678.0": ["\ud800"]}),
    "a temporary name of the user's": _set("temporary", "A.pem"),
    "what it undoes is no number": _set("undoes", None),
    "an unknown operation": _step([{"op": "run", "name": "rm"}]),
    "a name in another directory": _step([{"op": "rename", "name": "A.pem", "new_name": "../stolen.pem"}]),
    "an absolute name": _step([{"op": "links", "links": {"/tmp/link": "A.pem"}}]),
    "NUL in a name": _step([{"op": "links", "links": {"a\0": "A.pem"}}]),
    "operations that are none": _step({"op": "links"}),
    "deep operations": _step(json.loads("[" * 500 + "]" * 500)),
    "a FIFO": _replaced(os.mkfifo),
    "/dev/zero": _replaced(lambda path: path.symlink_to("/dev/zero")),
    "a directory": _replaced(Path.mkdir),
    "too large": lambda path: os.truncate(path, 300 * 2**20),
    "writable by others": lambda path: path.chmod(0o666),
}
COMMANDS: dict[str, list[str]] = {
    "history": ["history", "DIR"],
    "history --json": ["history", "DIR", "--json"],
    "undo": ["undo", "DIR"],
    "undo --dry-run": ["undo", "DIR", "--dry-run"],
    "rehash": ["rehash", "DIR"],
    "trust": ["trust", "DIR", "B"],
    "distrust": ["distrust", "DIR", "A.pem"],
    "import": ["import", "DIR", "SOURCE"],
}


def _run(crts: Path, command: str, *more: str) -> int:
    off = next(path for path in (*crts.glob("B.pem*"), *crts.glob("untrusted/B.pem")))
    words = {"DIR": str(crts), "SOURCE": str(crts.parent / "source.pem"), "B": off.name}
    return capath(*(words.get(word, word) for word in COMMANDS[command]), *more)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_with_every_command(crts: Path, form: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The message names the file and the way out, the directory is left alone, and the way out leads out."""
    (crts.parent / "source.pem").write_bytes(mint_root("Root E").pem)
    path = _path(crts)
    FORMS[form](path)
    before = tree(crts)
    for command in COMMANDS:
        capfd.readouterr()
        assert _run(crts, command) in ((1,) if command == "rehash" else (4,)), command
        said = capfd.readouterr().err
        assert str(path) in said, command
        assert "--discard-journal" in said
        assert "Traceback" not in said
        assert tree(crts) == before, command
    assert not (crts.parent / "stolen.pem").exists()
    shown = read_store(str(crts), NOW, recover_first=True)  # the explorer opens, and says it
    assert str(path) in shown.recovered
    assert read_history(str(crts)) == ()

    assert _run(crts, "rehash", "--no-history") == 0  # one way out: without it
    assert len(list(crts.glob("*.[0-9]"))) == 3
    assert os.path.lexists(path)
    assert capath("history", crts, "--discard-journal") == 0  # another: a new one, and the old one is kept
    assert "discarded-1" in capfd.readouterr().err
    assert os.path.lexists(f"{path}.discarded-1")
    assert _run(crts, "distrust") == 0
    assert _run(crts, "undo") == 0


def test_a_line_without_its_end_is_no_fault(crts: Path) -> None:
    """A crash leaves one; whatever part of it is there."""
    path = _path(crts)
    whole = path.read_bytes()
    changes = Journal(str(crts)).changes()
    line = whole.splitlines()[-2]
    for length in (2, 10, len(line) - 1):
        path.write_bytes(whole + line[:length])
        assert Journal(str(crts)).changes() == changes


def test_no_command_of_a_journal_is_run(crts: Path, tmp_path: Path) -> None:
    """A change that somebody else wrote down, which a kill seems to have ended after its edit of a policy."""
    policy, proof = tmp_path / "policy", tmp_path / "proof"
    policy.write_text("after")
    edit = EditPolicy(str(policy), "before", "after", ("touch", str(proof)))
    Journal(str(crts)).begin("harmless", [edit], scan(crts), NOW)
    with pytest.raises(ChangeError, match="no tool's policy"):
        recover(str(crts))
    assert policy.read_text() == "after"
    assert not proof.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make a file somebody else's")
@pytest.mark.parametrize("what", ["file", "journals", "state"])
def test_a_history_of_somebody_else_is_refused(crts: Path, what: str, capfd: pytest.CaptureFixture[str]) -> None:
    """As ssh refuses such a file: it is neither read nor written."""
    path = _path(crts)
    os.chown({"file": path, "journals": path.parent, "state": path.parents[1]}[what], 65534, 65534)
    before = path.read_bytes()
    assert capath("undo", crts) == 4
    assert "belongs to another user (65534)" in capfd.readouterr().err
    assert capath("distrust", crts, "A.pem") == 4
    assert path.read_bytes() == before
    assert capath("distrust", crts, "A.pem", "--no-history") == 0


@pytest.mark.parametrize("mode", [0o777, 0o775, 0o1777])
def test_a_history_where_others_can_write_is_refused(
    crts: Path, mode: int, capfd: pytest.CaptureFixture[str]
) -> None:
    """A file that one could put there would be carried out."""
    _path(crts).parent.chmod(mode)
    assert capath("undo", crts) == 4
    assert "other users can write to it" in capfd.readouterr().err


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_has_a_place_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under sudo HOME and XDG_STATE_HOME can be the invoking user's: what is there is that user's word."""
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, 1000, 1000)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "not" / "yet" / "there"))
    assert not state_directory().startswith(str(home))
    os.chown(home, 0, 0)
    assert state_directory() == str(home / "not" / "yet" / "there" / "capath")


def test_the_place_can_be_named(crts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CAPATH_STATE_DIR is the directory itself; a relative one would be another place each time."""
    monkeypatch.setenv("CAPATH_STATE_DIR", str(tmp_path / "mine"))
    assert Path(Journal(str(crts)).path).parent == tmp_path / "mine" / "journal"
    assert Journal(str(crts)).changes() == ()
    monkeypatch.setenv("CAPATH_STATE_DIR", "mine")
    with pytest.raises(BadInputError, match="absolute"):
        Journal(str(crts))


def test_where_no_history_can_be_written(crts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container without a home: the error names the option, and the option makes the change."""
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    command = [sys.executable, "-m", "capath", "rehash", str(crts)]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "--no-history" in refused.stderr
    assert "CAPATH_STATE_DIR" in refused.stderr
    subprocess.run([*command, "--no-history"], check=True)
    assert len(list(crts.glob("*.[0-9]"))) == 3
    for words in (["distrust", crts, "A.pem"], ["import", crts, tmp_path / "e.pem"]):
        (tmp_path / "e.pem").write_bytes(mint_root("Root E").pem)
        assert capath(*words) == 4
        assert capath(*words, "--no-history") == 0
    assert capath("history", crts) == 0


def test_a_change_without_history_is_all_or_nothing(crts: Path) -> None:
    """A step that fails takes back those before it, as ever; nothing is written down."""
    shutil.rmtree(state_directory())
    plan = plan_rehash(scan(crts)).plan
    before = tree(crts)

    def interrupt(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        apply_plan(plan, interrupt, history=False)
    assert tree(crts) == before
    assert apply_plan(plan, history=False) is not None
    assert not os.path.exists(state_directory())
    with pytest.raises(ChangeError):
        apply_plan(Plan(plan.before, "again", plan.operations), history=False)
