"""``trust`` and ``distrust`` of a directory that is not read whole: they say and do what they did when it was."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from capath.change import part as part_module
from capath.cli.main import main
from capath.store import list_store, scan
from tests.benchmarks.stores import make_store

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_store(tmp_path_factory.mktemp("source") / "d", 600)


@pytest.fixture
def large(source: Path, tmp_path: Path) -> Path:
    """Six hundred roots with their links, a copy of one, and one that is off."""
    directory = tmp_path / "large"
    directory.mkdir()
    for path in source.iterdir():
        os.link(path, directory / path.name)
    (directory / "copy.crt").write_bytes((directory / "Root_000007.pem").read_bytes())
    (directory / "Root_000009.pem").rename(directory / "Root_000009.pem.untrusted")
    assert _run("rehash", directory) == 0
    return directory


def _run(*arguments: object) -> int:
    def no_explorer(_: object) -> int:
        raise AssertionError("no screen was asked for")

    return main([str(argument) for argument in arguments], no_explorer)


def _sha256(directory: Path, name: str) -> str:
    return next(row.certificate.sha256 for row in list_store(scan(directory)).certificates if row.file == name)


def _list_of_two(directory: Path) -> str:
    path = directory.parent / "list.txt"
    path.write_text("".join(f"{_sha256(directory, f'Root_{number:06d}.pem')}\n" for number in (3, 7)))
    return f"@{path}"


def _list_of_one_that_is_missing(directory: Path) -> str:
    path = directory.parent / "list-with-another.txt"
    path.write_text(f"{_sha256(directory, 'Root_000003.pem')}\n{'00' * 32}\n")
    return f"@{path}"


WAYS: dict[str, Callable[[Path], list[str]]] = {
    "a file": lambda _: ["Root_000007.pem"],
    "a file that is off": lambda _: ["Root_000009.pem.untrusted"],
    "two": lambda _: ["Root_000007.pem", "Root_000009.pem.untrusted"],
    "a link": lambda d: [min(path.name for path in d.glob("????????.0"))],
    "a hash": lambda d: [min(path.name for path in d.glob("????????.0"))[:8]],
    "a fingerprint": lambda d: [_sha256(d, "Root_000008.pem")[:10]],
    "a list": lambda d: [_list_of_two(d)],
    "a part of the subject": lambda _: ["subject~Authority R17"],
    "many": lambda _: ["subject~Root"],
    "nothing": lambda _: ["nothing.pem"],
    "a list with one that is missing": lambda d: [_list_of_one_that_is_missing(d)],
    "a list that is not there": lambda _: ["@nowhere.txt"],
}


@pytest.mark.parametrize("command", ["trust", "distrust"])
def test_it_says_the_same(large: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """As text and as JSON, with the same exit status; and the same of what is wrong."""
    calls = [(way, option) for way in WAYS for option in ("--dry-run", "--json")]
    which = {way: find(large) for way, find in WAYS.items()}

    def said(way: str, option: str) -> tuple[int, str, str]:
        status = _run(command, large, *which[way], "--dry-run", option)
        return status, *capsys.readouterr()

    capsys.readouterr()
    of_a_part = [said(*call) for call in calls]
    monkeypatch.setattr(part_module, "list_part", lambda *_, **__: None)
    for call, told in zip(calls, of_a_part, strict=True):
        assert told == said(*call), call


@pytest.mark.parametrize("command", ["trust", "distrust"])
def test_no_scan_is_made(large: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """For a file, a link, a hash, a fingerprint, or a list."""

    def no_scan(directory: str) -> None:
        raise AssertionError(f"all of {directory} is read")

    ways = [WAYS[way](large) for way in ("a file", "two", "a link", "a hash", "a fingerprint", "a list")]
    monkeypatch.setattr("capath.store.scan", no_scan)
    for which in ways:
        assert _run(command, large, *which, "--dry-run") == 0


def test_out_and_in_again_and_undo(large: Path) -> None:
    """Every copy goes, and comes back to where it was."""
    before = sorted((path.name, os.readlink(path) if path.is_symlink() else "") for path in large.iterdir())
    assert _run("distrust", large, "Root_000007.pem") == 0
    assert {"Root_000007.pem.untrusted", "copy.crt.untrusted"} <= set(os.listdir(large))
    assert _run("rehash", large) == 0
    assert _run("trust", large, "copy.crt.untrusted") == 0
    after = sorted((path.name, os.readlink(path) if path.is_symlink() else "") for path in large.iterdir())
    assert after == before
    assert _run("undo", large) == 0
    assert "Root_000007.pem.untrusted" in os.listdir(large)
