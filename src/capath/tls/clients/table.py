"""The other clients: each answers the same question in its own way, or says why it was not asked.

A new client is a module here with an `ask`, a line in the table, and its name in `Client`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Protocol, cast

from capath.tls.network.deadline import CancelledError, Deadline, DeadlinePassedError
from capath.tls.network.endpoint import Address
from capath.tls.result import ClientAnswer, NotAsked, ProbeResult
from capath.tls.test_options import Client

MODULES = {
    Client.REQUESTS: "capath.tls.clients.requests",
    Client.OPENSSL: "capath.tls.clients.openssl",
    Client.CURL: "capath.tls.clients.curl",
}


class ClientModule(Protocol):
    """What a client's module has."""

    def ask(self, result: ProbeResult, address: Address, directory: str, deadline: Deadline) -> ClientAnswer:
        """Put the question of `result` to `address`, trusting `directory` only. Raises CancelledError."""


def ask_client(
    client: Client,
    result: ProbeResult,
    address: Address | None,
    directory: str,
    cancelled: Callable[[], bool],
) -> ClientAnswer:
    """Let `client` answer for `address`, at which `result` was found; None where there was no connection."""
    if client not in MODULES:
        return NotAsked("the result itself is its answer")
    if address is None:
        return NotAsked("there was no connection")
    module = cast("ClientModule", importlib.import_module(MODULES[client]))
    try:
        return module.ask(result, address, directory, Deadline.after(result.options.timeout_s, cancelled))
    except (CancelledError, DeadlinePassedError):
        return NotAsked("the test was cancelled")
