"""Text for people as lines of segments: what is ours may be styled, what came from outside is only ever text.

`rendered` writes a line: it makes every segment visible, and is the one place that makes escape sequences.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from capath.errors import StrEnum
from capath.pki.visible import visible


class Style(StrEnum):
    """How a segment looks on a terminal with colour: the parameters of SGR (ECMA-48, 8.3.117)."""

    GOOD = "32"
    BAD = "31"
    WARNING = "33"
    DIM = "2"
    BOLD = "1"


class Span(NamedTuple):
    """A styled piece of a line."""

    text: str
    style: Style


Line = str | Sequence[str | Span]
"""One line without its end: a text, or segments side by side."""

_ELLIPSIS = "…"


def rendered(line: Line, *, colour: bool) -> str:
    """Return the text of `line` without an end. In it are printable characters and our own SGR sequences."""
    if isinstance(line, str):
        return visible(line)
    return "".join(_segment(part, colour=colour) for part in line)


def plain(*parts: Iterable[Line]) -> str:
    """The text of lines without colour."""
    return "\n".join(rendered(line, colour=False) for lines in parts for line in lines)


def _segment(part: str | Span, *, colour: bool) -> str:
    if isinstance(part, str):
        return visible(part)
    text = visible(part.text)
    return f"\x1b[{part.style.value}m{text}\x1b[0m" if colour and text else text


def cells(text: str) -> int:
    """How many cells of a terminal `text` takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def fitted(text: str, width: int) -> str:
    """`text` in exactly `width` cells: filled up with spaces, or cut with an ellipsis."""
    taken = cells(text)
    if taken > width:
        while text and cells(text) >= width:
            text = text[:-1]
        text += _ELLIPSIS
        taken = cells(text)
    return text + " " * (width - taken)


def wrapped(text: str, width: int | None, indent: str = "", first: str | None = None) -> list[str]:
    """`text` in lines of at most `width` cells that begin with `indent` (the first with `first`); one where it is
    None. A word that is longer than a line is left whole: it may be a path or a command."""
    begin = indent if first is None else first
    if width is None or cells(begin) + cells(text) <= width:
        return [begin + text]
    lines: list[str] = []
    line, empty = begin, True
    for word in text.split(" "):
        if not empty and cells(line) + 1 + cells(word) > width:
            lines.append(line.rstrip(" "))
            line, empty = indent, True
        line = line + word if empty else f"{line} {word}"
        empty = False
    return [*lines, line]


def indented(texts: Iterable[str], width: int | None, indent: str = "    ") -> list[Line]:
    """`texts` as lines behind `indent`, wrapped behind the indent of their own; commands (``$ …``) stay whole."""
    lines: list[Line] = []
    for text in texts:
        content = text.lstrip(" ")
        own = indent + " " * (len(text) - len(content))
        if content.startswith("$ "):
            lines.append(f"{own}{content}")
        else:
            hanging = own + "  " * content.startswith("→ ")
            lines.extend(wrapped(content, width, hanging, first=own))
    return lines


def columns(rows: Iterable[Sequence[str]], width: int | None, flexible: int) -> Iterator[list[str]]:
    """Cells of equal columns, each made visible and filled up to its column's width; the last is not filled up.

    Where the rows are wider than `width`, column `flexible` is cut to what is left, to no less than 16 cells. Two
    spaces belong between the columns.
    """
    table = [[visible(cell) for cell in row] for row in rows]
    if not table:
        return
    widths = [max(cells(row[at]) for row in table) for at in range(len(table[0]))]
    if width is not None:
        over = sum(widths) + 2 * (len(widths) - 1) - width
        if over > 0:
            widths[flexible] = max(min(16, widths[flexible]), widths[flexible] - over)
    last = len(widths) - 1
    for row in table:
        yield [
            fitted(cell, widths[at]).rstrip() if at == last else fitted(cell, widths[at])
            for at, cell in enumerate(row)
        ]


def plural(count: int, word: str, many: str = "") -> str:
    """``1 certificate``, ``1,204 certificates``."""
    return f"{count:,} {word if count == 1 else many or word + 's'}"
