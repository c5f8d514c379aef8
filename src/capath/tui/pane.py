"""What a pane is: the rows of a mode, their details, and what keys do there. A plug-in: one file, one line in
`capath.tui.panes`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from capath.tui.actions import Mode
from capath.tui.model import Item
from capath.tui.rows import Cell, Column, Rows
from capath.tui.text import EMPTY, Line


class Hint(NamedTuple):
    """What a key would do to the row under the cursor: an action's name and a verb, empty for the action's own."""

    action: str
    verb: str = ""


class Details(NamedTuple):
    """The panel beside the rows: its title, what stands at its corner, and its lines."""

    title: Line = EMPTY
    lines: tuple[Line, ...] = ()
    corner: Line = EMPTY


class Pane(Protocol):
    """The rows are of the pane's own kind; whoever is not the pane hands them back unseen."""

    mode: Mode
    summary_height: int
    """How many lines the details have below the rows, on a small screen."""
    rows: Rows[Any]

    @property
    def share(self) -> float:
        """How much of a wide screen's width the rows take."""

    def refresh(self) -> None:
        """The session has changed: show what is now."""

    def refill(self) -> None:
        """Filter and sort anew."""

    def columns(self) -> Sequence[Column]: ...

    def lead(self, row: Any) -> Line:
        """What is before a row's columns: its marks, its state. Always of the same width."""

    def cells(self, row: Any) -> Sequence[Cell]: ...

    def title(self) -> Line: ...

    def corner(self) -> Line: ...

    def empty(self) -> Line:
        """What is said, and what to do, where there are no rows."""

    def is_notable(self, row: Any) -> bool:
        """Whether n and N stop at the row: it is changed, failed or defective."""

    def details(self, width: int, height: int) -> Details:
        """Everything about the row under the cursor, the answer to the mode's question in the first two lines."""

    def hints(self) -> Sequence[Hint]:
        """What is worth a place in the footer, in the order of use."""

    def item(self) -> Item | None:
        """The certificate of this directory that the row under the cursor is about."""

    def reveal(self, key: str) -> None:
        """Unfold what hides the row of that key."""

    def act(self, action: str) -> bool:
        """Do what `action` means here; False where it means nothing."""
