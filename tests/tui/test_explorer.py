"""The explorer, used by keys, judged by what it shows and by what is in the directory afterwards."""

from __future__ import annotations

import inspect
import os
import subprocess
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from capath.pki.objects import CertificateObject, read_objects
from capath.report.certificate import fingerprint_text
from capath.store import list_store, scan
from capath.tui.actions import ACTIONS, DEFAULT_KEYMAP, Mode
from capath.tui.app import CapathApp
from capath.tui.commands import COMMANDS
from capath.tui.compare import ComparePane
from capath.tui.overlays import ConfirmOverlay, HelpOverlay, MenuOverlay
from capath.tui.review import ReviewOverlay
from capath.tui.settings import Remembered
from tests.tui.desk import Desk
from tests.tui.explorer import (
    SIZE,
    WIDE,
    certificates_of,
    drive,
    fixed_root,
    loaded,
    make_app,
    make_store,
    reviewed,
    screen_text,
    session_of,
    until,
)


@pytest.fixture
def crts(tmp_path: Path) -> Path:
    return make_store(tmp_path / "crts")


def entries(directory: Path) -> dict[str, str]:
    """Every name of a directory with its link target or its octets."""
    return {
        str(path.relative_to(directory)): os.readlink(path) if path.is_symlink() else path.read_bytes().hex()
        for path in directory.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def trusted(directory: Path) -> set[str]:
    return {row.certificate.subject.title for row in list_store(scan(directory)).certificates if row.trusted}


def test_the_table_shows_every_certificate_with_its_state(crts: Path) -> None:
    """Titles, hash links and counts are on the first screen."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        text = screen_text(app)
        for title in ("Aurora Root", "Borealis Root", "Ember Root"):
            assert title in text
        assert "of 5" in text
        assert "●5" in text
        item = certificates_of(app).item()
        assert item is not None
        assert item.link in text

    drive(make_app(crts), scenario)


def test_space_stages_w_reviews_a_applies_u_undoes(crts: Path) -> None:
    """A toggle goes all the way and back, and the directory ends byte for byte as it was."""
    before = entries(crts)

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("space")
        assert "staged −1" in screen_text(app)
        assert entries(crts) == before
        await pilot.press("w")
        await reviewed(pilot, app)
        review = screen_text(app)
        assert "Aurora_Root.pem -> untrusted/Aurora_Root.pem" in review
        assert "will no longer be trusted" in review
        assert "Esc  Back" in review
        await pilot.press("a")
        await until(pilot, lambda: "●4" in screen_text(app))
        assert "Aurora Root" not in trusted(crts)
        await pilot.press("u")
        await reviewed(pilot, app)
        assert "undo change 2: trust 1" in screen_text(app)  # the first is the rehash that made the store
        await pilot.press("a")
        await until(pilot, lambda: "●5" in screen_text(app))

    drive(make_app(crts), scenario)
    assert entries(crts) == before


def test_an_undone_change_is_made_again_and_undone_again(crts: Path) -> None:
    """Ctrl-R with nothing staged: reviewed, applied, in the history, and u takes it back."""
    states = [entries(crts)]

    async def review_and_apply(pilot: Pilot[None], app: CapathApp, key: str, count: str) -> None:
        await pilot.press(key)
        await reviewed(pilot, app)
        await pilot.press("a")
        await until(pilot, lambda: count in screen_text(app))
        states.append(entries(crts))

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "no undone change" in screen_text(app))
        await pilot.press("space")
        await review_and_apply(pilot, app, "w", "●4")
        await review_and_apply(pilot, app, "u", "●5")
        await review_and_apply(pilot, app, "ctrl+r", "●4")
        await review_and_apply(pilot, app, "u", "●5")

    drive(make_app(crts), scenario)
    assert states[0] == states[2] == states[4] != states[1] == states[3]


def test_what_is_off_stays_off_after_openssl_rehash(crts: Path) -> None:
    """The explorer's off is durable: the next rehash of openssl leaves it off."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("j", "space", "w")
        await reviewed(pilot, app)
        await pilot.press("a")
        await until(pilot, lambda: "●4" in screen_text(app))

    drive(make_app(crts), scenario)
    try:
        subprocess.run(["openssl", "rehash", str(crts)], check=True)
    except FileNotFoundError:
        pytest.skip("the openssl command is not installed")
    assert trusted(crts) == {"Aurora Root", "Cedar Root", "Delta Root", "Ember Root"}


def test_escape_in_the_review_changes_nothing(crts: Path) -> None:
    """Cancelling a review leaves the directory and the staging as they were."""
    before = entries(crts)

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("space", "w")
        await reviewed(pilot, app)
        await pilot.press("escape")
        assert session_of(app).workspace.staged.text == "−1"

    drive(make_app(crts), scenario)
    assert entries(crts) == before


def test_unstage_and_stage_again(crts: Path) -> None:
    """u takes a staging step back, Ctrl-R does it again, U unstages everything."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("space", "space")
        assert session_of(app).workspace.staged.text == "−2"
        await pilot.press("u")
        assert session_of(app).workspace.staged.text == "−1"
        await pilot.press("ctrl+r")
        assert session_of(app).workspace.staged.text == "−2"
        await pilot.press("U", "y")
        assert session_of(app).workspace.staged.text == ""

    drive(make_app(crts), scenario)


def test_filter_narrows_as_one_types_and_its_letters_never_act(crts: Path) -> None:
    """Typing filters; q and space in the filter neither quit nor stage."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("slash", *"org:north", "space", "q")
        assert app.is_running
        assert not session_of(app).workspace.staged
        assert certificates_of(app).rows.query == "org:north q"
        await pilot.press("backspace", "backspace")
        assert [item.title for item in certificates_of(app).shown_items] == ["Aurora Root", "Borealis Root"]
        assert "2 of 5" in screen_text(app)
        await pilot.press("enter", "space")
        assert session_of(app).workspace.staged.text == "−1"
        await pilot.press("escape")
        assert len(certificates_of(app).shown_items) == 5

    drive(make_app(crts), scenario)


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("cedar", ["Cedar Root"]),
        ("is:off", []),
        ("expires<2y", ["Borealis Root", "Cedar Root"]),
        ("is:expired", ["Cedar Root"]),
        ("key:ed25519 ember", ["Ember Root"]),
    ],
)
def test_filter_words(crts: Path, text: str, titles: list[str]) -> None:
    """Each kind of filter word finds what it says."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        certificates_of(app).rows.query = text
        await pilot.pause()
        assert [item.title for item in certificates_of(app).shown_items] == titles

    drive(make_app(crts), scenario)


def test_sorting_by_the_next_column_and_back(crts: Path) -> None:
    """s sorts by the following column, S reverses; the cursor stays on its certificate."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("G", "S")
        assert [item.title[0] for item in certificates_of(app).shown_items] == list("EDCBA")
        item = certificates_of(app).item()
        assert item is not None
        assert item.title == "Ember Root"
        await pilot.press("s", "s")
        assert [item.title[0] for item in certificates_of(app).shown_items] == list("CBADE")

    drive(make_app(crts), scenario)


def test_a_link_defect_is_shown_and_mended(crts: Path) -> None:
    """A dangling slot is named in Links, and R mends it after a review."""
    link = next(name for name in os.listdir(crts) if name.endswith(".0"))
    (crts / link).rename(crts / (link[:-1] + "1"))
    os.symlink("gone.pem", crts / link)

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        assert "▲2" in screen_text(app)
        assert "●4" in screen_text(app)
        await pilot.press("2")
        assert "dangling" in screen_text(app)
        assert "gone.pem" in screen_text(app)
        await pilot.press("R")
        await reviewed(pilot, app)
        await pilot.press("a")
        await until(pilot, lambda: "●5" in screen_text(app))
        assert "▲" not in screen_text(app).splitlines()[0]

    drive(make_app(crts), scenario)


def test_a_change_by_something_else_is_noticed_and_the_staging_kept(crts: Path) -> None:
    """A new file appears by itself; what is staged stays staged, what is gone is said."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("space", "space")
        (crts / "Aurora_Root.pem").unlink()
        (crts / "Fjord_Root.pem").write_bytes(fixed_root("Fjord Root"))
        await until(pilot, lambda: "Fjord Root" in screen_text(app))
        assert session_of(app).workspace.staged.text == "−1"
        assert "no longer applies" in screen_text(app)

    drive(make_app(crts), scenario)


def test_read_only_can_be_looked_at_and_not_applied(crts: Path) -> None:
    """In read-only mode the review opens, and its Apply does nothing."""
    before = entries(crts)

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        assert "read-only" in screen_text(app)
        await pilot.press("space", "w")
        await reviewed(pilot, app)
        await pilot.press("a")
        assert isinstance(app.explorer.overlay, ReviewOverlay)

    drive(make_app(crts, read_only="read-only mode"), scenario, size=(120, 30))
    assert entries(crts) == before


def test_quitting_asks_only_with_something_staged(crts: Path) -> None:
    """q leaves at once; with something staged it asks, and its answer y leaves."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("space", "q")
        assert isinstance(app.explorer.overlay, ConfirmOverlay)
        await pilot.press("escape")
        assert app.is_running
        await pilot.press("u", "q")

    app = make_app(crts)
    drive(app, scenario)
    assert not app.is_running


def test_details_open_over_the_table_on_a_narrow_screen(crts: Path) -> None:
    """Enter shows the details at 80 columns, Esc brings the table back; wide screens show both."""

    async def narrow(pilot: Pilot[None], app: CapathApp) -> None:
        assert "Serial" not in screen_text(app)
        await pilot.press("enter")
        assert "Serial" in screen_text(app)
        await pilot.press("escape")
        assert "Serial" not in screen_text(app)
        assert "Aurora Root" in screen_text(app)

    async def wide(pilot: Pilot[None], app: CapathApp) -> None:
        assert "Serial" in screen_text(app)

    drive(make_app(crts), narrow)
    drive(make_app(crts), wide, size=WIDE)


def test_copying_a_fingerprint(crts: Path) -> None:
    """y then f puts the SHA-256 on the clipboard."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("y")
        assert isinstance(app.explorer.overlay, MenuOverlay)
        await pilot.press("f")
        await pilot.pause()
        item = certificates_of(app).item()
        assert item is not None
        assert app.clipboard.replace(":", "").lower() == item.sha256

    drive(make_app(crts), scenario)


def test_help_lists_every_action_and_is_searched_by_typing(crts: Path) -> None:
    """? shows the keys; typing narrows them."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("question_mark")
        assert isinstance(app.explorer.overlay, HelpOverlay)
        await pilot.press(*"fingerprint")
        text = screen_text(app)
        assert "Copy: then f fingerprint" in text
        assert "Reverse the order" not in text

    drive(make_app(crts), scenario, size=WIDE)


def test_the_default_keys_are_without_conflict() -> None:
    """No key is given to two actions of one mode, and every action has one."""
    assert not DEFAULT_KEYMAP.problems
    assert all(action.keys for action in ACTIONS)


def test_every_action_does_something_somewhere(crts: Path) -> None:
    """Each action of the table is either the explorer's or that of a pane of its modes."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        sources = "".join(inspect.getsource(type(app.explorer.pane_of(mode))) for mode in Mode)
        for action in ACTIONS:
            common = action.name in COMMANDS or action.name.startswith("go_")
            assert common or f'"{action.name}"' in sources, action.name

    drive(make_app(crts), scenario)


@pytest.mark.parametrize("size", [(60, 20), SIZE, (120, 40), (160, 45)])
def test_every_line_is_as_wide_as_the_screen(crts: Path, size: tuple[int, int]) -> None:
    """In every mode, with overlays, at every size: no line is too long or too short, and keys help is in sight."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        for keys in (
            "1",
            "2",
            "3",
            "4",
            "5",
            "6",
            "?",
            "escape",
            "1",
            "space",
            "tab",
            "escape",
            "slash",
            "a",
            "escape",
        ):
            await pilot.press("question_mark" if keys == "?" else keys)
            lines = screen_text(app).splitlines()
            assert len(lines) == size[1]
            assert {cell_len(line) for line in lines} == {size[0]}, keys
        assert lines[-1].rstrip().endswith("? keys")

    drive(make_app(crts), scenario, size=size)


def test_an_empty_directory_says_what_to_do(tmp_path: Path) -> None:
    """No certificates is a sentence, not a blank screen."""
    empty = tmp_path / "empty"
    empty.mkdir()

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        assert "No certificates here yet" in screen_text(app)
        await pilot.press(
            "space",
            "enter",
            "w",
            "y",
            "escape",
            "g",
            "i",
            "s",
            "G",
            "2",
            "enter",
            "4",
            "enter",
            "5",
            "enter",
            "6",
            "enter",
            "1",
        )
        assert app.is_running

    drive(make_app(empty), scenario)


HOSTILE = [
    "[/foo]",
    "[@click=app.bell]z[/]",
    "a\\",
    "\\[red]",
    "\x1b]0;owned\x07",
    "\x1b[31mred",
    "line\nbreak",
    "\u202egnp.exe",
    "nul\x00byte",
    "[$x]",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_are_shown_and_never_obeyed(tmp_path: Path, text: str) -> None:
    """Markup and escape sequences in certificates and file names reach no widget as anything but text."""
    crts = make_store(tmp_path / "crts", [(f"Root {text}"[:40], f"Org {text}"[:40], 20)])
    name = text.replace("/", "_").replace("\x00", "_")
    (crts / f"{name}.pem").write_bytes(fixed_root("Plain Root"))
    os.symlink(f"{name}.pem", crts / "0badc0de.0")

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        for key in ("enter", "escape", "space", "w"):
            await pilot.press(key)
        await reviewed(pilot, app)
        shown = screen_text(app)
        await pilot.press("a")
        await until(pilot, lambda: app.explorer.overlay is None)
        await loaded(pilot, app)
        for key in ("2", "j", "3", "4", "j", "5", "6", "j", "1", "y", "escape", "slash"):
            await pilot.press(key)
            shown += screen_text(app)
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "\x07" not in shown
        assert app.is_running

    drive(make_app(crts), scenario, size=WIDE)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_shown_is_what_is_copied(tmp_path: Path, text: str) -> None:
    """No control, bidirectional override or other character that does not print reaches the clipboard."""
    crts = make_store(tmp_path / "crts", [(f"Root {text}"[:40], f"Org {text}"[:40], 20)])
    name = text.replace("/", "_").replace("\x00", "_")
    (crts / f"{name}.pem").write_bytes(fixed_root("Plain Root"))
    desk = Desk(crts, remembered=Remembered(str(tmp_path / "state" / "session.json")))
    for key in "fpshncd":
        for mode in "1246":
            desk.press(mode, "home", "y", key)
            for part in desk.terminal.copied.split("\n"):
                assert part.isprintable(), part
            desk.press("escape", "escape")
    kept = (tmp_path / "state" / "copied.txt").read_text()
    assert kept == desk.terminal.copied
    assert (tmp_path / "state" / "copied.txt").stat().st_mode & 0o77 == 0


def test_a_crash_prints_no_values(
    crts: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What ends the explorer shows where it was, and no local variable: one may be a key."""
    app = make_app(crts)

    def fail(key: str, character: str | None, at_s: float) -> None:
        secret = "".join(("hush", "-", "hush"))
        raise RuntimeError(f"broken {len(secret)}")

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        monkeypatch.setattr(app.explorer, "press", fail)
        await pilot.press("j")

    with pytest.raises(RuntimeError, match="broken 9"):
        drive(app, scenario)
    shown = capsys.readouterr().err
    assert "broken 9" in shown
    assert "hush-hush" not in shown


def test_a_bad_host_is_said_and_not_tested(crts: Path) -> None:
    """A port out of range is a sentence in the status line."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("t")
        await pilot.press(*"example.test:99999", "enter")
        await pilot.pause()
        assert not session_of(app).bench.tests
        assert "99999" in screen_text(app)

    drive(make_app(crts), scenario, size=WIDE)


def test_comparing_with_another_store_and_importing_what_only_that_has(crts: Path, tmp_path: Path) -> None:
    """c compares; I in Compare brings the certificate in, after a review, and it is trusted."""
    other = make_store(
        tmp_path / "other", [("Aurora Root", "Northern Light", 20), ("Zenith Root", "Far Away", 20)]
    )

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("c")
        await pilot.press(*str(other), "enter")
        await until(pilot, lambda: "Only there  1" in screen_text(app))
        text = screen_text(app)
        assert "1 the same" in text
        assert "Only here  4" in text
        pane = app.explorer.pane
        assert isinstance(pane, ComparePane)
        assert pane.current is not None
        assert pane.current.member.label == "Zenith Root"
        await pilot.press("I")
        await reviewed(pilot, app)
        assert "Zenith Root" in screen_text(app)
        await pilot.press("a")
        await until(pilot, lambda: "● 6 trusted" in screen_text(app))

    drive(make_app(crts), scenario, size=WIDE)
    assert "Zenith Root" in trusted(crts)


def test_importing_a_file_by_name(crts: Path, tmp_path: Path) -> None:
    """I asks for a source; a file that is not there is a sentence."""
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(fixed_root("Quay Root") + fixed_root("Rill Root"))

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("I")
        await pilot.press(*str(tmp_path / "missing.pem"), "enter")
        await until(pilot, lambda: "missing.pem" in screen_text(app))
        await pilot.press("I")
        assert "Enter do it" in screen_text(app).splitlines()[-1]
        await pilot.press(*str(bundle), "enter")
        await reviewed(pilot, app)
        for root in read_objects(bundle.read_bytes()):
            assert isinstance(root, CertificateObject)
            assert fingerprint_text(root.certificate.sha256)[:40] in screen_text(app)  # to be compared before
        await pilot.press("a")
        await until(pilot, lambda: "● 7 trusted" in screen_text(app))

    drive(make_app(crts), scenario, size=WIDE)
    assert {"Quay Root", "Rill Root"} <= trusted(crts)
