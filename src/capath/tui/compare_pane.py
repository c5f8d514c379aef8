"""Mode 5: this store beside another, by certificate: what one alone has, and what they judge apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Static

from capath.errors import StrEnum
from capath.pki.visible import visible
from capath.store.diff import Comparison, Member
from capath.tui.table import Cell, Column, LineTable


class Difference(StrEnum):
    """What a row of the comparison says."""

    ONLY_HERE = "only here"
    ONLY_THERE = "only there"
    TRUST = "trust differs"
    LIMITS = "limits differ"


@dataclass(frozen=True, slots=True)
class Row:
    """One difference. `member` is this store's where it has one. `words` says the rest shortly, `more` in full."""

    difference: Difference
    member: Member
    words: str
    more: str


_STYLES = {
    Difference.ONLY_HERE: "good",
    Difference.ONLY_THERE: "staged",
    Difference.TRUST: "warn",
    Difference.LIMITS: "quiet",
}

_RICH_STYLES = {
    Difference.ONLY_HERE: "green",
    Difference.ONLY_THERE: "cyan",
    Difference.TRUST: "yellow",
    Difference.LIMITS: "dim",
}


class SourceInput(Input):
    """Where the other store is named."""


class ComparePane(Vertical):
    """A comparison, one difference a row."""

    @dataclass
    class CompareWanted(Message):
        """The user wants this store compared with another one, as typed."""

        text: str

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._rows: tuple[Row, ...] = ()
        self._importable = False

    def compose(self) -> ComposeResult:
        with Horizontal(classes="filter-line"):
            yield SourceInput(
                placeholder="c compare: mozilla, certifi, system, a path",
                id="compare-input",
                compact=True,
            )
            yield Static(id="compare-count", classes="count", markup=False)
        yield LineTable(
            _columns(()), self._cells, empty="nothing compared yet: c, then a store", id="compare-table"
        )
        yield Static(id="compare-why", markup=False)

    @property
    def table(self) -> LineTable:
        return self.query_one("#compare-table", LineTable)

    @property
    def input(self) -> SourceInput:
        return self.query_one(SourceInput)

    @property
    def current(self) -> Row | None:
        """The difference under the cursor."""
        number = self.table.current
        return None if number is None else self._rows[number]

    def show_comparison(self, comparison: Comparison, *, focus: bool, importable: bool) -> None:
        """Show this store (left) beside another (right), which has certificates to import where `importable`."""
        self._importable = importable
        self._rows = _rows(comparison)
        self.table.set_empty(f"no difference: {comparison.same:,} certificates are judged alike")
        self.table.set_columns(_columns(self._rows))
        self.table.show(list(range(len(self._rows))))
        self.query_one("#compare-count", Static).update(
            Text(
                f"{visible(comparison.right.title)}: {comparison.same:,} alike, "
                f"{len(comparison.only_left):,} only here, {len(comparison.only_right):,} only there",
                "dim",
            )
        )
        if focus:
            self.table.focus()

    @on(LineTable.Moved, "#compare-table")
    def _moved(self) -> None:
        row = self.current
        text = Text()
        if row is not None:
            text.append(f"{visible(row.member.label)}\n", "bold")
            text.append(f"{row.difference.value}", _RICH_STYLES[row.difference])
            text.append(f"  {visible(row.more)}" if row.more else "")
            if self._importable and row.difference is Difference.ONLY_THERE:
                text.append("  I", "bold")
                text.append(" imports it", "dim")
            text.append("\n")
            text.append(f"SHA-256 {row.member.sha256}", "dim")
        self.query_one("#compare-why", Static).update(text)

    @on(Input.Submitted, "#compare-input")
    def _submitted(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self.post_message(self.CompareWanted(event.value.strip()))

    def _cells(self, number: int) -> Sequence[Cell]:
        row = self._rows[number]
        return (
            Cell(f" {row.difference.value}", _STYLES[row.difference]),
            Cell(visible(row.member.label)),
            Cell(row.member.sha256[:8], "quiet"),
            Cell(visible(row.words), "quiet"),
        )


def _rows(comparison: Comparison) -> tuple[Row, ...]:
    rows: list[Row] = []
    for pair in comparison.trust:
        words = "trusted here" if pair.left.trusted else "trusted there"
        rows.append(Row(Difference.TRUST, pair.left, words, f"{words} alone"))
    for difference, only in (
        (Difference.ONLY_THERE, comparison.only_right),
        (Difference.ONLY_HERE, comparison.only_left),
    ):
        for item in only:
            short = [] if item.member.trusted else ["off"]
            more = list(short)
            if item.same_key_there:
                other = item.same_key_there[0]
                short.append("same key on both sides")
                more.append(f"the same key is on the other side in {other.label} ({other.sha256[:16]})")
            rows.append(Row(difference, item.member, ", ".join(short), ", ".join(more)))
    for differ in comparison.limits:
        limits = _limits(differ.left, differ.right)
        rows.append(Row(Difference.LIMITS, differ.left, limits, limits))
    return tuple(rows)


def _columns(rows: Sequence[Row]) -> tuple[Column, ...]:
    """What the rows do not need is the certificates' names'. The fingerprint stands below the table, too."""
    words = min(24, max((len(row.words) for row in rows), default=0))
    return (
        Column("difference", " Difference", 15),
        Column("title", "Certificate", 0, middle=True),
        Column("sha256", "SHA-256", 10, from_width=100),
        Column("words", "Also" if words else "", words + 2),
    )


def _limits(left: Member, right: Member) -> str:
    here, there = (
        f"{member.distrust_after:%Y-%m-%d}" if member.distrust_after else member.constraints or "none"
        for member in (left, right)
    )
    return f"here {here}, there {there}"
