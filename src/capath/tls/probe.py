"""One host, tested: resolve, connect, shake hands, verify, and ask the other clients."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from typing_extensions import assert_never

from capath.store import Snapshot, scan
from capath.tls.address import Address, NameNotFoundError, Resolver, resolve, system_resolver
from capath.tls.capath_argument import capath_argument
from capath.tls.connect import Connected, NotConnected, connect
from capath.tls.deadline import CancelledError, Deadline, DeadlinePassedError, never
from capath.tls.endpoint import Endpoint
from capath.tls.failure import (
    Cancelled,
    Closed,
    Failure,
    NameNotFound,
    NoConnection,
    NotTls,
    Stage,
    StarttlsRefused,
    TimedOut,
)
from capath.tls.options import Client, ProbeOptions
from capath.tls.result import (
    ClientAnswer,
    ClientReport,
    NotAsked,
    Outcome,
    ProbeResult,
    Refused,
    Rejected,
    ServerFacts,
    Timings,
    Unreachable,
    Verified,
)
from capath.tls.wire import Wire

if TYPE_CHECKING:
    from capath.tls.handshake import Ending, Established, Handshake, RefusedAfterwards

DEFAULT_OPTIONS = ProbeOptions()
_DATE_ERRORS = frozenset({9, 10})
_DATE_WAIT_S = 1.0


def probe(
    endpoint: Endpoint,
    capath: str,
    *,
    snapshot: Snapshot | None = None,
    options: ProbeOptions = DEFAULT_OPTIONS,
    clients: Collection[Client] = (),
    resolver: Resolver = system_resolver,
    cancelled: Callable[[], bool] = never,
) -> ProbeResult:
    """Test `endpoint` against the CApath directory `capath` and return what was found; blocks, so use a thread.

    `snapshot` is what `capath` holds (scanned now where None); the trace of lookups is told from it. `clients` are
    asked the same question behind pyOpenSSL, each within `options.timeout_s`. `cancelled` is asked all the while:
    once it is true, `probe` returns within a tenth of a second with the failure Cancelled, whatever happens.

    Raises BadInputError where `capath` must be scanned and cannot be read. All else that fails is in the result.
    """
    known = scan(capath) if snapshot is None else snapshot
    with capath_argument(capath) as argument:
        test = _Probe(endpoint, capath, argument, known, options, resolver, cancelled)
        result = test.run()
        reports = tuple(
            ClientReport(client, test.ask(client, result)) for client in clients if client is not Client.PYOPENSSL
        )
    return result.with_clients(reports)


class _Probe:
    def __init__(
        self,
        endpoint: Endpoint,
        directory: str,
        argument: str,
        snapshot: Snapshot,
        options: ProbeOptions,
        resolver: Resolver,
        cancelled: Callable[[], bool],
    ) -> None:
        self._argument = argument
        self._snapshot = snapshot
        self._resolver = resolver
        self._cancelled = cancelled
        self._address: Address | None = None
        host = endpoint.ip or endpoint.host
        wanted = options.servername
        self._result = ProbeResult(
            endpoint,
            directory,
            options,
            servername=("" if endpoint.ip else host) if wanted is None else wanted,
            checked_host=wanted or host,
            started_at=datetime.now(timezone.utc),
            attempts=(),
            timings=Timings(),
            outcome=Unreachable(Cancelled()),
        )

    def run(self) -> ProbeResult:
        deadline = Deadline.after(self._result.options.timeout_s, self._cancelled)
        try:
            outcome = self._test(deadline)
        except CancelledError:
            outcome = Unreachable(Cancelled())
        return replace(self._result, outcome=outcome)

    def ask(self, client: Client, result: ProbeResult) -> ClientAnswer:
        """Let another client answer for the address that `run` connected to."""
        if self._address is None:
            return NotAsked("there was no connection")
        deadline = Deadline.after(result.options.timeout_s, self._cancelled)
        try:
            return self._ask(client, result, self._address, deadline)
        except (CancelledError, DeadlinePassedError):
            return NotAsked("the test was cancelled")

    def _ask(self, client: Client, result: ProbeResult, address: Address, deadline: Deadline) -> ClientAnswer:
        match client:
            case Client.REQUESTS:
                from capath.tls.requests_client import ask_requests

                return ask_requests(result, address, self._argument, deadline)
            case Client.OPENSSL:
                from capath.tls.openssl_client import ask_openssl

                return ask_openssl(result, address, self._argument, deadline)
            case Client.PYOPENSSL:
                return NotAsked("the whole result is its answer")
            case _:
                assert_never(client)

    def _test(self, deadline: Deadline) -> Outcome:
        started_s = time.monotonic()
        try:
            addresses = resolve(self._result.endpoint, self._resolver, deadline)
        except NameNotFoundError as error:
            return Unreachable(NameNotFound(str(error)))
        except DeadlinePassedError:
            return Unreachable(TimedOut(Stage.RESOLVE))
        started_s = self._time(started_s, "dns_ms")
        connected = connect(addresses, deadline)
        self._result = replace(self._result, attempts=connected.attempts)
        if isinstance(connected, NotConnected):
            return Unreachable(NoConnection())
        self._time(started_s, "connect_ms")
        self._address = connected.address
        return self._speak(connected, deadline)

    def _speak(self, connected: Connected, deadline: Deadline) -> Outcome:
        from capath.tls.handshake import Established, Handshake

        options = self._result.options
        with Wire(connected.connection, deadline) as wire:
            shake = Handshake(wire, self._argument, self._result.servername, options, deadline)
            started_s = time.monotonic()
            ending: Established | RefusedAfterwards | Failure = shake.run()
            if isinstance(ending, Established):
                self._time(started_s, "handshake_ms")
                ending = shake.after()
            outcome = self._judge(shake, ending)
            if isinstance(ending, Established):
                if not ending.greeting and _DATE_ERRORS.intersection(e.code for e in shake.observed.errors):
                    self._result = replace(self._result, server=self._with_date(shake, deadline))
                shake.close()
            return outcome

    def _judge(self, shake: Handshake, ending: Ending) -> Outcome:
        from capath.tls.handshake import Established, RefusedAfterwards, steps_over_broken_slots
        from capath.tls.host_name import check_host, in_order
        from capath.tls.trace import trace

        seen = shake.observed
        self._result = replace(self._result, server=ServerFacts(seen.certificate_requested, seen.staple))
        host_error = check_host(seen.sent[0], self._result.checked_host) if seen.sent else None
        verification = trace(
            in_order(seen.errors, host_error),
            seen.sent,
            seen.chain,
            self._snapshot,
            steps_over=steps_over_broken_slots(),
        )
        match ending:
            case Established(session=session) if verification.errors:
                return Rejected(session, verification)
            case Established(session=session):
                return Verified(session, verification)
            case RefusedAfterwards(session=session, failure=failure):
                return Refused(failure, session, verification)
            case NotTls() | TimedOut() | StarttlsRefused() | Cancelled() | NameNotFound() | NoConnection():
                return Unreachable(ending)
            case Closed(tls_seen=False):
                return Unreachable(ending)
            case _:
                return Refused(ending, None, verification)

    def _with_date(self, shake: Handshake, deadline: Deadline) -> ServerFacts:
        host = self._result.endpoint.text
        request = f"HEAD / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode("ascii")
        answer = shake.ask(request, within=deadline.sooner(_DATE_WAIT_S))
        return replace(self._result.server, date=_http_date(answer))

    def _time(self, started_s: float, stage: str) -> float:
        now_s = time.monotonic()
        timings = replace(self._result.timings, **{stage: (now_s - started_s) * 1000})
        self._result = replace(self._result, timings=timings)
        return now_s


def _http_date(answer: bytes) -> datetime | None:
    """The Date of an HTTP answer (RFC 9110 §6.6.1), None where there is none."""
    if not answer.startswith(b"HTTP/"):
        return None
    for line in answer.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"date":
            try:
                date = email.utils.parsedate_to_datetime(value.strip().decode("ascii"))
            except (ValueError, TypeError, UnicodeDecodeError):
                return None
            return date if date.tzinfo is not None else date.replace(tzinfo=timezone.utc)
    return None
