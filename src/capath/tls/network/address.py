"""From a host name to addresses: the system's resolver, or one that the caller brings."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from capath.tls.network.deadline import SLICE_S, Deadline
from capath.tls.network.endpoint import Endpoint

ADDRESSES_LIMIT = 16


@dataclass(frozen=True, slots=True)
class Address:
    """An IP address, its zone for a link-local one (RFC 4007 §11), and a port."""

    ip: str
    port: int
    zone: str = ""

    @property
    def family(self) -> socket.AddressFamily:
        return socket.AF_INET6 if ":" in self.ip else socket.AF_INET

    @property
    def sockaddr(self) -> tuple[str, int] | tuple[str, int, int, int]:
        """What `socket.connect` takes. Raises OSError where there is no interface called `zone`."""
        if self.family == socket.AF_INET:
            return self.ip, self.port
        return self.ip, self.port, 0, _scope_id(self.zone)

    @property
    def text(self) -> str:
        return f"[{self.ip}]:{self.port}" if ":" in self.ip else f"{self.ip}:{self.port}"


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
        raise NameNotFoundError("this is not a name that can be looked up") from None
    found: dict[Address, None] = {}
    for family, _, _, _, sockaddr in answers:
        if family in (socket.AF_INET, socket.AF_INET6):
            zone = str(sockaddr[3]) if len(sockaddr) == 4 and sockaddr[3] else ""
            found[Address(str(sockaddr[0]).partition("%")[0], port, zone)] = None
    return tuple(found)


def resolve(endpoint: Endpoint, resolver: Resolver, deadline: Deadline) -> tuple[Address, ...]:
    """Return the endpoint's addresses, at most ADDRESSES_LIMIT, in the resolver's order.

    The resolver runs on a thread of its own, which is left behind when the deadline passes: getaddrinfo cannot be
    interrupted. Raises NameNotFoundError, DeadlinePassedError or CancelledError.
    """
    if endpoint.ip is not None:
        return (Address(endpoint.ip, endpoint.port, endpoint.host.partition("%")[2]),)
    answers: queue.SimpleQueue[Sequence[Address] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolver(endpoint.host, endpoint.port))
        except Exception as error:  # handed over to the thread that asked
            answers.put(error)

    threading.Thread(target=ask, name=f"resolve {endpoint.host}", daemon=True).start()
    while True:
        try:
            answer = answers.get(timeout=min(deadline.remaining_s(), SLICE_S))
            break
        except queue.Empty:
            continue
    if isinstance(answer, OSError):
        raise NameNotFoundError(str(answer))
    if isinstance(answer, Exception):
        raise answer
    if not answer:
        raise NameNotFoundError("the name has no address")
    return tuple(answer)[:ADDRESSES_LIMIT]


def _scope_id(zone: str) -> int:
    if not zone:
        return 0
    return int(zone) if zone.isdigit() else socket.if_nametoindex(zone)
