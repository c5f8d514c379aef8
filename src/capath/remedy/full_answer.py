"""One test in full: the diagnosis with its remedies tried, and the facts beside the verdict.

What explains failures is imported when there is one: a thousand hosts that verify do not wait for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from capath.store import Snapshot
from capath.store.constraints import KeptConstraints, read_constraints_file
from capath.store.lookup import find_issuers
from capath.tls.network.connect import Resolver, system_resolver
from capath.tls.network.deadline import never
from capath.tls.network.environment import Trap, environment_traps
from capath.tls.result import ProbeResult, Verified

if TYPE_CHECKING:
    from capath.diagnosis.cause import Diagnosis
    from capath.diagnosis.known_roots import KnownRoots
    from capath.diagnosis.mozilla_view import Opinion
    from capath.remedy.missing_intermediate import FetchedChain


@dataclass(frozen=True, slots=True)
class Beside:
    """Facts beside the verdict. `fetched` is None where nothing was, or was to be, fetched."""

    traps: tuple[Trap, ...] = ()
    opinions: tuple[Opinion, ...] = ()
    fetched: FetchedChain | None = None


NOTHING_BESIDE = Beside()


@dataclass(frozen=True, slots=True)
class Examination:
    result: ProbeResult
    diagnosis: Diagnosis | None
    beside: Beside


@dataclass(frozen=True, slots=True)
class Examiner:
    """How tests are explained. `directory` is the store that is worked on, also where a copy of it was tested.

    `kept` is what is kept beside that store. `try_remedies` makes connections of its own to a host that failed;
    `fetch_intermediates` fetches from addresses that certificates name: only for somebody who asked for it.
    """

    directory: str
    kept: KeptConstraints
    roots: KnownRoots | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    try_remedies: bool = True
    fetch_intermediates: bool = False
    resolver: Resolver = system_resolver
    cancelled: Callable[[], bool] = never

    @classmethod
    def of(cls, directory: str, **changes: object) -> Examiner:
        """An examiner for `directory`, what is kept beside it read. `changes` are the other fields."""
        return cls(directory, read_constraints_file(directory), **changes)  # type: ignore[arg-type]

    def examine(self, result: ProbeResult, snapshot: Snapshot) -> Examination:
        """Explain `result`, a test against `snapshot`. Raises CancelledError."""
        beside = Beside(
            environment_traps(self.environment, result.endpoint, self.directory),
            _opinions(result, self.kept),
        )
        if _needs_no_explanation(result, snapshot):
            return Examination(result, None, beside)
        return self._explained(result, snapshot, beside)

    def _explained(self, result: ProbeResult, snapshot: Snapshot, beside: Beside) -> Examination:
        from capath.diagnosis.diagnose import diagnose
        from capath.remedy.missing_intermediate import fetch_missing, with_fetched
        from capath.remedy.try_remedies import try_remedies

        directory, roots = self.directory, self.roots
        diagnosis = diagnose(result, snapshot, directory=directory, roots=roots)
        fetched = None
        if diagnosis is not None and self.fetch_intermediates:
            fetched = fetch_missing(result, snapshot, resolver=self.resolver, cancelled=self.cancelled)
        if diagnosis is not None and fetched is not None:
            diagnosis = with_fetched(diagnosis, fetched, result, snapshot, directory=directory, roots=roots)
        elif diagnosis is not None and self.try_remedies:
            diagnosis = try_remedies(
                diagnosis,
                result,
                snapshot,
                directory=directory,
                roots=roots,
                resolver=self.resolver,
                cancelled=self.cancelled,
            )
        return Examination(result, diagnosis, replace(beside, fetched=fetched))


def _needs_no_explanation(result: ProbeResult, snapshot: Snapshot) -> bool:
    """Whether it verified, no other client was asked or would reject it, and every OpenSSL finds the anchor."""
    anchor = result.verification.anchor
    agree = all(verdict.accepts for verdict in result.profiles)
    if not isinstance(result.outcome, Verified) or result.clients or anchor is None or not agree:
        return False
    found = find_issuers(snapshot, anchor.certificate.subject)
    return any(item.certificate.certificate.sha256 == anchor.certificate.sha256 for item in found)


def _opinions(result: ProbeResult, kept: KeptConstraints) -> tuple[Opinion, ...]:
    if result.verification.anchor is None:
        return ()
    from capath.diagnosis.mozilla_view import mozilla_view

    return mozilla_view(result.verification, kept.by_sha256)
