"""What fits on 80 by 24: names by both their ends, a thing said once and whole, the cursor in sight."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from capath.tui.app import CapathApp
from capath.tui.compare import ComparePane
from capath.tui.search import Order
from capath.tui.session import Tone
from tests.tui.explorer import (
    certificates_of,
    drive,
    fixed_root,
    make_app,
    make_store,
    rehash,
    screen_text,
    session_of,
    until,
)

LONG = "Hellenic Academic and Research Institutions ECC RootCA"


@pytest.fixture
def crts(tmp_path: Path) -> Path:
    """Sixty roots, and two whose long names differ at the end alone."""
    directory = make_store(
        tmp_path / "crts", [(f"Root {number:02d}", f"Org {number % 7}", 5 + number % 30) for number in range(60)]
    )
    for year in (2011, 2015):
        (directory / f"{LONG.replace(' ', '_')}_{year}.pem").write_bytes(fixed_root(f"{LONG} {year}"))
    rehash(directory)
    return directory


def test_long_names_keep_both_ends(crts: Path) -> None:
    """The two certificates are told apart in the table, and so are their links."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        lines = screen_text(app).splitlines()
        for year in ("2011", "2015"):
            assert any("Hellenic Acad" in line and f"CA {year}" in line for line in lines)
        await pilot.press("2", "slash", *"hellenic", "enter")
        lines = screen_text(app).splitlines()
        for year in ("2011", "2015"):
            assert any("Hellenic_Acad" in line and f"RootCA_{year}.pem" in line for line in lines)

    drive(make_app(crts), scenario)


def test_the_link_under_the_cursor_is_told_in_full(crts: Path) -> None:
    """The whole name that it leads to, what it serves and its state are in the details."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("2", "slash", *"2015", "enter", "tab")
        text = "".join(screen_text(app).split())
        assert f"Leadsto{LONG.replace(' ', '_')}_2015.pem" in text
        assert f"Serves{LONG.replace(' ', '')}2015" in text
        assert "✓oklookupfindsit" in text

    drive(make_app(crts), scenario)


def test_the_difference_under_the_cursor_is_told_in_full(crts: Path, tmp_path: Path) -> None:
    """Compare: the whole name, the whole fingerprint."""
    other = make_store(tmp_path / "other", [("Root 00", "Org 0", 5)])

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("5", "c", *str(other), "enter")
        await until(pilot, lambda: session_of(app).compared is not None)
        await until(pilot, lambda: app.explorer.overlay is None and not session_of(app).message.words)
        pane = app.explorer.pane
        assert isinstance(pane, ComparePane)
        row = pane.current
        assert row is not None
        assert row.member.label == f"{LONG} 2011"
        await pilot.press("tab")
        text = screen_text(app)
        assert row.member.sha256.upper() in "".join(text.split()).replace("SHA-256", "")
        assert f"{LONG} 2011" in text

    drive(make_app(crts), scenario)


def test_a_long_warning_is_said_whole_and_once(crts: Path) -> None:
    """The message takes as many lines as it needs. Esc takes it away."""
    said = "Nothing of this could be done, for " + " and ".join(f"reason {number}" for number in range(12))

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        session_of(app).say(Tone.WARNING, said)
        assert "".join(screen_text(app).split()).count("".join(said.split())) == 1
        await pilot.press("escape")
        assert "Nothing of this" not in screen_text(app)

    drive(make_app(crts), scenario)


def _row_of_cursor(app: CapathApp) -> tuple[int, str]:
    """How far below the header the cursor is drawn, and what is there."""
    text = screen_text(app).splitlines()
    number = next(number for number, line in enumerate(text) if line.startswith("▌"))
    return number - 4, text[number]


@pytest.mark.parametrize(
    "keys", [("G",), ("j",) * 30, ("pagedown", "pagedown", "j"), ("slash", *"Root 4", "enter", "j")]
)
def test_sorting_keeps_the_row_in_sight(crts: Path, keys: tuple[str, ...]) -> None:
    """Whatever the order, and either way, the certificate under the cursor is the same, and seen."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press(*("space" if key == " " else key for key in keys))
        item = certificates_of(app).item()
        assert item is not None
        for _ in Order:
            for key in ("s", "S"):
                await pilot.press(key)
                assert certificates_of(app).item() is item
                assert item.title[:12] in _row_of_cursor(app)[1]
        await pilot.press("escape")
        assert certificates_of(app).item() is item
        assert item.title[:12] in _row_of_cursor(app)[1]

    drive(make_app(crts), scenario)


def test_what_one_goes_to_stands_among_others(crts: Path) -> None:
    """The certificate of a link, far down the table, is shown with rows before and after it."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("2", "slash", *"root_40", "enter", "enter")
        below, line = _row_of_cursor(app)
        assert "Root 40" in line
        assert 3 < below < 15

    drive(make_app(crts), scenario)


def test_a_row_that_is_not_drawn_is_not_acted_on(crts: Path) -> None:
    """The wheel scrolls the cursor out of sight: Space brings it back and stages nothing."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        assert "out of sight" not in screen_text(app)
        certificates_of(app).rows.scroll(30)
        await pilot.press("space")
        assert not session_of(app).staged
        assert "out of sight" in screen_text(app)
        await pilot.press("space")
        assert session_of(app).staged.text == "−1"

    drive(make_app(crts), scenario)
