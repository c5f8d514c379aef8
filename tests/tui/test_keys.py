"""Keys are taken in the order they were typed, whatever was drawn: bursts, fields, confirmations, remapping."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from textual import events
from textual.pilot import Pilot

from capath.store import list_store, scan
from capath.tui.actions import ACTIONS, DEFAULT_KEYMAP, Keymap, Mode
from capath.tui.app import CapathApp
from capath.tui.explore import Exploration, _with_hosts
from capath.tui.explorer import Explorer
from capath.tui.field import Field
from capath.tui.frame import Frame
from capath.tui.overlays import AskOverlay, HelpOverlay
from capath.tui.review import ReviewOverlay
from capath.tui.search import Order
from capath.tui.settings import COLUMNS, Remembered, Settings, default_settings, read_settings
from tests.tui.desk import Desk
from tests.tui.explorer import (
    NOW,
    burst,
    certificates_of,
    drive,
    make_app,
    make_store,
    reviewed,
    screen_text,
    session_of,
    until,
)

LETTERS = "Amaq TXUwuRtm"


@pytest.fixture
def crts(tmp_path: Path) -> Path:
    return make_store(tmp_path / "crts")


def keys(text: str) -> list[str]:
    return ["space" if letter == " " else letter for letter in text]


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("opener", ["slash", "t", "c", "I", "question_mark"])
def test_a_field_takes_every_letter_of_a_burst(crts: Path, mode: Mode, opener: str) -> None:
    """The key that opens a field and letters that are commands elsewhere, in one burst: all letters are in the
    field, and nothing else has happened."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await burst(pilot, app, mode.key, opener, *keys(LETTERS))
        explorer = app.explorer
        if explorer.overlay is None:
            assert explorer.typing is not None
            field = explorer.typing.field
        else:
            assert isinstance(explorer.overlay, AskOverlay | HelpOverlay)
            field = explorer.overlay.field
        assert field.text == LETTERS
        assert not session_of(app).staged
        assert not session_of(app).bench.tests
        assert app.is_running

    drive(make_app(crts), scenario)


def test_enter_then_space_in_one_burst_acts_on_the_filtered_row(crts: Path) -> None:
    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await burst(pilot, app, "slash", *"cedar", "enter", "space")
        store = session_of(app).store
        assert store is not None
        (chosen,) = session_of(app).staged.distrust
        item = store.item(chosen)
        assert item is not None
        assert item.title == "Cedar Root"

    drive(make_app(crts), scenario)


def test_moves_and_space_in_one_burst_act_in_order(crts: Path) -> None:
    """``jjj`` and Space: the fourth row, not the first; jumps and fields in between."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await burst(pilot, app, "j", "j", "j", "space")
        store = session_of(app).store
        assert store is not None
        assert {item.title for item in store.items if item.sha256 in session_of(app).staged.distrust} == {
            "Delta Root"
        }
        await burst(pilot, app, "u", "g", "g", "slash", *"gi", "space", "w", "escape", "j")
        assert not session_of(app).staged
        assert certificates_of(app).rows.cursor == 1

    drive(make_app(crts), scenario)


def test_a_review_that_was_not_seen_is_not_applied(crts: Path) -> None:
    """``wa`` in one burst opens the review and applies nothing; once it has been in sight, a does."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await burst(pilot, app, "space", "w", "a", "a")
        await until(pilot, lambda: isinstance(app.explorer.overlay, ReviewOverlay))
        await burst(pilot, app, "a")
        assert isinstance(app.explorer.overlay, ReviewOverlay)
        await reviewed(pilot, app)
        await burst(pilot, app, "a")
        await until(pilot, lambda: app.explorer.overlay is None and not session_of(app).staged)

    drive(make_app(crts), scenario)
    assert sum(row.trusted for row in list_store(scan(crts)).certificates) == 4


def test_escape_and_a_key_that_come_together_are_both_taken(crts: Path) -> None:
    """Terminals send them as Alt and the key."""
    desk = Desk(crts)
    desk.press("slash", *"cedar", "alt+j")
    assert desk.explorer.typing is None
    assert desk.explorer.pane.rows.query == ""
    assert desk.explorer.pane.rows.cursor == 1


def test_suspending_and_quitting_work_in_a_field(crts: Path) -> None:
    desk = Desk(crts)
    desk.press("slash", *"ce", "ctrl+z", "d")
    assert desk.terminal.asked == ["suspend"]
    assert desk.explorer.typing is not None
    assert desk.explorer.typing.field.text == "ced"
    desk.press("ctrl+q")
    assert desk.terminal.asked == ["suspend", "leave"]


def test_what_is_pasted_is_never_a_command(crts: Path) -> None:
    """Into a field it is text, in one line; elsewhere it does nothing."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        app.post_message(events.Paste("XUq \n w"))
        await pilot.pause()
        assert app.is_running
        assert not session_of(app).staged
        await pilot.press("t")
        app.post_message(events.Paste("exa\x1bmple.test\n:443"))
        await pilot.pause()
        assert app.explorer.typing is not None
        assert app.explorer.typing.field.text == "exa mple.test :443"

    drive(make_app(crts), scenario)


def test_all_shown_are_two_acts_with_the_count_said(crts: Path) -> None:
    """X marks what the filter shows and the footer counts it; Space stages all of it off, again all of it on."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("slash", *"org:north", "enter", "X")
        assert "Space 2 off" in screen_text(app)
        assert not session_of(app).staged
        await pilot.press("space")
        assert session_of(app).staged.text == "−2"
        assert "Space 2 on" in screen_text(app)
        await pilot.press("space")
        assert not session_of(app).staged
        await pilot.press("escape", "escape", "escape")
        assert not certificates_of(app).rows.marks

    drive(make_app(crts), scenario)


def test_more_than_twenty_are_staged_only_after_a_question(tmp_path: Path) -> None:
    many = make_store(tmp_path / "many", [(f"Root {number:02d}", "Org", 20) for number in range(25)])

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("X", "space")
        assert "Stage 25 certificates off?" in screen_text(app)
        assert not session_of(app).staged
        await pilot.press("y")
        assert session_of(app).staged.text == "−25"

    drive(make_app(many), scenario)


def test_the_cursor_stays_on_its_certificate_and_in_sight(crts: Path) -> None:
    """A filter that hides it, and Esc: the cursor is back on it."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("j", "j", "slash", *"ember")
        assert certificates_of(app).rows.cursor == 0
        await pilot.press("escape")
        item = certificates_of(app).item()
        assert item is not None
        assert item.title == "Cedar Root"

    drive(make_app(crts), scenario)


def test_a_jump_and_back(crts: Path) -> None:
    """gl goes to the link, Enter to its certificate, Backspace twice back, filter and cursor as before."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("slash", *"root", "enter", "j", "j", "g", "l")
        modes = [app.explorer.mode]
        for key in ("enter", "backspace", "backspace"):
            await pilot.press(key)
            modes.append(app.explorer.mode)
        assert modes == [Mode.LINKS, Mode.CERTIFICATES, Mode.LINKS, Mode.CERTIFICATES]
        assert certificates_of(app).rows.query == "root"
        assert certificates_of(app).rows.cursor == 2

    drive(make_app(crts), scenario)


TYPED = st.text(st.characters(codec="utf-8"), max_size=40) | st.sampled_from(
    [
        "expires<9999y",
        "expires<99999999999d",
        "is:",
        "org:",
        "-",
        '"',
        'a:"',
        "@/dev/zero",
        "rule:",
        "[/x]",
        "expires>",
        "\\",
    ]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    typed=TYPED,
    opener=st.sampled_from(["slash", "t", "c", "I", "question_mark"]),
    mode=st.sampled_from(list(Mode)),
)
def test_no_text_typed_into_any_field_ends_the_explorer(
    tmp_path_factory: pytest.TempPathFactory, typed: str, opener: str, mode: Mode
) -> None:
    """Whatever is typed into whichever field, then Enter: it is drawn, and said or done."""
    desk = Desk(make_store(tmp_path_factory.mktemp("typed") / "crts"))
    desk.press(mode.key, opener)
    for letter in typed:
        desk.explorer.press(letter, letter)
        desk.draw()
    desk.press("enter")
    desk.draw()


@given(
    st.lists(st.sampled_from([*string.printable, "left", "right", "home", "end", "backspace", "delete", "ctrl+w"]))
)
def test_a_field_keeps_its_cursor_within_its_text(pressed: list[str]) -> None:
    field = Field("/")
    for key in pressed:
        field.press(key, key if len(key) == 1 else None)
        assert 0 <= field.at <= len(field.text)
        assert field.text.isprintable()


def test_keys_can_be_given_to_other_actions(tmp_path: Path, crts: Path) -> None:
    """The settings file's keys hold; unknown actions, keys that are none and keys given twice are told."""
    path = tmp_path / "config.toml"
    path.write_text('theme = "light"\n[keys]\nflip = "z"\nfly = "f"\nreview = ["w", "q"]\nsort = ["nokey"]\n')
    found = read_settings(str(path))
    keymap = Keymap(found.keys)
    assert found.theme == "light"
    assert [word for problem in keymap.problems for word in ("fly", "q is given", "nokey") if word in problem] == [
        "fly",
        "nokey",
        "q is given",
    ]

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        assert "fly" in screen_text(app) or "given to both" in screen_text(app) or "not a key" in screen_text(app)
        await pilot.press("escape", "space")
        assert not session_of(app).staged
        await pilot.press("z")
        assert session_of(app).staged.text == "−1"
        assert "z off" in screen_text(app)

    drive(CapathApp(Exploration(str(crts), now=lambda: NOW), found), scenario)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("theme = 3", "theme"),
        ('theme = "pink"', "pink"),
        ("not toml", "is not TOML"),
        ("colour = 1", "no setting “colour”"),
        ("columns = 7", "columns"),
        ("[keys]\nflip = 7", "flip"),
        ("\xff", "is not TOML"),
    ],
)
def test_settings_that_cannot_be_are_told_and_the_default_holds(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(text.encode("latin-1"))
    found = read_settings(str(path))
    assert any(said in problem for problem in found.problems)
    assert found.theme == "dark"


def test_the_default_settings_are_the_defaults(tmp_path: Path) -> None:
    """With every # of a setting removed, the default file says what holds without it, for every action."""
    text = default_settings()
    lines = [
        line.removeprefix("# ") if " = " in line or line.startswith("# [") else line for line in text.splitlines()
    ]
    path = tmp_path / "config.toml"
    path.write_text("\n".join(lines))
    found = read_settings(str(path))
    assert not found.problems
    assert found.theme == Settings().theme
    assert not Keymap(found.keys).problems
    assert {action.name: DEFAULT_KEYMAP.keys_of(action.name) for action in ACTIONS} == {
        action.name: Keymap(found.keys).keys_of(action.name) for action in ACTIONS
    }


@pytest.mark.parametrize("text", ["expires<soon", "is:nothing", "expires=3", "@list"])
def test_a_filter_says_what_it_did_not_understand(crts: Path, text: str) -> None:
    """While it is typed, and no longer than it is wrong; what was understood is still asked for."""
    desk = Desk(crts, (160, 40))
    desk.press("slash", *f"aurora {text}")
    assert f"{text}    ! " in desk.draw().splitlines()[-2]
    assert "1 of 5" in desk.draw()
    desk.press("ctrl+w")
    assert "! " not in desk.draw().splitlines()[-2]


def test_columns_and_hosts_come_from_the_settings(tmp_path: Path, crts: Path) -> None:
    """The columns in the order given, the name always there; hosts of a file, or why not."""
    assert sorted(COLUMNS) == sorted(set(Order) - {Order.STATE})
    desk = Desk(crts, (140, 40), settings=Settings(columns=("until", "organisation")))
    header = next(line for line in desk.draw().splitlines() if "Until" in line)
    assert header.index("Until") < header.index("Organisation") < header.index("Name")
    hosts = tmp_path / "hosts"
    hosts.write_text("one.test\ntwo.test:25 starttls=smtp\n")
    exploration = Exploration(str(crts), environment={})
    found, told = _with_hosts(exploration, Settings(hosts_file=str(hosts)))
    assert [host.endpoint.text for host in found.hosts] == ["one.test:443", "two.test:25"]
    assert not told.problems
    found, told = _with_hosts(exploration, Settings(hosts_file=str(tmp_path / "missing")))
    assert not found.hosts
    assert "missing" in told.problems[0]


def test_what_was_left_is_remembered(tmp_path: Path, crts: Path) -> None:
    """Order, theme, cursor and typed hosts come back; a file that is damaged is as if there were none."""
    path = tmp_path / "state" / "session.json"
    desk = Desk(crts, remembered=Remembered(str(path)))
    desk.press("s", "s", "j", "j", "f6")
    row = _current_title(desk)
    desk.explorer.remembered.take_host("one.test")
    desk.explorer.remember()
    again = Desk(crts, remembered=Remembered.read(str(path)))
    assert _current_title(again) == row
    assert again.explorer.look == desk.explorer.look == "light"
    assert again.explorer.pane.rows.sort == desk.explorer.pane.rows.sort != Order.NAME
    assert again.explorer.remembered.hosts == ["one.test"]
    for damaged in ("", "[]", '{"theme": 3, "hosts": 7}', '{"sort": {"Certificates": []}}', "[" * 100_000):
        path.write_text(damaged)
        assert _current_title(Desk(crts, remembered=Remembered.read(str(path)))) == "Aurora Root"


def _current_title(desk: Desk) -> str:
    item = desk.explorer.pane.item()
    assert item is not None
    return item.title


def test_the_frame_needs_no_screen(crts: Path) -> None:
    """The whole screen can be composed without Textual."""
    desk = Desk(crts)
    assert isinstance(desk.explorer, Explorer)
    assert isinstance(desk.frame, Frame)
    assert "Aurora Root" in desk.draw()
