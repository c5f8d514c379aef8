"""Mode 2: every hash link, healthy and not, with why."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from capath.pki.visible import visible
from capath.store.link_health import LinkReport, LinkState
from capath.tui.model import Store
from capath.tui.pane import FilterInput
from capath.tui.table import Cell, Column, LineTable


class LinksPane(Vertical):
    """Mode 2: every hash link, healthy and not, with why."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._links: tuple[LinkReport, ...] = ()
        self._titles: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        with Horizontal(classes="filter-line"):
            yield FilterInput(
                placeholder="/ filter links: a name, a target, a state", id="link-filter", compact=True
            )
            yield Static(id="link-count", classes="count", markup=False)
        yield LineTable(_columns(()), self._cells, empty="reading the directory …", id="link-table")
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

    @property
    def current_certificates(self) -> tuple[str, ...]:
        """The SHA-256 of what the link under the cursor serves."""
        return () if self.current is None else self.current.certificates

    def show_store(self, store: Store) -> None:
        """Show the links of a newly read store, those with a defect first."""
        self._links = tuple(sorted(store.listing.links, key=lambda link: link.state is LinkState.OK))
        self._titles = {item.sha256: item.title for item in store.items}
        self.table.set_columns(_columns(self._links))
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
        text = Text(count, "yellow" if defects else "dim")
        text.append("  R mends" if defects else "", "bold green")
        self.query_one("#link-count", Static).update(text)

    @on(LineTable.Moved, "#link-table")
    def _moved(self) -> None:
        link = self.current
        text = Text()
        if link is not None:
            text.append(visible(link.name), "bold")
            leads_to = "a regular file" if link.target is None else f"→ {visible(link.target)}"
            text.append(f"  {leads_to}")
            text.append(f"  serves {self._serves(link)}\n" if link.certificates else "\n", "dim")
            text.append(f"{link.state.value}: {visible(link.why)}", "" if link.state is LinkState.OK else "yellow")
        self.query_one("#link-why", Static).update(text)

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


def _columns(links: Sequence[LinkReport]) -> tuple[Column, ...]:
    """A state is as wide as the longest there is. On a narrow screen the name that a link leads to has the room:
    what it serves is most often called alike, and stands below the table. Regular files lead to nothing."""
    state = max((len(link.state.value) for link in links), default=0)
    leads = not links or any(link.target is not None for link in links)
    return (
        Column("name", " Link", 13),
        Column("state", "State", max(6, state + 3)),
        Column("target", "Leads to" if leads else "", 0 if leads else 1, middle=True),
        Column("serves", "Serves", 0, middle=True, from_width=100 if leads else 0),
    )
