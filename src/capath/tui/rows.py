"""The rows of a pane: which are shown, where the cursor is, what is marked and folded. No Textual here."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Generic, NamedTuple, TypeVar

from rich.cells import cell_len

from capath.tui.text import EMPTY, Line, Span, between, fit

R = TypeVar("R", bound=Hashable)
MIN_NAME_WIDTH = 34
_GAP = 2


class Column(NamedTuple):
    """A column `width` cells wide; 0 takes what the others leave. `drop` is the order in which columns go where
    there is too little room: 0 never, the highest first. `middle`: what is too long loses its middle."""

    key: str
    title: str
    width: int
    drop: int = 0
    middle: bool = False
    tail: int = 0
    right: bool = False


class Cell(NamedTuple):
    """Text that is visible already, and its role."""

    text: str
    role: str = ""


class Group(NamedTuple):
    """The title of rows that belong together, and how many they are; `note` says what can be done with them."""

    key: str
    title: str
    size: int
    role: str = "strong!"
    note: Line = EMPTY
    words: str = ""

    def draw(self, folded: bool, width: int) -> Line:
        """The title; with words, what is counted or noted stands at the right end."""
        sign = "▸" if folded else "▾"
        title, size = Span(f"{sign} {self.title}", self.role), Span(f"{self.size:,} ", "muted")
        if self.words:
            return between((title, Span(f"  {self.words}", "muted")), self.note or (size,), width)
        return (title, Span("  "), size, Span("  "), *self.note)


def key_of(row: Group | str) -> str:
    """The key of a row that is named by a text, or of a title."""
    return f"group {row.key}" if isinstance(row, Group) else row


def grouped(groups: Iterable[tuple[Group, Sequence[R]]], folded: set[str]) -> list[Group | R]:
    """Titles and, below those that are not folded, their rows; empty groups are left out."""
    view: list[Group | R] = []
    for group, members in groups:
        if members:
            view.append(group._replace(size=len(members)))
            view += () if group.key in folded else members
    return view


class Rows(Generic[R]):
    """Rows in the order shown, and a cursor that stays on its row's key, whatever is sorted, filtered or read
    again.

    `key_of` names a row for good (a SHA-256, a host). `height` is how many rows are drawn; the frame sets it.
    """

    def __init__(
        self,
        key_of: Callable[[R], str],
        refill: Callable[[], None],
        row_of: Callable[[str], R | None] | None = None,
    ) -> None:
        """`refill` shows the rows again after the query has changed; `row_of` is `key_of`'s inverse, where
        there is one that is faster than looking through the rows."""
        self.key_of = key_of
        self._row_of = row_of
        self.sort, self.reverse = "", False
        self._query, self._refill = "", refill
        self.view: Sequence[R] = ()
        self.group_titles: Sequence[int] = ()
        """Where in the view the titles of groups are."""
        self.cursor = 0
        self.top = 0
        self.height = 1
        self.marks: set[str] = set()
        self.folded: set[str] = set()
        self.version = 0
        self._wanted = ""
        self._clamped = 0

    @property
    def query(self) -> str:
        """The filter, as it was typed."""
        return self._query

    @query.setter
    def query(self, text: str) -> None:
        if text != self._query:
            self._query = text
            self._refill()

    def asks_for(self, text: str) -> bool:
        """Whether `text` has every word of the query."""
        text = text.lower()
        return all(word in text for word in self._query.lower().replace('"', "").split())

    @property
    def current(self) -> R | None:
        """The row under the cursor."""
        return self.view[self.cursor] if 0 <= self.cursor < len(self.view) else None

    @property
    def in_sight(self) -> bool:
        """Whether the row under the cursor is drawn."""
        return self.top <= self.cursor < self.top + self.height

    def show(self, view: Sequence[R]) -> None:
        """Show these rows. The cursor stays on its row where that is among them, else as near as it can."""
        wanted = self._wanted or ("" if self.current is None else self.key_of(self.current))
        self.view = view
        in_groups = bool(view) and isinstance(view[0], Group)
        self.group_titles = [at for at, row in enumerate(view) if isinstance(row, Group)] if in_groups else ()
        self.version += 1
        if not self.go_to(wanted):
            on_title = self.cursor == 0 and len(view) > 1 and isinstance(view[0], Group)
            self.move_to(1 if on_title and not isinstance(view[1], Group) else self.cursor)
            self._wanted = wanted  # where it is hidden for now, it is gone back to when it is shown again

    def go_to(self, key: str) -> bool:
        """Put the cursor on the row of that key; False where it is not shown."""
        if not key:
            return False
        if self.current is not None and self.key_of(self.current) == key:
            self.move_to(self.cursor, far=True)
            return True
        position = self.position_of(key)
        if position is not None:
            self.move_to(position, far=True)
        return position is not None

    def position_of(self, key: str) -> int | None:
        """Where the row of that key is; None where it is not shown."""
        if self._row_of is not None:
            row = self._row_of(key)
            try:
                return None if row is None else self.view.index(row)
            except ValueError:
                return None
        return next((position for position, row in enumerate(self.view) if self.key_of(row) == key), None)

    def move_to(self, position: int, *, far: bool = False) -> None:
        """Put the cursor on a row and that in sight; from far off in the middle, among others."""
        self.cursor = max(0, min(position, len(self.view) - 1))
        self._wanted = ""
        self.keep_in_sight(far=far)

    def keep_in_sight(self, *, far: bool = False) -> None:
        """Scroll as far as it takes to see the row under the cursor."""
        lowest = max(0, len(self.view) - self.height)
        highest = self.cursor
        if self.height > 1 and highest > 0 and isinstance(self.view[highest - 1], Group):
            highest -= 1  # the title of its group is seen, too
        nearest = min(max(self.top, self.cursor - self.height + 1), highest)
        if far and abs(nearest - self.top) > self.height // 2:
            nearest = self.cursor - self.height // 2
        self.top = max(0, min(nearest, lowest))

    def clamp(self) -> None:
        """Keep what is drawn within the rows there are, after they or the screen have changed."""
        self.cursor = max(0, min(self.cursor, len(self.view) - 1))
        if self.height != self._clamped:
            self._clamped = self.height
            self.keep_in_sight(far=True)
        self.top = max(0, min(self.top, len(self.view) - self.height))

    def scroll(self, step: int) -> None:
        """Scroll without moving the cursor, as a mouse wheel does."""
        self.top = max(0, min(self.top + step, len(self.view) - self.height))

    def toggle_mark(self, keys: Iterable[str]) -> None:
        """Mark all of `keys`; where all are marked already, none."""
        chosen = set(keys)
        if chosen <= self.marks:
            self.marks -= chosen
        else:
            self.marks |= chosen
        self.version += 1

    def fold(self, group: str, folded: bool) -> bool:
        """Fold or unfold a group; False where it is so already."""
        if (group in self.folded) == folded:
            return False
        (self.folded.add if folded else self.folded.discard)(group)
        return True


def widths_of(columns: Sequence[Column], width: int) -> list[int]:
    """How wide each column is drawn in `width` cells; 0 for one that is dropped. A gap is before all but the
    first."""
    shown = list(columns)
    while True:
        fixed = sum(column.width for column in shown) + _GAP * (len(shown) - 1)
        flexible = [column for column in shown if not column.width]
        droppable = [column for column in shown if column.drop]
        if not droppable or width - fixed >= MIN_NAME_WIDTH * bool(flexible):
            break
        shown.remove(max(droppable, key=lambda column: column.drop))
    share = max(4, width - fixed) // max(1, len(flexible))
    return [(column.width or share) if column in shown else 0 for column in columns]


def header(columns: Sequence[Column], width: int, lead: int, sort: str, reverse: bool) -> Line:
    """The titles of the columns, an arrow at the one that the rows are sorted by."""
    cells = []
    for column in columns:
        arrow = (" ▾" if reverse else " ▴") if column.key == sort and sort else ""
        cells.append(Cell(column.title + arrow, "muted!"))
    spans = row_line((Span(" " * lead),), cells, columns, width)
    keys = [f"sort {column.key}" for column in columns]
    texts = iter(zip(columns, widths_of(columns, width - lead), keys, strict=True))
    titled = [spans[0]]
    for span in spans[1:]:
        key = next(key for column, room, key in texts if room)
        titled.append(span._replace(key=key))
    return tuple(titled)


def row_line(lead: Line, cells: Sequence[Cell], columns: Sequence[Column], width: int) -> Line:
    """A row: what is before its columns, then a cell each."""
    spans = list(lead)
    taken = sum(cell_len(span.text) for span in lead)
    gap = ""
    for cell, column, room in zip(cells, columns, widths_of(columns, width - taken), strict=True):
        if room:
            text = fit(cell.text, room, middle=column.middle, tail=column.tail, right=column.right)
            spans.append(Span(gap + text, cell.role))
            gap = " " * _GAP
    return tuple(spans)
