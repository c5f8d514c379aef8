"""Mode 6: the changes capath made here, newest first, what each did, and what can be undone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from capath.pki.visible import visible
from capath.tui.actions import Mode
from capath.tui.model import Item
from capath.tui.pane import Details, Hint
from capath.tui.rows import Cell, Column, Rows
from capath.tui.session import Session, Tone
from capath.tui.text import EMPTY, Line, Page, hint, line

if TYPE_CHECKING:
    from capath.change.journal import Change

_SHOWN_STEPS = 500


class HistoryPane:
    """Rows are numbers of changes."""

    mode = Mode.HISTORY
    share = 0.54
    summary_height = 7

    def __init__(self, session: Session) -> None:
        self._session = session
        self.rows: Rows[int] = Rows(str, self.refill)
        self._changes: dict[int, Change] = {}
        self._in_force: tuple[int, ...] = ()

    def refresh(self) -> None:
        from capath.change.journal import current_changes

        changes = self._session.changes
        if tuple(self._changes.values()) != changes[::-1]:
            self._changes = {change.number: change for change in changes[::-1]}
            self._in_force = tuple(change.number for change in current_changes(changes))
            self.refill()

    def refill(self) -> None:
        self.rows.show(
            [
                number
                for number, change in self._changes.items()
                if self.rows.asks_for(f"{change.summary} {self._state(change)}")
            ]
        )

    def _state(self, change: Change) -> str:
        from capath.report.change import state_text

        return state_text(change, change.number in self._in_force)

    def item(self) -> Item | None:
        return None

    def reveal(self, key: str) -> None:
        """Nothing jumps here."""

    # --- drawing ---

    def columns(self) -> Sequence[Column]:
        return (
            Column("at", "When (UTC)", 16),
            Column("state", "State", 10),
            Column("summary", "Change", 0, middle=True),
        )

    def lead(self, row: int) -> Line:
        return line((f"{row:>4}  ", "muted"))

    def cells(self, row: int) -> Sequence[Cell]:
        change = self._changes[row]
        state = self._state(change)
        role = "" if row in self._in_force else "muted"
        return (
            Cell(f"{change.at:%Y-%m-%d %H:%M}", "muted"),
            Cell(state, "good" if state == "done" else "muted"),
            Cell(visible(change.summary), role),
        )

    def title(self) -> Line:
        return line("History", (f"  {len(self._changes):,} changes", "muted"))

    def corner(self) -> Line:
        return EMPTY

    def empty(self) -> Line:
        return (*line("Nothing changed yet: what you apply is listed here, and "), *hint("u", "undoes it."))

    def is_notable(self, row: int) -> bool:
        return row in self._in_force

    def details(self, width: int, height: int) -> Details:
        from capath.change.operation import describe

        number, page = self.rows.current, Page(width)
        if number is None:
            return Details()
        change = self._changes[number]
        page.flow(visible(change.summary), "strong!")
        page.flow(self._why_not(number) or "u undoes it", "muted")
        page.section(f"{len(change.operations):,} steps, in this order")
        for operation in change.operations[:_SHOWN_STEPS]:
            page.flow(visible(describe(operation)), indent=2)
        if len(change.operations) > _SHOWN_STEPS:
            page.add((f"… and {len(change.operations) - _SHOWN_STEPS:,} more", "muted"))
        return Details(line(f"Change {number}  {change.at:%Y-%m-%d %H:%M:%S} UTC"), tuple(page.lines))

    def _why_not(self, number: int) -> str:
        """Why the change cannot be undone now; empty where it can."""
        if number not in self._in_force:
            return f"It is {self._state(self._changes[number])}: there is nothing to undo."
        return ""

    # --- acting ---

    def hints(self) -> Sequence[Hint]:
        number = self.rows.current
        undo = (Hint("undo"),) if number is not None and not self._why_not(number) else ()
        return (*undo, Hint("redo"), Hint("filter"), Hint("copy"))

    def act(self, action: str) -> bool:
        number = self.rows.current
        if action != "undo" or number is None or self._session.staged:
            return False
        if why := self._why_not(number):
            self._session.say(Tone.INFO, why)
        else:
            self._session.undo_change(number)
        return True
