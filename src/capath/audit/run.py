"""Running the rules over a store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from capath.audit.context import Context
from capath.audit.facts import Facts
from capath.audit.finding import AboutCertificate, Finding, Severity, Subject
from capath.audit.policy import Acceptance, Policy
from capath.audit.registry import RULES
from capath.audit.rule import CertificateRule, Hit, Rule, StoreRule
from capath.errors import assert_never
from capath.sources.certifi_roots import certifi_sha256
from capath.sources.mozilla_roots import MozillaList, mozilla_roots
from capath.store import Listing
from capath.store.constraints import KeptConstraints

_DIRECTORY_MODE = 0o40755
_ORDER = (Severity.ERROR, Severity.WARNING, Severity.INFO)


@dataclass(frozen=True, slots=True)
class AuditResult:
    """`accepted`: what the policy accepts, not among `findings`. `unused`: acceptances that cover nothing."""

    findings: tuple[Finding, ...]
    accepted: tuple[tuple[Finding, Acceptance], ...]
    unused: tuple[Acceptance, ...]


def audit(
    listing: Listing,
    now: datetime,
    *,
    directory_mode: int = _DIRECTORY_MODE,
    policy: Policy | None = None,
    mozilla: MozillaList | None = None,
    kept: KeptConstraints | None = None,
    only: str = "",
) -> AuditResult:
    """Run all rules on `listing` at the time `now`; with `only`, a SHA-256, those on that certificate.

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
    reported: list[Finding] = []
    accepted: list[tuple[Finding, Acceptance]] = []
    for rule in RULES:
        if rule.id in context.policy.off:
            continue
        for finding in _run(rule, context, only):
            acceptance = context.policy.acceptance_of(finding)
            if acceptance is None:
                reported.append(finding)
            else:
                accepted.append((finding, acceptance))
    used = {id(acceptance) for _, acceptance in accepted}
    return AuditResult(
        tuple(sorted(reported, key=lambda finding: _ORDER.index(finding.severity))),
        tuple(accepted),
        tuple(item for item in context.policy.accept if id(item) not in used),
    )


def _run(rule: Rule, context: Context, only: str) -> Iterator[Finding]:
    match rule:
        case StoreRule(check=check_store):
            for subject, hit in check_store(context) if not only else ():
                yield _finding(rule, _severity(rule, context), subject, hit)
        case CertificateRule(check=check):
            for facts in [context.facts_of(only)] if only else context.facts:
                hit_or_none = check(context, facts)
                if hit_or_none is not None:
                    yield from _about(rule, context, facts, hit_or_none)
        case _:
            assert_never(rule)


def _about(rule: CertificateRule, context: Context, facts: Facts, hit: Hit) -> Iterator[Finding]:
    severity = _severity(rule, context) if facts.in_force else Severity.INFO
    subject = AboutCertificate(facts.row.file, facts.certificate.sha256, facts.decoded.title)
    yield _finding(rule, severity, subject, hit)


def _severity(rule: Rule, context: Context) -> Severity:
    return context.policy.severity.get(rule.id, rule.severity)


def _finding(rule: Rule, severity: Severity, subject: Subject, hit: Hit) -> Finding:
    return Finding(rule.id, severity, subject, hit.text, hit.evidence, hit.remedy, rule.source, hit.list_date)
