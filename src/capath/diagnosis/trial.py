"""Remedies tried before they are offered: the store as it would be with one, and the same test again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from typing_extensions import assert_never

from capath.change.import_ import ImportOptions, plan_import
from capath.change.plan import Plan
from capath.change.rehash import plan_rehash
from capath.change.staging import staged_directory
from capath.change.toggle import plan_toggle
from capath.diagnosis.case import Case
from capath.diagnosis.cause import (
    NOT_STRICT,
    PARTIAL_CHAIN,
    Action,
    Diagnosis,
    DoesNotMend,
    Mends,
    NotTried,
    Remedy,
    Trial,
)
from capath.diagnosis.diagnose import case_of, case_of_offline
from capath.diagnosis.known_roots import KnownRoots
from capath.pki.claims import Item
from capath.pki.visible import visible
from capath.store import Snapshot
from capath.store.constraints import KeptConstraints
from capath.tls.address import Resolver, system_resolver
from capath.tls.deadline import never
from capath.tls.offline import OfflineResult, verify_offline
from capath.tls.options import VerifyFlags
from capath.tls.probe import probe
from capath.tls.result import ProbeResult, Verified
from capath.tls.verification import Verification

_REMEDIES_LIMIT = 4


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
    """Test the host again with each remedy that can be staged, and return `diagnosis` with what came of it.

    `snapshot`, `directory` and `roots` are those that the diagnosis was made with. Nothing of the directory is
    changed. Each try is a connection of its own.
    """

    def again(tested: str, state: Snapshot, flags: VerifyFlags) -> Trial:
        options = replace(result.options, flags=flags)
        answer = probe(
            result.endpoint, tested, snapshot=state, options=options, resolver=resolver, cancelled=cancelled
        )
        return _judged(answer.verification, isinstance(answer.outcome, Verified))

    case = case_of(result, snapshot, directory=directory, roots=roots)
    return _try_all(diagnosis, case, _Again(again, result.options.flags, result.directory))


def try_remedies_offline(
    diagnosis: Diagnosis, result: OfflineResult, snapshot: Snapshot, *, roots: KnownRoots | None = None
) -> Diagnosis:
    """Verify again with each remedy that can be staged, and return `diagnosis` with what came of it."""

    def again(tested: str, state: Snapshot, flags: VerifyFlags) -> Trial:
        answer = verify_offline(
            result.leaf,
            tested,
            untrusted=result.verification.sent[1:],
            host=result.host,
            at=result.at,
            flags=flags,
            snapshot=state,
            ask_installed=len(result.engines) > 1,
        )
        return _judged(answer.verification, not answer.verification.errors)

    case = case_of_offline(result, snapshot, roots=roots)
    return _try_all(diagnosis, case, _Again(again, result.flags, result.directory))


@dataclass(frozen=True, slots=True)
class _Again:
    """How to repeat the test: with which directory, what is in it, and which flags."""

    run: Callable[[str, Snapshot, VerifyFlags], Trial]
    flags: VerifyFlags
    directory: str


def _judged(verification: Verification, verified: bool) -> Trial:
    if verified:
        return Mends()
    if verification.errors:
        verdict = verification.verdict
        return DoesNotMend(f"{verdict.code} {verdict.described.text} @{verdict.depth} stands in the way")
    return DoesNotMend("the server ended the connection")


def _try_all(diagnosis: Diagnosis, case: Case, again: _Again) -> Diagnosis:
    first = diagnosis.first
    tried = tuple(replace(remedy, trial=_try(remedy, case, again)) for remedy in first.remedies[:_REMEDIES_LIMIT])
    remedies = (*tried, *first.remedies[_REMEDIES_LIMIT:])
    return replace(diagnosis, first=replace(first, remedies=remedies))


def _try(remedy: Remedy, case: Case, again: _Again) -> Trial:
    if remedy.action is Action.CHANGE_FLAGS:
        flags = _flags(remedy.operand, again.flags)
        return NotTried() if flags is None else again.run(again.directory, case.snapshot, flags)
    plan = _plan(remedy, case)
    if plan is None:
        return NotTried()
    if plan.refusals:
        refusal = plan.refusals[0]
        return DoesNotMend(f"it cannot be done: {visible(refusal.name)}: {visible(refusal.reason)}")
    with staged_directory(plan) as staged:
        return again.run(staged, plan.after, again.flags)


def _plan(remedy: Remedy, case: Case) -> Plan | None:
    """The change to the store that the remedy is; None where it is none, or needs what is not at hand."""
    match remedy.action:
        case Action.TRUST:
            return plan_toggle(case.listing, (remedy.operand,), ()) if remedy.operand else None
        case Action.DISTRUST:
            return plan_toggle(case.listing, (), (remedy.operand,)) if remedy.operand else None
        case Action.REHASH:
            return plan_rehash(case.snapshot).plan
        case Action.IMPORT:
            certificate = case.certificate(remedy.operand) if remedy.operand else None
            if certificate is None:
                return None
            options = ImportOptions(all_uses=True)
            return plan_import(case.listing, [Item(certificate, "")], "", options, KeptConstraints()).plan
        case (
            Action.USE_NAME
            | Action.USE_STARTTLS
            | Action.SET_CLOCK
            | Action.REFRESH_CRL
            | Action.ASK_OPERATOR
            | Action.ASK_AUTHORITY
            | Action.USE_CLIENT_CERTIFICATE
            | Action.CHANGE_FLAGS
            | Action.USE_STORE
            | Action.CHECK_NETWORK
            | Action.RETRY
        ):
            return None
        case _:
            assert_never(remedy.action)


def _flags(operand: str, flags: VerifyFlags) -> VerifyFlags | None:
    if operand == PARTIAL_CHAIN:
        return replace(flags, partial_chain=True)
    if operand == NOT_STRICT:
        return replace(flags, strict=False)
    return None
