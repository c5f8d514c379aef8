"""Findings: ``capath check``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from capath.audit import (
    RULES,
    AboutCertificate,
    AboutDirectory,
    AboutFile,
    AboutLink,
    Acceptance,
    AuditResult,
    Finding,
    Policy,
    Severity,
)
from capath.audit.finding import Subject
from capath.errors import assert_never
from capath.pki.visible import visible, visible_name
from capath.report.document import Json
from capath.report.layout import Line, Span, Style, plural, wrapped
from capath.store import Listing

_WORDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
MARKS = {Severity.ERROR: "✗", Severity.WARNING: "▲", Severity.INFO: "·"}
_STYLES = {Severity.ERROR: Style.BAD, Severity.WARNING: Style.WARNING, Severity.INFO: Style.DIM}
_TITLES = {rule.id: rule.title for rule in RULES}
_SHOWN = 5
_INDENT = "    "


def audit_json(listing: Listing, result: AuditResult, policy: Policy) -> Json:
    """The object of ``capath check --json``."""
    return {
        "directory": listing.snapshot.title,
        "certificates": len(listing.by_sha256),
        "trusted": listing.trusted_count,
        "counts": counts(result.findings),
        "findings": [finding_json(finding) for finding in result.findings],
        "switched_off": [{"rule": rule, "reason": reason} for rule, reason in sorted(policy.off.items())],
        "accepted": [
            *(_accepted_json(item, finding.where, used=True) for finding, item in result.accepted),
            *(_accepted_json(item, item.name, used=False) for item in result.unused),
        ],
    }


def finding_json(finding: Finding) -> Json:
    """One finding."""
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "subject": _subject_json(finding.subject),
        "text": finding.text,
        "evidence": finding.evidence,
        "remedy": finding.remedy,
        "source": finding.source,
        "list_date": None if finding.list_date is None else finding.list_date.isoformat(),
    }


def rules_json() -> Json:
    """The object of ``capath check --rules --json``."""
    return {
        "rules": [
            {"rule": rule.id, "severity": rule.severity.value, "title": rule.title, "source": rule.source}
            for rule in RULES
        ]
    }


def audit_lines(
    listing: Listing, result: AuditResult, policy: Policy, *, rule: str, everything: bool, width: int | None
) -> list[Line]:
    """The counts, then one paragraph for each rule, the worst first: what it is, where, what to do.

    Without `everything`, notes are only counted, and a paragraph names five. With `rule`, only that rule, in full.
    """
    groups: dict[tuple[Severity, str], list[Finding]] = {}
    for finding in result.findings:
        if not rule or finding.rule == rule:
            groups.setdefault((finding.severity, finding.rule), []).append(finding)
    full = everything or bool(rule)
    lines = _verdict(listing, result.findings, width)
    for (severity, _), group in groups.items():
        if full or severity is not Severity.INFO:
            lines.extend(("", *_paragraph(group, full=full, width=width)))
    if rule and not groups:
        lines.extend(("", f"{rule}: {_TITLES[rule]}: nothing was found"))
    notes = [f"{name} {len(group)}" for (severity, name), group in groups.items() if severity is Severity.INFO]
    if notes and not full:
        told = f"notes (shown with --all, or --rule NAME): {', '.join(notes)}"
        lines.extend(("", *wrapped(told, width, "  ", first="")))
    lines.extend(_policy_lines(result, policy, width))
    return lines


def rules_lines(width: int | None) -> list[Line]:
    """Every rule, one a line, with its source where there is room."""
    longest = max(len(rule.id) for rule in RULES)
    lines: list[Line] = []
    for rule in RULES:
        mark = Span(MARKS[rule.severity], _STYLES[rule.severity])
        source = f"  [{rule.source}]" if width is None else ""
        lines.append((mark, f" {rule.id:<{longest}}  {rule.title}", Span(source, Style.DIM)))
    return lines


def summary_text(listing: Listing, found: Sequence[Finding]) -> str:
    """The counts, in one line, with the date of the list that some are based on."""
    number = counts(found)
    parts = [plural(number[severity.value], word) for severity, word in _WORDS.items()]
    dates = sorted({finding.list_date for finding in found if finding.list_date is not None})
    list_date = f" (Mozilla's list of {dates[-1]})" if dates else ""
    return f"{', '.join(parts)} on {plural(len(listing.by_sha256), 'certificate')}{list_date}"


def counts(found: Sequence[Finding]) -> dict[str, int]:
    """How many findings each severity has."""
    counted = Counter(finding.severity for finding in found)
    return {severity.value: counted[severity] for severity in Severity}


def name_of(subject: Subject) -> str:
    """What a finding is about, visible."""
    match subject:
        case AboutDirectory(directory=directory):
            return visible(directory)
        case AboutFile(file=file):
            return visible(file)
        case AboutLink(link=link):
            return visible(link)
        case AboutCertificate(file=file, title=title):
            return f"{visible_name(title)} ({visible(file)})"
        case _:
            assert_never(subject)


def _verdict(listing: Listing, found: Sequence[Finding], width: int | None) -> list[Line]:
    worst = next((severity for severity in Severity if any(item.severity is severity for item in found)), None)
    mark = Span("✓", Style.GOOD) if worst in (None, Severity.INFO) else Span(MARKS[worst], _STYLES[worst])
    first, *others = wrapped(summary_text(listing, found), width, "  ", first="  ")
    return [(mark, " ", Span(first[2:], Style.BOLD)), *((Span(line, Style.BOLD),) for line in others)]


def _paragraph(group: Sequence[Finding], *, full: bool, width: int | None) -> list[Line]:
    first = group[0]
    mark = f"{MARKS[first.severity]} {first.rule}"
    heading, *others = wrapped(f"{mark} ({len(group):,}): {_TITLES[first.rule]}", width, _INDENT, first="")
    lines: list[Line] = [(Span(mark, _STYLES[first.severity]), heading.removeprefix(mark)), *others]
    texts: dict[tuple[str, str], list[Finding]] = {}
    for finding in group:
        texts.setdefault((finding.text, finding.evidence if full else ""), []).append(finding)
    shown = 0
    for (text, evidence), findings in texts.items():
        if shown >= _SHOWN and not full:
            break
        lines.extend(_alike(text, evidence, findings, full=full, width=width))
        shown += len(findings)
    if shown < len(group):
        lines.append(f"{_INDENT}… and {len(group) - shown:,} more: --rule {first.rule} shows all")
    remedies = {finding.remedy for finding in group}
    lines.extend(wrapped(first.remedy, width, "    ", first="  → " if len(remedies) == 1 else "  → for example: "))
    if full:
        lines.extend((Span(line, Style.DIM),) for line in wrapped(f"source: {first.source}", width, _INDENT))
    return lines


def _alike(text: str, evidence: str, findings: Sequence[Finding], *, full: bool, width: int | None) -> list[Line]:
    """One sentence for all that it is true of, then their names."""
    names = [name_of(finding.subject) for finding in findings]
    if len(names) == 1:
        lines: list[Line] = [*wrapped(f"{names[0]}: {visible(text)}", width, "      ", first=_INDENT)]
    else:
        lines = [*wrapped(visible(text), width, "      ", first=_INDENT)]
    if evidence:
        lines.extend((Span(line, Style.DIM),) for line in wrapped(visible(evidence), width, "      "))
    if len(names) > 1:
        shown = names if full else names[:_SHOWN]
        lines.extend(f"      {name}" for name in shown)
        if len(shown) < len(names):
            lines.append(f"      … and {len(names) - len(shown):,} more: --rule {findings[0].rule} shows all")
    return lines


def _policy_lines(result: AuditResult, policy: Policy, width: int | None) -> list[Line]:
    """What the policy takes out of the report, and acceptances that cover nothing."""
    told = [f"switched off: {rule}: {visible(reason)}" for rule, reason in sorted(policy.off.items())]
    told += [
        f"accepted: {finding.rule} of {name_of(finding.subject)}: {visible(item.reason)}"
        for finding, item in result.accepted
    ]
    told += [
        f"▲ not needed in the policy: {item.rule} of {visible(item.name) or item.sha256[:16]} is not found"
        for item in result.unused
    ]
    return ["", *(line for text in told for line in wrapped(text, width, "  ", first=""))] if told else []


def _accepted_json(item: Acceptance, where: str, *, used: bool) -> Mapping[str, str | bool | None]:
    return {
        "rule": item.rule,
        "sha256": item.sha256 or None,
        "name": where or None,
        "reason": item.reason,
        "used": used,
    }


def _subject_json(subject: Subject) -> Json:
    match subject:
        case AboutDirectory(directory=directory):
            return {"kind": "directory", "name": directory}
        case AboutFile(file=file):
            return {"kind": "file", "name": file}
        case AboutLink(link=link):
            return {"kind": "link", "name": link}
        case AboutCertificate(file=file, sha256=sha256, title=title):
            return {"kind": "certificate", "name": file, "sha256": sha256, "title": title}
        case _:
            assert_never(subject)
