"""Mode 3: hosts, their verdicts, and all that is known of the one under the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input

from capath.tls.endpoint import Endpoint
from capath.tls.host_to_test import HostToTest
from capath.tui.connection import (
    OUTCOME_MARKS,
    OUTCOME_STYLES,
    Finished,
    HostTest,
    Running,
    State,
    Waiting,
    connection_details,
    short_verdict,
)
from capath.tui.panes import Details
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
    """Hosts in the order in which they were first named, each once."""

    @dataclass
    class TestWanted(Message):
        """The user wants this host tested, as typed or as listed."""

        text: str

    def __init__(self, hosts: Sequence[HostToTest], *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._tests = [HostTest(host, Waiting()) for host in hosts]
        self._show_key = False

    def compose(self) -> ComposeResult:
        columns = (
            Column("mark", "", 3),
            Column("host", "Host", 0),
            Column("verdict", "Verify code, cause", 32),
        )
        with Vertical(classes="filter-line"):
            yield HostInput(
                placeholder="t test: host, host:port or [IPv6]:port, then Enter",
                id="connection-input",
                compact=True,
            )
        with Horizontal(classes="split"):
            yield LineTable(
                columns, self._cells, empty="no host tested yet: t, then type one", id="connection-table"
            )
            yield Details(id="connection-details", classes="side")

    def on_mount(self) -> None:
        self.table.show(list(range(len(self._tests))))

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
        return None if number is None else self._tests[number]

    @property
    def tests(self) -> Sequence[HostTest]:
        return self._tests

    def known(self, endpoint: Endpoint) -> HostToTest:
        """The host of the list at `endpoint`, with its options; a new one where there is none."""
        return next((test.host for test in self._tests if test.endpoint == endpoint), HostToTest(endpoint))

    def set_state(self, host: HostToTest, state: State, *, select: bool = False) -> HostTest:
        """Show how far the test of `host` is; add it where it is new."""
        test = HostTest(host, state)
        number = next((n for n, known in enumerate(self._tests) if known.host == host), None)
        if number is None:
            number = len(self._tests)
            self._tests.append(test)
        else:
            self._tests[number] = replace(self._tests[number], state=state)
        current = number if select else self.table.current
        self.table.show(list(range(len(self._tests))), current=current)
        return test

    def state_of(self, host: HostToTest) -> State:
        return next((test.state for test in self._tests if test.host == host), Waiting())

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

    def show_details(self, *, top: bool = True) -> None:
        test = self.current
        if test is not None:
            self.details.show(connection_details(test, self._show_key, self.details.text_width), top=top)

    def _cells(self, number: int) -> Sequence[Cell]:
        test = self._tests[number]
        match test.state:
            case Waiting():
                return Cell(" ·", "quiet"), Cell(test.endpoint.text), Cell("not tested yet", "quiet")
            case Running():
                return Cell(" …", "quiet"), Cell(test.endpoint.text), Cell("testing", "quiet")
            case Finished(result=result, diagnosis=diagnosis):
                name = result.outcome_name
                words = short_verdict(result, diagnosis)
                style = OUTCOME_STYLES[name]
                return Cell(f" {OUTCOME_MARKS[name]}", style), Cell(test.endpoint.text), Cell(words, style)
