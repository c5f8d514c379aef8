"""What the explorer draws, as values: lines of spans. A span is text that is visible already, and a role.

No Textual and no markup here: text from certificates can only ever be text. `capath.tui.theme` gives roles
colours.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

LABEL_WIDTH = 8


class Span(NamedTuple):
    """`role` names a colour of the theme; a ``!`` at its end makes it bold. A click on it presses `key`."""

    text: str
    role: str = ""
    key: str = ""


Line = tuple[Span, ...]
Part = str | Span | tuple[str, str]
EMPTY: Line = ()


def line(*parts: Part) -> Line:
    """A line of spans; a plain string is text, a pair is text with its role."""
    return tuple(
        part if isinstance(part, Span) else Span(part) if isinstance(part, str) else Span(*part)
        for part in parts
        if part
    )


def hint(key: str, words: str, press: str = "", role: str = "muted") -> Line:
    """A key and what it does here: a click on either presses it."""
    return (Span(key, "key!", press or key), Span(f" {words}", role, press or key))


def plain(spans: Iterable[Span]) -> str:
    """The text alone."""
    return "".join(span.text for span in spans)


def width_of(spans: Iterable[Span]) -> int:
    """How many cells the spans take."""
    return sum(cell_len(span.text) for span in spans)


def clip(spans: Line, width: int) -> Line:
    """`spans` in at most `width` cells; what is too long ends with an ellipsis."""
    if width_of(spans) <= width:
        return spans
    room, kept = max(0, width - 1), []
    for span in spans:
        cells = cell_len(span.text)
        if cells > room:
            kept.append(span._replace(text=set_cell_size(span.text, room) + ("…" if width > 0 else "")))
            break
        kept.append(span)
        room -= cells
    return tuple(kept)


def pad(spans: Line, width: int) -> Line:
    """`spans` in exactly `width` cells."""
    spans = clip(spans, width)
    gap = width - width_of(spans)
    return (*spans, Span(" " * gap)) if gap > 0 else spans


def between(left: Line, right: Line, width: int) -> Line:
    """`left` and `right` at the two ends of `width` cells; the left one yields where there is no room."""
    right = clip(right, width)
    room = width - width_of(right)
    left = clip(left, max(0, room - 1))
    return (*left, Span(" " * (room - width_of(left))), *right)


def fit(text: str, width: int, *, middle: bool = False, tail: int = 0, right: bool = False) -> str:
    """`text` in exactly `width` cells. What is too long loses its end, or with `middle` its middle, of whose end
    `tail` cells stay, or as many as of its beginning where that is 0."""
    if width <= 0:
        return ""
    cells = cell_len(text)
    if cells <= width:
        return " " * (width - cells) + text if right else text + " " * (width - cells)
    end = _end_of(text, min(tail or width, (width - 1) // 2)) if middle else ""
    return set_cell_size(text, width - 1 - cell_len(end)) + "…" + end


def _end_of(text: str, width: int) -> str:
    """As much of the end of `text` as takes `width` cells."""
    start, cells = len(text), 0
    while start:
        cells += cell_len(text[start - 1])
        if cells > width:
            break
        start -= 1
    return text[start:]


def wrap(text: str, width: int) -> list[str]:
    """`text` in pieces of at most `width` cells; long words are cut."""
    width = max(12, width)
    if cell_len(text) <= width:
        return [text]
    if text.isascii():
        return textwrap.wrap(text, width, break_on_hyphens=False) or [""]
    pieces, piece = [], ""
    for word in text.split(" "):
        while cell_len(word) > width:
            cut = set_cell_size(word, width).rstrip()
            pieces += [piece] if piece else []
            pieces.append(cut)
            piece, word = "", word[len(cut) :]
        joined = f"{piece} {word}" if piece else word
        if cell_len(joined) > width:
            pieces.append(piece)
            piece = word
        else:
            piece = joined
    return [*pieces, piece]


class Page:
    """Lines of at most `width` cells, written one after the other. Labels have a column of their own."""

    def __init__(self, width: int, *, compact: bool = False) -> None:
        """`compact`: without empty lines, where there is little room."""
        self.width = max(20, width)
        self.compact = compact
        self.lines: list[Line] = []

    def add(self, *parts: Part) -> None:
        """One line, cut where it is too long."""
        self.lines.append(clip(line(*parts), self.width))

    def blank(self) -> None:
        """An empty line, never two."""
        if self.lines and self.lines[-1] and not self.compact:
            self.lines.append(EMPTY)

    def section(self, title: str) -> None:
        """A thin rule with a title."""
        self.blank()
        rule = "─" * max(0, self.width - cell_len(title) - 3)
        self.add(("─ ", "line"), (title, "muted"), (f" {rule}", "line"))

    def flow(self, text: str, role: str = "", indent: int = 0, first: Line = ()) -> None:
        """A text in as many lines as it takes; `first` begins the first of them, the others are indented."""
        taken = width_of(first)
        indent = max(indent, taken)
        for number, piece in enumerate(wrap(text, self.width - indent)):
            lead = first if number == 0 else ()
            space = indent - (taken if number == 0 else 0)
            self.lines.append((*lead, *((Span(" " * space),) if space else ()), Span(piece, role)))

    def field(self, label: str, text: str, role: str = "", tail: Line = ()) -> None:
        """A value behind its label, in as many lines as it takes; `tail` follows where there is room for it."""
        width = LABEL_WIDTH if cell_len(label) < LABEL_WIDTH else cell_len(label) + 1
        self.flow(text, role, width, (Span(fit(label, width), "muted"),))
        if tail:
            last = self.lines.pop()
            if width_of(last) + width_of(tail) + 2 <= self.width:
                self.lines.append((*last, Span("  "), *tail))
            else:
                self.lines += [last, clip((Span(" " * width), *tail), self.width)]
