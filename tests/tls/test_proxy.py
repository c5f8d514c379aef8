"""Through proxies: CONNECT and SOCKS 5, and what tells their failures from the host's."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from datetime import timedelta

import pytest

from capath.demo import authority
from capath.demo.server import (
    LOOPBACK,
    Handler,
    Loopback,
    conversing,
    http,
    scripted,
    silent,
    tls,
    tls_context,
)
from capath.errors import BadInputError
from capath.tls.failure import Closed, NoConnection, ProxyNotReached, ProxyRefused, Stage, TimedOut
from capath.tls.network.endpoint import Endpoint, parse_endpoint
from capath.tls.network.proxy import Proxy, ProxyKind, parse_proxy, proxy_from_environment
from capath.tls.probe import probe
from capath.tls.result import Accepted, NotAsked, OutcomeName, ProbeResult
from capath.tls.test_options import Client, ProbeOptions, Starttls
from tests.tls.conftest import MakeStore, to_loopback
from tests.tls.proxies import http_proxy, relay

HOST = "host.capath.test"


@pytest.fixture(scope="module")
def root() -> authority.Identity:
    return authority.root("Root")


@pytest.fixture(scope="module")
def secured(root: authority.Identity) -> Handler:
    return tls(tls_context(authority.leaf(root, HOST)), http())


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise ConnectionError
        data += part
    return data


def _socks_proxy(port: int, requests: list[bytes], *, password: bytes = b"", reply: int = 0) -> Handler:
    def handle(connection: socket.socket) -> None:
        methods = _exactly(connection, _exactly(connection, 2)[1])
        method = 2 if password else 0
        if method not in methods:
            connection.sendall(b"\x05\xff")
            return
        connection.sendall(bytes((5, method)))
        if password:
            user = _exactly(connection, _exactly(connection, 2)[1])
            word = _exactly(connection, _exactly(connection, 1)[0])
            good = user + b":" + word == password
            connection.sendall(bytes((1, 0 if good else 1)))
            if not good:
                return
        kind = _exactly(connection, 4)[3]
        length = {1: 4, 4: 16}.get(kind) or _exactly(connection, 1)[0]
        requests.append(bytes((kind,)) + _exactly(connection, length + 2))
        connection.sendall(bytes((5, reply, 0, 1)) + bytes(6))
        if not reply:
            relay(connection, port)

    return handle


def _probe(proxy: Proxy, directory: str, port: int, *clients: Client, **options: object) -> ProbeResult:
    chosen = ProbeOptions(proxy=proxy, **options)  # type: ignore[arg-type]
    return probe(Endpoint(HOST, port), directory, options=chosen, clients=clients, resolver=to_loopback)


def _at(kind: ProxyKind, port: int, user: str = "", password: str = "") -> Proxy:
    return Proxy(kind, Endpoint(LOOPBACK, port), user, password)


@pytest.mark.parametrize("user", ["", "me"])
def test_all_clients_go_through_anhttp_proxy(
    loopback: Loopback, make_store: MakeStore, root: authority.Identity, secured: Handler, user: str
) -> None:
    requests: list[bytes] = []
    port = loopback.serve(secured)
    password = b"me:p@ss" if user else b""
    proxy = _at(ProxyKind.HTTP, loopback.serve(http_proxy(port, requests, password=password)), user, "p@ss")
    clients = (Client.REQUESTS, Client.OPENSSL, Client.CURL)
    result = _probe(proxy, make_store(root), port, *clients)
    assert result.outcome_name is OutcomeName.VERIFIED
    assert result.verification.errors == ()
    assert [type(report.answer) for report in result.clients] == [
        Accepted if not isinstance(report.answer, NotAsked) else NotAsked for report in result.clients
    ]
    asked = sum(not isinstance(report.answer, NotAsked) for report in result.clients)
    assert len(requests) == 1 + asked  # nobody went past it
    assert all(request.startswith(f"CONNECT {HOST}:{port} HTTP/1.".encode()) for request in requests)


def _https_proxy(
    loopback: Loopback, port: int, requests: list[bytes], identity: authority.Identity, *, password: bytes = b""
) -> int:
    return loopback.serve(tls(tls_context(identity), http_proxy(port, requests, password=password)))


@pytest.mark.parametrize("user", ["", "me"])
def test_a_proxy_that_speaks_tls_itself(
    loopback: Loopback, make_store: MakeStore, root: authority.Identity, secured: Handler, user: str
) -> None:
    """TLS inside TLS; requests and openssl cannot, and say so, and curl trusts the directory for both."""
    asked: list[bytes] = []
    port = loopback.serve(secured)
    password = b"me:p@ss" if user else b""
    there = _https_proxy(loopback, port, asked, authority.leaf(root, LOOPBACK), password=password)
    proxy = _at(ProxyKind.HTTPS, there, user, "p@ss")
    result = _probe(proxy, make_store(root), port, Client.REQUESTS, Client.OPENSSL, Client.CURL)
    assert result.outcome_name is OutcomeName.VERIFIED
    assert asked[0].startswith(f"CONNECT {HOST}:{port} HTTP/1.".encode())
    requests, openssl, curl = (report.answer for report in result.clients)
    assert isinstance(requests, NotAsked)
    assert isinstance(openssl, NotAsked)
    assert isinstance(curl, Accepted | NotAsked)
    assert len(asked) == 1 + isinstance(curl, Accepted)


def test_the_chain_behind_a_proxy_that_speaks_tls_is_the_hosts(
    loopback: Loopback, make_store: MakeStore, root: authority.Identity
) -> None:
    port = loopback.serve(tls(tls_context(authority.leaf(authority.root("Other"), HOST)), http()))
    proxy = _at(ProxyKind.HTTPS, _https_proxy(loopback, port, [], authority.leaf(root, LOOPBACK)))
    result = _probe(proxy, make_store(root), port)
    assert result.outcome_name is OutcomeName.REJECTED
    assert [error.code for error in result.verification.errors] == [20, 21]


def test_a_proxy_that_speaks_tls_is_trusted_by_the_directory_alone(
    loopback: Loopback, make_store: MakeStore, root: authority.Identity, secured: Handler
) -> None:
    """Where it does not verify, it is not told the password, nor where to go."""
    asked: list[bytes] = []
    port = loopback.serve(secured)
    directory = make_store(root)
    for identity, said in (
        (authority.leaf(authority.root("Other"), LOOPBACK), "20 unable to get local issuer certificate @0"),
        (authority.leaf(root, "other.test"), "64 IP address mismatch @0"),
        (authority.leaf(root, LOOPBACK, not_after=timedelta(days=-1)), "10 certificate has expired @0"),
    ):
        proxy = _at(ProxyKind.HTTPS, _https_proxy(loopback, port, asked, identity), "me", "secret")
        failure = _probe(proxy, directory, port).failure
        assert failure == ProxyRefused(
            proxy.text, f"its own certificate does not verify with the directory: {said}"
        )
    assert not asked


def test_a_proxy_that_does_not_speak_tls_after_all(loopback: Loopback, make_store: MakeStore) -> None:
    proxy = _at(ProxyKind.HTTPS, loopback.serve(scripted([b"HTTP/1.1 400 Bad Request\r\n\r\n"])))
    failure = _probe(proxy, make_store(), 443).failure
    assert isinstance(failure, ProxyRefused)
    assert failure.said == "it does not speak TLS"


def test_starttls_goes_through_a_proxy_that_speaks_tls(
    loopback: Loopback, make_store: MakeStore, root: authority.Identity
) -> None:
    """Three layers: TLS with the proxy, POP3 in plain text, TLS with the host."""
    dialogue = [(b"STLS\r\n", b"+OK\r\n")]
    inner = tls(tls_context(authority.leaf(root, HOST)), silent)
    port = loopback.serve(conversing(dialogue, inner, greeting=b"+OK pop\r\n"))
    proxy = _at(ProxyKind.HTTPS, _https_proxy(loopback, port, [], authority.leaf(root, LOOPBACK)))
    result = _probe(proxy, make_store(root), port, starttls=Starttls.POP3)
    assert result.outcome_name is OutcomeName.VERIFIED
    assert result.server.thrown_away == b""


@pytest.mark.parametrize(("kind", "named"), [(ProxyKind.SOCKS5, False), (ProxyKind.SOCKS5H, True)])
@pytest.mark.parametrize("user", ["", "me"])
def test_socks(
    loopback: Loopback,
    make_store: MakeStore,
    root: authority.Identity,
    secured: Handler,
    kind: ProxyKind,
    named: bool,
    user: str,
) -> None:
    requests: list[bytes] = []
    port = loopback.serve(secured)
    password = b"me:secret" if user else b""
    proxy = _at(kind, loopback.serve(_socks_proxy(port, requests, password=password)), user, "secret")
    result = _probe(proxy, make_store(root), port, Client.CURL, Client.REQUESTS, Client.OPENSSL)
    assert result.outcome_name is OutcomeName.VERIFIED
    address = HOST.encode() if named else bytes((127, 0, 0, 1))
    assert requests[0] == bytes((3 if named else 1,)) + address + port.to_bytes(2, "big")
    assert isinstance(result.clients[1].answer, NotAsked)
    assert isinstance(result.clients[2].answer, NotAsked)


def test_starttls_behind_a_proxy_gets_the_greeting_that_came_with_its_answer(
    loopback: Loopback, make_store: MakeStore, root: authority.Identity
) -> None:
    context = tls_context(authority.leaf(root, HOST))
    proxy = conversing(
        [
            (b"\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n+OK mail\r\n"),
            (b"STLS\r\n", b"+OK\r\n"),
        ],
        tls(context, silent),
    )
    there = _at(ProxyKind.HTTP, loopback.serve(proxy))
    result = _probe(there, make_store(root), 110, starttls=Starttls.POP3)
    assert result.outcome_name is OutcomeName.VERIFIED


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([b"HTTP/1.1 407 Proxy Authentication Required\r\nX: y\r\n\r\n"], "407 Proxy Authentication Required"),
        ([b"HTTP/1.0 502 Bad Gateway\r\n\r\n<html>"], "502 Bad Gateway"),
        ([b"SSH-2.0-x\r\n"], "not that of a proxy: SSH-2.0-x"),
        ([b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000], "not that of a proxy: "),
    ],
)
def test_a_proxy_that_refuses_is_quoted(
    loopback: Loopback, make_store: MakeStore, answers: list[bytes], words: str
) -> None:
    proxy = _at(ProxyKind.HTTP, loopback.serve(scripted(answers)), "me", "secret")
    failure = _probe(proxy, make_store(), 443).failure
    assert isinstance(failure, ProxyRefused)
    assert words in failure.said
    assert failure.proxy == proxy.text
    assert "secret" not in repr(failure) + repr(proxy)


def test_a_socks_proxy_that_refuses_is_told_in_words(loopback: Loopback, make_store: MakeStore) -> None:
    refusing = _at(ProxyKind.SOCKS5H, loopback.serve(_socks_proxy(0, [], reply=5)))
    assert _probe(refusing, make_store(), 443).failure == ProxyRefused(refusing.text, "connection refused")
    locked = loopback.serve(_socks_proxy(0, [], password=b"me:secret"))
    failure = _probe(_at(ProxyKind.SOCKS5H, locked), make_store(directory="b"), 443).failure
    assert isinstance(failure, ProxyRefused)
    failure = _probe(_at(ProxyKind.SOCKS5H, locked, "me", "guess"), make_store(directory="c"), 443).failure
    assert failure == ProxyRefused(
        f"socks5h://127.0.0.1:{locked}", "it does not accept this user name and password"
    )


def test_a_proxy_that_is_not_there_is_told_from_a_host_that_is_not(
    loopback: Loopback, make_store: MakeStore
) -> None:
    proxy = _at(ProxyKind.HTTP, loopback.refuse())
    result = _probe(proxy, make_store(), 443)
    assert result.failure == ProxyNotReached(proxy.text, NoConnection())
    assert result.outcome_name is OutcomeName.UNREACHABLE


@pytest.mark.parametrize("kind", list(ProxyKind))
def test_a_proxy_does_not_hold_us(loopback: Loopback, make_store: MakeStore, kind: ProxyKind) -> None:
    proxy = _at(kind, loopback.serve(silent))
    assert _probe(proxy, make_store(), 443, timeout_s=0.3).failure == TimedOut(Stage.PROXY)
    hanging_up = _at(kind, loopback.serve(scripted([])))
    failure = _probe(hanging_up, make_store(directory="b"), 443).failure
    assert isinstance(failure, Closed)
    assert failure.stage is Stage.PROXY


@pytest.mark.parametrize(
    ("environment", "host", "proxy"),
    [
        ({}, "a.test", None),
        ({"HTTPS_PROXY": "http://p:1"}, "a.test", "http://p:1"),
        ({"https_proxy": "p:1", "HTTPS_PROXY": "q:1"}, "a.test", "http://p:1"),
        ({"ALL_PROXY": "socks5h://p"}, "a.test", "socks5h://p:1080"),
        ({"HTTPS_PROXY": "p:1", "NO_PROXY": "*"}, "a.test", None),
        ({"HTTPS_PROXY": "p:1", "NO_PROXY": "b.test, .a.test"}, "x.a.test", None),
        ({"HTTPS_PROXY": "p:1", "NO_PROXY": "a.test"}, "x.a.test", None),
        ({"HTTPS_PROXY": "p:1", "NO_PROXY": "a.test"}, "xa.test", "http://p:1"),
        ({"HTTPS_PROXY": "p:1", "NO_PROXY": "a.test:8443"}, "a.test", "http://p:1"),
        ({"HTTPS_PROXY": "p:1", "no_proxy": "a.test:8443"}, "a.test:8443", None),
        ({"HTTPS_PROXY": "p:1", "NO_PROXY": "10.0.0.0/8"}, "10.1.2.3", None),
        ({"HTTPS_PROXY": "p:1", "NO_PROXY": "10.0.0.0/8,::1"}, "[::1]:443", None),
        ({"HTTPS_PROXY": "p:1", "NO_PROXY": "10.0.0.0/8"}, "11.1.2.3", "http://p:1"),
        ({"HTTPS_PROXY": "p:1", "NO_PROXY": ""}, "a.test", "http://p:1"),
    ],
)
def test_the_environment_is_read_as_curl_and_requests_read_it(
    environment: Mapping[str, str], host: str, proxy: str | None
) -> None:
    found = proxy_from_environment(parse_endpoint(host), environment)
    assert (None if found is None else found.text) == proxy
    if found is not None:
        assert found.told == f"{proxy} (from {next(iter(environment))})"


@pytest.mark.parametrize("text", ["gopher://p:1", "ftp://p", "http://", "http://p:99999", "http://a b"])
def test_a_proxy_that_cannot_be_used_is_said(text: str) -> None:
    with pytest.raises(BadInputError):
        parse_proxy(text)


def test_a_proxy_of_the_environment_that_cannot_be_used_is_named() -> None:
    with pytest.raises(BadInputError, match=r"^ALL_PROXY in the environment: .*NO_PROXY"):
        proxy_from_environment(parse_endpoint("a.test"), {"ALL_PROXY": "ftp://p"})


def test_a_proxy_is_shown_without_its_password() -> None:
    proxy = parse_proxy("http://me:p%40ss@proxy.test:8080/")
    assert (proxy.user, proxy.password, proxy.text) == ("me", "p@ss", "http://proxy.test:8080")
    assert proxy.url == "http://me:p%40ss@proxy.test:8080"
