"""The explorer without a terminal and without Textual: jobs run at once, the screen is text."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from capath.tui.explore import Exploration
from capath.tui.explorer import Explorer
from capath.tui.frame import Frame
from capath.tui.settings import Remembered, Settings
from capath.tui.text import plain
from tests.tui.explorer import NOW

T = TypeVar("T")


class Now:
    """Jobs that run at once, on this thread."""

    def start(self, job: Callable[[], T], done: Callable[[T], None], failed: Callable[[str], None]) -> None:
        try:
            result = job()
        except Exception as error:
            failed(str(error) or type(error).__name__)
        else:
            done(result)


class NoTerminal:
    """What was asked of the terminal."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.copied = ""

    def leave(self) -> None:
        self.asked.append("leave")

    def suspend(self) -> None:
        self.asked.append("suspend")

    def copy(self, text: str) -> None:
        self.copied = text

    def look_changed(self) -> None:
        self.asked.append("look")


class Desk:
    """An explorer on `directory`, its directory read."""

    def __init__(
        self,
        directory: Path,
        size: tuple[int, int] = (120, 40),
        settings: Settings | None = None,
        remembered: Remembered | None = None,
        **changes: object,
    ) -> None:
        self.terminal = NoTerminal()
        self.later: deque[Callable[[], None]] = deque()
        exploration = Exploration(str(directory), now=lambda: NOW, **changes)  # type: ignore[arg-type]
        self.explorer = Explorer(
            exploration,
            self.terminal,
            Now(),
            lambda call: call(),
            lambda _, call: self.later.append(call),
            settings,
            remembered,
        )
        self.frame = Frame(self.explorer)
        self.size = size
        self.draw()
        self.explorer.begin()
        self.draw()

    def press(self, *keys: str) -> None:
        """Press keys, drawing after each."""
        for key in keys:
            self.explorer.press(key, key if len(key) == 1 else " " if key == "space" else None)
            self.draw()

    def draw(self) -> str:
        """The screen as text."""
        rows = self.frame.compose(*self.size)
        return "\n".join("".join(plain(part.spans).ljust(part.width) for part in row) for row in rows)
