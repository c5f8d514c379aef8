"""The fingerprint that the explorer polls."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from capath.store.watch import fingerprint


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "d"
    path.mkdir()
    (tmp_path / "away.crt").write_bytes(b"away")
    (path / "a.pem").write_bytes(b"one")
    (path / "b.pem").symlink_to(tmp_path / "away.crt")
    (path / "c.0").symlink_to("a.pem")
    (path / "d.0").symlink_to("nowhere")
    return path


def _same_size_and_time(path: Path) -> None:
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    path.write_bytes(b"two")
    os.utime(path, ns=times)


def _relink(path: Path) -> None:
    path.unlink()
    path.symlink_to("b.pem")


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file comes": lambda d: (d / "new.pem").touch(),
    "a file goes": lambda d: (d / "a.pem").unlink(),
    "a file is edited, its size and time kept": lambda d: _same_size_and_time(d / "a.pem"),
    "a link leads elsewhere": lambda d: _relink(d / "c.0"),
    "a file outside that a link leads to is edited": lambda d: (d.parent / "away.crt").write_bytes(b"other"),
    "a dangling link leads somewhere": lambda d: (d / "nowhere").touch(),
    "a mode changes": lambda d: (d / "a.pem").chmod(0o600),
    "a rename": lambda d: (d / "a.pem").rename(d / "a.pem.untrusted"),
    "the directory goes": lambda d: d.rename(d.parent / "gone"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_it_changes_when_anything_does(directory: Path, what: str) -> None:
    """And only then."""
    before = fingerprint(str(directory))
    assert fingerprint(str(directory)) == before
    CHANGES[what](directory)
    assert fingerprint(str(directory)) != before


def test_a_directory_that_is_none_has_one_too(tmp_path: Path) -> None:
    """It changes when the directory comes."""
    before = fingerprint(str(tmp_path / "d"))
    (tmp_path / "d").mkdir()
    assert fingerprint(str(tmp_path / "d")) != before
