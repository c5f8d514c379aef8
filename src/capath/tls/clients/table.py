"""The other clients: each answers the same question in its own way, or says why it was not asked."""

from __future__ import annotations

from collections.abc import Callable

from capath.errors import assert_never
from capath.tls.network.deadline import CancelledError, Deadline, DeadlinePassedError
from capath.tls.network.endpoint import Address
from capath.tls.result import ClientAnswer, NotAsked, ProbeResult
from capath.tls.test_options import Client


def ask_client(
    client: Client,
    result: ProbeResult,
    address: Address | None,
    directory: str,
    cancelled: Callable[[], bool],
) -> ClientAnswer:
    """Let `client` answer for `address`, at which `result` was found; None where there was no connection."""
    if address is None:
        return NotAsked("there was no connection")
    deadline = Deadline.after(result.options.timeout_s, cancelled)
    try:
        return _ask(client, result, address, directory, deadline)
    except (CancelledError, DeadlinePassedError):
        return NotAsked("the test was cancelled")


def _ask(
    client: Client, result: ProbeResult, address: Address, directory: str, deadline: Deadline
) -> ClientAnswer:
    match client:
        case Client.REQUESTS:
            from capath.tls.clients.requests import ask_requests

            return ask_requests(result, address, directory, deadline)
        case Client.OPENSSL:
            from capath.tls.clients.openssl import ask_openssl

            return ask_openssl(result, address, directory, deadline)
        case Client.CURL:
            from capath.tls.clients.curl import ask_curl

            return ask_curl(result, address, directory, deadline)
        case Client.PYOPENSSL:
            return NotAsked("the whole result is its answer")
        case _:
            assert_never(client)
