"""Findings for continuous integration: SARIF 2.1.0 (OASIS) and JUnit's XML."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from capath import __version__
from capath.audit import RULES, AboutCertificate, AboutDirectory, Finding, Severity
from capath.pki.visible import visible
from capath.report.audit import name_of
from capath.report.document import Json

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(directory: str, found: Sequence[Finding]) -> Json:
    """Return a SARIF log of one run: every rule, and a result for each finding."""
    rules = [
        {
            "id": rule.id,
            "shortDescription": {"text": rule.title},
            "help": {"text": rule.source},
            "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        }
        for rule in RULES
    ]
    positions = {rule.id: at for at, rule in enumerate(RULES)}
    driver = {"name": "capath", "version": __version__, "rules": rules}
    results = [_result(directory, finding, positions[finding.rule]) for finding in found]
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def junit(directory: str, found: Sequence[Finding], failing: Sequence[Finding]) -> str:
    """Return a JUnit report: a test case for each rule, failed by the findings that are in `failing` too."""
    where = quoteattr(visible(directory))
    cases = []
    failed = 0
    failures = set(map(id, failing))
    for rule in RULES:
        own = [finding for finding in found if finding.rule == rule.id]
        bad = [finding for finding in own if id(finding) in failures]
        failed += bool(bad)
        text = "\n".join(f"{name_of(item.subject)}: {visible(item.text)}; {visible(item.remedy)}" for item in own)
        inner = f"<system-out>{escape(text)}</system-out>" if own else ""
        if bad:
            count = f"{len(bad)} found: {rule.title}"
            inner = f"<failure message={quoteattr(count)}>{escape(text)}</failure>"
        cases.append(f"  <testcase classname={where} name={quoteattr(rule.id)}>{inner}</testcase>")
    head = f'<testsuite name="capath check" tests="{len(RULES)}" failures="{failed}">'
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *cases, "</testsuite>"])


def _result(directory: str, finding: Finding, position: int) -> Json:
    about = finding.subject
    path = directory if isinstance(about, AboutDirectory) else f"{directory.rstrip('/')}/{finding.where}"
    identity = about.sha256 if isinstance(about, AboutCertificate) else finding.where
    return {
        "ruleId": finding.rule,
        "ruleIndex": position,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{name_of(about)}: {visible(finding.text)}. {visible(finding.remedy)}"},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": _uri(path)}}}],
        "partialFingerprints": {"capath/v1": f"{finding.rule}:{identity}"},
    }


def _uri(path: str) -> str:
    import os
    from urllib.parse import quote_from_bytes

    return quote_from_bytes(os.fsencode(path))
