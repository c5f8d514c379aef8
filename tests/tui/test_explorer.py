"""The explorer, used by keys, judged by what it shows and by what is in the directory afterwards."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from capath.store import list_store, scan
from capath.tui.actions import ACTIONS, Mode
from capath.tui.app import CapathApp
from capath.tui.dialogs import ConfirmScreen, CopyScreen, HelpScreen
from capath.tui.main_screen import MainScreen
from capath.tui.review import ReviewScreen
from tests.tui.explorer import WIDE, drive, fixed_root, loaded, make_app, make_store, screen_text, until


@pytest.fixture
def crts(tmp_path: Path) -> Path:
    return make_store(tmp_path / "crts")


def entries(directory: Path) -> dict[str, str]:
    """Every name of a directory with its link target or its octets."""
    return {
        name: os.readlink(directory / name)
        if (directory / name).is_symlink()
        else (directory / name).read_bytes().hex()
        for name in os.listdir(directory)
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
        assert "5 trusted" in text
        assert app.main.certificates.current is not None
        assert app.main.certificates.current.link in text

    drive(make_app(crts), scenario)


def test_space_stages_w_reviews_a_applies_u_undoes(crts: Path) -> None:
    """A toggle goes all the way and back, and the directory ends byte for byte as it was."""
    before = entries(crts)

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("space")
        assert "staged −1" in screen_text(app)
        assert entries(crts) == before
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        review = screen_text(app)
        assert "Aurora_Root.pem -> Aurora_Root.pem.untrusted" in review
        assert "will no longer be trusted" in review
        assert app.focused is not None
        assert app.focused.id == "cancel"
        await pilot.press("a")
        await until(pilot, lambda: "4 trusted" in screen_text(app))
        assert "Aurora Root" not in trusted(crts)
        await pilot.press("u")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        await pilot.press("a")
        await until(pilot, lambda: "5 trusted" in screen_text(app))

    drive(make_app(crts), scenario)
    assert entries(crts) == before


def test_an_undone_change_is_made_again_and_undone_again(crts: Path) -> None:
    """Ctrl-R with nothing staged: reviewed, applied, in the history, and u takes it back."""
    states = [entries(crts)]

    async def review_and_apply(pilot: Pilot[None], app: CapathApp, key: str, count: str) -> None:
        await pilot.press(key)
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        await pilot.press("a")
        await until(pilot, lambda: count in screen_text(app))
        states.append(entries(crts))

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "no undone change" in screen_text(app))
        await pilot.press("space")
        await review_and_apply(pilot, app, "w", "4 trusted")
        await review_and_apply(pilot, app, "u", "5 trusted")
        await review_and_apply(pilot, app, "ctrl+r", "4 trusted")
        await review_and_apply(pilot, app, "u", "5 trusted")

    drive(make_app(crts), scenario)
    assert states[0] == states[2] == states[4] != states[1] == states[3]


def test_what_is_off_stays_off_after_openssl_rehash(crts: Path) -> None:
    """The explorer's off is durable: the next rehash of openssl leaves it off."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("j", "space", "w")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        await pilot.press("a")
        await until(pilot, lambda: "4 trusted" in screen_text(app))

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
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        await pilot.press("escape")
        assert app.workspace.staged.text == "−1"

    drive(make_app(crts), scenario)
    assert entries(crts) == before


def test_unstage_and_stage_again(crts: Path) -> None:
    """u takes a staging step back, Ctrl-R does it again, U unstages everything."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("space", "space")
        assert app.workspace.staged.text == "−2"
        await pilot.press("u")
        assert app.workspace.staged.text == "−1"
        await pilot.press("ctrl+r")
        assert app.workspace.staged.text == "−2"
        await pilot.press("U")
        assert app.workspace.staged.text == ""

    drive(make_app(crts), scenario)


def test_filter_narrows_as_one_types_and_its_letters_never_act(crts: Path) -> None:
    """Typing filters; q and space in the filter neither quit nor stage."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("slash", *"org:north", "space", "q")
        assert app.is_running
        assert not app.workspace.staged
        assert app.main.certificates.filter.value == "org:north q"
        await pilot.press("backspace", "backspace")
        assert [item.title for item in app.main.certificates.shown_items] == ["Aurora Root", "Borealis Root"]
        assert "2 of 5" in screen_text(app)
        await pilot.press("enter", "space")
        assert app.workspace.staged.text == "−1"
        await pilot.press("escape")
        assert len(app.main.certificates.shown_items) == 5

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
        app.main.certificates.filter.value = text
        await pilot.pause()
        assert [item.title for item in app.main.certificates.shown_items] == titles

    drive(make_app(crts), scenario)


def test_sorting_by_the_next_column_and_back(crts: Path) -> None:
    """s sorts by the following column, S reverses; the cursor stays on its certificate."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("G", "S")
        assert [item.title[0] for item in app.main.certificates.shown_items] == list("EDCBA")
        assert app.main.certificates.current is not None
        assert app.main.certificates.current.title == "Ember Root"
        await pilot.press("s", "s", "s", "s")
        assert [item.title[0] for item in app.main.certificates.shown_items] == list("CBADE")

    drive(make_app(crts), scenario)


def test_a_link_defect_is_shown_and_mended(crts: Path) -> None:
    """A dangling slot is named in Links, and R mends it after a review."""
    link = next(name for name in os.listdir(crts) if name.endswith(".0"))
    (crts / link).rename(crts / (link[:-1] + "1"))
    os.symlink("gone.pem", crts / link)

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        assert "defect" in screen_text(app)
        assert "4 trusted" in screen_text(app)
        await pilot.press("2")
        assert "dangling" in screen_text(app)
        assert "gone.pem, which is not there" in screen_text(app)
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        await pilot.press("a")
        await until(pilot, lambda: "5 trusted" in screen_text(app))
        assert "▲" not in screen_text(app).splitlines()[0]

    drive(make_app(crts), scenario)


def test_a_change_by_something_else_is_noticed_and_the_staging_kept(crts: Path) -> None:
    """A new file appears by itself; what is staged stays staged, what is gone is said."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("space", "space")
        (crts / "Aurora_Root.pem").unlink()
        (crts / "Fjord_Root.pem").write_bytes(fixed_root("Fjord Root"))
        await until(pilot, lambda: "Fjord Root" in screen_text(app))
        assert app.workspace.staged.text == "−1"
        assert "made no sense any more" in screen_text(app)

    drive(make_app(crts), scenario)


def test_read_only_can_be_looked_at_and_not_applied(crts: Path) -> None:
    """In read-only mode the review opens, and its Apply does nothing."""
    before = entries(crts)

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        assert "read-only" in screen_text(app)
        await pilot.press("space", "w")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        await pilot.press("a")
        assert isinstance(app.screen, ReviewScreen)

    drive(make_app(crts, read_only="read-only mode"), scenario, size=(120, 30))
    assert entries(crts) == before


def test_quitting_asks_only_with_something_staged(crts: Path) -> None:
    """q leaves at once; with something staged it asks, and its answer y leaves."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("space", "q")
        assert isinstance(app.screen, ConfirmScreen)
        await pilot.press("escape")
        assert app.is_running
        await pilot.press("u", "q")

    app = make_app(crts)
    drive(app, scenario)
    assert not app.is_running


def test_details_open_over_the_table_on_a_narrow_screen(crts: Path) -> None:
    """Enter shows the details at 80 columns, Esc brings the table back; wide screens show both."""

    async def narrow(pilot: Pilot[None], app: CapathApp) -> None:
        assert "SHA-256" not in screen_text(app)
        await pilot.press("enter")
        assert "SHA-256" in screen_text(app)
        await pilot.press("escape")
        assert "SHA-256" not in screen_text(app)
        assert "Aurora Root" in screen_text(app)

    async def wide(pilot: Pilot[None], app: CapathApp) -> None:
        assert "SHA-256" in screen_text(app)

    drive(make_app(crts), narrow)
    drive(make_app(crts), wide, size=WIDE)


def test_copying_a_fingerprint(crts: Path) -> None:
    """y then f puts the SHA-256 on the clipboard."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("y")
        assert isinstance(app.screen, CopyScreen)
        await pilot.press("f")
        await pilot.pause()
        assert app.main.certificates.current is not None
        assert app.clipboard.replace(":", "").lower() == app.main.certificates.current.sha256

    drive(make_app(crts), scenario)


def test_help_lists_every_action_and_is_searched_by_typing(crts: Path) -> None:
    """? shows the keys; typing narrows them."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)
        await pilot.press(*"fingerprint")
        text = screen_text(app)
        assert "Copy the fingerprint" in text
        assert "Reverse the order" not in text

    drive(make_app(crts), scenario, size=WIDE)


def test_every_action_has_a_method_and_an_unused_key() -> None:
    """The table of actions and the application agree."""
    keys = [key for action in ACTIONS for key in action.keys.split(",")]
    assert len(keys) == len(set(keys))
    for action in ACTIONS:
        owner = MainScreen if action.moves else CapathApp
        assert hasattr(owner, f"action_{action.name}"), action.name


def test_the_footer_offers_at_most_six_keys_at_80_columns(crts: Path) -> None:
    """Each mode's footer fits a narrow screen."""
    for mode in Mode:
        shown = [action for action in ACTIONS if action.in_footer and mode in action.modes]
        conditional = [action for action in shown if action.name in ("review", "mend")]
        assert len(shown) - len(conditional) <= 6, mode


def test_an_empty_directory_says_what_to_do(tmp_path: Path) -> None:
    """No certificates is a sentence, not a blank screen."""
    empty = tmp_path / "empty"
    empty.mkdir()

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        assert "no certificates here yet" in screen_text(app)
        await pilot.press(
            "space", "enter", "w", "y", "i", "s", "G", "2", "enter", "4", "enter", "5", "enter", "6", "enter", "1"
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
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        shown = screen_text(app)
        await pilot.press("a")
        await until(pilot, lambda: app.screen is app.screen_stack[0])
        await loaded(pilot, app)
        for key in ("2", "j", "3", "4", "j", "5", "6", "j", "1", "y", "escape", "slash"):
            await pilot.press(key)
            shown += screen_text(app)
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "\x07" not in shown
        assert app.is_running

    drive(make_app(crts), scenario, size=WIDE)


def test_a_bad_host_is_said_and_not_tested(crts: Path) -> None:
    """A port out of range is a sentence in the status line."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("t")
        app.main.connections.query_one(Input).value = "example.test:99999"
        await pilot.press("enter")
        await pilot.pause()
        assert not app.bench.tests
        assert "99999" in screen_text(app)

    drive(make_app(crts), scenario, size=WIDE)


def test_comparing_with_another_store_and_importing_what_only_that_has(crts: Path, tmp_path: Path) -> None:
    """c compares; I in Compare brings the certificate in, after a review, and it is trusted."""
    other = make_store(
        tmp_path / "other", [("Aurora Root", "Northern Light", 20), ("Zenith Root", "Far Away", 20)]
    )

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("c")
        app.main.compare.input.value = str(other)
        await pilot.press("enter")
        await until(pilot, lambda: "only there" in screen_text(app))
        text = screen_text(app)
        assert "1 alike, 4 only here, 1 only there" in text
        assert app.main.compare.current is not None
        assert app.main.compare.current.member.label == "Zenith Root"
        await pilot.press("I")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        assert "Zenith Root" in screen_text(app)
        await pilot.press("a")
        await until(pilot, lambda: "6 trusted" in screen_text(app))

    drive(make_app(crts), scenario, size=WIDE)
    assert "Zenith Root" in trusted(crts)


def test_importing_a_file_by_name(crts: Path, tmp_path: Path) -> None:
    """I asks for a source; a file that is not there is a sentence."""
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(fixed_root("Quay Root") + fixed_root("Rill Root"))

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("I")
        app.screen.query_one(Input).value = str(tmp_path / "missing.pem")
        await pilot.press("enter")
        await until(pilot, lambda: "missing.pem" in screen_text(app))
        await pilot.press("I")
        app.screen.query_one(Input).value = str(bundle)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        await pilot.press("a")
        await until(pilot, lambda: "7 trusted" in screen_text(app))

    drive(make_app(crts), scenario, size=WIDE)
    assert {"Quay Root", "Rill Root"} <= trusted(crts)
