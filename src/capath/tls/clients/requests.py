"""What `requests.get(url, verify=DIR)` says of the same host and directory: another OpenSSL, other defaults.

The session is new and ignores the environment (REQUESTS_CA_BUNDLE, proxies), and `verify` is a str: in a session's
pool of connections a Path is not told from another Path.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from capath.tls.network.deadline import Deadline, DeadlinePassedError, on_thread
from capath.tls.network.endpoint import Address
from capath.tls.network.proxy import ProxyKind
from capath.tls.result import Accepted, ClientAnswer, NoAnswer, NotAccepted, NotAsked, ProbeResult

if TYPE_CHECKING:
    from requests.adapters import HTTPAdapter

_SAID_LIMIT = 300


def ask(result: ProbeResult, address: Address, directory: str, deadline: Deadline) -> ClientAnswer:
    """Fetch ``/`` from `address` with `directory` as the only trust. Raises CancelledError.

    The request runs on a thread of its own, whose connection is cut at the deadline: requests' timeouts are of
    single reads, and a server that sends a byte now and then would hold it forever.
    """
    if (reason := _cannot(result, address)) is not None:
        return NotAsked(reason)
    connections = _Connections()
    timeout_s = deadline.remaining_s()
    try:
        return on_thread(
            lambda: _get(result, address, directory, timeout_s, connections),
            deadline,
            name=f"requests {result.endpoint.host}",
        )
    except DeadlinePassedError:
        return NoAnswer(_version(), "no answer in time")
    finally:
        connections.cut()


def _cannot(result: ProbeResult, address: Address) -> str | None:
    """Why requests cannot ask this question, None where it can."""
    options = result.options
    if options.starttls is not None:
        return "it only speaks HTTPS"
    if address.zone:
        return "it does not support addresses with a zone"
    if options.identity is not None and options.identity.encrypted:
        return "the client's key has a password, which is not passed on"
    if options.proxy is not None and options.proxy.kind is ProxyKind.HTTPS:
        return "it is not used with proxies that speak TLS themselves"
    if options.proxy is not None and options.proxy.kind is not ProxyKind.HTTP:
        return "it does not support SOCKS proxies without PySocks"
    return None


class _Connections:
    """The sockets that requests opened, by second names of theirs, so that they can be cut from outside."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._cut = False

    def keep(self, connection: socket.socket) -> None:
        """Raises OSError where everything was cut meanwhile."""
        with self._lock:
            if self._cut:
                connection.close()
                raise ConnectionAbortedError("nobody waits for the answer any more")
            self._open.append(connection.dup())

    def cut(self) -> None:
        with self._lock:
            self._cut = True
            for connection in self._open:
                with connection, contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._open.clear()


def ssl_errors(error: BaseException) -> Iterator[ssl.SSLError]:
    """Yield the errors of `ssl` that `error` was made of, however requests and urllib3 wrapped them."""
    pending: list[object] = [error]
    seen: set[int] = set()
    while pending:
        item = pending.pop()
        if not isinstance(item, BaseException) or id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, ssl.SSLError):
            yield item
        pending += [item.__cause__, item.__context__, getattr(item, "reason", None), *item.args]


def _get(
    result: ProbeResult,
    address: Address,
    directory: str,
    timeout_s: float,
    connections: _Connections,
) -> ClientAnswer:
    import requests

    identity, proxy = result.options.identity, result.options.proxy
    where = address.text if proxy is None else result.endpoint.text
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", _adapter(result, connections))
        try:
            response = session.get(
                f"https://{where}/",
                headers={"Host": result.endpoint.text},
                verify=directory,
                timeout=timeout_s,
                stream=True,
                allow_redirects=False,
                cert=None if identity is None else (identity.certificate_file, identity.key_file),
                proxies=None if proxy is None else {"https": proxy.url},
            )
            response.close()
        except requests.RequestException as error:
            return _failed(error)
        except (OSError, ValueError) as error:
            return NoAnswer(_version(), str(error))
    return Accepted(_version())


def _adapter(result: ProbeResult, connections: _Connections) -> HTTPAdapter:
    """An adapter that sends and checks the names of this test, and hands out its sockets by a second name."""
    from requests.adapters import HTTPAdapter
    from urllib3.connection import HTTPSConnection

    class Reachable(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            connection = super()._new_conn()
            connections.keep(connection)
            return connection

    names: dict[str, Any] = {"server_hostname" if result.servername else "assert_hostname": result.checked_host}
    adapter = HTTPAdapter()
    adapter.init_poolmanager(1, 1, **names)
    manager = adapter.poolmanager
    if result.options.proxy is not None:
        manager = adapter.proxy_manager_for(result.options.proxy.url, **names)
    pool = manager.pool_classes_by_scheme["https"]
    own = type("ReachablePool", (pool,), {"ConnectionCls": Reachable})
    manager.pool_classes_by_scheme = {**manager.pool_classes_by_scheme, "https": own}
    return adapter


def _failed(error: Exception) -> ClientAnswer:
    import requests
    from urllib3.exceptions import ProtocolError

    for found in ssl_errors(error):
        if isinstance(found, ssl.SSLCertVerificationError):
            return NotAccepted(_version(), f"SSLError: {_text(found)}", found.verify_code)
    if isinstance(error, requests.exceptions.SSLError):
        found_text = next((_text(found) for found in ssl_errors(error)), "") or _mismatch(error)
        return NotAccepted(_version(), f"SSLError: {found_text}")
    cause = error.args[0] if error.args else None
    if isinstance(error, requests.ConnectionError) and isinstance(cause, ProtocolError):
        inner = cause.args[1] if len(cause.args) > 1 else cause
        # urllib3 shakes hands before it sends the request: what is no error of a socket came after that.
        if not isinstance(inner, socket.error) or type(inner).__name__ == "RemoteDisconnected":
            return Accepted(_version(), f"{type(inner).__name__}: {inner}")
        return NoAnswer(_version(), f"ConnectionError: {inner}")
    return NoAnswer(_version(), f"{type(error).__name__}: {_short(error)}")


def _mismatch(error: Exception) -> str:
    """What urllib3 says of a name or an address that the certificate is not for; it lists every name there is."""
    found = re.search(r"CertificateError\([\"'](.*)[\"']\)", str(error), re.DOTALL)
    said = found[1] if found else str(error)
    return said if len(said) <= _SAID_LIMIT else f"{said[:_SAID_LIMIT]} …"


def _text(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate verify failed: {error.verify_message}"
    return str(error.args[1] if len(error.args) > 1 else error)


def _short(error: Exception) -> str:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return str(reason or error)


def _version() -> str:
    return ssl.OPENSSL_VERSION
