"""What is asked over plain HTTP: the clock of a server, and an issuer's certificate (AIA, RFC 5280 §4.2.2.1).

The AIA address is the server's to choose, so a certificate is fetched only when a person asked for it: over http
only (its signature proves what comes back), within limits of time and size, from public addresses, and without
redirects to another host or port. The address that was checked is the one that is connected to.
"""

from __future__ import annotations

import email.utils
import http.client
import io
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timezone
from urllib.parse import urljoin, urlsplit

from capath.errors import BadInputError
from capath.tls.network.connect import NameNotFoundError, NotConnected, Resolver, connect, resolve, system_resolver
from capath.tls.network.deadline import Deadline, DeadlinePassedError
from capath.tls.network.endpoint import Endpoint, parse_endpoint
from capath.tls.network.wire import Wire

OCTETS_LIMIT = 256 * 1024
_REDIRECTS_LIMIT = 3
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052


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
    url: str, deadline: Deadline, *, may_be_local: bool = False, resolver: Resolver = system_resolver
) -> Fetched | NotFetched:
    """Return what is at `url`, an http address. Raises CancelledError; all else that fails is NotFetched.

    `may_be_local`: its host may have an address that is not public, because the host that was tested has one.
    """
    at = url
    try:
        place = _parts(url)[0]
        for _ in range(_REDIRECTS_LIMIT + 1):
            answer = _get(at, place, may_be_local, deadline, resolver)
            if isinstance(answer, bytes):
                return Fetched(at, answer)
            at = answer.location
        reason = f"it redirects more than {_REDIRECTS_LIMIT} times"
    except _NotFetchedError as error:
        reason = str(error)
    except DeadlinePassedError:
        reason = "no answer in time"
    except OSError as error:
        reason = error.strerror or str(error)
    return NotFetched(at, reason)


def is_public(ip: str) -> bool:
    """Whether an address is one of the public Internet, also where it is inside an IPv6 address."""
    address = ipaddress.ip_address(ip)
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)))
        inner = address.ipv4_mapped or address.sixtofour
        if inner is not None:
            return is_public(str(inner))
    return address.is_global and not address.is_multicast and not address.is_reserved


def head_request(host: str) -> bytes:
    """What asks a web server for its clock: a HEAD of ``/``."""
    return f"HEAD / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode("ascii")


def http_date(answer: bytes) -> datetime | None:
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


@dataclass(frozen=True, slots=True)
class _Redirect:
    location: str


def _get(
    url: str, place: Endpoint, may_be_local: bool, deadline: Deadline, resolver: Resolver
) -> bytes | _Redirect:
    endpoint, target = _parts(url)
    if endpoint != place:
        raise _NotFetchedError(f"it redirects from {place.text} to another host or port, which is not followed")
    try:
        addresses = resolve(endpoint, resolver, deadline)
    except NameNotFoundError as error:
        raise _NotFetchedError(f"{endpoint.host} has no address: {error}") from None
    allowed = [address for address in addresses if may_be_local or is_public(address.ip)]
    if not allowed:
        raise _NotFetchedError(f"{addresses[0].ip} is not a public address, so nothing is fetched from it")
    connected = connect(allowed, deadline)
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
            raise _NotFetchedError(f"more than {OCTETS_LIMIT // 1024} KiB arrived, which is not a certificate")
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
        raise _NotFetchedError(f"the answer is not HTTP ({type(error).__name__})") from None
    finally:
        response.close()


class _Said:
    """What http.client takes for a socket: bytes that have come already."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _: str) -> io.BytesIO:
        return io.BytesIO(self._data)
