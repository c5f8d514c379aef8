"""One host, tested: resolve, connect, shake hands, verify, and ask the other clients."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from capath.store import Snapshot, scan
from capath.tls.capath_argument import capath_argument
from capath.tls.clients.table import ask_client
from capath.tls.failure import (
    Cancelled,
    Closed,
    Failure,
    NameNotFound,
    NoConnection,
    NotTls,
    ProxyNotReached,
    ProxyRefused,
    Stage,
    StarttlsRefused,
    TimedOut,
)
from capath.tls.handshake.context import SharedContexts
from capath.tls.handshake.verify_codes import DATES
from capath.tls.network.connect import NameNotFoundError, NotConnected, Resolver, connect, resolve, system_resolver
from capath.tls.network.deadline import CancelledError, Deadline, DeadlinePassedError, never
from capath.tls.network.endpoint import Address, Endpoint, parse_endpoint
from capath.tls.network.proxy import ProxyKind
from capath.tls.network.wire import Wire
from capath.tls.result import (
    Attempt,
    ClientReport,
    ConnectionRefused,
    Outcome,
    ProbeResult,
    ProfileVerdict,
    Rejected,
    ServerFacts,
    Timings,
    Unreachable,
    Verified,
)
from capath.tls.test_options import Client, HostToTest, ProbeOptions

if TYPE_CHECKING:
    from capath.tls.handshake.shake_hands import Ending, Handshake

DEFAULT_OPTIONS = ProbeOptions()
_DATE_WAIT_S = 1.0


def probe(
    endpoint: Endpoint | str,
    capath: str | os.PathLike[str],
    *,
    snapshot: Snapshot | None = None,
    options: ProbeOptions = DEFAULT_OPTIONS,
    clients: Collection[Client] = (),
    resolver: Resolver = system_resolver,
    cancelled: Callable[[], bool] = never,
    contexts: SharedContexts | None = None,
) -> ProbeResult:
    """Test `endpoint` against the CApath directory `capath` and return what was found; blocks, so use a thread.

    `snapshot` is what `capath` holds (scanned now where None); the trace of lookups is told from it. `clients` are
    asked the same question after pyOpenSSL, each within `options.timeout_s`. `cancelled` is asked all the while:
    once it is true, `probe` returns within a tenth of a second with the failure Cancelled, whatever happens.
    `contexts` are for a run of many tests, which then tell of one state of the directory; None looks anew.

    Raises BadInputError where `endpoint` is a text that names no host, or `capath` must be scanned and cannot be
    read. All else that fails is in the result.
    """
    capath = os.fspath(capath)
    endpoint = parse_endpoint(endpoint) if isinstance(endpoint, str) else endpoint
    known = scan(capath) if snapshot is None else snapshot
    with capath_argument(capath) as argument:
        shared = SharedContexts(argument) if contexts is None else contexts
        test = _Probe(endpoint, shared, known, options, resolver, cancelled)
        result = test.run(capath)
        reports = tuple(
            ClientReport(client, ask_client(client, result, test.address, argument, cancelled))
            for client in clients
            if client is not Client.PYOPENSSL
        )
    return result.with_clients(reports) if reports else result


class _Probe:
    """The test of one host while it runs."""

    def __init__(
        self,
        endpoint: Endpoint,
        contexts: SharedContexts,
        snapshot: Snapshot,
        options: ProbeOptions,
        resolver: Resolver,
        cancelled: Callable[[], bool],
    ) -> None:
        self._endpoint = endpoint
        self._contexts = contexts
        self._snapshot = snapshot
        self._options = options
        self._resolver = resolver
        self._cancelled = cancelled
        self._host = HostToTest(endpoint, options)
        self._profiles: tuple[ProfileVerdict, ...] = ()
        self._attempts: tuple[Attempt, ...] = ()
        self._timings_ms: dict[str, float] = {}
        self._server = ServerFacts()
        self.address: Address | None = None
        """Where the connection went; None until there is one."""

    def run(self, directory: str) -> ProbeResult:
        started_at = datetime.now(timezone.utc)
        deadline = Deadline.after(self._options.timeout_s, self._cancelled)
        outcome: Outcome
        try:
            outcome = self._test(deadline)
        except CancelledError:
            outcome = Unreachable(Cancelled())
        return ProbeResult(
            self._endpoint,
            directory,
            self._options,
            self._host.servername,
            self._host.checked_host,
            started_at,
            self._attempts,
            Timings(**self._timings_ms),
            outcome,
            self._server,
            profiles=() if isinstance(outcome, Unreachable) else self._profiles,
        )

    def _test(self, deadline: Deadline) -> Outcome:
        started_s = time.monotonic()
        proxy = self._options.proxy
        try:
            addresses = resolve(self._endpoint if proxy is None else proxy.endpoint, self._resolver, deadline)
        except NameNotFoundError as error:
            return self._not_connected(NameNotFound(str(error)))
        except DeadlinePassedError:
            return self._not_connected(TimedOut(Stage.RESOLVE))
        started_s = self._time(started_s, "dns_ms")
        connected = connect(addresses, deadline)
        self._attempts = connected.attempts
        if isinstance(connected, NotConnected):
            return self._not_connected(NoConnection())
        self._time(started_s, "connect_ms")
        self.address = connected.address
        with Wire(connected.connection, deadline) as wire:
            failure = self._prepare(wire, deadline)
            return self._shake_hands(wire, deadline) if failure is None else Unreachable(failure)

    def _not_connected(self, failure: NameNotFound | NoConnection | TimedOut) -> Outcome:
        proxy = self._options.proxy
        return Unreachable(failure if proxy is None else ProxyNotReached(proxy.text, failure))

    def _prepare(self, wire: Wire, deadline: Deadline) -> Failure | None:
        """Bring the wire to where TLS begins: through a proxy, past STARTTLS."""
        proxy, starttls = self._options.proxy, self._options.starttls
        if proxy is not None:
            from capath.tls.network.tunnel import open_tunnel

            target = self._endpoint
            if proxy.kind is ProxyKind.SOCKS5:
                try:
                    address = resolve(target, self._resolver, deadline)[0]
                except NameNotFoundError as error:
                    return NameNotFound(str(error))
                except DeadlinePassedError:
                    return TimedOut(Stage.RESOLVE)
                target = Endpoint(address.ip, target.port)
            failure = open_tunnel(wire, proxy, target, self._secure_with_proxy)
            if failure is not None:
                return failure
        if starttls is not None:
            from capath.tls.starttls.registry import Ready, begin_tls

            began = begin_tls(wire, starttls, self._host.checked_host)
            if not isinstance(began, Ready):
                return began
            self._server = ServerFacts(thrown_away=began.thrown_away)
        return None

    def _secure_with_proxy(self, wire: Wire, proxy: Endpoint) -> None:
        from capath.tls.handshake.shake_hands import secure_with_proxy

        secure_with_proxy(wire, proxy, self._contexts.argument)

    def _shake_hands(self, wire: Wire, deadline: Deadline) -> Outcome:
        from capath.tls.handshake.shake_hands import Established, Handshake

        shake = Handshake(wire, self._contexts.get(self._options), self._host.servername, deadline)
        started_s = time.monotonic()
        ending: Ending | None = shake.run()
        if ending is None:
            self._time(started_s, "handshake_ms")
            ending = shake.after()
        self._note(shake, ending, deadline)
        outcome = self._judge(shake, ending)
        if isinstance(ending, Established):
            shake.close()
        return outcome

    def _judge(self, shake: Handshake, ending: Ending) -> Outcome:
        from capath.tls.handshake.shake_hands import Established, RefusedAfterwards
        from capath.tls.judging import judge_chain

        judged = judge_chain(shake.observed, self._host, self._snapshot, self._contexts)
        verification, self._profiles = judged.verification, judged.profiles
        self._server = replace(self._server, staple=judged.staple)
        match ending:
            case Established(session=session) if verification.errors:
                return Rejected(session, verification)
            case Established(session=session):
                return Verified(session, verification)
            case RefusedAfterwards(session=session, failure=failure):
                return ConnectionRefused(failure, session, verification)
            case NotTls() | TimedOut() | StarttlsRefused() | Cancelled() | NameNotFound() | NoConnection():
                return Unreachable(ending)
            case Closed(tls_seen=False) | ProxyNotReached() | ProxyRefused():
                return Unreachable(ending)
            case _:
                return ConnectionRefused(ending, None, verification)

    def _note(self, shake: Handshake, ending: Ending, deadline: Deadline) -> None:
        """Keep what the server showed; where dates are in doubt, ask a web server for its clock."""
        from capath.tls.handshake.shake_hands import Established
        from capath.tls.network.http import head_request, http_date

        seen = shake.observed
        date = None
        speaks_http = self._options.starttls is None and isinstance(ending, Established) and not ending.greeting
        if speaks_http and any(error.code in DATES for error in seen.errors):
            request = head_request(self._endpoint.text)
            date = http_date(shake.ask(request, within=deadline.sooner(_DATE_WAIT_S)))
        self._server = replace(self._server, certificate_requested=seen.certificate_requested, date=date)

    def _time(self, started_s: float, stage: str) -> float:
        now_s = time.monotonic()
        self._timings_ms[stage] = (now_s - started_s) * 1000
        return now_s
