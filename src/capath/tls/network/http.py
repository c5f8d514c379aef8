"""Fetching an issuer's certificate from the address that a certificate names (AIA caIssuers, RFC 5280 §4.2.2.1).

The address is the server's to choose, so this is done only when a person asked for it: over http alone (what comes
back is proven by its signature, not by its way), with limits of time and size, and with redirects to http alone.
"""

from __future__ import annotations

import http.client
import io
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from capath.errors import BadInputError
from capath.tls.network.connect import NameNotFoundError, NotConnected, Resolver, connect, resolve, system_resolver
from capath.tls.network.deadline import Deadline, DeadlinePassedError, never
from capath.tls.network.endpoint import Endpoint, parse_endpoint
from capath.tls.network.wire import Wire

OCTETS_LIMIT = 256 * 1024
TIMEOUT_S = 10.0
_REDIRECTS_LIMIT = 3


@dataclass(frozen=True, slots=True)
class Fetched:
    """What stood at `url` in the end."""

    url: str
    octets: bytes


@dataclass(frozen=True, slots=True)
class NotFetched:
    """Nothing came from `url`, or nothing that may; `reason` is for people and holds raw text of the server's."""

    url: str
    reason: str


class _NotFetchedError(Exception):
    """Its text is the reason."""


def fetch_issuer(
    url: str,
    *,
    timeout_s: float = TIMEOUT_S,
    resolver: Resolver = system_resolver,
    cancelled: Callable[[], bool] = never,
) -> Fetched | NotFetched:
    """Return what is at `url`, an http address. Raises CancelledError; all else that fails is NotFetched."""
    deadline = Deadline.after(timeout_s, cancelled)
    at = url
    try:
        for _ in range(_REDIRECTS_LIMIT + 1):
            answer = _get(at, deadline, resolver)
            if isinstance(answer, bytes):
                return Fetched(at, answer)
            at = answer.location
        reason = f"it leads on more than {_REDIRECTS_LIMIT} times"
    except _NotFetchedError as error:
        reason = str(error)
    except DeadlinePassedError:
        reason = f"no answer within {timeout_s:g} s"
    except OSError as error:
        reason = error.strerror or str(error)
    return NotFetched(at, reason)


@dataclass(frozen=True, slots=True)
class _Redirect:
    location: str


def _get(url: str, deadline: Deadline, resolver: Resolver) -> bytes | _Redirect:
    endpoint, target = _parts(url)
    try:
        addresses = resolve(endpoint, resolver, deadline)
    except NameNotFoundError as error:
        raise _NotFetchedError(f"{endpoint.host} has no address: {error}") from None
    connected = connect(addresses, deadline)
    if isinstance(connected, NotConnected):
        said = "; ".join(f"{attempt.address.text}: {attempt.text}" for attempt in connected.attempts)
        raise _NotFetchedError(f"no connection ({said})")
    request = f"GET {target} HTTP/1.1\r\nHost: {endpoint.text}\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    with Wire(connected.connection, deadline) as wire:
        wire.send(request.encode("ascii"))
        return _answer(url, _read_all(wire))


def _parts(url: str) -> tuple[Endpoint, str]:
    try:
        split = urlsplit(url)
        target = (split.path or "/") + (f"?{split.query}" if split.query else "")
    except ValueError:
        raise _NotFetchedError("this is not a URL") from None
    if split.scheme.lower() != "http":
        raise _NotFetchedError("only http addresses are fetched")
    if not (target.isascii() and target.isprintable() and " " not in target):
        raise _NotFetchedError("its path is not ASCII")
    try:
        return parse_endpoint(split.netloc.rpartition("@")[2], default_port=80), target
    except BadInputError as error:
        raise _NotFetchedError(str(error)) from None


def _read_all(wire: Wire) -> bytes:
    data = b""
    while part := wire.receive():
        data += part
        if len(data) > OCTETS_LIMIT:
            raise _NotFetchedError(f"more than {OCTETS_LIMIT // 1024} KiB came, which is no certificate")
    return data


def _answer(url: str, data: bytes) -> bytes | _Redirect:
    response = http.client.HTTPResponse(_Said(data))  # type: ignore[arg-type]
    try:
        response.begin()
        location = response.getheader("Location")
        if response.status in (301, 302, 303, 307, 308) and location:
            return _Redirect(urljoin(url, location))
        if response.status != 200:
            raise _NotFetchedError(f"the answer is {response.status} {response.reason}".rstrip())
        return response.read()
    except (http.client.HTTPException, ValueError) as error:
        raise _NotFetchedError(f"the answer is no HTTP that can be read ({type(error).__name__})") from None
    finally:
        response.close()


class _Said:
    """What http.client takes for a socket: octets that have come already."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _: str) -> io.BytesIO:
        return io.BytesIO(self._data)
