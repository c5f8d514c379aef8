"""Mode 4: what is wrong, by rule, the worst first; a key fixes what a plan can fix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from capath.pki.visible import visible, visible_name
from capath.tui.actions import Mode
from capath.tui.details import SEVERITY_MARKS, SEVERITY_ROLES
from capath.tui.model import Item
from capath.tui.pane import Details, Hint
from capath.tui.rows import Cell, Column, Group, Rows, grouped
from capath.tui.session import Session, Tone
from capath.tui.text import Line, Page, Span, hint, line

if TYPE_CHECKING:
    from capath.audit import Finding

_SEVERITIES = ("error", "warning", "info")


class FindingsPane:
    """Rows are numbers of findings, in groups by rule."""

    mode = Mode.FINDINGS
    share = 0.54
    summary_height = 6

    def __init__(self, session: Session) -> None:
        self._session = session
        self.rows: Rows[Group | int] = Rows(self._key, self.refill)
        self._findings: tuple[Finding, ...] | None = None

    def refresh(self) -> None:
        store = self._session.store
        findings = None if store is None else store.findings
        if findings is self._findings:
            self.rows.version += 1
            return
        first, self._findings = self._findings is None, findings
        if first and findings:
            self.rows.folded = {f"{f.rule} {f.severity.value}" for f in findings if f.severity.value != "error"}
        self.refill()

    def refill(self) -> None:
        by_rule: dict[tuple[int, str], list[int]] = {}
        for number, finding in enumerate(self._findings or ()):
            text = (
                f"{finding.severity.value} {finding.rule} {_about(finding)} {finding.text} {finding.where}".lower()
            )
            if self.rows.asks_for(text):
                rank = _SEVERITIES.index(finding.severity.value)
                by_rule.setdefault((rank, finding.rule), []).append(number)
        groups = [
            (self._group(rule, rank, numbers), numbers)
            for (rank, rule), numbers in sorted(
                by_rule.items(), key=lambda pair: (pair[0][0], len(pair[1]), pair[0][1])
            )
        ]
        self.rows.show(grouped(groups, set() if self.rows.query else self.rows.folded))

    def _group(self, rule: str, rank: int, numbers: list[int]) -> Group:
        severity = _SEVERITIES[rank]
        assert self._findings is not None
        return Group(
            f"{rule} {severity}",
            f"{SEVERITY_MARKS[severity]} {rule}",
            len(numbers),
            f"{SEVERITY_ROLES[severity]}!" if severity == "error" else SEVERITY_ROLES[severity],
            words=_rule_title(rule),
        )

    def _key(self, row: Group | int) -> str:
        if isinstance(row, Group):
            return f"group {row.key}"
        finding = self._finding(row)
        return f"{finding.rule} {finding.sha256 or finding.where}"

    def _finding(self, number: int) -> Finding:
        assert self._findings is not None
        return self._findings[number]

    @property
    def current(self) -> Finding | None:
        """The finding under the cursor."""
        row = self.rows.current
        return None if row is None or isinstance(row, Group) else self._finding(row)

    @property
    def _of_rule(self) -> list[Finding]:
        """All findings that are in the group of the row under the cursor."""
        row, finding = self.rows.current, self.current
        if isinstance(row, Group):
            rule, severity = row.title.split(" ", 1)[1], row.title[0]
            return [
                f for f in self._findings or () if f.rule == rule and SEVERITY_MARKS[f.severity.value] == severity
            ]
        if finding is None:
            return []
        return [f for f in self._findings or () if (f.rule, f.severity) == (finding.rule, finding.severity)]

    def item(self) -> Item | None:
        store, finding = self._session.store, self.current
        return None if store is None or finding is None else store.item(finding.sha256)

    def reveal(self, key: str) -> None:
        """A finding is only ever gone to through a filter, which unfolds."""

    # --- drawing ---

    def columns(self) -> Sequence[Column]:
        return (Column("about", "", 0, middle=True), Column("text", "", 34, drop=1))

    def lead(self, row: Group | int) -> Line:
        return line("     ")

    def cells(self, row: Group | int) -> Sequence[Cell]:
        assert isinstance(row, int)
        finding = self._finding(row)
        item = None if self._session.store is None else self._session.store.item(finding.sha256)
        staged = item is not None and bool(self._session.staged.stage_of(item.sha256).value.strip())
        role = "staged" if staged else "muted" if finding.severity.value == "info" else ""
        return (Cell(_about(finding), role), Cell(visible(finding.text), "muted"))

    def title(self) -> Line:
        spans = [Span("Findings")]
        for severity in _SEVERITIES:
            count = sum(finding.severity.value == severity for finding in self._findings or ())
            spans.append(
                Span(f"  {SEVERITY_MARKS[severity]} {count:,}", SEVERITY_ROLES[severity] if count else "muted")
            )
        return tuple(spans)

    def corner(self) -> Line:
        return hint("/", "filter", "slash")

    def empty(self) -> Line:
        if self._findings is None:
            return line(("the audit is not done yet …", "muted"))
        return line(("✓ Nothing found.", "good"))

    def is_notable(self, row: Group | int) -> bool:
        return not isinstance(row, Group) and self._finding(row).severity.value == "error"

    def details(self, width: int, height: int) -> Details:
        found = self._of_rule
        if not found:
            return Details()
        finding, page = self.current, Page(width)
        severity = found[0].severity.value
        page.flow(
            _rule_title(found[0].rule),
            first=line((f"{SEVERITY_MARKS[severity]} {severity}  ", f"{SEVERITY_ROLES[severity]}!")),
        )
        shown = finding or found[0]
        if finding is not None:
            page.flow(visible(finding.text), "strong")
            item = self.item()
            if item is not None:
                page.add(
                    (f"{item.mark.value} {item.state_word}  ", "muted"),
                    item.title,
                    ("  ", ""),
                    *hint("Enter", "shows it", "enter"),
                )
        self._fixes(page, found)
        if finding is not None and finding.evidence:
            page.section("Evidence")
            page.flow(visible(finding.evidence))
        page.section("What to do")
        page.flow(visible(shown.remedy))
        page.section("Based on")
        page.flow(visible(shown.source + (f" (as of {shown.list_date})" if shown.list_date else "")), "muted")
        if finding is not None:
            page.field("File", visible(finding.where))
        return Details(line(found[0].rule), tuple(page.lines))

    def _fixes(self, page: Page, found: Sequence[Finding]) -> None:
        if self._fix_of(found[0]) == "rehash":
            page.flow("Recreate the hash links", "good!", first=line(("Fix  ", "muted"), *hint("m", "")[:1], " "))
            return
        item, fixable = self.item(), self._to_distrust(found)
        if item is not None and self._session.will_be_trusted(item) and item in fixable:
            page.flow("Stage it off", "good!", first=line(("Fix  ", "muted"), *hint("m", "")[:1], " "))
        if len(fixable) > 1:
            page.flow(
                f"Stage off all {len(fixable)} of this rule",
                "good",
                first=line(("     ", ""), *hint("M", "")[:1], " "),
            )

    # --- acting ---

    def _fix_of(self, finding: Finding) -> str:
        """What one key can do about a finding: ``rehash``, ``distrust`` or nothing."""
        if finding.rule.startswith("link-") or "rehash" in finding.remedy:
            return "rehash"
        return "distrust" if finding.sha256 and finding.severity.value != "info" else ""

    def _to_distrust(self, found: Sequence[Finding]) -> list[Item]:
        store = self._session.store
        items = [store.item(f.sha256) for f in found if store is not None and self._fix_of(f) == "distrust"]
        return [item for item in items if item is not None and self._session.will_be_trusted(item)]

    def hints(self) -> Sequence[Hint]:
        found, finding, item = self._of_rule, self.current, self.item()
        review = (Hint("review"),) if self._session.staged else ()
        hints: list[Hint] = []
        if finding is not None and (
            self._fix_of(finding) == "rehash" or (item and item in self._to_distrust([finding]))
        ):
            hints.append(Hint("fix"))
        if len(self._to_distrust(found)) > 1:
            hints.append(Hint("fix_all"))
        if item is not None:
            word = "off" if self._session.will_be_trusted(item) else "on"
            hints += [Hint("open", "certificate"), Hint("flip", word)]
        fold = (
            Hint("fold")
            if isinstance(self.rows.current, Group) and self.rows.current.key not in self.rows.folded
            else Hint("unfold")
        )
        return (*hints, *review, fold, Hint("filter"), Hint("next", "next error"), Hint("copy"))

    def act(self, action: str) -> bool:
        session, item, finding = self._session, self.item(), self.current
        match action:
            case "fix" | "fix_all" if self._of_rule and self._fix_of(self._of_rule[0]) == "rehash":
                session.rehash()
            case "fix" if finding is not None and item is not None and self._to_distrust([finding]):
                session.stage_certificates([item.sha256], trust=False)
            case "fix_all" if items := self._to_distrust(self._of_rule):
                session.flip(items)
            case "fix" | "fix_all":
                session.say(Tone.INFO, "No key fixes this: the details say what to do.")
            case "flip" if item is not None:
                session.flip([item])
            case "open" if item is not None and session.stage is not None:
                session.stage.jump_to(Mode.CERTIFICATES, item.sha256)
            case _:
                return False
        return True


def _about(finding: Finding) -> str:
    title = getattr(finding.subject, "title", "")
    return visible_name(title or finding.where)


def _rule_title(rule: str) -> str:
    from capath.audit import RULES

    return next((known.title for known in RULES if known.id == rule), "")
