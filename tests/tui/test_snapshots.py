"""How the screens look: pictures kept beside this file, compared to the letter.

After a wanted change: ``python -m pytest tests/tui/test_snapshots.py --snapshot-update``, then look at them.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from capath.tui.actions import Mode
from capath.tui.app import CapathApp
from capath.tui.explore import Exploration
from capath.tui.settings import Settings
from tests.tui.explorer import (
    NOW,
    ROOTS,
    SIZE,
    fixed_root,
    loaded,
    make_app,
    make_store,
    reviewed,
    screen_text,
    until,
)
from tests.tui.test_programs import clients as fakes

Compare = Callable[..., bool]
Step = Callable[[Pilot[None], CapathApp], Awaitable[None]]


@pytest.fixture
def crts(isolated_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store whose path reads ``~/crts`` on every machine: one root off, one link dangling, one expired."""
    monkeypatch.chdir(isolated_home)
    monkeypatch.setattr("capath.change.apply._now", lambda: NOW)
    directory = make_store(Path("crts"), ROOTS)
    (directory / "untrusted").mkdir()
    (directory / "untrusted/Off_Root.pem").write_bytes(fixed_root("Off Root"))
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
        app.explorer.show_details(now=True)
        app.main.canvas.paint()
        await pilot.pause()

    return snap_compare(app, run_before=run_before, terminal_size=size)


async def review(pilot: Pilot[None], app: CapathApp) -> None:
    """Open the review of what is staged."""
    await pilot.press("w")
    await reviewed(pilot, app)


SIZES = {"80x24": SIZE, "160x45": (160, 45)}
MODES = {mode.value.lower(): mode.key for mode in Mode if mode is not Mode.PROGRAMS}


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("key", MODES.values(), ids=MODES)
def test_modes(snap_compare: Compare, crts: Path, key: str, size: tuple[int, int]) -> None:
    """Each mode, with something staged, small and large."""
    assert picture(snap_compare, make_app(crts), "j", "space", key, size=size)


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_programs(snap_compare: Compare, crts: Path, size: tuple[int, int]) -> None:
    """Programs of the test's own, each with another store and problem."""
    for path in (crts, *crts.glob("*.pem")):
        os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    app = make_app(crts, clients=fakes(crts), environment={"PATH": "/usr/bin:/bin"})

    async def asked(pilot: Pilot[None], app: CapathApp) -> None:
        await until(pilot, lambda: "asking" not in screen_text(app))
        await pilot.press("n")

    assert picture(snap_compare, app, "7", size=size, step=asked)


@pytest.mark.parametrize("look", ["light", "contrast", "ansi", "none"])
def test_looks(snap_compare: Compare, crts: Path, look: str) -> None:
    """Every look but the dark one, which the others show: states can be told apart in each."""
    app = make_app(crts)
    app.explorer.look = look
    app.look_changed()
    assert picture(snap_compare, app, "j", "space", size=(120, 30))


def test_ascii_glyphs(snap_compare: Compare, crts: Path) -> None:
    """A terminal without the glyphs."""
    app = CapathApp(Exploration(str(crts), now=lambda: NOW), Settings(ascii_only=True))
    assert picture(snap_compare, app, "j", "space", size=(120, 30))


def test_details_over(snap_compare: Compare, crts: Path) -> None:
    """80 by 24: the details over the table."""
    assert picture(snap_compare, make_app(crts), "enter")


def test_smallest(snap_compare: Compare, crts: Path) -> None:
    """60 by 20 is not broken."""
    assert picture(snap_compare, make_app(crts), "j", "space", size=(59, 20))


def test_review(snap_compare: Compare, crts: Path) -> None:
    """The steps of a staged change, Back being the safe answer."""
    assert picture(snap_compare, make_app(crts), "space", "G", "k", "space", size=(120, 40), step=review)


def test_help(snap_compare: Compare, crts: Path) -> None:
    """All keys."""
    assert picture(snap_compare, make_app(crts), "question_mark", size=(120, 40))


def test_empty_directory(snap_compare: Compare, isolated_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing there: a sentence, not a blank."""
    monkeypatch.chdir(isolated_home)
    Path("crts").mkdir()
    assert picture(snap_compare, make_app(Path("crts")))


def test_read_only(snap_compare: Compare, crts: Path) -> None:
    """What cannot be changed says so."""
    assert picture(snap_compare, make_app(crts, read_only="read-only mode"), size=(110, 30))


def test_no_color(snap_compare: Compare, crts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR: every state still reads."""
    monkeypatch.setenv("NO_COLOR", "1")
    assert picture(snap_compare, make_app(crts), "j", "space")
