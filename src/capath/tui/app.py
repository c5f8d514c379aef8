"""The explorer's application: the terminal's side of it. It holds no state of its own."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import ClassVar

from rich.segment import Segments
from rich.traceback import Traceback
from textual import on
from textual.app import App
from textual.binding import BindingType
from textual.driver import Driver
from textual.message import Message
from textual.screen import Screen
from textual.theme import Theme

from capath.tui.explore import Exploration
from capath.tui.explorer import Explorer
from capath.tui.jobs import Threads
from capath.tui.leaving import Leaving, bounded_driver
from capath.tui.screen import MainScreen
from capath.tui.settings import Remembered, Settings
from capath.tui.theme import LOOKS

_PAINT_EVERY_S = 1 / 30
_ANSWERS_S = 0.01
_SWITCH_S = 0.001
"""How long a thread that tests hosts may keep the screen waiting; Python's own five milliseconds, times eight
threads, can be felt."""


class CapathApp(App[None], inherit_bindings=False):
    """Draws the explorer, gives it its keys, and runs what its jobs hand back."""

    TITLE = "capath"
    CSS = "Screen { background: $background; } Canvas { background: $background; }"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = []

    class Answers(Message):
        """Jobs have answered: there is something to be done on this thread."""

    def __init__(
        self,
        exploration: Exploration,
        settings: Settings | None = None,
        remembered: Remembered | None = None,
        leaving: Leaving | None = None,
    ) -> None:
        settings = settings or Settings()
        no_colour = os.environ.pop("NO_COLOR", None)  # Textual would make greys of what has no colour already
        super().__init__()
        if no_colour is not None:
            os.environ["NO_COLOR"] = no_colour
        self.leaving = leaving or Leaving()
        for theme in _themes():
            self.register_theme(theme)
        self.explorer = Explorer(
            exploration, self, Threads(self._hand_over), self._hand_over, self._call_later_s, settings, remembered
        )
        if no_colour is not None:
            self.explorer.look = "none"
        self.theme = _textual_theme(self.explorer.look)
        self.main = MainScreen(self.explorer)
        self._paint_is_due = False
        self._calls: deque[Callable[[], None]] = deque()
        self._lock = threading.Lock()

    def get_default_screen(self) -> Screen[None]:
        return self.main

    def get_driver_class(self) -> type[Driver]:
        return bounded_driver(super().get_driver_class())

    def on_mount(self) -> None:
        self.leaving.watch(self)
        sys.setswitchinterval(_SWITCH_S)
        self.app_resume_signal.subscribe(self, lambda _: self._draw_all())
        few = self.console.color_system in ("standard", "windows", None)
        if few and not self.is_headless and LOOKS[self.explorer.look].grounds:
            self.explorer.look = "ansi"  # what 16 colours make of the others cannot be read
            self.look_changed()

    def _draw_all(self) -> None:
        """Draw the whole screen again: what the terminal shows is not what was drawn on it."""
        self.main.refresh(layout=True)
        self.main.canvas.refresh()

    # --- jobs ---

    def _hand_over(self, call: Callable[[], None]) -> None:
        """Have `call` done on the screen's thread. A thousand answers are one message, or the keys would wait."""
        with self._lock:
            self._calls.append(call)
            is_first = len(self._calls) == 1
        if is_first:
            self.post_message(self.Answers())

    def _call_later_s(self, delay_s: float, call: Callable[[], None]) -> None:
        def due() -> None:
            call()
            self.main.canvas.paint()

        self.set_timer(delay_s, due)

    @on(Answers)
    def _answered(self) -> None:
        until_s = time.monotonic() + _ANSWERS_S
        while self._calls and time.monotonic() < until_s:
            self._calls[0]()
            self._calls.popleft()
        if self._calls:
            self.set_timer(0.001, self._answered)
        if not self._paint_is_due:
            self._paint_is_due = True
            self.set_timer(_PAINT_EVERY_S, self._paint)

    def _paint(self) -> None:
        self._paint_is_due = False
        self.main.canvas.paint()

    # --- as the explorer's terminal ---

    def leave(self) -> None:
        self.explorer.remember()
        self.leaving.begin()
        self.exit()

    def suspend(self) -> None:  # type: ignore[override]
        self.action_suspend_process()

    def copy(self, text: str) -> None:
        self.copy_to_clipboard(text)

    def look_changed(self) -> None:
        """Another theme was chosen."""
        self.theme = _textual_theme(self.explorer.look)

    def on_unmount(self) -> None:
        self.explorer.session.end()

    def _fatal_error(self) -> None:
        """Leave after an error of capath's own: where it was, and no values, which may be secret."""
        self.leaving.begin()
        trace = Traceback(show_locals=False, width=None)
        self._exit_renderables.append(Segments(self.console.render(trace, self.console.options)))
        self._close_messages_no_wait()


def _textual_theme(name: str) -> str:
    """Textual's theme of a look: where the terminal's own colours are used, Textual has to leave them alone."""
    return f"capath-{name}" if LOOKS[name].grounds else "ansi-dark"


def _themes() -> list[Theme]:
    """Textual's side of the looks that have colours of their own."""
    return [
        Theme(
            f"capath-{look.name}",
            primary=look.roles["key"],
            background=look.grounds["back"],
            foreground=look.roles[""],
            dark=look.dark,
        )
        for look in LOOKS.values()
        if look.grounds
    ]
