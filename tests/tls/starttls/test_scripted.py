"""Every protocol of STARTTLS against servers that follow a script, the openssl binary beside us."""

from __future__ import annotations

import socket
import time

import pytest

from capath.demo import authority
from capath.demo.server import LOOPBACK, Handler, Loopback, conversing, scripted, silent, tls, tls_context
from capath.diagnosis.cause import Cause
from capath.diagnosis.diagnose import diagnose
from capath.store import scan
from capath.tls.clients.openssl import ask as ask_openssl
from capath.tls.failure import Closed, NotTls, Stage, StarttlsRefused, TimedOut
from capath.tls.network.deadline import Deadline
from capath.tls.network.endpoint import Address, Endpoint
from capath.tls.probe import probe
from capath.tls.result import Accepted, NotAsked, OutcomeName, ProbeResult
from capath.tls.starttls.registry import WAYS
from capath.tls.test_options import Client, ProbeOptions, Starttls
from tests.oracle.openssl import needs_openssl
from tests.tls.conftest import MakeStore, to_loopback
from tests.tls.starttls.dialogues import SPOKEN, Dialogue, Spoken

HOST = "host.capath.test"
EVERY = pytest.mark.parametrize("spoken", SPOKEN, ids=[spoken.protocol.value for spoken in SPOKEN])
REFUSALS = [
    pytest.param(spoken, greeting, dialogue, words, id=f"{spoken.protocol}-{number}")
    for spoken in SPOKEN
    for number, (greeting, dialogue, words) in enumerate(spoken.refusals)
]


@pytest.fixture(scope="module")
def root() -> authority.Identity:
    return authority.root("Root")


@pytest.fixture(scope="module")
def secured(root: authority.Identity) -> Handler:
    """TLS without a word behind it: what comes after STARTTLS is each protocol's own."""
    return tls(tls_context(authority.leaf(root, HOST)), silent)


def _probe(
    port: int, directory: str, protocol: Starttls, *clients: Client, timeout_s: float = 10.0
) -> ProbeResult:
    options = ProbeOptions(starttls=protocol, timeout_s=timeout_s)
    return probe(Endpoint(HOST, port), directory, options=options, clients=clients, resolver=to_loopback)


@EVERY
def test_it_comes_to_tls_and_verifies(
    loopback: Loopback, make_store: MakeStore, root: authority.Identity, secured: Handler, spoken: Spoken
) -> None:
    port = loopback.serve(conversing(spoken.offers, secured, greeting=spoken.greeting))
    result = _probe(port, make_store(root), spoken.protocol)
    assert result.outcome_name is OutcomeName.VERIFIED
    assert result.server.thrown_away == b""
    rejected = _probe(port, make_store(directory="empty"), spoken.protocol)
    assert [error.code for error in rejected.verification.errors] == [20, 21]


@EVERY
@needs_openssl
@pytest.mark.oracle
def test_the_openssl_binary_comes_to_the_same(
    loopback: Loopback, make_store: MakeStore, root: authority.Identity, secured: Handler, spoken: Spoken
) -> None:
    port = loopback.serve(conversing(spoken.offers, secured, greeting=spoken.greeting))
    directory = make_store(root)
    result = _probe(port, directory, spoken.protocol, Client.REQUESTS, Client.CURL)
    assert result.outcome_name is OutcomeName.VERIFIED
    assert all(isinstance(report.answer, NotAsked) for report in result.clients)
    # Its tags in IMAP are dots.
    dotted = [(wanted, answer.replace(b"a1 ", b". ").replace(b"a2 ", b". ")) for wanted, answer in spoken.offers]
    other = loopback.serve(conversing(dotted, secured, greeting=spoken.greeting))
    answer = ask_openssl(result, Address(LOOPBACK, other), directory, Deadline.after(10.0))
    assert isinstance(answer, Accepted)


@pytest.mark.parametrize(("spoken", "greeting", "dialogue", "words"), REFUSALS)
def test_a_refusal_is_quoted(
    loopback: Loopback, make_store: MakeStore, spoken: Spoken, greeting: bytes, dialogue: Dialogue, words: str
) -> None:
    port = loopback.serve(conversing(dialogue, silent, greeting=greeting))
    directory = make_store()
    result = _probe(port, directory, spoken.protocol)
    assert isinstance(result.failure, StarttlsRefused)
    assert result.failure.protocol == spoken.protocol
    assert words in result.failure.said
    diagnosis = diagnose(result, scan(directory))
    assert diagnosis is not None
    assert diagnosis.cause is Cause.STARTTLS_REFUSED


@EVERY
def test_what_stands_behind_the_go_ahead_is_thrown_away_and_told(
    loopback: Loopback, make_store: MakeStore, root: authority.Identity, secured: Handler, spoken: Spoken
) -> None:
    injected = b"\x17\x03\x03 injected\r\n"
    wanted, answer = spoken.offers[-1]
    offers = [*spoken.offers[:-1], (wanted, answer + injected)]
    greeting = spoken.greeting
    if spoken.protocol is Starttls.MYSQL:  # it gives no go-ahead: what is behind its greeting counts
        offers, greeting = list(spoken.offers), greeting + injected
    port = loopback.serve(conversing(offers, secured, greeting=greeting))
    result = _probe(port, make_store(root), spoken.protocol)
    assert result.server.thrown_away == injected
    assert result.outcome_name is OutcomeName.VERIFIED


@EVERY
def test_a_server_that_is_silent_does_not_hold_us(
    loopback: Loopback, make_store: MakeStore, spoken: Spoken
) -> None:
    started = time.monotonic()
    result = _probe(loopback.serve(silent), make_store(), spoken.protocol, timeout_s=0.3)
    assert time.monotonic() - started < 1.5
    assert result.failure == TimedOut(Stage.STARTTLS)


@EVERY
def test_a_server_that_never_stops_talking_does_not_hold_us(
    loopback: Loopback, make_store: MakeStore, spoken: Spoken
) -> None:
    """Good words without end, and without an end of line: memory and time are bounded."""

    def chatter(connection: socket.socket) -> None:
        connection.sendall(spoken.greeting)
        while True:
            connection.sendall(b"250-220-* OK +OK " * 1000)

    result = _probe(loopback.serve(chatter), make_store(), spoken.protocol, timeout_s=5.0)
    assert isinstance(result.failure, StarttlsRefused | NotTls)


@EVERY
def test_a_server_that_hangs_up(loopback: Loopback, make_store: MakeStore, spoken: Spoken) -> None:
    result = _probe(loopback.serve(conversing([], lambda _: None)), make_store(), spoken.protocol)
    assert isinstance(result.failure, Closed)
    assert result.failure.stage is Stage.STARTTLS


@EVERY
def test_a_port_of_another_protocol_is_known_by_its_greeting(
    loopback: Loopback, make_store: MakeStore, spoken: Spoken
) -> None:
    said = b"SSH-2.0-OpenSSH_9.2\r\n"
    port = loopback.serve(conversing([], silent, greeting=said))
    result = _probe(port, make_store(), spoken.protocol, timeout_s=1.0)
    if spoken.protocol is Starttls.POSTGRES:  # S is its go-ahead
        assert result.server.thrown_away == said[1:]
        assert result.failure == TimedOut(Stage.HANDSHAKE)
        return
    assert result.failure in (NotTls(said), TimedOut(Stage.STARTTLS))
    assert result.outcome_name is OutcomeName.UNREACHABLE


@pytest.mark.parametrize("protocol", [Starttls.LDAP, Starttls.XMPP, Starttls.POSTGRES])
def test_a_port_that_begins_with_tls_is_said_to_do_so(
    loopback: Loopback, make_store: MakeStore, protocol: Starttls
) -> None:
    unexpected_message = bytes((21, 3, 3, 0, 2, 2, 10))
    result = _probe(loopback.serve(scripted([unexpected_message])), make_store(), protocol)
    assert result.failure == StarttlsRefused(protocol, "this port begins with TLS")


def test_every_protocol_has_a_way_and_a_script() -> None:
    assert set(WAYS) == set(Starttls) == {spoken.protocol for spoken in SPOKEN}
