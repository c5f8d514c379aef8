"""Mode 1: the certificates, filtered and sorted, and the details of the one under the cursor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from capath.report.standing import Mark
from capath.tui.details import certificate_details
from capath.tui.model import Item, Stage, Staged, Store
from capath.tui.pane import Details, FilterInput
from capath.tui.search import FILTER_HELP, Order, matching, ordered, unknown_word
from capath.tui.table import Cell, Column, LineTable
from capath.tui.work import Clock

_MARK_STYLES = {Mark.TRUSTED: "good", Mark.OFF: "quiet", Mark.NOT_LINKED: "quiet", Mark.DEFECT: "warn"}


class CertificatesPane(Vertical):
    """Mode 1: the certificates, filtered and sorted, and the details of the one under the cursor."""

    def __init__(self, now: Clock, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._now = now
        self._store: Store | None = None
        self._staged = Staged()
        self._order = Order.TITLE
        self._reverse = False
        self._used: Mapping[str, Sequence[str]] = {}

    def compose(self) -> ComposeResult:
        columns = (
            Column(Order.STATE, "", 6),
            Column(Order.TITLE, "Subject", 0, middle=True),
            Column(Order.LINK, "Link", 12),
            Column(Order.KEY, "Key", 10),
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

    def show_used(self, used: Mapping[str, Sequence[str]]) -> None:
        """Show which hosts each root (SHA-256) carried."""
        self._used = used
        self.show_details(top=False)

    def show_staged(self, staged: Staged) -> None:
        """Show what is staged now."""
        self._staged = staged
        if "is:staged" in self.filter.value:
            self._refill(self.table.current)
        self.table.redraw()
        self.show_details(top=False)

    def find(self, sha256: str) -> Item | None:
        """The certificate of that fingerprint, if the store has it."""
        return None if self._store is None else self._store.by_sha256.get(sha256)

    def go_to_issuer(self) -> bool:
        """Put the cursor on the issuer of the certificate under it; False where it is itself, or not here."""
        item = self.current
        if item is None or self._store is None:
            return False
        wanted = item.row.certificate.issuer.canonical
        for other in self._store.items:
            if other.row.certificate.subject.canonical == wanted and other.sha256 != item.sha256:
                return self.go_to(other.sha256)
        return False

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
        self.details.show(
            certificate_details(
                item, self._store, self._staged, self._used.get(item.sha256, ()), self._now(), width
            ),
            top=top,
        )

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
        numbers = matching(items, self.filter.value, self._staged, self._now())
        if not items:
            self.table.set_empty("no certificates here yet: I imports some, or copy .pem files in; R links them")
        elif not numbers:
            unknown = unknown_word(self.filter.value)
            said = f"there is no filter {unknown}" if unknown else "nothing matches the filter"
            self.table.set_empty(f"{said}; Esc clears it")
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
