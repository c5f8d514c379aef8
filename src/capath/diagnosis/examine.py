"""One test, told in full: the diagnosis with its remedies tried, and what stands beside the verdict."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from capath.diagnosis.cause import Diagnosis
from capath.diagnosis.diagnose import diagnose
from capath.diagnosis.fetched import FetchedChain, fetch_missing, with_fetched
from capath.diagnosis.known_roots import KnownRoots
from capath.diagnosis.mozilla_view import Opinion, mozilla_view
from capath.diagnosis.trial import try_remedies
from capath.store import Snapshot
from capath.store.constraints import KeptConstraints, read_constraints_file
from capath.tls.address import Resolver, system_resolver
from capath.tls.deadline import never
from capath.tls.environment import Trap, environment_traps
from capath.tls.result import ProbeResult


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
    """How tests are told. `directory` is the store that the person works on, also where a copy of it was tested.

    `kept` is what stands beside that store. `try_remedies` makes connections of its own to a host that failed;
    `fetch_intermediates` fetches from addresses that certificates name: only for somebody who asked for it.
    """

    directory: str
    kept: KeptConstraints
    roots: KnownRoots | None = None
    environment: Mapping[str, str] | None = None
    try_remedies: bool = True
    fetch_intermediates: bool = False
    resolver: Resolver = system_resolver
    cancelled: Callable[[], bool] = never

    @classmethod
    def of(cls, directory: str, **changes: object) -> Examiner:
        """An examiner for `directory`, what is kept beside it read. `changes` are the other fields."""
        return cls(directory, read_constraints_file(directory), **changes)  # type: ignore[arg-type]

    def examine(self, result: ProbeResult, snapshot: Snapshot) -> Examination:
        """Tell `result`, a test against `snapshot`. Raises CancelledError."""
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
        variables = os.environ if self.environment is None else self.environment
        beside = Beside(
            environment_traps(variables, result.endpoint, directory),
            mozilla_view(result.verification, self.kept.by_sha256),
            fetched,
        )
        return Examination(result, diagnosis, beside)
