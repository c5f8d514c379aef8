"""How the screens look: pictures kept beside this file, compared to the letter.

After a wanted change: ``python -m pytest tests/tui/test_snapshots.py --snapshot-update``, then look at them.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from capath.tui.app import CapathApp
from capath.tui.review import ReviewScreen
from tests.tui.explorer import ROOTS, SIZE, WIDE, fixed_root, loaded, make_app, make_store, until

Compare = Callable[..., bool]
Step = Callable[[Pilot[None], CapathApp], Awaitable[None]]


@pytest.fixture
def crts(isolated_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store whose path reads ``~/crts`` on every machine: one root off, one link dangling, one expired."""
    monkeypatch.chdir(isolated_home)
    directory = make_store(Path("crts"), ROOTS)
    (directory / "Off_Root.pem.untrusted").write_bytes(fixed_root("Off Root"))
    (directory / "note.txt").write_text("not a certificate")
    os.symlink("gone.pem", directory / "0badc0de.0")
    return directory


def picture(
    snap_compare: Compare, app: CapathApp, *keys: str, size: tuple[int, int] = SIZE, step: Step | None = None
) -> bool:
    """Whether the screen after `keys` and `step` is the one that was kept."""

    async def run_before(pilot: Pilot[None]) -> None:
        await loaded(pilot, app)
        for key in keys:
            await pilot.press(key)
        if step is not None:
            await step(pilot, app)
        await pilot.pause()

    return snap_compare(app, run_before=run_before, terminal_size=size)


async def review(pilot: Pilot[None], app: CapathApp) -> None:
    """Open the review of what is staged."""
    await pilot.press("w")
    await until(pilot, lambda: isinstance(app.screen, ReviewScreen))


def test_certificates_narrow(snap_compare: Compare, crts: Path) -> None:
    """80 by 24: the table and one status line."""
    assert picture(snap_compare, make_app(crts), "j", "space")


def test_certificates_wide(snap_compare: Compare, crts: Path) -> None:
    """140 columns: the details beside the table."""
    assert picture(snap_compare, make_app(crts), "j", "j", size=WIDE)


def test_details_over(snap_compare: Compare, crts: Path) -> None:
    """80 by 24: the details over the table."""
    assert picture(snap_compare, make_app(crts), "enter")


def test_links(snap_compare: Compare, crts: Path) -> None:
    """The defect comes first, with why."""
    assert picture(snap_compare, make_app(crts), "2")


def test_review(snap_compare: Compare, crts: Path) -> None:
    """The steps of a staged change, Cancel with the focus."""
    assert picture(snap_compare, make_app(crts), "space", "G", "space", size=WIDE, step=review)


def test_connections_empty(snap_compare: Compare, crts: Path) -> None:
    """No host yet: a sentence says what to do."""
    assert picture(snap_compare, make_app(crts), "3")


def test_findings(snap_compare: Compare, crts: Path) -> None:
    """The audit's findings with their evidence."""
    assert picture(snap_compare, make_app(crts), "4", size=WIDE)


def test_help(snap_compare: Compare, crts: Path) -> None:
    """All keys."""
    assert picture(snap_compare, make_app(crts), "question_mark", size=WIDE)


def test_empty_directory(snap_compare: Compare, isolated_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing there: a sentence, not a blank."""
    monkeypatch.chdir(isolated_home)
    Path("crts").mkdir()
    assert picture(snap_compare, make_app(Path("crts")))


def test_read_only_light(snap_compare: Compare, crts: Path) -> None:
    """A light theme, and read-only."""
    app = make_app(crts, read_only="read-only mode")
    app.theme = "textual-light"
    assert picture(snap_compare, app, size=(110, 24))


def test_no_color(snap_compare: Compare, crts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR: every state still reads."""
    monkeypatch.setenv("NO_COLOR", "1")
    assert picture(snap_compare, make_app(crts), "j", "space")
