"""The panes that show the store: certificates, links, history. They show values and ask for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Input, Static

from capath.change.journal import Change, current_changes
from capath.change.operation import describe
from capath.pki.visible import visible
from capath.report.change import state_text
from capath.store.links import LinkReport, LinkState
from capath.tui.details import certificate_details
from capath.tui.model import Item, Mark, Stage, Staged, Store
from capath.tui.search import FILTER_HELP, Order, matching, ordered
from capath.tui.table import Cell, Column, LineTable

_MARK_STYLES = {Mark.TRUSTED: "good", Mark.OFF: "quiet", Mark.DEFECT: "warn"}


class Details(VerticalScroll, can_focus=True):
    """A scrolled text beside a table, or over it on a narrow screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_down", "Down", show=False),
        Binding("k", "scroll_up", "Up", show=False),
        Binding("g", "scroll_home", "First", show=False),
        Binding("G", "scroll_end", "Last", show=False),
    ]

    @dataclass
    class Resized(Message):
        """The text has another width now, and wants to be made anew."""

    def on_resize(self) -> None:
        self.post_message(self.Resized())

    def compose(self) -> ComposeResult:
        yield Static(markup=False)

    def show(self, text: Text, *, top: bool = True) -> None:
        """Show `text` from its beginning."""
        self.query_one(Static).update(text)
        if top:
            self.scroll_home(animate=False)

    @property
    def text_width(self) -> int:
        return max(24, self.scrollable_content_region.width)


class FilterInput(Input):
    """One line that filters as it is typed into."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("down", "leave", "To the table", show=False)]

    @dataclass
    class Left(Message):
        """The user goes on to the table."""

    def action_leave(self) -> None:
        self.post_message(self.Left())

    async def action_submit(self) -> None:
        """Enter does not submit anything: what was typed acts already."""
        self.action_leave()


class CertificatesPane(Vertical):
    """Mode 1: the certificates, filtered and sorted, and the details of the one under the cursor."""

    def __init__(self, now: datetime, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._now = now
        self._store: Store | None = None
        self._staged = Staged()
        self._order = Order.TITLE
        self._reverse = False

    def compose(self) -> ComposeResult:
        columns = (
            Column("mark", "", 6),
            Column(Order.TITLE, "Subject", 0),
            Column(Order.LINK, "Link", 13),
            Column(Order.KEY, "Key", 12),
            Column(Order.UNTIL, "Until", 13),
        )
        with Horizontal(classes="filter-line"):
            yield FilterInput(placeholder=f"/ filter: {FILTER_HELP}", id="certificate-filter", compact=True)
            yield Static(id="certificate-count", classes="count", markup=False)
        with Horizontal(classes="split"):
            yield LineTable(columns, self._cells, empty="reading the directory …", id="certificate-table")
            yield Details(id="certificate-details", classes="side")

    @property
    def table(self) -> LineTable:
        return self.query_one("#certificate-table", LineTable)

    @property
    def details(self) -> Details:
        return self.query_one("#certificate-details", Details)

    @property
    def filter(self) -> FilterInput:
        return self.query_one("#certificate-filter", FilterInput)

    @property
    def current(self) -> Item | None:
        """The certificate under the cursor."""
        number = self.table.current
        return None if number is None or self._store is None else self._store.items[number]

    @property
    def shown_items(self) -> list[Item]:
        """The certificates that the filter lets through."""
        return [] if self._store is None else [self._store.items[number] for number in self.table.view]

    def show_store(self, store: Store, staged: Staged) -> None:
        """Show a newly read store, the cursor on the same certificate."""
        current = self.current
        self._store, self._staged = store, staged
        numbers = {item.sha256: number for number, item in enumerate(store.items)}
        self._refill(numbers.get(current.sha256) if current else None)

    def show_audited(self, store: Store) -> None:
        """Show the same store with its findings."""
        self._store = store
        self.show_details(top=False)

    def show_staged(self, staged: Staged) -> None:
        """Show what is staged now."""
        self._staged = staged
        if "is:staged" in self.filter.value:
            self._refill(self.table.current)
        self.table.redraw()
        self.show_details(top=False)

    def go_to(self, sha256: str) -> bool:
        """Put the cursor on a certificate, the filter cleared if it hides it."""
        if self._store is None or sha256 not in self._store.by_sha256:
            return False
        number = self._store.items.index(self._store.by_sha256[sha256])
        if number not in self.table.view:
            with self.prevent(Input.Changed):
                self.filter.value = ""
        self._refill(number)
        return True

    def sort_by(self, order: Order, reverse: bool | None = None) -> None:
        """Sort by a column; by the same again reverses."""
        if reverse is None:
            reverse = not self._reverse if order is self._order else False
        self._order, self._reverse = order, reverse
        self._refill(self.table.current)

    def sort_by_next(self) -> None:
        orders = list(Order)
        self.sort_by(orders[(orders.index(self._order) + 1) % len(orders)], reverse=False)

    def reverse_order(self) -> None:
        self.sort_by(self._order)

    @on(Details.Resized)
    def _resized(self) -> None:
        self.show_details(top=False)

    def show_details(self, *, top: bool = True) -> None:
        item = self.current
        if item is None or self._store is None:
            self.details.show(Text(""))
            return
        width = self.details.text_width
        self.details.show(certificate_details(item, self._store, self._staged, self._now, width), top=top)

    @on(Input.Changed, "#certificate-filter")
    def _filter_changed(self) -> None:
        self._refill(self.table.current)

    @on(LineTable.Moved, "#certificate-table")
    def _moved(self) -> None:
        self.show_details()

    @on(LineTable.HeaderClicked, "#certificate-table")
    def _header_clicked(self, event: LineTable.HeaderClicked) -> None:
        self.sort_by(Order(event.key) if event.key in list(Order) else Order.STATE)

    def _refill(self, current: int | None) -> None:
        if self._store is None:
            return
        items = self._store.items
        numbers = matching(items, self.filter.value, self._staged, self._now)
        if not items:
            self.table.set_empty(
                "no certificates here yet: copy .pem files in, then R in Links (2) makes the links"
            )
        elif not numbers:
            self.table.set_empty("nothing matches the filter; Esc clears it")
        self.table.mark_sorted(self._order.value, self._reverse)
        self.table.show(ordered(items, numbers, self._order, self._reverse), current=current)
        count = f"{len(numbers):,} of {len(items):,}" if self.filter.value else f"{len(items):,}"
        self.query_one("#certificate-count", Static).update(Text(count, "dim"))

    def _cells(self, number: int) -> Sequence[Cell]:
        assert self._store is not None
        item = self._store.items[number]
        stage = self._staged.stage_of(item.sha256)
        style = "" if item.trusted else _MARK_STYLES[item.mark]
        expired = "warn" if item.until.startswith("expired") else style
        return (
            Cell(
                f" {stage.value} {item.mark.value} ",
                "staged" if stage is not Stage.NONE else _MARK_STYLES[item.mark],
            ),
            Cell(item.title, style),
            Cell(item.link, style),
            Cell(item.key, style),
            Cell(item.until, expired),
        )


class LinksPane(Vertical):
    """Mode 2: every hash link, healthy and not, with why."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._links: tuple[LinkReport, ...] = ()
        self._titles: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        columns = (
            Column("name", "Link", 15),
            Column("state", "State", 19),
            Column("target", "Leads to", 0),
            Column("serves", "Serves", 0),
        )
        with Horizontal(classes="filter-line"):
            yield FilterInput(
                placeholder="/ filter links: a name, a target, a state", id="link-filter", compact=True
            )
            yield Static(id="link-count", classes="count", markup=False)
        yield LineTable(columns, self._cells, empty="reading the directory …", id="link-table")
        yield Static(id="link-why", markup=False)

    @property
    def table(self) -> LineTable:
        return self.query_one("#link-table", LineTable)

    @property
    def filter(self) -> FilterInput:
        return self.query_one("#link-filter", FilterInput)

    @property
    def current(self) -> LinkReport | None:
        number = self.table.current
        return None if number is None else self._links[number]

    def show_store(self, store: Store) -> None:
        """Show the links of a newly read store, those with a defect first."""
        self._links = tuple(sorted(store.listing.links, key=lambda link: link.state is LinkState.OK))
        self._titles = {item.sha256: item.title for item in store.items}
        self._refill()

    @on(Input.Changed, "#link-filter")
    def _refill(self) -> None:
        words = self.filter.value.lower().split()
        numbers = [
            number
            for number, link in enumerate(self._links)
            if all(
                word in f"{link.name} {link.target or ''} {link.state.value} {self._serves(link)}".lower()
                for word in words
            )
        ]
        empty = "nothing matches the filter; Esc clears it" if words else "no hash links: R makes them"
        self.table.set_empty(empty)
        self.table.show(numbers, current=self.table.current)
        defects = sum(link.state is not LinkState.OK for link in self._links)
        count = f"{len(numbers):,} of {len(self._links):,} links, {defects:,} with a defect"
        self.query_one("#link-count", Static).update(Text(count, "yellow" if defects else "dim"))

    @on(LineTable.Moved, "#link-table")
    def _moved(self) -> None:
        link = self.current
        why = "" if link is None else f"{link.name}  {link.state.value}: {link.why}"
        self.query_one("#link-why", Static).update(Text(visible(why)))

    def _cells(self, number: int) -> Sequence[Cell]:
        link = self._links[number]
        good = link.state is LinkState.OK
        target = "(a regular file)" if link.target is None else visible(link.target)
        return (
            Cell(f" {visible(link.name)}"),
            Cell(f"{'●' if good else '▲'} {link.state.value}", "good" if good else "warn"),
            Cell(target, "" if good else "quiet"),
            Cell(self._serves(link), "" if good else "quiet"),
        )

    def _serves(self, link: LinkReport) -> str:
        titles = [self._titles.get(identity, "a CRL") for identity in link.certificates]
        return ", ".join(titles) or "–"


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
