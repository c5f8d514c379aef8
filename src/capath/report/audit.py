"""Findings: ``capath check``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from capath.audit import (
    RULES,
    AboutCertificate,
    AboutDirectory,
    AboutFile,
    AboutLink,
    Finding,
    Policy,
    Severity,
)
from capath.audit.finding import Subject
from capath.errors import assert_never
from capath.pki.visible import visible
from capath.report.document import Json
from capath.store import Listing

_WORDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_MARKS = {Severity.ERROR: "✗", Severity.WARNING: "▲", Severity.INFO: "·"}
_SHOWN_ALIKE = 10


def audit_json(listing: Listing, found: Sequence[Finding], policy: Policy) -> Json:
    """The object of ``capath check --json``."""
    return {
        "directory": listing.snapshot.directory,
        "certificates": len(listing.by_sha256),
        "trusted": listing.trusted_count,
        "counts": counts(found),
        "findings": [finding_json(finding) for finding in found],
        "switched_off": [{"rule": rule, "reason": reason} for rule, reason in sorted(policy.off.items())],
        "accepted": [{"rule": item.rule, "sha256": item.sha256, "reason": item.reason} for item in policy.accept],
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


def audit_text(listing: Listing, found: Sequence[Finding], policy: Policy, *, everything: bool) -> str:
    """The findings rule by rule, the worst first. Notes are counted only, unless `everything` is asked for."""
    lines: list[str] = []
    groups: dict[tuple[Severity, str], list[Finding]] = {}
    for finding in found:
        groups.setdefault((finding.severity, finding.rule), []).append(finding)
    for (severity, rule), group in groups.items():
        if severity is not Severity.INFO or everything:
            lines.extend(_group_lines(severity, rule, group, everything=everything))
    if lines:
        lines.append("")
    notes = [(rule, len(group)) for (severity, rule), group in groups.items() if severity is Severity.INFO]
    if notes and not everything:
        lines.append("notes (--all shows them): " + ", ".join(f"{rule} {count}" for rule, count in notes))
    lines.extend(f"switched off: {rule}: {visible(reason)}" for rule, reason in sorted(policy.off.items()))
    lines.extend(f"accepted: {item.rule} of {item.sha256[:16]}: {visible(item.reason)}" for item in policy.accept)
    lines.append(summary_text(listing, found))
    return "\n".join(lines)


def rules_text() -> str:
    """Every rule, one a line."""
    width = max(len(rule.id) for rule in RULES)
    return "\n".join(
        f"{_MARKS[rule.severity]} {rule.id:<{width}}  {rule.title}  [{rule.source}]" for rule in RULES
    )


def summary_text(listing: Listing, found: Sequence[Finding]) -> str:
    """The counts, in one line, with the date of the list that some rest on."""
    number = counts(found)
    total = len(listing.by_sha256)
    parts = [f"{number[severity.value]:,} {word}{_s(number[severity.value])}" for severity, word in _WORDS.items()]
    dates = sorted({finding.list_date for finding in found if finding.list_date is not None})
    told = f"; Mozilla's list is of {dates[-1]}" if dates else ""
    return f"{', '.join(parts)} on {total:,} certificate{_s(total)}{told}"


def counts(found: Sequence[Finding]) -> dict[str, int]:
    """How many findings each severity has."""
    counted = Counter(finding.severity for finding in found)
    return {severity.value: counted[severity] for severity in Severity}


def _group_lines(severity: Severity, rule: str, group: Sequence[Finding], *, everything: bool) -> list[str]:
    first = group[0]
    title = next((known.title for known in RULES if known.id == rule), rule)
    lines = ["", f"{_MARKS[severity]} {_WORDS[severity]} {rule}: {title}  [{first.source}]"]
    alike: dict[tuple[str, str], list[Finding]] = {}
    for finding in group:
        alike.setdefault((finding.text, finding.evidence), []).append(finding)
    for (text, evidence), findings in alike.items():
        if len(findings) == 1:
            lines.append(f"    {_name(findings[0].subject)}: {visible(text)}")
            lines.append(f"        {visible(evidence)}")
            continue
        # One sentence for all of whom it says the same.
        lines.append(f"    {len(findings):,} alike: {visible(text)}")
        lines.append(f"        {visible(evidence)}")
        shown = findings if everything else findings[:_SHOWN_ALIKE]
        lines.extend(f"        {_name(finding.subject)}" for finding in shown)
        if len(shown) < len(findings):
            lines.append(f"        … and {len(findings) - len(shown):,} more (--all names them)")
    remedies = {finding.remedy for finding in group}
    if len(remedies) == 1:
        lines.append(f"    → {visible(first.remedy)}")
    else:
        lines.append(f"    → for example: {visible(first.remedy)}")
    return lines


def _name(subject: Subject) -> str:
    match subject:
        case AboutDirectory(directory=directory):
            return visible(directory)
        case AboutFile(file=file):
            return visible(file)
        case AboutLink(link=link):
            return visible(link)
        case AboutCertificate(file=file, title=title):
            return f"{visible(title)} ({visible(file)})"
        case _:
            assert_never(subject)


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


def _s(count: int) -> str:
    return "" if count == 1 else "s"
