"""The same questions for every real server."""

from __future__ import annotations

from capath.tls.network.endpoint import Endpoint
from capath.tls.probe import probe
from capath.tls.result import Accepted, NotAsked, OutcomeName, ProbeResult
from capath.tls.test_options import Client, ProbeOptions, Starttls
from tests.tls.conftest import to_loopback

HOST = "host.capath.test"


def ask(port: int, directory: str, protocol: Starttls, *clients: Client) -> ProbeResult:
    """Test `HOST` on `port` of this machine."""
    options = ProbeOptions(starttls=protocol, timeout_s=20.0)
    return probe(Endpoint(HOST, port), directory, options=options, clients=clients, resolver=to_loopback)


def check(port: int, trusting: str, empty: str, protocol: Starttls) -> None:
    """It verifies where its root is trusted, to openssl too, and does not where nothing is."""
    result = ask(port, trusting, protocol, Client.OPENSSL)
    assert result.outcome_name is OutcomeName.VERIFIED
    assert result.server.thrown_away == b""
    assert isinstance(result.clients[0].answer, Accepted | NotAsked)
    assert ask(port, empty, protocol).outcome_name is OutcomeName.REJECTED
