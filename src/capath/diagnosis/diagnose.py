"""All families of causes, in the order in which what they find explains a failure best."""

from __future__ import annotations

from collections.abc import Callable

from capath.diagnosis.anchors import explain_anchor, explain_loop
from capath.diagnosis.case import Case
from capath.diagnosis.cause import Cause, CauseFound, Confidence, Diagnosis
from capath.diagnosis.certificates import (
    explain_encoding,
    explain_path_length,
    explain_purpose,
    explain_signature,
    explain_strength,
    explain_unspecified,
)
from capath.diagnosis.client_differences import (
    explain_clients,
    explain_engines,
    explain_profiles,
    explain_slot_rule,
    explain_strict,
    explain_strict_too,
)
from capath.diagnosis.dates import explain_dates
from capath.diagnosis.known_roots import KnownRoots, usual_roots
from capath.diagnosis.names import explain_constraint, explain_host
from capath.diagnosis.refusals import explain_reach, explain_refusal
from capath.diagnosis.revocation import (
    explain_expired_crl,
    explain_missing_crl,
    explain_revocation,
    explain_unusable_crl,
)
from capath.diagnosis.sent_path import explain_sent_path
from capath.store import Snapshot
from capath.tls.result import OfflineResult, ProbeResult

Explain = Callable[[Case], CauseFound | None]

# A chain that ends nowhere comes first: until it ends in an anchor, nothing else about it counts.
_FAMILIES: tuple[Explain, ...] = (
    explain_reach,
    explain_refusal,
    explain_strict,
    explain_sent_path,
    explain_signature,
    explain_anchor,
    explain_loop,
    explain_revocation,
    explain_dates,
    explain_host,
    explain_constraint,
    explain_purpose,
    explain_path_length,
    explain_encoding,
    explain_strength,
    explain_unspecified,
    explain_unusable_crl,
    explain_expired_crl,
    explain_missing_crl,
    explain_strict_too,
    explain_clients,
    explain_profiles,
    explain_engines,
    explain_slot_rule,
)


def diagnose(
    result: ProbeResult,
    snapshot: Snapshot,
    *,
    directory: str | None = None,
    roots: KnownRoots | None = None,
) -> Diagnosis | None:
    """Explain `result` by what it saw and by `snapshot`, the state of the directory that was tested.

    `directory` is what the remedies' commands name; it is the tested one where None. `roots` is where to look for
    what the directory lacks: certifi and this machine's store where None. None for a verified host on
    which all clients agree.
    """
    return explain_case(case_of(result, snapshot, directory=directory, roots=roots))


def case_of(
    result: ProbeResult, snapshot: Snapshot, *, directory: str | None = None, roots: KnownRoots | None = None
) -> Case:
    """What is known of one live test; the parameters are as `diagnose` has them."""
    return Case(
        result.verification,
        snapshot,
        result.directory if directory is None else directory,
        result.checked_host,
        result.options.at or result.started_at,
        result,
        usual_roots() if roots is None else roots,
    )


def explain_case(case: Case) -> Diagnosis | None:
    """Ask every family, rank what they found, and fall back on OpenSSL's own words."""
    findings: list[CauseFound] = []
    for explain in _FAMILIES:
        finding = explain(case)
        if finding is not None and finding.cause not in {other.cause for other in findings}:
            findings.append(finding)
    if findings:
        return Diagnosis(findings[0], tuple(findings[1:]))
    if not case.verification.errors:
        return None
    verdict = case.verification.verdict
    text = f"{verdict.described.text} ({verdict.described.openssl_name}, at depth {verdict.depth})."
    return Diagnosis(CauseFound(Cause.OTHER, text, (), Confidence.LIKELY))


def diagnose_offline(
    result: OfflineResult,
    snapshot: Snapshot,
    *,
    directory: str | None = None,
    roots: KnownRoots | None = None,
) -> Diagnosis | None:
    """Explain an offline verification; the parameters are as `diagnose` has them. None where it verified."""
    return explain_case(case_of_offline(result, snapshot, directory=directory, roots=roots))


def case_of_offline(
    result: OfflineResult, snapshot: Snapshot, *, directory: str | None = None, roots: KnownRoots | None = None
) -> Case:
    """What is known of one offline verification."""
    named = result.directory if directory is None else directory
    known = usual_roots() if roots is None else roots
    return Case(
        result.verification,
        snapshot,
        named,
        result.host,
        result.at,
        None,
        known,
        result.engines,
        result.flags,
        result.purpose,
    )
