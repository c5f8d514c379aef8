"""A table drawn line by line, so that 100,000 rows cost what the visible ones cost.

It holds numbers of rows and asks for the cells of those it draws. It knows no certificate and no file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

HEADER_LINES = 1


@dataclass(frozen=True, slots=True)
class Column:
    """A column `width` cells wide; 0 takes what the others leave, `weight` parts of it.

    `middle`: what is too long loses its middle, for names that differ at their ends; of its end `tail` cells stay,
    or as many as of its beginning where that is 0. `from_width`: the column is shown where the table has that many
    cells or more.
    """

    key: str
    title: str
    width: int
    middle: bool = False
    tail: int = 0
    from_width: int = 0
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Cell:
    """Text that is visible already, and the component class it is drawn in."""

    text: str
    style: str = ""


CellsOf = Callable[[int], Sequence[Cell]]


class LineTable(ScrollView, can_focus=True):
    """Rows by number, a cursor, a header. Posts `Moved` and `Chosen` with the number of the row."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--header",
        "table--cursor",
        "table--cursor-blurred",
        "table--good",
        "table--bad",
        "table--quiet",
        "table--staged",
        "table--warn",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "cursor(1)", "Down", show=False),
        Binding("up,k", "cursor(-1)", "Up", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", show=False),
        Binding("home,g", "edge(0)", "First", show=False),
        Binding("end,G", "edge(1)", "Last", show=False),
        Binding("enter", "choose", "Open", show=False),
    ]

    cursor: reactive[int] = reactive(0, repaint=False)

    @dataclass
    class Moved(Message):
        """The cursor stands on another row; `number` is None where there is none."""

        table: LineTable
        number: int | None

        @property
        def control(self) -> LineTable:
            return self.table

    @dataclass
    class Chosen(Message):
        """A row was chosen with Enter or a second click."""

        table: LineTable
        number: int

        @property
        def control(self) -> LineTable:
            return self.table

    @dataclass
    class HeaderClicked(Message):
        """The title of a column was clicked."""

        table: LineTable
        key: str

        @property
        def control(self) -> LineTable:
            return self.table

    def __init__(self, columns: Sequence[Column], cells_of: CellsOf, *, empty: str = "", id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._columns = tuple(columns)
        self._cells_of = cells_of
        self._empty = empty
        self._view: list[int] = []
        self._sort_key = ""
        self._reverse = False
        self._strips: dict[int, Strip] = {}

    # --- what is shown ---

    @property
    def view(self) -> Sequence[int]:
        """The numbers of the rows, in the order shown."""
        return self._view

    @property
    def current(self) -> int | None:
        """The number of the row under the cursor."""
        return self._view[self.cursor] if 0 <= self.cursor < len(self._view) else None

    def show(self, view: list[int], *, current: int | None = None) -> None:
        """Show these rows. The cursor goes to `current` where it is among them, else stays as near as it can."""
        self._view = view
        self._strips.clear()
        self.virtual_size = Size(0, len(view) + HEADER_LINES)
        position = view.index(current) if current is not None and current in view else self.cursor
        position = max(0, min(position, len(view) - 1))
        self._keep_in_sight(position, jump=True)
        if position == self.cursor:
            self.post_message(self.Moved(self, self.current))
        self.cursor = position
        self.refresh()

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Show other columns; `show` follows with rows that have as many cells."""
        self._columns = tuple(columns)
        self.redraw()

    def set_empty(self, text: str) -> None:
        """What is said where there are no rows."""
        self._empty = text
        self.refresh()

    def mark_sorted(self, key: str, reverse: bool) -> None:
        """Show in the header which column the rows are sorted by."""
        self._sort_key, self._reverse = key, reverse
        self.refresh()

    def redraw(self) -> None:
        """Draw all visible rows anew: their cells have changed."""
        self._strips.clear()
        self.refresh()

    # --- drawing ---

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        if y == 0:
            return self._draw_header(width)
        position = self.scroll_offset.y + y - HEADER_LINES
        if position >= len(self._view):
            return (
                self._draw_empty(width)
                if position == 0 or (not self._view and y == 1)
                else Strip.blank(width, self.rich_style)
            )
        if position == self.cursor:
            return self._draw_row(position, width)
        strip = self._strips.get(position)
        if strip is None or strip.cell_length != width:
            strip = self._strips[position] = self._draw_row(position, width)
        return strip

    def notify_style_update(self) -> None:
        self._strips.clear()
        super().notify_style_update()

    def _draw_header(self, width: int) -> Strip:
        style = self.get_component_rich_style("table--header")
        texts = []
        for column, column_width in zip(self._columns, self._widths(width), strict=True):
            arrow = (" ▾" if self._reverse else " ▴") if column.key == self._sort_key else ""
            texts.append(_fit(column.title + arrow, column_width))
        return Strip([Segment(set_cell_size("".join(texts), width), style)], width)

    def _draw_empty(self, width: int) -> Strip:
        style = self.rich_style + self.get_component_rich_style("table--quiet", partial=True)
        return Strip([Segment(set_cell_size(f"  {self._empty}", width), style)], width)

    def _draw_row(self, position: int, width: int) -> Strip:
        base = self.rich_style
        if position == self.cursor:
            name = "table--cursor" if self.has_focus else "table--cursor-blurred"
            base = self.get_component_rich_style(name)
        segments = []
        cells = self._cells_of(self._view[position])
        for cell, column, column_width in zip(cells, self._columns, self._widths(width), strict=True):
            style = base + self._cell_style(cell.style) if cell.style else base
            segments.append(
                Segment(_fit(cell.text, column_width, middle=column.middle, tail_width=column.tail), style)
            )
        return Strip(segments).adjust_cell_length(width, base)

    def _cell_style(self, name: str) -> Style:
        style = self.get_component_rich_style(f"table--{name}", partial=True)
        return Style(color=style.color, bold=style.bold, dim=style.dim, italic=style.italic)

    def _widths(self, width: int) -> list[int]:
        """How wide each column is drawn; 0 for one that is not shown."""
        shown = [column for column in self._columns if width >= column.from_width]
        parts = sum(column.weight for column in shown if not column.width)
        share = max(4, width - sum(column.width for column in shown)) / max(1, parts)
        return [(column.width or int(share * column.weight)) if column in shown else 0 for column in self._columns]

    # --- moving ---

    def action_cursor(self, step: int) -> None:
        self._go(self.cursor + step)

    def action_page(self, step: int) -> None:
        self._go(self.cursor + step * max(1, self.size.height - HEADER_LINES - 1))

    def action_edge(self, last: int) -> None:
        self._go(len(self._view) - 1 if last else 0)

    def action_choose(self) -> None:
        if (number := self.current) is not None:
            self.post_message(self.Chosen(self, number))

    def _go(self, position: int) -> None:
        self.cursor = max(0, min(position, len(self._view) - 1))

    def watch_cursor(self, old: int, new: int) -> None:
        for position in (old, new):
            self._strips.pop(position, None)
        self._keep_in_sight(new)
        self.refresh()
        self.post_message(self.Moved(self, self.current))

    def _keep_in_sight(self, position: int, *, jump: bool = False) -> None:
        """Scroll as far as it takes to see that row. A `jump` from far off puts it in the middle, among others."""
        height = self.scrollable_content_region.height - HEADER_LINES
        if not self.is_mounted or height < 1:
            return  # it is not laid out: that ends with a resize
        top = self.scroll_offset.y
        nearest = min(max(top, position - height + 1), position)
        if nearest != top:
            far = jump and abs(nearest - top) > height // 2
            self.scroll_to(y=position - height // 2 if far else nearest, animate=False, immediate=True)

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def on_resize(self) -> None:
        self._strips.clear()
        self.call_after_refresh(lambda: self._keep_in_sight(self.cursor, jump=True))

    def on_click(self, event: events.Click) -> None:
        if event.y == 0:
            at = 0
            for column, width in zip(
                self._columns, self._widths(self.scrollable_content_region.width), strict=True
            ):
                at += width
                if event.x < at:
                    self.post_message(self.HeaderClicked(self, column.key))
                    return
            return
        position = self.scroll_offset.y + event.y - HEADER_LINES
        if position >= len(self._view):
            return
        if position == self.cursor and event.chain > 1:
            self.action_choose()
        self._go(position)


def _fit(text: str, width: int, *, middle: bool = False, tail_width: int = 0) -> str:
    """`text` in exactly `width` cells, cut with an ellipsis, one space kept towards the next column."""
    if width <= 1:
        return " " * max(width, 0)
    if cell_len(text) <= width - 1:
        return set_cell_size(text, width)
    tail = _tail(text, min(tail_width or width, (width - 2) // 2)) if middle else ""
    return set_cell_size(text, width - 2 - cell_len(tail)) + f"…{tail} "


def _tail(text: str, width: int) -> str:
    """As much of the end of `text` as stands in `width` cells."""
    start = len(text)
    while start and cell_len(text[start - 1 :]) <= width:
        start -= 1
    return text[start:]
