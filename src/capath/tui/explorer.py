"""The explorer without a screen: modes, panes, overlays, jumps, and the one dispatcher of keys.

Every key goes through `Explorer.press`, in the order in which it was typed; fields and overlays take theirs
here too, so a burst can neither lose a letter nor let one act.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from capath.pki.visible import visible
from capath.tui import jobs
from capath.tui.actions import BY_NAME, Keymap, Mode, key_text
from capath.tui.explore import Exploration
from capath.tui.field import Field
from capath.tui.overlays import AskOverlay, Choice, ConfirmOverlay, HelpOverlay, MenuOverlay, Overlay
from capath.tui.pane import Details, Pane
from capath.tui.panes import make_pane
from capath.tui.rows import Group
from capath.tui.search import Order
from capath.tui.session import Session, Tone
from capath.tui.settings import Remembered, Settings
from capath.tui.text import Line, hint, line
from capath.tui.theme import LOOKS

DETAILS_DELAY_S = 0.07
_REST_S = 0.3
_PLACES = 32
_NEEDS_SIGHT = frozenset({"flip", "mark", "fix", "fix_all", "remove_host", "open", "copy"})


class Terminal(Protocol):
    """What the explorer needs of the terminal it is on."""

    def leave(self) -> None: ...

    def suspend(self) -> None: ...

    def copy(self, text: str) -> None: ...

    def look_changed(self) -> None: ...


class Typing(NamedTuple):
    """A field in the message line, what Enter does with its text, and what Esc does."""

    kind: str
    field: Field
    enter: Callable[[str], None]
    escape: Callable[[], None]


class Place(NamedTuple):
    """Where a jump began."""

    mode: Mode
    filter: str
    key: str
    top: int


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
        self.session = Session(exploration, runner, post, later)
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
        self.page_height = 10
        self.look = self.remembered.theme or self.settings.theme
        self._asks_for_cursor = True
        self._terminal, self._later = terminal, later
        self._panes: dict[Mode, Pane] = {}
        self._behind: set[Mode] = set()
        self._places: list[Place] = []
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
        self.session.hush()
        if self.overlays:
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
            self._jump(name)
        elif not self.pane.act(name):
            act = getattr(self, f"_do_{name}", None)
            if act is not None:
                act()

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

    def _do_down(self) -> None:
        self._move(1)

    def _do_up(self) -> None:
        self._move(-1)

    def _do_page_down(self) -> None:
        self._move(self.page_height)

    def _do_page_up(self) -> None:
        self._move(-self.page_height)

    def _do_first(self) -> None:
        self._move(-1_000_000_000)

    def _do_last(self) -> None:
        self._move(1_000_000_000)

    def _move(self, step: int) -> None:
        if self.in_details:
            last = max(0, len(self.details().lines) - self.details_height)
            self.details_top = max(0, min(last, self.details_top + step))
        else:
            rows = self.pane.rows
            rows.move_to(rows.cursor + step)

    def _do_next(self, step: int = 1) -> None:
        pane, rows = self.pane, self.pane.rows
        count = len(rows.view)
        for distance in range(1, count):
            position = (rows.cursor + step * distance) % count
            if pane.is_notable(rows.view[position]):
                rows.move_to(position, far=True)
                return
        self.session.say(Tone.INFO, "No other row here is changed, failed or defective.")

    def _do_previous(self) -> None:
        self._do_next(-1)

    def _do_fold(self, folded: bool = True) -> None:
        pane, rows = self.pane, self.pane.rows
        position = rows.cursor
        while position > 0 and not isinstance(rows.view[position], Group):
            position -= 1
        group = rows.view[position] if rows.view else None
        if isinstance(group, Group) and rows.fold(group.key, folded):
            rows.move_to(position)
            pane.refill()

    def _do_unfold(self) -> None:
        self._do_fold(False)

    def _do_open(self) -> None:
        item = self.pane.item()
        if self.in_details and item is not None and self.mode is not Mode.CERTIFICATES:
            self.jump_to(Mode.CERTIFICATES, item.sha256)
            return
        self.in_details, self.details_top = True, 0
        self.show_details(now=True)

    def _do_panel(self) -> None:
        self.in_details = not self.in_details
        self.show_details(now=True)

    def _do_escape(self) -> None:
        """One step out, the innermost first."""
        pane = self.pane
        if self.session.stop_tests():
            return
        if self.session.message.tone is not Tone.INFO:
            self.session.hush(all_of_it=True)
        elif self.in_details:
            self.in_details = False
        elif pane.rows.query:
            pane.rows.query = ""
        elif pane.rows.marks:
            pane.rows.toggle_mark(set(pane.rows.marks))

    def _do_filter(self) -> None:
        pane = self.pane

        def changed(text: str) -> None:
            pane.rows.query = text

        def escape() -> None:
            pane.rows.query = ""

        self.in_details = False
        field = Field("/", "words, is:off, org:x, expires<90d, -not", text=pane.rows.query, changed=changed)
        # Enter means the row that was found: it is not gone back from when the filter is cleared later.
        self.typing = Typing("filter", field, lambda _: pane.rows.move_to(pane.rows.cursor), escape)

    def _do_test(self) -> None:
        if self.mode is not Mode.CONNECTIONS:
            self._leave_place()
            self.go_to_mode(Mode.CONNECTIONS)

        def enter(text: str) -> None:
            if text.strip() and (host := self.session.test_typed(text)) is not None:
                self.remembered.take_host(text.strip())
                pane = self.pane_of(Mode.CONNECTIONS)
                if not pane.rows.go_to(host.endpoint.text):
                    pane.rows.query = ""
                    pane.rows.go_to(host.endpoint.text)

        field = Field("test", "host:port, [IPv6]:port, host starttls=smtp", earlier=self.remembered.hosts)
        self.typing = Typing("host", field, enter, lambda: None)

    def _do_test_all(self) -> None:
        if not self.session.bench.tests:
            self.session.say(Tone.INFO, "No host yet:  ", *hint("t", "tests one"))
        self.session.test_untested()

    def _do_compare(self) -> None:
        if self.mode is not Mode.COMPARE:
            self._leave_place()
            self.go_to_mode(Mode.COMPARE)

        def enter(text: str) -> None:
            if text.strip():
                self.session.compare(text.strip())

        field = Field("compare with", "mozilla, certifi, system, or a path")
        self.typing = Typing("compare", field, enter, lambda: None)

    def _do_import(self) -> None:
        self.overlays.append(
            AskOverlay(
                "Import roots from", "certifi, system, a directory or a file; Enter", self.session.import_from
            )
        )

    def _do_review(self) -> None:
        self.session.review_staged()

    def _do_undo(self) -> None:
        self.session.undo()

    def _do_redo(self) -> None:
        self.session.redo()

    def _do_unstage_all(self) -> None:
        if self.session.staged:
            self.ask(f"Unstage everything ({self.session.staged.text})?", "Unstage", self.session.unstage_all)

    def _do_rehash(self) -> None:
        self.session.rehash()

    def _do_reload(self) -> None:
        self.session.read()

    def _do_theme(self) -> None:
        names = list(LOOKS)
        self.look = names[(names.index(self.look) + 1) % len(names)] if self.look in names else names[0]
        self.remembered.theme = self.look
        self._terminal.look_changed()
        self.session.say(Tone.INFO, f"Theme: {self.look}.")

    def _do_help(self) -> None:
        self.overlays.append(HelpOverlay(self.keymap, self.run))

    def _do_suspend(self) -> None:
        self._terminal.suspend()

    def _do_quit(self) -> None:
        staged = self.session.staged
        if staged:
            self.ask(f"{staged.text} staged and not applied. Quit without applying?", "Quit", self.leave)
        else:
            self.leave()

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
        self.session.testing.end()
        self._terminal.leave()

    def _do_copy(self) -> None:
        from capath.tui.copying import choices_of

        choices = choices_of(self.pane, self.session)

        def chosen(choice: Choice) -> None:
            self._terminal.copy(choice.value)
            where = self.remembered.keep_copy(choice.value)
            self.session.say(
                Tone.DONE, f"copied: {choice.label}", (f"   also in {where}" if where else "", "muted")
            )

        if choices:
            self.overlays.append(MenuOverlay("Copy", choices, chosen))
        else:
            self.session.say(Tone.INFO, "Nothing to copy here.")

    # --- jumps ---

    def _leave_place(self) -> None:
        rows = self.pane.rows
        key = "" if rows.current is None else rows.key_of(rows.current)
        self._places = [*self._places[-_PLACES + 1 :], Place(self.mode, self.pane.rows.query, key, rows.top)]

    def _do_back(self) -> None:
        if not self._places:
            self.session.say(Tone.INFO, "No jump to go back from.")
            return
        place = self._places.pop()
        self.go_to_mode(place.mode)
        self.pane.rows.query = place.filter
        self.pane.rows.go_to(place.key)
        self.pane.rows.top = place.top
        self.pane.rows.keep_in_sight()

    def jump_to(self, mode: Mode, key: str, *, filter_text: str | None = None) -> bool:
        """Go to the row `key` of a mode; a filter that hides it is cleared, and said. False where it is not
        there."""
        pane = self.pane_of(mode)
        before = pane.rows.query
        if filter_text is not None:
            pane.rows.query = filter_text
        pane.reveal(key)
        found = not key or pane.rows.position_of(key) is not None
        if not found and pane.rows.query:
            pane.rows.query = ""
            pane.reveal(key)
            found = pane.rows.position_of(key) is not None
            if found:
                self.session.say(
                    Tone.INFO, "The filter was cleared.  ", *hint("Backspace", "brings it back", "backspace")
                )
        if not found:
            pane.rows.query = before
            return False
        after, pane.rows.query = pane.rows.query, before
        self._leave_place_of(mode, before) if mode is self.mode else self._leave_place()
        pane.rows.query = after
        self.go_to_mode(mode)
        if key:
            pane.rows.go_to(key)
        else:
            pane.rows.move_to(0)
        self.show_details(now=True)
        return True

    def _leave_place_of(self, mode: Mode, filter_text: str) -> None:
        self._leave_place()
        self._places[-1] = self._places[-1]._replace(mode=mode, filter=filter_text)

    def _jump(self, name: str) -> None:
        session, item = self.session, self.pane.item()
        store = session.store
        if item is None or store is None:
            session.say(Tone.INFO, "There is no certificate of this directory under the cursor.")
            return
        match name:
            case "go_issuer":
                issuer = store.issuer_of(item)
                if issuer is not None:
                    self.jump_to(Mode.CERTIFICATES, issuer.sha256)
                elif item.row.certificate.self_issued and self.mode is not Mode.CERTIFICATES:
                    self.jump_to(Mode.CERTIFICATES, item.sha256)
                else:
                    itself = item.row.certificate.self_issued
                    session.say(Tone.INFO, "Its issuer is itself." if itself else "Its issuer is not here.")
            case "go_children":
                children = store.children_of(item)
                if len(children) == 1:
                    self.jump_to(Mode.CERTIFICATES, children[0].sha256)
                elif children:
                    self.jump_to(Mode.CERTIFICATES, "", filter_text=f'issuer:"{item.title.lower()}"')
                else:
                    session.say(Tone.INFO, "It signed no certificate here.")
            case "go_link":
                link = item.link if item.row.links else ""
                if not link or not self.jump_to(Mode.LINKS, link):
                    session.say(Tone.INFO, "It has no hash link.")
            case "go_hosts":
                hosts = session.bench.used_roots.get(item.sha256, [])
                if not hosts or not self.jump_to(Mode.CONNECTIONS, hosts[0]):
                    session.say(Tone.INFO, f"It carries none of the {self._tested():,} tested hosts.")
            case "go_findings":
                findings = store.findings_by_sha256.get(item.sha256, ())
                if not findings or not self.jump_to(Mode.FINDINGS, "", filter_text=f'"{item.title.lower()}"'):
                    session.say(Tone.INFO, "No finding concerns it.")

    def _tested(self) -> int:
        return sum(hasattr(test.latest, "verified") for test in self.session.bench.tests)

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
