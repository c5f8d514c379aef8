"""Remedies tried before they are offered: the same test again, with the store, or as else the remedy has it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from capath.change.import_ import ImportOptions, plan_import
from capath.change.plan import Plan
from capath.change.rehash import plan_rehash
from capath.change.staging import staged_directory
from capath.change.toggle import plan_toggle
from capath.diagnosis.case import Case
from capath.diagnosis.cause import (
    FOR_SERVERS,
    NOT_STRICT,
    PARTIAL_CHAIN,
    Cause,
    CauseFound,
    Confidence,
    Diagnosis,
    DoesNotFix,
    Fixes,
    NotTried,
    Remedy,
    RemedyKind,
    Trial,
    parse_clock,
)
from capath.diagnosis.diagnose import case_of, case_of_offline, explain_case
from capath.diagnosis.known_roots import KnownRoots
from capath.diagnosis.sent_path import is_of_the_path
from capath.errors import assert_never
from capath.pki.claims import Item
from capath.pki.visible import visible
from capath.remedy.test_again import Altered, LiveRetest, OfflineRetest, Retest
from capath.store import Snapshot
from capath.store.constraints import KeptConstraints
from capath.tls.handshake.verification import VerifyError
from capath.tls.network.connect import Resolver, system_resolver
from capath.tls.network.deadline import never
from capath.tls.result import OfflineResult, ProbeResult
from capath.tls.test_options import Purpose, Starttls

_REMEDIES_LIMIT = 4
_PATHS_LIMIT = 6
_ORDERS_LIMIT = 2


def try_remedies(
    diagnosis: Diagnosis,
    result: ProbeResult,
    snapshot: Snapshot,
    *,
    directory: str | None = None,
    roots: KnownRoots | None = None,
    resolver: Resolver = system_resolver,
    cancelled: Callable[[], bool] = never,
) -> Diagnosis:
    """Test the host again with each remedy that can be tried, and return `diagnosis` with what came of it.

    `snapshot`, `directory` and `roots` are those that the diagnosis was made with. Nothing of the directory is
    changed. Each try is a connection of its own.
    """
    case = case_of(result, snapshot, directory=directory, roots=roots)
    return _try_all(diagnosis, case, LiveRetest(case, result, resolver, cancelled))


def try_remedies_offline(
    diagnosis: Diagnosis,
    result: OfflineResult,
    snapshot: Snapshot,
    *,
    directory: str | None = None,
    roots: KnownRoots | None = None,
) -> Diagnosis:
    """Verify again with each remedy that can be tried, and return `diagnosis` with what came of it."""
    case = case_of_offline(result, snapshot, directory=directory, roots=roots)
    return _try_all(diagnosis, case, OfflineRetest(case, result))


def _try_all(diagnosis: Diagnosis, case: Case, test: Retest) -> Diagnosis:
    for _ in range(_PATHS_LIMIT):
        tried = _tried(diagnosis.first, case, test)
        path = case.best_path
        if tried is not None or path is None:
            break
        # OpenSSL does not accept that path either, by a rule that the search does not know: on to the next.
        case = replace(case, refuted=case.refuted | {path.key})
        again = explain_case(case)
        if again is None:
            break
        diagnosis = again
    return diagnosis if tried is None else replace(diagnosis, first=tried)


def _tried(finding: CauseFound, case: Case, test: Retest) -> CauseFound | None:
    """`finding` with its remedies tried, and without those that change nothing; None where that refutes it."""
    remedies = [replace(remedy, trial=_try(remedy, case, test)) for remedy in finding.remedies[:_REMEDIES_LIMIT]]
    remedies += finding.remedies[_REMEDIES_LIMIT:]
    before = case.verification.errors
    useful = [remedy for remedy in remedies if not _changes_nothing(remedy, before)]
    if finding.cause is not Cause.SENT_PATH_MISLEADS:
        return replace(finding, remedies=tuple(useful))
    proven = [remedy for remedy in useful if _completes_the_path(remedy.trial)]
    if not proven:
        return None
    orders = [remedy for remedy in proven if remedy.action is RemedyKind.SEND_CHAIN][:_ORDERS_LIMIT]
    others = [remedy for remedy in proven if remedy.action is not RemedyKind.SEND_CHAIN]
    return replace(finding, remedies=(*orders, *others), confidence=Confidence.PROVEN)


def _changes_nothing(remedy: Remedy, before: tuple[VerifyError, ...]) -> bool:
    """Whether the test failed with the remedy just as it did without."""
    trial = remedy.trial
    return isinstance(trial, DoesNotFix) and bool(before) and set(before) == set(trial.errors)


def _completes_the_path(trial: Trial) -> bool:
    """Whether nothing is left that another path could avoid; a wrong host name or an expired leaf may be."""
    match trial:
        case Fixes():
            return True
        case DoesNotFix(errors=errors):
            return bool(errors) and not any(map(is_of_the_path, errors))
        case NotTried():
            return False
        case _:
            assert_never(trial)


def _try(remedy: Remedy, case: Case, test: Retest) -> Trial:
    plan = _plan(remedy, case)
    if plan is None:
        # Where it verified, another client is at odds with that, whom none of these moves from here.
        altered = None if test.had_verified else _altered(remedy, case, test.unaltered)
        return NotTried(_why_not(remedy)) if altered is None else test.run(altered)
    if plan.refusals:
        refusal = plan.refusals[0]
        return DoesNotFix(f"it cannot be done: {visible(refusal.name)}: {visible(refusal.reason)}")
    with staged_directory(plan) as staged:
        return test.run(replace(test.unaltered, directory=staged, snapshot=plan.after))


def _why_not(remedy: Remedy) -> str:
    """Why a change of the store was not tried; empty for what nobody expects to be tried here."""
    match remedy.action:
        case RemedyKind.IMPORT:
            return "its certificate is not at hand"
        case RemedyKind.REHASH:
            return "capath does not rename files"
        case _:
            return ""


def _altered(remedy: Remedy, case: Case, test: Altered) -> Altered | None:
    """The test as the remedy would have it; None where nothing here can do what it says."""
    match remedy.action, remedy.operand:
        case RemedyKind.CHANGE_FLAGS, operand if operand == PARTIAL_CHAIN:
            return replace(test, flags=replace(test.flags, partial_chain=True))
        case RemedyKind.CHANGE_FLAGS, operand if operand == NOT_STRICT:
            return replace(test, flags=replace(test.flags, strict=False))
        case RemedyKind.CHANGE_FLAGS, operand if operand == FOR_SERVERS:
            return replace(test, purpose=Purpose.SERVER)
        case RemedyKind.SEND_CHAIN, chain if chain:
            found = [case.certificate(sha256) for sha256 in chain.split(",")]
            sent = tuple(certificate for certificate in found if certificate is not None)
            return replace(test, sent=sent) if len(sent) == len(found) else None
        case RemedyKind.USE_NAME, name if name:
            return replace(test, name=name)
        case RemedyKind.USE_STARTTLS, protocol if protocol:
            return replace(test, starttls=Starttls(protocol))
        case RemedyKind.SET_CLOCK, time if time:
            return replace(test, at=parse_clock(time))
        case _:
            return None


def _plan(remedy: Remedy, case: Case) -> Plan | None:
    """The change to the store that the remedy is; None where it is none, or needs what is not at hand."""
    match remedy.action:
        case RemedyKind.TRUST if remedy.operand in case.listing.by_sha256:
            return plan_toggle(case.listing, (remedy.operand,), ())
        case RemedyKind.DISTRUST:
            return plan_toggle(case.listing, (), (remedy.operand,)) if remedy.operand else None
        case RemedyKind.REHASH:
            return None if remedy.operand else plan_rehash(case.snapshot).plan
        case RemedyKind.TRUST | RemedyKind.IMPORT:
            certificate = case.certificate(remedy.operand) if remedy.operand else None
            if certificate is None:
                return None
            options = ImportOptions(all_uses=True)
            return plan_import(case.listing, [Item(certificate, "")], "", options, KeptConstraints()).plan
        case (
            RemedyKind.USE_NAME
            | RemedyKind.USE_STARTTLS
            | RemedyKind.SET_CLOCK
            | RemedyKind.REFRESH_CRL
            | RemedyKind.SEND_CHAIN
            | RemedyKind.ASK_OPERATOR
            | RemedyKind.ASK_CA
            | RemedyKind.USE_CLIENT_CERTIFICATE
            | RemedyKind.CHANGE_FLAGS
            | RemedyKind.USE_STORE
            | RemedyKind.CHECK_NETWORK
            | RemedyKind.RETRY
        ):
            return None
        case _:
            assert_never(remedy.action)
