"""One host, tested, against real servers on loopback."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from capath.demo import authority
from capath.demo.server import (
    Handler,
    Loopback,
    closing,
    conversing,
    http,
    read_until,
    scripted,
    silent,
    tls,
    tls_context,
)
from capath.diagnosis.cause import Cause
from capath.diagnosis.diagnose import diagnose
from capath.store import Snapshot, scan
from capath.tls.failure import (
    AlertReceived,
    Cancelled,
    Closed,
    FaultKind,
    NameNotFound,
    NoConnection,
    NotTls,
    ProtocolFault,
    Stage,
    TimedOut,
)
from capath.tls.handshake.session import SessionRecord
from capath.tls.handshake.verification import FromCapath, FromServer
from capath.tls.network.connect import NameNotFoundError
from capath.tls.network.endpoint import Address, Endpoint
from capath.tls.probe import probe
from capath.tls.result import (
    Accepted,
    AttemptOutcome,
    ConnectionRefused,
    NotAccepted,
    NotAsked,
    OutcomeName,
    Rejected,
    Verified,
)
from capath.tls.test_options import Client, ProbeOptions, Protocol, VerifyFlags
from tests.tls.conftest import MakeStore, to_loopback

HOST = "host.capath.test"


@pytest.fixture(scope="module")
def root() -> authority.Identity:
    return authority.root("Root")


@pytest.fixture(scope="module")
def intermediate(root: authority.Identity) -> authority.Identity:
    return authority.intermediate(root, "Intermediate")


def test_a_good_host_verifies_with_chain_trace_session_and_timings(
    loopback: Loopback, make_store: MakeStore, root: authority.Identity, intermediate: authority.Identity
) -> None:
    directory = make_store(root)
    port = loopback.serve(tls(tls_context(authority.leaf(intermediate, HOST), intermediate), http()))
    result = probe(Endpoint(HOST, port), directory, resolver=to_loopback)
    assert isinstance(result.outcome, Verified)
    verification = result.verification
    assert verification.errors == ()
    assert [element.certificate.subject.title for element in verification.chain] == [HOST, "Intermediate", "Root"]
    link = next(name for name in os.listdir(directory) if name.endswith(".0"))
    assert [element.origin for element in verification.chain] == [
        FromServer(0),
        FromServer(1),
        FromCapath(link, "root0.pem"),
    ]
    assert verification.anchor is not None
    assert (verification.anchor.link, verification.anchor.file) == (link, "root0.pem")
    first, second = verification.lookups
    assert (first.subject.title, first.found, len(first.tried)) == ("Intermediate", None, 1)
    assert (second.found, second.tried) == (link, (link, f"{link[:-1]}1"))
    session = result.outcome.session
    assert session.protocol == "TLSv1.3"
    assert isinstance(session.record, SessionRecord)
    assert len(session.record.session_id) == 32  # of the ticket that came behind the handshake
    assert session.record.ticket
    assert result.timings.dns_ms is not None
    assert result.timings.connect_ms is not None
    assert result.timings.handshake_ms is not None


def test_every_error_is_collected_in_openssls_order(
    loopback: Loopback, make_store: MakeStore, intermediate: authority.Identity
) -> None:
    leaf = authority.leaf(intermediate, "other.capath.test", not_after=timedelta(days=-1))
    port = loopback.serve(tls(tls_context(leaf, intermediate), http()))
    result = probe(Endpoint(HOST, port), make_store(), resolver=to_loopback)
    assert [(error.code, error.depth) for error in result.verification.errors] == [(20, 1), (62, 0), (10, 0)]
    assert isinstance(result.outcome, Rejected)
    assert result.server.date is not None  # asked for where dates are in doubt


def test_a_removed_root_is_not_trusted_any_more(
    loopback: Loopback, make_store: MakeStore, root: authority.Identity
) -> None:
    directory = make_store(root)
    endpoint = Endpoint(HOST, loopback.serve(tls(tls_context(authority.leaf(root, HOST)), http())))
    assert probe(endpoint, directory, resolver=to_loopback).outcome_name is OutcomeName.VERIFIED
    for name in os.listdir(directory):
        os.unlink(os.path.join(directory, name))
    assert probe(endpoint, directory, resolver=to_loopback).outcome_name is OutcomeName.REJECTED


def test_an_address_is_checked_as_an_address_and_sends_no_name(
    loopback: Loopback, make_store: MakeStore, root: authority.Identity
) -> None:
    directory = make_store(root)
    good = loopback.serve(tls(tls_context(authority.leaf(root, "127.0.0.1")), http()))
    bad = loopback.serve(tls(tls_context(authority.leaf(root, HOST)), http()))
    result = probe(Endpoint("127.0.0.1", good), directory)
    assert (result.outcome_name, result.servername) == (OutcomeName.VERIFIED, "")
    result = probe(Endpoint("127.0.0.1", bad), directory)
    assert [error.code for error in result.verification.errors] == [64]


def test_another_servername_is_sent_and_checked(
    loopback: Loopback, make_store: MakeStore, root: authority.Identity
) -> None:
    names: list[str | None] = []
    context = tls_context(authority.leaf(root, HOST))
    context.sni_callback = lambda _, name, __: names.append(name)
    port = loopback.serve(tls(context, http()))
    options = ProbeOptions(servername=HOST)
    result = probe(Endpoint("127.0.0.1", port), make_store(root), options=options)
    assert result.outcome_name is OutcomeName.VERIFIED
    probe(
        Endpoint(HOST, port), make_store(directory="b"), options=ProbeOptions(servername=""), resolver=to_loopback
    )
    assert names == [HOST, None]


def test_alpn_and_protocol_limits(loopback: Loopback, make_store: MakeStore, root: authority.Identity) -> None:
    context = tls_context(authority.leaf(root, HOST))
    context.set_alpn_protocols(["http/1.1"])
    port = loopback.serve(tls(context, http()))
    options = ProbeOptions(alpn=("h2", "http/1.1"), max_protocol=Protocol.TLS_1_2)
    result = probe(Endpoint(HOST, port), make_store(root), options=options, resolver=to_loopback)
    assert result.session is not None
    assert (result.session.protocol, result.session.alpn) == ("TLSv1.2", "http/1.1")
    assert isinstance(result.session.record, SessionRecord)
    assert result.session.record.extended_master_secret
    assert len(result.session.record.master_key) == 48
    assert repr(result.session.record.master_key) not in repr(result)


def test_partial_chain_makes_an_intermediate_an_anchor(
    loopback: Loopback, make_store: MakeStore, intermediate: authority.Identity
) -> None:
    endpoint = Endpoint(HOST, loopback.serve(tls(tls_context(authority.leaf(intermediate, HOST)), http())))
    directory = make_store(intermediate)
    assert [e.code for e in probe(endpoint, directory, resolver=to_loopback).verification.errors] == [2]
    options = ProbeOptions(flags=VerifyFlags(partial_chain=True))
    result = probe(endpoint, directory, options=options, resolver=to_loopback)
    assert result.outcome_name is OutcomeName.VERIFIED
    assert result.verification.anchor is not None
    assert result.verification.anchor.certificate.subject.title == "Intermediate"


def test_strict_mode_finds_what_python_3_13_refuses(loopback: Loopback, make_store: MakeStore) -> None:
    root = authority.root("Root", key_identifiers=False)
    endpoint = Endpoint(HOST, loopback.serve(tls(tls_context(authority.leaf(root, HOST)), http())))
    directory = make_store(root)
    assert probe(endpoint, directory, resolver=to_loopback).outcome_name is OutcomeName.VERIFIED
    options = ProbeOptions(flags=VerifyFlags(strict=True))
    result = probe(endpoint, directory, options=options, resolver=to_loopback)
    assert [error.code for error in result.verification.errors] == [86]


@pytest.mark.parametrize("character", [":", " ", "ü", "'"])
def test_any_name_of_a_directory_works(
    loopback: Loopback, make_store: MakeStore, root: authority.Identity, character: str
) -> None:
    directory = make_store(root, directory=f"a{character}b")
    port = loopback.serve(tls(tls_context(authority.leaf(root, HOST)), http()))
    clients = (Client.REQUESTS,)
    result = probe(Endpoint(HOST, port), directory, clients=clients, resolver=to_loopback)
    assert result.outcome_name is OutcomeName.VERIFIED
    assert isinstance(result.clients[0].answer, Accepted)


def test_a_relative_directory_works(
    loopback: Loopback, make_store: MakeStore, root: authority.Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(make_store(root)).parent)
    port = loopback.serve(tls(tls_context(authority.leaf(root, HOST)), http()))
    assert probe(Endpoint(HOST, port), "crts", resolver=to_loopback).outcome_name is OutcomeName.VERIFIED


def test_the_snapshot_that_is_given_tells_the_trace(
    loopback: Loopback, make_store: MakeStore, root: authority.Identity
) -> None:
    directory = make_store(root)
    read = scan(directory)
    snapshot = Snapshot("/elsewhere", read.entries, read.writable)
    port = loopback.serve(tls(tls_context(authority.leaf(root, HOST)), http()))
    result = probe(Endpoint(HOST, port), directory, snapshot=snapshot, resolver=to_loopback)
    assert result.verification.anchor is not None


def _trickle(connection: socket.socket) -> None:
    for octet in bytes.fromhex("160303400002003ffc") + bytes(4096):
        connection.sendall(bytes((octet,)))
        time.sleep(0.02)


def _endless(connection: socket.socket) -> None:
    while True:  # records of type handshake: a certificate message that never ends
        connection.sendall(bytes.fromhex("1603034000") + bytes(0x4000))


def _half_hello(connection: socket.socket) -> None:
    read_until(connection, b"")
    connection.sendall(b"\x16\x03\x03")
    silent(connection)


@pytest.mark.parametrize("handler", [silent, _trickle, _half_hello], ids=["silent", "trickle", "half"])
def test_the_deadline_holds_whatever_the_server_does(
    loopback: Loopback, make_store: MakeStore, handler: Callable[[socket.socket], None]
) -> None:
    port = loopback.serve(handler)
    options = ProbeOptions(timeout_s=0.4)
    started = time.monotonic()
    result = probe(Endpoint(HOST, port), make_store(), options=options, resolver=to_loopback)
    assert time.monotonic() - started < 1.5
    assert result.failure == TimedOut(Stage.HANDSHAKE)
    assert result.outcome_name is OutcomeName.UNREACHABLE


def test_an_endless_certificate_message_is_refused(loopback: Loopback, make_store: MakeStore) -> None:
    result = probe(Endpoint(HOST, loopback.serve(_endless)), make_store(), resolver=to_loopback)
    assert isinstance(result.failure, ProtocolFault)


def test_cancelling_takes_less_than_half_a_second(loopback: Loopback, make_store: MakeStore) -> None:
    event = threading.Event()
    endpoint = Endpoint(HOST, loopback.serve(silent))
    threading.Timer(0.1, event.set).start()
    started = time.monotonic()
    result = probe(
        endpoint,
        make_store(),
        clients=(Client.REQUESTS, Client.OPENSSL),
        resolver=to_loopback,
        cancelled=event.is_set,
    )
    assert time.monotonic() - started < 0.5
    assert result.failure == Cancelled()
    assert all(isinstance(report.answer, NotAsked) for report in result.clients)


def test_a_resolver_that_hangs_is_left_behind(make_store: MakeStore) -> None:
    release = threading.Event()

    def hang(host: str, port: int) -> tuple[Address, ...]:
        release.wait()
        return ()

    result = probe(Endpoint(HOST, 443), make_store(), options=ProbeOptions(timeout_s=0.2), resolver=hang)
    release.set()
    assert result.failure == TimedOut(Stage.RESOLVE)


def test_a_name_without_address(make_store: MakeStore) -> None:
    def nothing(host: str, port: int) -> tuple[Address, ...]:
        raise NameNotFoundError("no such name")

    result = probe(Endpoint(HOST, 443), make_store(), resolver=nothing)
    assert result.failure == NameNotFound("no such name")


def test_every_address_says_its_word_and_the_first_that_answers_is_used(
    loopback: Loopback, make_store: MakeStore, root: authority.Identity
) -> None:
    port = loopback.serve(tls(tls_context(authority.leaf(root, HOST)), http()))
    closed = loopback.refuse()

    def several(host: str, port: int) -> tuple[Address, ...]:
        return (Address("255.255.255.255", port), Address("127.0.0.1", closed), Address("127.0.0.1", port))

    result = probe(Endpoint(HOST, port), make_store(root), resolver=several)
    assert result.outcome_name is OutcomeName.VERIFIED
    assert [attempt.outcome for attempt in result.attempts] == [
        AttemptOutcome.UNREACHABLE,
        AttemptOutcome.REFUSED,
        AttemptOutcome.CONNECTED,
    ]


def test_a_port_without_a_server(loopback: Loopback, make_store: MakeStore) -> None:
    result = probe(Endpoint(HOST, loopback.refuse()), make_store(), resolver=to_loopback)
    assert result.failure == NoConnection()
    assert result.attempts[0].outcome is AttemptOutcome.REFUSED
    assert result.outcome_name is OutcomeName.UNREACHABLE


@pytest.mark.parametrize(
    "said", [b"SSH-2.0-x\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00", b"\x16\x02\x00\x00"]
)
def test_what_is_not_tls_is_kept_as_it_was_said(loopback: Loopback, make_store: MakeStore, said: bytes) -> None:
    result = probe(Endpoint(HOST, loopback.serve(scripted([said]))), make_store(), resolver=to_loopback)
    assert result.failure == NotTls(said)


def test_a_server_that_closes(loopback: Loopback, make_store: MakeStore) -> None:
    result = probe(Endpoint(HOST, loopback.serve(closing)), make_store(), resolver=to_loopback)
    assert result.failure == Closed(Stage.HANDSHAKE, reset=False, tls_seen=False)


def test_a_server_that_resets(loopback: Loopback, make_store: MakeStore) -> None:
    def reset(connection: socket.socket) -> None:
        connection.recv(1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()

    port = loopback.serve(reset)
    result = probe(Endpoint(HOST, port), make_store(), resolver=to_loopback)
    assert isinstance(result.failure, Closed)


def _after_the_hello(records: bytes) -> Handler:
    return conversing([(1, records)], silent)


@pytest.mark.parametrize(
    "records",
    [
        b"\x16\x03\x03\x00\x00" * 100,
        b"\x17\x03\x03\x00\x00",
        b"\x15\x03\x03\x00\x00",
        b"\x16\x03\x03\x00\x04" + b"\xde" * 4,
    ],
    ids=["empty", "application data", "empty alert", "garbage"],
)
def test_records_that_are_not_tls_are_told_as_that(
    loopback: Loopback, make_store: MakeStore, records: bytes
) -> None:
    result = probe(Endpoint(HOST, loopback.serve(_after_the_hello(records))), make_store(), resolver=to_loopback)
    assert isinstance(result.failure, ProtocolFault)
    assert result.failure.kind is FaultKind.RECORDS
    diagnosis = diagnose(result, scan(result.directory))
    assert diagnosis is not None
    assert diagnosis.cause is Cause.OTHER


@pytest.mark.parametrize("records", [b"\x15\x03\x03\x00\x02\x01\x00" * 10_000, b"\x15\x03\x03\x00\x02\x02\x00"])
def test_close_notify_in_the_handshake_is_the_server_closing(
    loopback: Loopback, make_store: MakeStore, records: bytes
) -> None:
    result = probe(Endpoint(HOST, loopback.serve(_after_the_hello(records))), make_store(), resolver=to_loopback)
    assert result.failure == Closed(Stage.HANDSHAKE, reset=False, tls_seen=True)


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("SSL routines: ee key too small", FaultKind.WEAK),
        ("SSL routines: dh key too small", FaultKind.WEAK),
        ("SSL routines: ca md too weak", FaultKind.WEAK),
        ("SSL routines: record too small", FaultKind.RECORDS),
        ("SSL routines: unsupported protocol", FaultKind.PROTOCOL),
        ("SSL routines: wrong signature type", FaultKind.CIPHER),
        ("asn1 encoding routines: wrong tag", FaultKind.CERTIFICATE),
        ("SSL routines: excessive message size", FaultKind.CHAIN_TOO_LARGE),
        ("SSL routines: something new", FaultKind.OTHER),
    ],
)
def test_what_openssl_says_has_a_kind(reason: str, kind: FaultKind) -> None:
    assert ProtocolFault.of((reason,)).kind is kind


def test_garbage_in_a_record_is_a_fault_of_the_protocol(loopback: Loopback, make_store: MakeStore) -> None:
    port = loopback.serve(scripted([b"\x16\x03\x03\x00\x04\xde\xad\xbe\xef"]))
    result = probe(Endpoint(HOST, port), make_store(), resolver=to_loopback)
    assert isinstance(result.failure, ProtocolFault)
    assert result.failure.reasons[0].startswith("SSL routines: ")


def test_an_alert_is_known_by_its_number(loopback: Loopback, make_store: MakeStore) -> None:
    port = loopback.serve(scripted([bytes((21, 3, 3, 0, 2, 2, 80))]))
    result = probe(Endpoint(HOST, port), make_store(), resolver=to_loopback)
    assert result.failure == AlertReceived(80, Stage.HANDSHAKE)
    assert isinstance(result.outcome, ConnectionRefused)


def test_requests_and_openssl_are_asked_the_same_of_the_same_address(
    loopback: Loopback, make_store: MakeStore, root: authority.Identity
) -> None:
    clients = (Client.PYOPENSSL, Client.REQUESTS, Client.OPENSSL)
    good = Endpoint(HOST, loopback.serve(tls(tls_context(authority.leaf(root, HOST)), http())))
    directory = make_store(root)
    result = probe(good, directory, clients=clients, resolver=to_loopback)
    answers = {report.client: report.answer for report in result.clients}
    assert set(answers) == {Client.REQUESTS, Client.OPENSSL}
    assert isinstance(answers[Client.REQUESTS], Accepted)
    assert isinstance(answers[Client.OPENSSL], Accepted | NotAsked)
    result = probe(good, make_store(directory="empty"), clients=clients, resolver=to_loopback)
    for report in result.clients:
        if not isinstance(report.answer, NotAsked):
            assert isinstance(report.answer, NotAccepted)
            assert report.answer.code == 20
            assert "unable to get local issuer certificate" in report.answer.error


def test_requests_checks_the_name_that_was_asked_for(
    loopback: Loopback, make_store: MakeStore, root: authority.Identity
) -> None:
    endpoint = Endpoint(HOST, loopback.serve(tls(tls_context(authority.leaf(root, "other.test")), http())))
    result = probe(endpoint, make_store(root), clients=(Client.REQUESTS,), resolver=to_loopback)
    answer = result.clients[0].answer
    assert isinstance(answer, NotAccepted)
    assert answer.code == 62


def test_requests_is_not_led_astray_by_the_environment(
    loopback: Loopback, make_store: MakeStore, root: authority.Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", make_store(root, directory="bundle"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    endpoint = Endpoint(HOST, loopback.serve(tls(tls_context(authority.leaf(root, HOST)), http())))
    result = probe(endpoint, make_store(), clients=(Client.REQUESTS,), resolver=to_loopback)
    answer = result.clients[0].answer
    assert isinstance(answer, NotAccepted)
    assert answer.code == 20


def test_a_verified_server_that_does_not_speak_http_is_verified_by_requests_too(
    loopback: Loopback, make_store: MakeStore, root: authority.Identity
) -> None:
    endpoint = Endpoint(
        HOST, loopback.serve(tls(tls_context(authority.leaf(root, HOST)), scripted([b"220 hello\r\n"])))
    )
    result = probe(endpoint, make_store(root), clients=(Client.REQUESTS,), resolver=to_loopback)
    answer = result.clients[0].answer
    assert isinstance(answer, Accepted)
    assert answer.note


def test_a_zone_without_an_interface_is_no_connection(make_store: MakeStore) -> None:
    result = probe(Endpoint("fe80::1%nosuchif", 443), make_store())
    assert result.failure == NoConnection()
    [attempt] = result.attempts
    assert attempt.outcome is AttemptOutcome.UNREACHABLE
    assert "nosuchif" in attempt.text
