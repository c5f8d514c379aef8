"""The explorer without a screen: modes, panes, overlays, jumps, and the one dispatcher of keys.

Every key goes through `Explorer.press`, in the order in which it was typed; fields and overlays take theirs
here too, so a burst can neither lose a letter nor let one act.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Protocol

from capath.pki.visible import visible
from capath.tui import jobs
from capath.tui.actions import BY_NAME, Keymap, Mode, key_text
from capath.tui.commands import COMMANDS
from capath.tui.explore import Exploration
from capath.tui.field import Typing
from capath.tui.jumps import Jumps
from capath.tui.overlays import ConfirmOverlay, Overlay
from capath.tui.pane import Details, Pane
from capath.tui.panes import make_pane
from capath.tui.search import Order
from capath.tui.session import Session, Tone
from capath.tui.settings import Remembered, Settings
from capath.tui.text import Line, hint, line

DETAILS_DELAY_S = 0.07
_REST_S = 0.3
_NEEDS_SIGHT = frozenset({"flip", "mark", "fix", "fix_all", "remove_host", "open", "copy"})


class Terminal(Protocol):
    """What the explorer needs of the terminal it is on."""

    def leave(self) -> None: ...

    def suspend(self) -> None: ...

    def copy(self, text: str) -> None: ...

    def look_changed(self) -> None: ...


class Explorer:
    """What is on the screen, as state, and what keys do to it."""

    def __init__(
        self,
        exploration: Exploration,
        terminal: Terminal,
        runner: jobs.Jobs,
        post: Callable[[Callable[[], None]], None],
        later: Callable[[float, Callable[[], None]], None],
        settings: Settings | None = None,
        remembered: Remembered | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self.remembered = remembered or Remembered()
        self.keymap = Keymap(self.settings.keys)
        self.session: Session = Session(exploration, runner, post, later)
        self.session.stage = self
        last = self.remembered.mode
        self.mode = Mode(last) if last in list(Mode) else Mode.CERTIFICATES
        self.overlays: list[Overlay] = []
        self.typing: Typing | None = None
        self.prefix = ""
        self.in_details = False
        self.details_top = 0
        self.details_height = 1
        self.details_width = 40
        self.page_height: int = 10
        self.look = self.remembered.theme or self.settings.theme
        self._asks_for_cursor = True
        self.terminal: Terminal = terminal
        self._later = later
        self._panes: dict[Mode, Pane] = {}
        self._behind: set[Mode] = set()
        self.jumps: Jumps = Jumps(self)
        self._details = Details()
        self._details_key: tuple[object, ...] = ()
        self._moved_at_s = 0.0
        self._pending = False
        self._shown_key = ""
        self._rows_were_first = False
        for problem in (*self.settings.problems, *self.keymap.problems):
            self.session.say(Tone.WARNING, problem)

    def begin(self) -> None:
        """The screen is there: read the directory."""
        exploration = self.session.exploration
        if exploration.welcome and not self.session.message.words:
            self.session.say(Tone.INFO, exploration.welcome)
        self.session.read(recover_first=not exploration.read_only)

    def pane_of(self, mode: Mode) -> Pane:
        """The pane of `mode`, made when it is first asked for, as the session is now."""
        pane = self._panes.get(mode)
        if pane is None:
            pane = self._panes[mode] = make_pane(mode, self.session, self.settings)
        elif mode in self._behind:
            self._behind.discard(mode)
            pane.refresh()
        return pane

    @property
    def pane(self) -> Pane:
        """The pane of the mode that is on."""
        return self.pane_of(self.mode)

    @property
    def path(self) -> str:
        """The directory, as people write it."""
        if self.session.exploration.title:
            return visible(self.session.exploration.title)
        home, real = os.path.expanduser("~"), os.path.abspath(self.session.exploration.directory)
        return visible("~" + real[len(home) :] if real.startswith(home + os.sep) else real)

    @property
    def overlay(self) -> Overlay | None:
        """What takes the keys, if something is drawn over the panes."""
        return self.overlays[-1] if self.overlays else None

    # --- as the session's stage ---

    def session_changed(self) -> None:
        # A thousand answers may come between two drawings: panes look when they are next looked at.
        self._behind.update(self._panes)
        if self._asks_for_cursor and self.session.store is not None:
            self._asks_for_cursor = False
            self._as_remembered()

    def _as_remembered(self) -> None:
        """The order, and the cursor in this directory, as they were left."""
        rows = self.pane_of(Mode.CERTIFICATES).rows
        column, reverse = self.remembered.sort.get(Mode.CERTIFICATES.value, (rows.sort, False))
        if column in list(Order) and (column, reverse) != (rows.sort, rows.reverse):
            rows.sort, rows.reverse = column, reverse
            self.pane_of(Mode.CERTIFICATES).refill()
        rows.go_to(self.remembered.cursors.get(os.path.abspath(self.session.exploration.directory), ""))

    def review(self, made: jobs.PlanMade) -> None:
        from capath.tui.review import ReviewOverlay

        self.overlays.append(ReviewOverlay(self.session, made, self.keymap))

    def ask(self, question: str, label: str, then: Callable[[], None]) -> None:
        self.overlays.append(ConfirmOverlay(question, label, then))

    # --- keys ---

    def press(self, key: str, character: str | None = None, at_s: float | None = None) -> None:
        """Take a key; `at_s` is when it was typed (monotonic), now if that is not known."""
        at_s = time.monotonic() if at_s is None else at_s
        if key.startswith("alt+"):  # what terminals make of Esc and a key that come together
            self.press("escape", None, at_s)
            key = key[4:]
            character = key if len(key) == 1 else character
        self.session.hush()
        always = self.keymap.action(key, self.mode) if key.startswith("ctrl+") else None
        if always is not None and always.name in ("suspend", "quit"):
            self.run(always.name)
        elif self.overlays:
            self._press_overlay(key, character, at_s)
        elif self.typing is not None:
            self._press_field(self.typing, key, character)
        else:
            self._press_command(key)

    def insert(self, text: str) -> None:
        """Take what was pasted. Where nothing is typed into, it does nothing: a paste is no command."""
        if self.overlays:
            self.overlays[-1].insert(text)
        elif self.typing is not None:
            self.typing.field.insert(text)

    def run(self, name: str) -> None:
        """Do the action of that name, as a key, the palette or a click asks for it."""
        rows = self.pane.rows
        if name in _NEEDS_SIGHT and not rows.in_sight and rows.view and not self.in_details:
            rows.keep_in_sight(far=True)
            self.session.say(Tone.WARNING, "The row of the cursor was out of sight: here it is.")
            return
        if name.startswith("mode "):
            self.go_to_mode(Mode(name.removeprefix("mode ")))
        elif name.startswith("go_"):
            self.jumps.along(name)
        elif not self.pane.act(name) and name in COMMANDS:
            COMMANDS[name](self)

    def _press_overlay(self, key: str, character: str | None, at_s: float) -> None:
        overlay = self.overlays[-1]
        if not overlay.press(key, character, at_s) and overlay in self.overlays:
            self.overlays.remove(overlay)

    def _press_field(self, typing: Typing, key: str, character: str | None) -> None:
        match key:
            case "enter":
                self.typing = None
                typing.enter(typing.field.text)
            case "escape":
                self.typing = None
                typing.escape()
            case "down" | "up" | "pagedown" | "pageup" if typing.kind == "filter":
                self.run({"pagedown": "page_down", "pageup": "page_up"}.get(key, key))
            case _:
                typing.field.press(key, character)

    def _press_command(self, key: str) -> None:
        chord, self.prefix = f"{self.prefix} {key}" if self.prefix else key, ""
        if chord in self.keymap.prefixes:
            self.prefix = chord
            return
        action = self.keymap.action(chord, self.mode)
        if action is not None:
            self.run(action.name)
        elif " " in chord and key != "escape":
            self.session.say(Tone.INFO, f"{key_text(chord)} does nothing here.")

    def prefix_line(self) -> Line:
        """The second keys of the one that was typed."""
        names = ("go_issuer", "go_children", "go_link", "go_hosts", "go_findings", "first")
        spans: Line = line((f"{key_text(self.prefix)} ", "key!"))
        for name in names:
            for key in self.keymap.keys_of(name):
                if key.startswith(f"{self.prefix} "):
                    spans = (
                        *spans,
                        *hint(key_text(key[len(self.prefix) + 1 :]), BY_NAME[name].label, key),
                        *line("   "),
                    )
        return spans

    # --- what every mode has ---

    def go_to_mode(self, mode: Mode) -> None:
        """Show another mode."""
        self.mode, self.in_details, self.prefix = mode, False, ""
        self.show_details(now=True)

    def clock_s(self) -> float:
        """The clock that keys are stamped with."""
        return time.monotonic()

    def sort_by(self, column: str) -> None:
        """Sort by a column, as a click on its title asks for; by the same again reverses."""
        pane = self.pane
        if pane.rows.sort:
            pane.rows.reverse = not pane.rows.reverse if pane.rows.sort == column else False
            pane.rows.sort = column
            pane.refill()

    def remember(self) -> None:
        """Keep for the next time what is the user's habit."""
        remembered, pane = self.remembered, self.pane_of(Mode.CERTIFICATES)
        rows = pane.rows
        remembered.mode = self.mode.value
        remembered.sort = {Mode.CERTIFICATES.value: [pane.rows.sort, pane.rows.reverse]}
        directory = os.path.abspath(self.session.exploration.directory)
        if rows.current is not None:
            remembered.cursors.pop(directory, None)
            remembered.cursors[directory] = rows.key_of(rows.current)
        remembered.write()

    def leave(self) -> None:
        """End, whatever is under way."""
        self.session.end()
        self.terminal.leave()

    def jump_to(self, mode: Mode, key: str) -> bool:
        return self.jumps.to(mode, key)

    # --- details ---

    def details(self) -> Details:
        """The details as they are shown: they may lag behind a cursor that is held down."""
        return self._details

    def show_details(self, *, now: bool = False) -> None:
        """Show the details of the row under the cursor: at once where it rested, else when it comes to rest."""
        rows = self.pane.rows
        current = "" if rows.current is None else rows.key_of(rows.current)
        key = (self.mode, current, self.details_width, self.details_height, self.session.version)
        if key == self._details_key:
            return
        moved = key[:2] != self._details_key[:2] and bool(self._details_key)
        rested = time.monotonic() - self._moved_at_s > _REST_S
        if moved:
            self._moved_at_s = time.monotonic()
        if rows.current is not None and not (self._rows_were_first or now):
            self._rows_were_first = self._pending = True
            self._later(0.001, self._settle)
            return
        if moved and not (now or rested):
            if not self._pending:
                self._pending = True
                self._later(DETAILS_DELAY_S, self._settle)
            return
        if moved or current != self._shown_key:
            self.details_top = 0
        self._shown_key = current
        self._details_key = key
        self._details = self.pane.details(self.details_width, self.details_height)

    def _settle(self) -> None:
        self._pending = False
        if time.monotonic() - self._moved_at_s < DETAILS_DELAY_S * 0.9:
            self._pending = True
            self._later(DETAILS_DELAY_S, self._settle)
        else:
            self.show_details(now=True)
