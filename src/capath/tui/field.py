"""A line that is typed into. Keys come from the same queue as all others, so none of a burst is lost or acts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rich.cells import cell_len

from capath.pki.visible import visible
from capath.tui.text import Line, Span

_LIMIT = 4096


class Field:
    """`text` and where the next letter goes. `earlier` are texts that ↑ brings back, the latest last."""

    def __init__(
        self,
        prompt: str,
        placeholder: str = "",
        *,
        text: str = "",
        earlier: Sequence[str] = (),
        changed: Callable[[str], None] | None = None,
    ) -> None:
        self.prompt, self.placeholder = prompt, placeholder
        self.text, self.at = text, len(text)
        self._earlier, self._recalled = tuple(earlier), len(earlier)
        self._changed = changed

    def press(self, key: str, character: str | None) -> bool:
        """Take a key that edits; False where it is not one."""
        match key:
            case "backspace":
                self._set(self.text[: max(0, self.at - 1)] + self.text[self.at :], self.at - 1)
            case "delete":
                self._set(self.text[: self.at] + self.text[self.at + 1 :], self.at)
            case "ctrl+u":
                self._set(self.text[self.at :], 0)
            case "ctrl+k":
                self._set(self.text[: self.at], self.at)
            case "ctrl+w":
                start = self.text[: self.at].rstrip().rfind(" ") + 1
                self._set(self.text[:start] + self.text[self.at :], start)
            case "left" | "right":
                self.at = max(0, min(len(self.text), self.at + (1 if key == "right" else -1)))
            case "home" | "ctrl+a":
                self.at = 0
            case "end" | "ctrl+e":
                self.at = len(self.text)
            case "up" if self._earlier:
                self._recall(-1)
            case "down" if self._recalled < len(self._earlier):
                self._recall(1)
            case _:
                if character is None or not character.isprintable():
                    return False
                self.insert(character)
        return True

    def insert(self, text: str) -> None:
        """Put `text` (typed or pasted, lines become spaces) where the next letter goes."""
        text = "".join(c if c.isprintable() else " " for c in text[: _LIMIT - len(self.text)])
        self._set(self.text[: self.at] + text + self.text[self.at :], self.at + len(text))

    def draw(self, width: int) -> Line:
        """The prompt and the text, with a block where the next letter goes; of a long text the part around it."""
        prompt = Span(f"{self.prompt} ", "key!")
        room = max(4, width - cell_len(prompt.text) - 2)
        start = max(0, self.at - room)
        before, after = visible(self.text[start : self.at]), visible(self.text[self.at : start + room])
        under = after[:1] or " "
        spans: Line = (
            prompt,
            Span(before, "field:strong"),
            Span(under, "current:"),
            Span(after[1:], "field:strong"),
        )
        if not self.text and self.placeholder:
            spans = (*spans, Span(f" {self.placeholder}", "muted"))
        return spans

    def _recall(self, step: int) -> None:
        self._recalled = max(0, min(len(self._earlier), self._recalled + step))
        text = self._earlier[self._recalled] if self._recalled < len(self._earlier) else ""
        self._set(text, len(text))

    def _set(self, text: str, at: int) -> None:
        changed = text != self.text
        self.text, self.at = text, max(0, min(len(text), at))
        if changed and self._changed is not None:
            self._changed(text)


class Typing(NamedTuple):
    """A field in the message line, what Enter does with its text, and what Esc does."""

    kind: str
    field: Field
    enter: Callable[[str], None]
    escape: Callable[[], None]
