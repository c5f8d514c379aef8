"""From a host name to a connection: all its addresses at once, and what each of them said."""

from __future__ import annotations

import errno
import os
import select
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from capath.tls.network.deadline import SLICE_S, Deadline, DeadlinePassedError, on_thread
from capath.tls.network.endpoint import Address, Endpoint
from capath.tls.result import Attempt, AttemptOutcome

ADDRESSES_LIMIT = 16
# A better address (earlier in RFC 6724's order) gets this long to answer after a worse one has (RFC 8305 §5).
PREFERENCE_S = 0.25


class NameNotFoundError(Exception):
    """The name has no address. Its text is what the resolver said."""


Resolver = Callable[[str, int], Sequence[Address]]
"""Takes a host name and a port; may block; raises NameNotFoundError or OSError."""


def system_resolver(host: str, port: int) -> tuple[Address, ...]:
    """Ask getaddrinfo(3), which keeps the order of RFC 6724."""
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise NameNotFoundError(error.strerror or str(error)) from None
    except UnicodeError:
        raise NameNotFoundError("this name cannot be looked up") from None
    found: dict[Address, None] = {}
    for family, _, _, _, sockaddr in answers:
        if family in (socket.AF_INET, socket.AF_INET6):
            zone = str(sockaddr[3]) if len(sockaddr) == 4 and sockaddr[3] else ""
            found[Address(str(sockaddr[0]).partition("%")[0], port, zone)] = None
    return tuple(found)


def resolve(endpoint: Endpoint, resolver: Resolver, deadline: Deadline) -> tuple[Address, ...]:
    """Return the endpoint's addresses, at most ADDRESSES_LIMIT, in the resolver's order.

    Raises NameNotFoundError, DeadlinePassedError or CancelledError.
    """
    if endpoint.ip is not None:
        return (Address(endpoint.ip, endpoint.port, endpoint.host.partition("%")[2]),)
    try:
        answer = on_thread(
            lambda: resolver(endpoint.host, endpoint.port), deadline, name=f"resolve {endpoint.host}"
        )
    except OSError as error:
        raise NameNotFoundError(str(error)) from None
    if not answer:
        raise NameNotFoundError("the name has no address")
    return tuple(answer)[:ADDRESSES_LIMIT]


@dataclass(frozen=True, slots=True)
class Connected:
    """The socket to the best address that answered. Whoever gets it closes it."""

    connection: socket.socket
    address: Address
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class NotConnected:
    attempts: tuple[Attempt, ...]


def connect(addresses: Sequence[Address], deadline: Deadline) -> Connected | NotConnected:
    """Connect to all `addresses` at once and keep the first in their order that answers in time.

    Raises CancelledError; a deadline that passes is an Attempt's outcome.
    """
    race = _Race(addresses)
    try:
        return race.run(deadline)
    finally:
        race.close_losers()


class _Race:
    def __init__(self, addresses: Sequence[Address]) -> None:
        self._addresses = addresses
        self._started_s = time.monotonic()
        self._done: dict[Address, Attempt] = {}
        self._pending: dict[int, tuple[Address, socket.socket]] = {}
        self._winners: dict[Address, socket.socket] = {}
        self._poll = select.poll()

    def run(self, deadline: Deadline) -> Connected | NotConnected:
        for address in self._addresses:
            self._start(address)
        waiting_for_all = deadline
        try:
            while self._pending and not self._best_answered():
                self._step(waiting_for_all.remaining_s())
                if self._winners and waiting_for_all is deadline:
                    waiting_for_all = deadline.sooner(PREFERENCE_S)
        except DeadlinePassedError:
            pass
        return self._result()

    def close_losers(self) -> None:
        for _, connection in self._pending.values():
            connection.close()
        for connection in self._winners.values():
            connection.close()

    def _start(self, address: Address) -> None:
        try:
            sockaddr = address.sockaddr
        except OSError as error:  # it has no number: there is no interface of that name
            text = f"{error.strerror or error} ({address.zone})"
            self._done[address] = Attempt(address, AttemptOutcome.UNREACHABLE, text, self._elapsed_ms())
            return
        try:
            connection = socket.socket(address.family, socket.SOCK_STREAM)
        except OSError as error:
            self._say(address, error.errno or 0)
            return
        connection.setblocking(False)
        try:
            connection.connect(sockaddr)
        except BlockingIOError:
            pass
        except OSError as error:
            connection.close()
            self._say(address, error.errno or 0)
            return
        self._pending[connection.fileno()] = (address, connection)
        self._poll.register(connection, select.POLLOUT)

    def _step(self, remaining_s: float) -> None:
        for descriptor, _ in self._poll.poll(min(remaining_s, SLICE_S) * 1000):
            address, connection = self._pending.pop(descriptor)
            self._poll.unregister(descriptor)
            code = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            self._say(address, code)
            if code:
                connection.close()
            else:
                self._winners[address] = connection

    def _best_answered(self) -> bool:
        for address in self._addresses:
            if address in self._winners:
                return True
            if address not in self._done:
                return False
        return True

    def _say(self, address: Address, code: int) -> None:
        text = os.strerror(code) if code else "connected"
        self._done[address] = Attempt(address, _outcome(code), text, self._elapsed_ms())

    def _elapsed_ms(self) -> float:
        return (time.monotonic() - self._started_s) * 1000

    def _result(self) -> Connected | NotConnected:
        for address, _ in self._pending.values():
            outcome = AttemptOutcome.LEFT if self._winners else AttemptOutcome.TIMEOUT
            self._done[address] = Attempt(address, outcome, "no answer", self._elapsed_ms())
        attempts = tuple(self._done[address] for address in dict.fromkeys(self._addresses))
        for address in self._addresses:
            if address in self._winners:
                return Connected(self._winners.pop(address), address, attempts)
        return NotConnected(attempts)


def _outcome(code: int) -> AttemptOutcome:
    match code:
        case 0:
            return AttemptOutcome.CONNECTED
        case errno.ECONNREFUSED | errno.ECONNRESET:
            return AttemptOutcome.REFUSED
        case errno.ETIMEDOUT:
            return AttemptOutcome.TIMEOUT
        case _:
            return AttemptOutcome.UNREACHABLE
