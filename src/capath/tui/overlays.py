"""What is drawn over the panes and takes the keys meanwhile: help, a choice, a question, a field. No Textual
here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from capath.tui.actions import ACTIONS, Keymap, help_rows, mode_actions
from capath.tui.field import Field
from capath.tui.text import EMPTY, Line, Page, Span, fit, hint, line


class Overlay(Protocol):
    """Drawn over the panes."""

    view: View

    def title(self) -> Line: ...

    def corner(self) -> Line: ...

    def lines(self, width: int) -> Sequence[Line]: ...

    def buttons(self) -> Line:
        """What stands at the lower right: the safe answer first."""

    def cursor(self) -> int | None:
        """The line that is chosen."""

    def press(self, key: str, character: str | None, at_s: float) -> bool:
        """Take a key; False where the overlay is done with."""

    def insert(self, text: str) -> None:
        """Take what was pasted."""


class View:
    """How an overlay is seen: `top` is its first line shown, `painted_at_s` when it was first drawn
    (monotonic)."""

    def __init__(self, *, wide: bool = False) -> None:
        self.top = 0
        self.wide = wide
        self.painted_at_s: float | None = None

    def scroll(self, key: str) -> bool:
        """Scroll with the usual keys; False where `key` is another. The frame keeps `top` in bounds."""
        steps = {
            "j": 1, "down": 1, "k": -1, "up": -1, "pagedown": 10, "pageup": -10, "space": 10,
            "g": -1_000_000, "home": -1_000_000, "G": 1_000_000, "end": 1_000_000,
        }  # fmt: skip
        self.top = max(0, self.top + steps.get(key, 0))
        return key in steps


class HelpOverlay:
    """Every key and action; typing searches, Enter does what is chosen."""

    def __init__(self, keymap: Keymap, run: Callable[[str], None]) -> None:
        self.view = View(wide=True)
        self._run = run
        self.field = Field("?", "type to search; ↑ ↓ choose, Enter does it")
        names = [action.name for action in (*mode_actions(), *ACTIONS)]
        self._rows = [(name, key, text) for name, (key, text) in zip(names, help_rows(keymap), strict=True)]
        self._chosen = 0

    @property
    def _found(self) -> list[tuple[str, str, str]]:
        words = self.field.text.casefold().split()
        return [row for row in self._rows if all(word in f"{row[1]} {row[2]}".casefold() for word in words)]

    def title(self) -> Line:
        return line("Keys")

    def corner(self) -> Line:
        return hint("Esc", "closes", "escape")

    def lines(self, width: int) -> Sequence[Line]:
        found = self._found
        keys = max((len(key) for _, key, _ in found), default=0)
        page = Page(width)
        page.lines.append(self.field.draw(width))
        for _, key, text in found:
            page.add((f"  {fit(key, keys, right=True)}  ", "key!"), text)
        if not found:
            page.add(("  no key does this", "muted"))
        if not self.field.text:
            page.section("Glyphs")
            page.flow(
                "● trusted  ○ off  ◌ not linked  ▲ defect  ⊘ skipped   + − staged  ■ marked",
                indent=2,
                first=line("  "),
            )
            page.flow(
                "✓ verified  ✗ rejected  ∅ unreachable  ▲ clients differ  · not tested  ? not tested as staged",
                indent=2,
                first=line("  "),
            )
            page.flow("Hold Shift to select text with the mouse.", "muted", indent=2, first=line("  "))
        return page.lines

    def buttons(self) -> Line:
        return EMPTY

    def cursor(self) -> int | None:
        return 1 + self._chosen if self._found else None

    def press(self, key: str, character: str | None, at_s: float) -> bool:
        last = max(0, len(self._found) - 1)
        match key:
            case "escape":
                return False
            case "enter":
                if self._found:
                    self._run(self._found[self._chosen][0])
                return False
            case "up" | "down":
                self._chosen = max(0, min(last, self._chosen + (1 if key == "down" else -1)))
            case "pageup" | "pagedown":
                self._chosen = max(0, min(last, self._chosen + (10 if key == "pagedown" else -10)))
            case _:
                self.field.press(key, character)
                self._chosen = 0
        return True

    def insert(self, text: str) -> None:
        self.field.insert(text)


class Choice(NamedTuple):
    """Something that can be chosen: the key that does, what it is, and what it stands for."""

    key: str
    label: str
    value: str
    note: str = ""


class MenuOverlay:
    """Choose by key, or with Enter."""

    def __init__(self, title: str, choices: Sequence[Choice], chosen: Callable[[Choice], None]) -> None:
        self.view = View()
        self._title, self._choices, self._done = title, tuple(choices), chosen
        self._at = 0

    def title(self) -> Line:
        return line(self._title)

    def corner(self) -> Line:
        return hint("Esc", "closes", "escape")

    def lines(self, width: int) -> Sequence[Line]:
        page = Page(width)
        for choice in self._choices:
            press = choice.key
            page.lines.append(
                (
                    Span(f" {choice.key}  ", "key!", press),
                    Span(choice.label, "", press),
                    Span(f"  {choice.note}", "muted"),
                )
            )
        return page.lines

    def buttons(self) -> Line:
        return EMPTY

    def cursor(self) -> int | None:
        return self._at

    def press(self, key: str, character: str | None, at_s: float) -> bool:
        if key in ("escape", "q"):
            return False
        by_key = next((choice for choice in self._choices if choice.key == character), None)
        if key == "enter":
            by_key = self._choices[self._at]
        if by_key is not None:
            self._done(by_key)
            return False
        if key in ("up", "down", "j", "k"):
            self._at = max(0, min(len(self._choices) - 1, self._at + (1 if key in ("down", "j") else -1)))
        return True

    def insert(self, text: str) -> None:
        """Nothing can be pasted here."""


class ConfirmOverlay:
    """A question whose safe answer is Esc and Enter."""

    def __init__(self, question: str, label: str, then: Callable[[], None]) -> None:
        self.view = View()
        self._question, self._label, self._then = question, label, then

    def title(self) -> Line:
        return line("Sure?")

    def corner(self) -> Line:
        return EMPTY

    def lines(self, width: int) -> Sequence[Line]:
        page = Page(width)
        page.flow(self._question)
        return page.lines

    def buttons(self) -> Line:
        return (*button("Esc", "No", "escape", chosen=True), Span("   "), *button("y", self._label, "y"))

    def cursor(self) -> int | None:
        return None

    def press(self, key: str, character: str | None, at_s: float) -> bool:
        if key == "y":
            self._then()
        return key not in ("y", "escape", "enter", "n", "q")

    def insert(self, text: str) -> None:
        """Nothing can be pasted here."""


class AskOverlay:
    """A question that is answered by typing; Esc for no answer."""

    def __init__(
        self, title: str, placeholder: str, then: Callable[[str], None], earlier: Sequence[str] = ()
    ) -> None:
        self.view = View(wide=True)
        self._title, self._then = title, then
        self.field = Field("›", placeholder, earlier=earlier)

    def title(self) -> Line:
        return line(self._title)

    def corner(self) -> Line:
        return hint("Esc", "cancels", "escape")

    def lines(self, width: int) -> Sequence[Line]:
        return [self.field.draw(width)]

    def buttons(self) -> Line:
        return EMPTY

    def cursor(self) -> int | None:
        return None

    def press(self, key: str, character: str | None, at_s: float) -> bool:
        if key == "enter" and self.field.text.strip():
            self._then(self.field.text.strip())
        elif key not in ("escape", "enter"):
            self.field.press(key, character)
        return key not in ("escape", "enter")

    def insert(self, text: str) -> None:
        self.field.insert(text)


def button(key: str, label: str, press: str, *, chosen: bool = False, role: str = "strong!") -> Line:
    """An answer: its key and what it does."""
    if chosen:
        return (Span(f" {key}  {label} ", "current:", press),)
    return (Span(f" {key} ", "bar:key!", press), Span(f" {label} ", f"bar:{role}", press))
