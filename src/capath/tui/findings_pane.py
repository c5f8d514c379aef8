"""Mode 4: what the audit found, the worst first, with its evidence and remedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from capath.audit import AboutCertificate, Finding, Severity
from capath.pki.visible import visible
from capath.tui.details import SEVERITY_MARKS
from capath.tui.flow import flow
from capath.tui.pane import Details, FilterInput
from capath.tui.table import Cell, Column, LineTable

_WORDS = {
    Severity.ERROR: ("error", "errors"),
    Severity.WARNING: ("warning", "warnings"),
    Severity.INFO: ("info",) * 2,
}
_STYLES = {Severity.ERROR: "bad", Severity.WARNING: "warn", Severity.INFO: "quiet"}


class FindingsPane(Vertical):
    """Findings about certificates, files, links and the directory."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._findings: tuple[Finding, ...] = ()

    def compose(self) -> ComposeResult:
        columns = (
            Column("severity", " Severity", 11),
            Column("about", "About", 0, middle=True, weight=2),
            Column("text", "Finding", 0, weight=3),
        )
        with Horizontal(classes="filter-line"):
            yield FilterInput(
                placeholder="/ filter findings: error, warning, info, a rule, a name",
                id="finding-filter",
                compact=True,
            )
            yield Static(id="finding-count", classes="count", markup=False)
        with Horizontal(classes="split"):
            yield LineTable(columns, self._cells, empty="the audit is not done yet …", id="finding-table")
            yield Details(id="finding-details", classes="side")

    @property
    def table(self) -> LineTable:
        return self.query_one("#finding-table", LineTable)

    @property
    def filter(self) -> FilterInput:
        return self.query_one("#finding-filter", FilterInput)

    @property
    def current(self) -> Finding | None:
        """The finding under the cursor."""
        number = self.table.current
        return None if number is None else self._findings[number]

    def show_findings(self, findings: tuple[Finding, ...]) -> None:
        """Show what an audit found."""
        self._findings = findings
        self._refill()

    @on(Input.Changed, "#finding-filter")
    def _refill(self) -> None:
        words = self.filter.value.lower().split()
        numbers = [
            number
            for number, finding in enumerate(self._findings)
            if all(word in _search_text(finding) for word in words)
        ]
        self.table.set_empty(
            "nothing matches the filter; Esc clears it" if words else "nothing found: all is well"
        )
        self.table.show(numbers, current=self.table.current)
        counts = Counter(finding.severity for finding in self._findings)
        words_of_counts = ", ".join(
            f"{counts[severity]:,} {one if counts[severity] == 1 else many}"
            for severity, (one, many) in _WORDS.items()
        )
        self.query_one("#finding-count", Static).update(Text(words_of_counts, "dim"))

    @on(LineTable.Moved, "#finding-table")
    @on(Details.Resized)
    def show_details(self) -> None:
        finding = self.current
        details = self.query_one("#finding-details", Details)
        details.show(Text("") if finding is None else _details(finding, details.text_width))

    def _cells(self, number: int) -> Sequence[Cell]:
        finding = self._findings[number]
        style = _STYLES[finding.severity]
        return (
            Cell(f" {SEVERITY_MARKS[finding.severity]} {finding.severity.value}", style),
            Cell(_about(finding), style if finding.severity is Severity.INFO else ""),
            Cell(visible(finding.text), style if finding.severity is Severity.INFO else ""),
        )


def _about(finding: Finding) -> str:
    if isinstance(finding.subject, AboutCertificate):
        return visible(finding.subject.title)
    return visible(finding.where)


def _search_text(finding: Finding) -> str:
    return f"{finding.severity.value} {finding.rule} {_about(finding)} {finding.text} {finding.where}".lower()


def _details(finding: Finding, width: int) -> Text:
    text = Text()
    text.append(f"{flow(_about(finding), width)}\n", "bold")
    style = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.INFO: "dim"}[finding.severity]
    text.append(f"{SEVERITY_MARKS[finding.severity]} {finding.severity.value}", style)
    text.append(f"  {finding.rule}\n\n", "dim")
    rests_on = finding.source + (f" (as of {finding.list_date})" if finding.list_date else "")
    for label, value in (
        ("", finding.text),
        ("Evidence", finding.evidence),
        ("What to do", finding.remedy),
        ("Rests on", rests_on),
        ("File", finding.where),
    ):
        if value:
            text.append(f"{label}\n" if label else "", "dim")
            text.append(f"{flow(visible(value), width)}\n\n")
    return text
