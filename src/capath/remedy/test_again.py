"""The same test again, but for what a remedy changes in it: the store, flags, the name, a protocol, the time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from capath.diagnosis.case import Case
from capath.diagnosis.cause import DoesNotFix, Fixes, NotTried, Trial, day
from capath.diagnosis.diagnose import case_of, case_of_offline, explain_case
from capath.errors import BadInputError
from capath.pki.certificate import Certificate
from capath.store import Snapshot
from capath.tls.failure import Cancelled
from capath.tls.network.connect import NameNotFoundError, Resolver, resolve
from capath.tls.network.deadline import CancelledError, Deadline, DeadlinePassedError
from capath.tls.network.endpoint import Endpoint, parse_endpoint
from capath.tls.offline.verify import verify_offline
from capath.tls.probe import probe
from capath.tls.result import AttemptOutcome, NotAccepted, OfflineResult, ProbeResult, Verified
from capath.tls.test_options import ProbeOptions, Purpose, Starttls, VerifyFlags


@dataclass(frozen=True, slots=True)
class Altered:
    """A test as a remedy would have it: `directory`, which holds `snapshot`, and `flags`. Where the others are
    empty or None, they are as they were."""

    directory: str
    snapshot: Snapshot
    flags: VerifyFlags
    name: str = ""
    sent: tuple[Certificate, ...] = ()
    starttls: Starttls | None = None
    at: datetime | None = None
    purpose: Purpose | None = None


class Retest(Protocol):
    """A test that can be repeated. `unaltered` is how it was made."""

    @property
    def unaltered(self) -> Altered: ...

    @property
    def had_verified(self) -> bool:
        """Whether the chain had verified already, and something else is to be fixed."""

    def run(self, altered: Altered) -> Trial: ...


@dataclass(frozen=True, slots=True)
class LiveRetest:
    """A connection to the host of `case` for each run.

    A name is tried at the host that was tested: whose certificate names it could name any host at all, and nobody
    asked to connect there. It is looked up, to say where it leads.
    """

    case: Case
    result: ProbeResult
    resolver: Resolver
    cancelled: Callable[[], bool]

    @property
    def unaltered(self) -> Altered:
        return Altered(self.result.directory, self.case.snapshot, self.result.options.flags)

    @property
    def had_verified(self) -> bool:
        return isinstance(self.result.outcome, Verified)

    def run(self, altered: Altered) -> Trial:
        if (
            altered.sent
        ):  # what the server sends cannot be changed from here: its certificates are verified instead
            return self._verify_sent(altered)
        try:
            options, how = self._options(altered)
        except (BadInputError, CancelledError):
            return NotTried()
        refusing = [report.client for report in self.result.clients if isinstance(report.answer, NotAccepted)]
        answer = probe(
            self.result.endpoint,
            altered.directory,
            snapshot=altered.snapshot,
            options=options,
            clients=refusing if self.had_verified else (),
            resolver=self.resolver,
            cancelled=self.cancelled,
        )
        if isinstance(answer.failure, Cancelled):
            return NotTried()
        if isinstance(answer.outcome, Verified) and not self.had_verified:
            return Fixes(how)
        again = case_of(answer, altered.snapshot, directory=self.case.directory, roots=self.case.roots)
        return _judged(again, how)

    def _verify_sent(self, altered: Altered) -> Trial:
        answer = verify_offline(
            altered.sent[0],
            altered.directory,
            untrusted=altered.sent[1:],
            host=self.result.checked_host,
            at=self.case.now,
            flags=altered.flags,
            purpose=Purpose.SERVER,
            snapshot=altered.snapshot,
        )
        how = " with the certificates sent so"
        return _judged(replace(self.case, verification=answer.verification, live=None), how)

    def _options(self, altered: Altered) -> tuple[ProbeOptions, str]:
        """How to test, and how to say so. Raises BadInputError for a name that is none, and CancelledError."""
        options = replace(self.result.options, flags=altered.flags)
        if altered.at is not None:
            return replace(options, at=altered.at), f" with the clock at {day(altered.at)}"
        if altered.starttls is not None:
            return replace(options, starttls=altered.starttls), ""
        if not altered.name:
            return options, ""
        endpoint = self.result.endpoint
        shown = f"[{altered.name}]" if ":" in altered.name else altered.name
        named = parse_endpoint(f"{shown}:{endpoint.port}")
        if named == endpoint:
            return replace(options, servername=None), ""
        return replace(options, servername=named.host), self._where(named)

    def _where(self, named: Endpoint) -> str:
        """At which address the name is tried, if that is not the one that it leads to."""
        there = f" at the same address by the name {named.host}"
        if self.result.options.proxy is not None:
            return there
        deadline = Deadline.after(self.result.options.timeout_s, self.cancelled)
        try:
            leads_to = {address.ip for address in resolve(named, self.resolver, deadline)}
        except (NameNotFoundError, DeadlinePassedError):
            return f"{there}, which has no address here"
        tested = {
            attempt.address.ip for attempt in self.result.attempts if attempt.outcome is AttemptOutcome.CONNECTED
        }
        return "" if tested & leads_to else f"{there}, which leads elsewhere ({', '.join(sorted(leads_to))})"


@dataclass(frozen=True, slots=True)
class OfflineRetest:
    """Another verification of the same certificates for each run."""

    case: Case
    result: OfflineResult

    @property
    def unaltered(self) -> Altered:
        return Altered(self.result.directory, self.case.snapshot, self.result.flags)

    @property
    def had_verified(self) -> bool:
        return not self.result.verification.errors

    def run(self, altered: Altered) -> Trial:
        if altered.starttls is not None:
            return NotTried()
        answer = verify_offline(
            self.result.leaf,
            altered.directory,
            untrusted=(altered.sent or self.result.verification.sent)[1:],
            host=altered.name or self.result.host,
            at=altered.at or self.result.at,
            flags=altered.flags,
            purpose=altered.purpose or self.result.purpose,
            snapshot=altered.snapshot,
            ask_installed=len(self.result.engines) > 1,
        )
        if not answer.verification.errors and not self.had_verified:
            return Fixes()
        return _judged(case_of_offline(answer, altered.snapshot, roots=self.case.roots), "")


def _judged(again: Case, how: str) -> Trial:
    """What `again`, which did not verify, or was to fix something else, shows of the remedy."""
    if again.verification.errors:
        verdict = again.verification.verdict
        return DoesNotFix(
            f"{verdict.code} {verdict.described.text} @{verdict.depth}", how, again.verification.errors
        )
    left = explain_case(again)
    return Fixes(how) if left is None else DoesNotFix(f"{left.cause}: {left.text.rstrip('.')}", how)
