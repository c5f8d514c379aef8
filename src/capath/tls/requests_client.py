"""What `requests.get(url, verify=DIR)` says of the same host and directory: another OpenSSL, other defaults.

The session is new and ignores the environment (REQUESTS_CA_BUNDLE, proxies), and `verify` is a str: in a session's
pool of connections a Path is not told from another Path.
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
from collections.abc import Iterator

from capath.tls.address import Address
from capath.tls.deadline import SLICE_S, Deadline, DeadlinePassedError
from capath.tls.result import Accepted, ClientAnswer, NoAnswer, NotAccepted, NotAsked, ProbeResult


def ask_requests(result: ProbeResult, address: Address, directory: str, deadline: Deadline) -> ClientAnswer:
    """Fetch ``/`` from `address` with `directory` as the only trust. Raises CancelledError.

    The request runs on a thread of its own, which is left behind at the deadline: requests' timeouts are of
    single reads, and a server that sends an octet now and then would hold it for ever.
    """
    answers: queue.SimpleQueue[ClientAnswer] = queue.SimpleQueue()
    timeout_s = deadline.remaining_s()

    def ask() -> None:
        answers.put(_get(result, address, directory, timeout_s))

    threading.Thread(target=ask, name=f"requests {result.endpoint.host}", daemon=True).start()
    while True:
        try:
            return answers.get(timeout=min(deadline.remaining_s(), SLICE_S))
        except queue.Empty:
            continue
        except DeadlinePassedError:
            return NoAnswer(_version(), "no answer in time")


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


def _get(result: ProbeResult, address: Address, directory: str, timeout_s: float) -> ClientAnswer:
    import requests
    from requests.adapters import HTTPAdapter

    if address.zone:
        return NotAsked("requests takes no address with a zone")
    adapter = HTTPAdapter()
    if result.servername:
        adapter.init_poolmanager(1, 1, server_hostname=result.checked_host)
    else:
        adapter.init_poolmanager(1, 1, assert_hostname=result.checked_host)
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", adapter)
        try:
            response = session.get(
                f"https://{address.text}/",
                headers={"Host": result.endpoint.text},
                verify=directory,
                timeout=timeout_s,
                stream=True,
                allow_redirects=False,
            )
            response.close()
        except requests.RequestException as error:
            return _failed(error)
        except (OSError, ValueError) as error:
            return NoAnswer(_version(), str(error))
    return Accepted(_version())


def _failed(error: Exception) -> ClientAnswer:
    import requests
    from urllib3.exceptions import ProtocolError

    for found in ssl_errors(error):
        if isinstance(found, ssl.SSLCertVerificationError):
            return NotAccepted(_version(), f"SSLError: {_text(found)}", found.verify_code)
    if isinstance(error, requests.exceptions.SSLError):
        found_text = next((_text(found) for found in ssl_errors(error)), str(error))
        return NotAccepted(_version(), f"SSLError: {found_text}")
    cause = error.args[0] if error.args else None
    if isinstance(error, requests.ConnectionError) and isinstance(cause, ProtocolError):
        inner = cause.args[1] if len(cause.args) > 1 else cause
        # urllib3 shakes hands before it sends the request: what is no error of a socket came behind that.
        if not isinstance(inner, socket.error) or type(inner).__name__ == "RemoteDisconnected":
            return Accepted(_version(), f"{type(inner).__name__}: {inner}")
        return NoAnswer(_version(), f"ConnectionError: {inner}")
    return NoAnswer(_version(), f"{type(error).__name__}: {_short(error)}")


def _text(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate verify failed: {error.verify_message}"
    return str(error.args[1] if len(error.args) > 1 else error)


def _short(error: Exception) -> str:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return str(reason or error)


def _version() -> str:
    return ssl.OPENSSL_VERSION
