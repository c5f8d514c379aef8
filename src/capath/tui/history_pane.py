"""Mode 5: the changes capath made here, newest first, and the steps of the one under the cursor."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from capath.change.journal import Change, current_changes
from capath.change.operation import describe
from capath.pki.visible import visible
from capath.report.change import state_text
from capath.tui.pane import Details
from capath.tui.table import Cell, Column, LineTable


class HistoryPane(Vertical):
    """The changes capath made here, newest first, and the steps of the one under the cursor."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._changes: tuple[Change, ...] = ()
        self._in_force: frozenset[int] = frozenset()

    def compose(self) -> ComposeResult:
        columns = (
            Column("number", "  No", 6),
            Column("at", "When (UTC)", 21),
            Column("state", "State", 12),
            Column("summary", "Change", 0),
        )
        with Horizontal(classes="split"):
            yield LineTable(columns, self._cells, empty="capath has made no change here", id="history-table")
            yield Details(id="history-details", classes="side")

    @property
    def table(self) -> LineTable:
        return self.query_one("#history-table", LineTable)

    def show_changes(self, changes: tuple[Change, ...]) -> None:
        """Show the journal as it is now."""
        self._changes = tuple(reversed(changes))
        self._in_force = frozenset(change.number for change in current_changes(changes))
        self.table.show(list(range(len(self._changes))))

    @on(LineTable.Moved, "#history-table")
    def show_details(self) -> None:
        number = self.table.current
        text = Text()
        if number is not None:
            change = self._changes[number]
            text.append(f"{visible(change.summary)}\n", "bold")
            text.append(f"{state_text(change, change.number in self._in_force)}\n\n", "dim")
            for operation in change.operations[:500]:
                text.append(f"{visible(describe(operation))}\n")
            if len(change.operations) > 500:
                text.append(f"… and {len(change.operations) - 500} more\n", "dim")
        self.query_one("#history-details", Details).show(text)

    def _cells(self, number: int) -> Sequence[Cell]:
        change = self._changes[number]
        state = state_text(change, change.number in self._in_force)
        return (
            Cell(f"{change.number:>4}"),
            Cell(f"{change.at:%Y-%m-%d %H:%M:%S}"),
            Cell(state, "good" if state == "done" else "quiet"),
            Cell(visible(change.summary)),
        )
