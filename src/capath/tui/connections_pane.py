"""Mode 3: hosts, their verdicts, and all that is known of the one under the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Static

from capath.errors import assert_never
from capath.report.test_mark import mark_of
from capath.tls.many.host_to_test import HostToTest
from capath.tui.bench import Bench, Finished, HostTest, Impact, Running, State, Waiting
from capath.tui.connection import MARK_STYLES, connection_details, short_verdict
from capath.tui.pane import Details
from capath.tui.table import Cell, Column, LineTable


class HostInput(Input):
    """Where a host is typed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("down", "leave", "To the list", show=False)]

    @dataclass
    class Left(Message):
        """The user goes on to the list."""

    def action_leave(self) -> None:
        self.post_message(self.Left())


class ConnectionsPane(Vertical):
    """The hosts of a bench, in its order."""

    @dataclass
    class TestWanted(Message):
        """The user wants this host tested, as typed or as listed."""

        text: str

    def __init__(self, bench: Bench, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._bench = bench
        self._two_sides = False
        self._show_key = False

    def compose(self) -> ComposeResult:
        with Horizontal(classes="filter-line"):
            yield HostInput(
                placeholder="t test: host:port, [IPv6]:port, host starttls=smtp",
                id="connection-input",
                compact=True,
            )
            yield Static(id="connection-count", classes="count", markup=False)
        with Horizontal(classes="split"):
            yield LineTable(
                _columns(False), self._cells, empty="no host tested yet: t, then type one", id="connection-table"
            )
            yield Details(id="connection-details", classes="side")

    def on_mount(self) -> None:
        self.show_bench()

    @property
    def table(self) -> LineTable:
        return self.query_one("#connection-table", LineTable)

    @property
    def details(self) -> Details:
        return self.query_one("#connection-details", Details)

    @property
    def input(self) -> HostInput:
        return self.query_one("#connection-input", HostInput)

    @property
    def current(self) -> HostTest | None:
        """The host under the cursor."""
        number = self.table.current
        return None if number is None else self._bench.tests[number]

    def show_bench(self, *, select: HostToTest | None = None) -> None:
        """Show how far the tests are; put the cursor on `select`."""
        staged = any(not isinstance(test.as_staged, Waiting) for test in self._bench.tests)
        if staged != self._two_sides:
            self._two_sides = staged
            self.table.set_columns(_columns(staged))
        current = self.table.current if select is None else self._bench.number_of(select)
        self.table.show(list(range(len(self._bench.tests))), current=current)
        self.query_one("#connection-count", Static).update(_impact_text(self._bench.impact, staged))

    def typed_host_taken(self) -> None:
        """What was typed is a host: make room for the next, and go to the list."""
        self.input.value = ""
        self.table.focus()

    def reveal_key(self) -> None:
        """Show or hide the master key of the session shown."""
        self._show_key = not self._show_key
        self.show_details(top=False)

    @on(Input.Submitted, "#connection-input")
    def _submitted(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self.post_message(self.TestWanted(event.value))

    @on(HostInput.Left)
    def _left(self) -> None:
        self.table.focus()

    @on(LineTable.Moved, "#connection-table")
    def _moved(self) -> None:
        self._show_key = False
        self.show_details()

    @on(Details.Resized)
    def _resized(self) -> None:
        self.show_details(top=False)

    def show_details(self, *, top: bool = True) -> None:
        test = self.current
        if test is not None:
            self.details.show(connection_details(test, self._show_key, self.details.text_width), top=top)

    def _cells(self, number: int) -> Sequence[Cell]:
        test = self._bench.tests[number]
        mark, style = _mark(test.latest)
        cells = [Cell(f" {mark}", style), Cell(test.endpoint.text), _verdict(test.as_is)]
        return [*cells, _verdict(test.as_staged)] if self._two_sides else cells


def _columns(two_sides: bool) -> tuple[Column, ...]:
    first = (Column("mark", "", 3), Column("host", "Host", 0, middle=True, tail=len(":65535")))
    if not two_sides:
        return (*first, Column("as-is", "Verify code, cause", 32))
    return (*first, Column("as-is", "As it is", 23), Column("as-staged", "As staged", 23))


def _mark(state: State) -> tuple[str, str]:
    match state:
        case Waiting():
            return "·", "quiet"
        case Running():
            return "…", "quiet"
        case Finished(result=result, diagnosis=diagnosis):
            mark = mark_of(result, diagnosis)
            return mark.value, MARK_STYLES[mark]
        case _:
            assert_never(state)


def _verdict(state: State) -> Cell:
    match state:
        case Waiting():
            return Cell("not tested yet", "quiet")
        case Running():
            return Cell("testing", "quiet")
        case Finished(result=result, diagnosis=diagnosis):
            return Cell(short_verdict(result, diagnosis), MARK_STYLES[mark_of(result, diagnosis)])
        case _:
            assert_never(state)


def _impact_text(impact: Impact, two_sides: bool) -> Text:
    text = Text()
    if not impact.total:
        return text
    text.append(f"{impact.tested:,} of {impact.total:,} tested, {impact.verified:,} verified", "dim")
    if two_sides:
        text.append(f"   staged mends {len(impact.mended):,}", "green" if impact.mended else "dim")
        text.append(f", breaks {len(impact.broken):,}", "bold red" if impact.broken else "dim")
    return text
