"""Fetching a list of roots: limited in size and time, verified against certifi whatever the environment says."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from capath.errors import BadInputError, CapathError
from capath.pki.visible import visible, without_password
from capath.tls.network.deadline import Deadline, DeadlinePassedError, on_thread

if TYPE_CHECKING:
    import requests

OCTETS_LIMIT = 64 * 1024 * 1024
TIMEOUT_S = 120.0
_STALL_S = 20.0
_REDIRECTS_LIMIT = 5
_PART_OCTETS = 65536
_REASON_LIMIT = 200
Progress = Callable[[int, int], None]
"""Called on another thread, with the bytes received and those expected, 0 where the server does not say."""


class DownloadError(CapathError):
    """The address gave no content: no connection, a refusal, too much, or not in time."""


def download(
    url: str,
    *,
    octets_limit: int = OCTETS_LIMIT,
    timeout_s: float = TIMEOUT_S,
    progress: Progress | None = None,
    cafile: str | None = None,
) -> bytes:
    """Return the content at `url`, which must be https. `cafile` is certifi's bundle unless another is given.

    Returns or raises within `timeout_s`, whatever the server does. Raises BadInputError for another kind of
    address, and DownloadError where nothing whole arrives.
    """
    shown = without_password(url)
    if not url.lower().startswith("https://"):
        raise BadInputError(
            f"{without_password(url)}: a list that decides whom to trust is fetched over https only"
        )
    fetch = _Fetch(url, octets_limit, min(_STALL_S, timeout_s), progress, cafile or "")
    try:
        return on_thread(fetch.run, Deadline.after(timeout_s), name="capath download")
    except DeadlinePassedError:
        raise DownloadError(f"{shown}: it did not arrive in {timeout_s:g} s", hint="try again") from None
    except DownloadError as error:
        raise DownloadError(f"{shown}: {error}") from None
    except Exception as error:  # whatever requests raises
        reason = visible(_why_not_fetched(error, url))
        raise DownloadError(f"{shown}: it could not be fetched: {reason}") from None
    finally:
        fetch.unwanted.set()


class _Fetch:
    """The request, on a thread of its own: a server that sends one byte a minute keeps nobody waiting."""

    def __init__(
        self, url: str, octets_limit: int, stall_s: float, progress: Progress | None, cafile: str
    ) -> None:
        self.unwanted = threading.Event()
        self._url = url
        self._octets_limit = octets_limit
        self._stall_s = stall_s
        self._progress = progress
        self._cafile = cafile

    def run(self) -> bytes:
        """Raises DownloadError, and what requests raises."""
        import certifi
        import requests

        with requests.Session() as session:
            session.max_redirects = _REDIRECTS_LIMIT
            with session.get(
                self._url,
                verify=self._cafile or certifi.where(),
                timeout=self._stall_s,
                stream=True,
                headers={"User-Agent": "capath"},
            ) as response:
                return self._read(response)

    def _read(self, response: requests.Response) -> bytes:
        if not response.url.lower().startswith("https://"):
            raise DownloadError(f"it redirects to {without_password(response.url)}, which is not https")
        if response.status_code != 200:
            raise DownloadError(f"the server answers {response.status_code} {visible(response.reason)}")
        stated = response.headers.get("Content-Length", "")
        expected = int(stated) if stated.isascii() and stated.isdigit() else 0
        received = bytearray()
        for part in response.iter_content(_PART_OCTETS):
            received += part
            if max(len(received), expected) > self._octets_limit:
                raise DownloadError(f"it is larger than {self._octets_limit:,} bytes, so it was not fetched")
            if self.unwanted.is_set():
                break
            if self._progress is not None:
                self._progress(len(received), expected)
        return bytes(received)


def _why_not_fetched(error: BaseException, url: str) -> str:
    """Say what is at the bottom of `error`, met when `url` was fetched. The text is raw: make it visible."""
    import requests

    reasons = list(_reasons(error))
    by_proxy = any(isinstance(reason, requests.exceptions.ProxyError) for reason in reasons)
    host = "the proxy" if by_proxy else urlsplit(url).hostname or "the host"
    for reason in reasons:
        match reason:
            case socket.gaierror():
                return f"the name of {host} cannot be resolved (is there a network connection?)"
            case ssl.SSLCertVerificationError():
                return f"certificate verify failed for {host}: {reason.verify_message}"
            case ssl.SSLError():
                return f"TLS with {host} failed: {reason.reason or 'no reason is given'}"
            case TimeoutError() | requests.Timeout():
                return f"{host} does not answer in time"
            case OSError(strerror=str(strerror)) if strerror:
                return f"{host} cannot be reached: {strerror}"
    return str(error)[:_REASON_LIMIT] or type(error).__name__


def _reasons(error: BaseException) -> Iterator[BaseException]:
    """`error` and everything that caused it, the deepest first."""
    seen: list[BaseException] = []
    to_see = [error]
    while to_see:
        current = to_see.pop()
        if any(current is other for other in seen):
            continue
        seen.append(current)
        behind = (getattr(current, "reason", None), current.__cause__, current.__context__, *current.args)
        to_see.extend(item for item in behind if isinstance(item, BaseException))
    yield from reversed(seen)
