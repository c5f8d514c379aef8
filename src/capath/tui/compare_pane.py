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
    """One difference. `member` is this store's where it has one."""

    difference: Difference
    member: Member
    words: str


_STYLES = {
    Difference.ONLY_HERE: "good",
    Difference.ONLY_THERE: "staged",
    Difference.TRUST: "warn",
    Difference.LIMITS: "quiet",
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

    def compose(self) -> ComposeResult:
        columns = (
            Column("difference", " Difference", 17),
            Column("title", "Certificate", 0),
            Column("sha256", "SHA-256", 10),
            Column("words", "Also", 24),
        )
        with Horizontal(classes="filter-line"):
            yield SourceInput(
                placeholder="c compare: mozilla, certifi, system, a path",
                id="compare-input",
                compact=True,
            )
            yield Static(id="compare-count", classes="count", markup=False)
        yield LineTable(columns, self._cells, empty="nothing compared yet: c, then a store", id="compare-table")

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

    def show_comparison(self, comparison: Comparison, *, focus: bool) -> None:
        """Show this store (left) beside another (right)."""
        self._rows = _rows(comparison)
        self.table.set_empty(f"no difference: {comparison.same:,} certificates are judged alike")
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
    rows = [
        Row(Difference.TRUST, pair.left, "trusted here" if pair.left.trusted else "trusted there")
        for pair in comparison.trust
    ]
    for difference, only in (
        (Difference.ONLY_THERE, comparison.only_right),
        (Difference.ONLY_HERE, comparison.only_left),
    ):
        for item in only:
            words = "" if item.member.trusted else "off"
            if item.same_key_there:
                words = f"{words} the same key is in {item.same_key_there[0].sha256[:16]}".strip()
            rows.append(Row(difference, item.member, words))
    rows.extend(Row(Difference.LIMITS, pair.left, _limits(pair.left, pair.right)) for pair in comparison.limits)
    return tuple(rows)


def _limits(left: Member, right: Member) -> str:
    here, there = (
        f"{member.distrust_after:%Y-%m-%d}" if member.distrust_after else member.constraints or "none"
        for member in (left, right)
    )
    return f"here {here}, there {there}"
