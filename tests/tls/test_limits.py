"""Servers that never end: time and memory are bounded whatever they do."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from capath.demo import authority
from capath.demo.authority import Template
from capath.demo.server import Handler, Loopback, conversing, http, read_until, silent, tls, tls_context
from capath.tls.failure import ProtocolFault, Stage, TimedOut
from capath.tls.network.endpoint import Endpoint
from capath.tls.probe import probe
from capath.tls.result import NoAnswer, NotAsked, OutcomeName, ProbeResult
from capath.tls.test_options import Client, ProbeOptions, Starttls
from tests.tls.conftest import MakeStore, to_loopback

HOST = "host.capath.test"
_TIMEOUT_S = 0.5
_MARGIN_S = 1.0
# A ServerHello that OpenSSL goes along with is TLS 1.2's; behind it a server can say what it likes in the clear.
_SERVER_HELLO = (
    bytes.fromhex("16030300310200002d0303") + bytes(range(32)) + bytes.fromhex("00c02b000005ff01000100")
)


def _probe(port: int, directory: str, *clients: Client, **options: object) -> ProbeResult:
    chosen = ProbeOptions(**{"timeout_s": _TIMEOUT_S, **options})  # type: ignore[arg-type]
    return probe(Endpoint(HOST, port), directory, options=chosen, clients=clients, resolver=to_loopback)


@contextlib.contextmanager
def _in_time(limit_s: float = _TIMEOUT_S + _MARGIN_S) -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < limit_s


def _slowly(data: bytes) -> Handler:
    """An octet now and then: each comes before a reader's own patience ends."""

    def handle(connection: socket.socket) -> None:
        stopped = threading.Event()
        for octet in data:
            connection.sendall(bytes((octet,)))
            stopped.wait(0.05)

    return handle


def _huge(connection: socket.socket) -> None:
    """A Certificate message of TLS 1.2 of 15 MB, in records of 16 KiB."""
    connection.recv(65536)
    record = b"\x16\x03\x03\x40\x00"
    length = (15 * 1024 * 1024).to_bytes(3, "big")
    with contextlib.suppress(OSError):
        connection.sendall(_SERVER_HELLO + record + b"\x0b" + length + length + length + bytes(16384 - 10))
        for _ in range(15 * 64):
            connection.sendall(record + bytes(16384))


def _warnings(connection: socket.socket) -> None:
    """Alerts of level warning, which are to be passed over, without end."""
    connection.recv(65536)
    while True:
        connection.sendall(bytes((21, 3, 3, 0, 2, 1, 90)) * 1000)


def _hello_requests(connection: socket.socket) -> None:
    """HelloRequest messages, which may come at any time, without end."""
    connection.recv(65536)
    while True:
        connection.sendall(bytes.fromhex("160303000400000000") * 1000)


def test_sixteen_megabytes_of_certificates_are_not_taken_in(loopback: Loopback, make_store: MakeStore) -> None:
    directory, port = make_store(), loopback.serve(_huge)
    _probe(port, directory)  # what is loaded once is not counted
    tracemalloc.start()
    try:
        with _in_time(5.0):
            result = _probe(port, directory, timeout_s=4.0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(result.failure, ProtocolFault)
    assert peak < 4 * 1024 * 1024
    assert result.outcome_name is OutcomeName.REJECTED


@pytest.mark.parametrize("handler", [_warnings, _hello_requests])
def test_messages_without_end_are_left(
    loopback: Loopback, make_store: MakeStore, handler: Callable[[socket.socket], None]
) -> None:
    with _in_time(5.0):
        result = _probe(loopback.serve(handler), make_store(), timeout_s=4.0)
    assert isinstance(result.failure, ProtocolFault)


def test_an_octet_now_and_then_does_not_hold_the_handshake(loopback: Loopback, make_store: MakeStore) -> None:
    port = loopback.serve(_slowly(_SERVER_HELLO + bytes(4096)))
    with _in_time():
        assert _probe(port, make_store()).failure == TimedOut(Stage.HANDSHAKE)


def test_an_octet_now_and_then_does_not_hold_starttls(loopback: Loopback, make_store: MakeStore) -> None:
    port = loopback.serve(_slowly(b"220-hello\r\n" * 1000))
    with _in_time():
        result = _probe(port, make_store(), starttls=Starttls.SMTP)
    assert result.failure == TimedOut(Stage.STARTTLS)


def test_a_server_that_stops_behind_the_go_ahead(loopback: Loopback, make_store: MakeStore) -> None:
    port = loopback.serve(conversing([(b"STLS\r\n", b"+OK\r\n")], silent, greeting=b"+OK\r\n"))
    with _in_time():
        result = _probe(port, make_store(), starttls=Starttls.POP3)
    assert result.failure == TimedOut(Stage.HANDSHAKE)


def test_an_answer_that_never_ends_does_not_hold_the_other_clients(
    loopback: Loopback, make_store: MakeStore
) -> None:
    """A header that goes on for ever, an octet at a time: each read of requests is in time."""
    root = authority.root("Root")
    answer = b"HTTP/1.1 200 OK\r\nX: " + bytes(b"a" * 4096)

    def handle(connection: socket.socket) -> None:
        read_until(connection, b"\r\n\r\n")
        _slowly(answer)(connection)

    port = loopback.serve(tls(tls_context(authority.leaf(root, HOST)), handle))
    directory = make_store(root)
    clients = (Client.REQUESTS, Client.OPENSSL, Client.CURL)
    before = threading.active_count()
    with _in_time(3 * (_TIMEOUT_S + _MARGIN_S)):
        result = _probe(port, directory, *clients)
    assert result.outcome_name is OutcomeName.VERIFIED
    answers = {report.client: report.answer for report in result.clients}
    assert isinstance(answers[Client.REQUESTS], NoAnswer)
    assert isinstance(answers[Client.CURL], NoAnswer | NotAsked)
    while threading.active_count() > before:  # requests' thread ends too: its connection was cut
        assert time.monotonic()
        time.sleep(0.01)


def test_a_long_chain_is_verified_or_refused_in_time(loopback: Loopback, make_store: MakeStore) -> None:
    """Eighty intermediates: OpenSSL takes a hundred at most, in a hundred thousand octets at most."""
    root = authority.root("Root")
    key = authority.new_key()
    issuer, chain = root, []
    for number in range(80):
        template = Template(f"Intermediate {number}", is_ca=True, key=key, usages=())
        issuer = issuer.issue(template)
        chain.append(issuer)
    port = loopback.serve(tls(tls_context(authority.leaf(issuer, HOST), *reversed(chain)), http()))
    with _in_time(10.0):
        result = _probe(port, make_store(root), timeout_s=10.0)
    assert result.outcome_name is OutcomeName.VERIFIED
    assert len(result.verification.chain) == 82
