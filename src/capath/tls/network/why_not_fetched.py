"""Why a download failed, in words: what requests says of it is objects of two libraries around the reason."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

_LONGEST = 200


def why_not_fetched(error: BaseException, url: str) -> str:
    """Say what is at the bottom of `error`, met when `url` was fetched. The text is raw: make it visible."""
    import requests

    reasons = list(_reasons(error))
    by_proxy = any(isinstance(reason, requests.exceptions.ProxyError) for reason in reasons)
    host = "the proxy" if by_proxy else urlsplit(url).hostname or "the host"
    for reason in reasons:
        match reason:
            case socket.gaierror():
                return f"the name of {host} is not known here (is there a network?)"
            case ssl.SSLCertVerificationError():
                return f"certificate verify failed for {host}: {reason.verify_message}"
            case ssl.SSLError():
                return f"TLS with {host} failed: {reason.reason or 'no reason is given'}"
            case TimeoutError() | requests.Timeout():
                return f"{host} does not answer in time"
            case OSError(strerror=str(strerror)) if strerror:
                return f"{host} cannot be reached: {strerror}"
    return str(error)[:_LONGEST] or type(error).__name__


def _reasons(error: BaseException) -> Iterator[BaseException]:
    """`error` and all that is behind it, what is deepest first."""
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
