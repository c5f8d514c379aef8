"""Nothing grows: memory, widgets and objects are the same after 200 toggles, mode switches and tests."""

from __future__ import annotations

import gc
import os
from pathlib import Path

from textual.pilot import Pilot

from capath.tui.app import CapathApp
from tests.tui.explorer import WIDE, drive, make_app, make_store, session_of, until

ROUND = (
    "space",
    "2",
    "j",
    "3",
    "4",
    "j",
    "5",
    "6",
    "1",
    "u",
    "enter",
    "escape",
    "slash",
    "a",
    "escape",
    "question_mark",
    "escape",
)


def _objects() -> int:
    gc.collect()
    return len(gc.get_objects())


def _resident() -> int:
    """The resident memory in bytes; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def test_memory_and_widgets_are_flat(tmp_path: Path) -> None:
    """200 rounds of toggles, undos, modes, overlays and fields, after 40 that fill what is kept on purpose."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        async def rounds(count: int) -> None:
            for _ in range(count):
                for key in ROUND:
                    app.explorer.press(key, key if len(key) == 1 else None)
                    app.main.canvas.paint()
                await pilot.pause()

        await rounds(40)
        widgets, objects = len(app.screen.walk_children()), _objects()
        before = _resident()
        await rounds(200)
        assert len(app.screen.walk_children()) == widgets
        assert _objects() - objects < 2_000
        assert _resident() - before < 8 * 2**20

    drive(make_app(make_store(tmp_path / "crts")), scenario, size=WIDE)


def test_tests_of_hosts_leave_nothing_behind(tmp_path: Path) -> None:
    """A host that refuses at once, tested 60 times: one row, no thread and no object more."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        async def tests(count: int) -> None:
            for _ in range(count):
                assert session_of(app).test_typed("127.0.0.1:1") is not None
                await until(pilot, lambda: not session_of(app).testing.asked)

        await tests(10)
        objects = _objects()
        await tests(60)
        assert len(session_of(app).bench.tests) == 1
        assert _objects() - objects < 2_000

    drive(make_app(make_store(tmp_path / "crts"), environment={}), scenario, size=WIDE)
