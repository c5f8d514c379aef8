"""Running the rules over a store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from capath.audit.context import Context
from capath.audit.facts import Facts
from capath.audit.finding import AboutCertificate, Finding, Severity, Subject
from capath.audit.policy import Policy
from capath.audit.registry import RULES
from capath.audit.rule import CertificateRule, Hit, Rule, StoreRule
from capath.errors import assert_never
from capath.sources.certifi_roots import certifi_sha256
from capath.sources.mozilla_roots import MozillaList, mozilla_roots
from capath.store import CertificateRow, Listing
from capath.store.constraints import KeptConstraints

_DIRECTORY_MODE = 0o40755
_ORDER = (Severity.ERROR, Severity.WARNING, Severity.INFO)
Problem = dict[str, str]


def findings(
    listing: Listing,
    now: datetime,
    *,
    directory_mode: int = _DIRECTORY_MODE,
    policy: Policy | None = None,
    mozilla: MozillaList | None = None,
    kept: KeptConstraints | None = None,
) -> tuple[Finding, ...]:
    """Return what the rules find in `listing` at the time `now`, the worst first.

    `directory_mode` is the directory's own st_mode, which a listing does not hold. `mozilla` is capath's own
    dated table unless a newer one is given. `kept` is what `read_constraints_file` gives for the directory.
    """
    context = Context(
        listing,
        now,
        directory_mode,
        policy or Policy(),
        mozilla or mozilla_roots(),
        certifi_sha256,
        kept or KeptConstraints(),
    )
    found = [finding for rule in RULES if rule.id not in context.policy.off for finding in _run(rule, context)]
    return tuple(sorted(found, key=lambda finding: _ORDER.index(finding.severity)))


def problems_of(found: Sequence[Finding], row: CertificateRow) -> list[Problem]:
    """The findings about the certificate of `row`, as the JSON of ``capath list`` has them."""
    return [_problem(finding) for finding in found if finding.sha256 == row.certificate.sha256]


def problems_by_sha256(found: Sequence[Finding]) -> Mapping[str, list[Problem]]:
    """`problems_of` for all certificates at once."""
    grouped: dict[str, list[Problem]] = {}
    for finding in found:
        if finding.sha256:
            grouped.setdefault(finding.sha256, []).append(_problem(finding))
    return grouped


def _run(rule: Rule, context: Context) -> Iterator[Finding]:
    match rule:
        case StoreRule(check=check_store):
            for subject, hit in check_store(context):
                yield _finding(rule, rule.severity, subject, hit)
        case CertificateRule(check=check):
            for facts in context.facts:
                hit_or_none = check(context, facts)
                if hit_or_none is not None:
                    yield from _about(rule, context, facts, hit_or_none)
        case _:
            assert_never(rule)


def _about(rule: CertificateRule, context: Context, facts: Facts, hit: Hit) -> Iterator[Finding]:
    certificate = facts.certificate
    if context.policy.accepts(rule.id, certificate.sha256):
        return
    severity = rule.severity if facts.in_force else Severity.INFO
    subject = AboutCertificate(facts.row.file, certificate.sha256, facts.decoded.title)
    yield _finding(rule, severity, subject, hit)


def _finding(rule: Rule, severity: Severity, subject: Subject, hit: Hit) -> Finding:
    return Finding(rule.id, severity, subject, hit.text, hit.evidence, hit.remedy, rule.source, hit.list_date)


def _problem(finding: Finding) -> Problem:
    return {"rule": finding.rule, "severity": finding.severity.value, "text": finding.text}
