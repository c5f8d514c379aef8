"""Fetching from an address that a stranger chose: what comes back, and every limit."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import pytest

from capath.demo.server import LOOPBACK, Loopback, files, read_until, scripted, silent
from capath.tls.network.deadline import CancelledError, Deadline, never
from capath.tls.network.endpoint import Address
from capath.tls.network.http import OCTETS_LIMIT, Fetched, NotFetched, fetch_issuer, is_public
from tests.tls.conftest import loopback

__all__ = ["loopback"]

NOT_PUBLIC = (
    *(
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "192.168.1.1",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "240.0.0.1",
    ),
    *("::1", "::", "fe80::1", "fd00::1", "ff02::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"),
)


def _url(port: int, path: str = "/i.der") -> str:
    return f"http://{LOOPBACK}:{port}{path}"


def _said(servers: Loopback, answer: bytes) -> str:
    return _url(servers.serve(scripted([answer])))


def _fetch(url: str, timeout_s: float = 10.0, cancelled: Callable[[], bool] = never) -> Fetched | NotFetched:
    """As for a host that was tested on this machine."""
    return fetch_issuer(url, Deadline.after(timeout_s, cancelled), may_be_local=True)


def _refused(answer: Fetched | NotFetched) -> str:
    assert isinstance(answer, NotFetched)
    return answer.reason


def test_what_is_there_comes_back(loopback: Loopback) -> None:
    url = _url(loopback.serve(files({"/i.der": b"octets"})))
    assert _fetch(url) == Fetched(url, b"octets")


def test_chunks_are_joined(loopback: Loopback) -> None:
    url = _said(loopback, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert _fetch(url) == Fetched(url, b"abcde")


def test_a_redirect_on_the_same_host_and_port_is_followed(loopback: Loopback) -> None:
    answers = iter([b"HTTP/1.1 302 Found\r\nLocation: /there\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\noctets"])
    port = loopback.serve(lambda connection: scripted([next(answers)])(connection))
    assert _fetch(_url(port)) == Fetched(_url(port, "/there"), b"octets")


@pytest.mark.parametrize(
    "place", ["http://169.254.169.254/", "http://other.test/", "http://127.0.0.1:1/", "//[::1]/"]
)
def test_a_redirect_to_another_host_or_port_is_not_followed(loopback: Loopback, place: str) -> None:
    url = _said(loopback, f"HTTP/1.1 302 Found\r\nLocation: {place}\r\n\r\n".encode())
    assert "to another host or port" in _refused(_fetch(url))


@pytest.mark.parametrize("ip", NOT_PUBLIC)
def test_an_address_that_is_not_public_is_not_asked(ip: str) -> None:
    """Neither by itself, nor where a name leads to it."""
    assert not is_public(ip)
    where = f"[{ip}]" if ":" in ip else ip
    for url in (f"http://{where}/", "http://name.test/"):
        answer = fetch_issuer(url, Deadline.after(10), resolver=lambda _, port: (Address(ip, port),))
        assert "not a public address" in _refused(answer)


@pytest.mark.parametrize("ip", ["1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"])
def test_public_addresses(ip: str) -> None:
    assert is_public(ip)


def test_only_the_checked_addresses_are_connected_to(loopback: Loopback) -> None:
    """A resolver that answers otherwise the second time does not lead to another address."""
    port = loopback.serve(files({"/i.der": b"octets"}))
    answers = iter([LOOPBACK])
    resolver = lambda _, at: (Address(next(answers), at),)  # noqa: E731
    url = f"http://name.test:{port}/i.der"
    answer = fetch_issuer(url, Deadline.after(10), may_be_local=True, resolver=resolver)
    assert answer == Fetched(url, b"octets")


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/", "https://127.0.0.1/", "gopher:x"])
def test_a_redirect_to_elsewhere_is_not(loopback: Loopback, location: str) -> None:
    url = _said(loopback, f"HTTP/1.1 301 Moved\r\nLocation: {location}\r\n\r\n".encode())
    assert "only http" in _refused(_fetch(url))


def test_a_redirect_to_itself_ends(loopback: Loopback) -> None:
    url = _said(loopback, b"HTTP/1.1 302 Found\r\nLocation: /i.der\r\n\r\n")
    assert "redirects more" in _refused(_fetch(url))


@pytest.mark.parametrize(
    "url", ["https://h/", "ldap://h/", "file:///etc/passwd", "http://", "http://[::1/", "http://h:0/"]
)
def test_only_http_addresses_are_asked(url: str) -> None:
    assert _refused(_fetch(url))


def test_no_line_of_our_request_is_the_addresss_to_choose(loopback: Loopback) -> None:
    port = loopback.serve(files({"/": b"x"}))
    assert _refused(_fetch(f"http://{LOOPBACK}:{port}/ HTTP/1.1\r\nX: y"))
    assert _refused(_fetch(f"http://{LOOPBACK}:{port}/\u00e9"))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "404 Not Found"),
        (b"SSH-2.0-x\r\n", "not HTTP"),
        (b"", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "not HTTP"),
    ],
)
def test_what_is_no_answer_is_told(loopback: Loopback, answer: bytes, reason: str) -> None:
    assert reason in _refused(_fetch(_said(loopback, answer)))


def test_an_endless_answer_is_cut_off(loopback: Loopback) -> None:
    def endless(connection: socket.socket) -> None:
        read_until(connection, b"\r\n\r\n")
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    assert f"{OCTETS_LIMIT // 1024} KiB" in _refused(_fetch(_url(loopback.serve(endless))))


def _dripping(connection: socket.socket) -> None:
    read_until(connection, b"\r\n\r\n")
    connection.settimeout(0.05)
    while True:
        connection.sendall(b"x")
        try:
            if not connection.recv(1):
                return
        except TimeoutError:
            continue


@pytest.mark.parametrize("handler", [silent, _dripping])
def test_the_time_holds_whatever_it_does(loopback: Loopback, handler: Callable[[socket.socket], None]) -> None:
    assert "no answer in time" in _refused(_fetch(_url(loopback.serve(handler)), timeout_s=0.3))


def test_it_can_be_cancelled(loopback: Loopback) -> None:
    wanted = threading.Event()

    def serve(connection: socket.socket) -> None:
        wanted.set()
        silent(connection)

    with pytest.raises(CancelledError):
        _fetch(_url(loopback.serve(serve)), cancelled=wanted.is_set)


def test_nobody_there_is_told(loopback: Loopback) -> None:
    assert "refused" in _refused(_fetch(_url(loopback.refuse())))
    assert "no address" in _refused(_fetch("http://nowhere.invalid/"))
