"""Fetching from an address that a stranger chose: what comes back, and every limit."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import pytest

from capath.demo.server import LOOPBACK, Loopback, files, read_until, scripted, silent
from capath.tls.network.deadline import CancelledError
from capath.tls.network.http import OCTETS_LIMIT, Fetched, NotFetched, fetch_issuer
from tests.tls.conftest import loopback

__all__ = ["loopback"]


def _url(port: int, path: str = "/i.der") -> str:
    return f"http://{LOOPBACK}:{port}{path}"


def _said(servers: Loopback, answer: bytes) -> str:
    return _url(servers.serve(scripted([answer])))


def _refused(answer: Fetched | NotFetched) -> str:
    assert isinstance(answer, NotFetched)
    return answer.reason


def test_what_is_there_comes_back(loopback: Loopback) -> None:
    url = _url(loopback.serve(files({"/i.der": b"octets"})))
    assert fetch_issuer(url) == Fetched(url, b"octets")


def test_chunks_are_joined(loopback: Loopback) -> None:
    url = _said(loopback, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert fetch_issuer(url) == Fetched(url, b"abcde")


def test_a_redirect_to_http_is_followed(loopback: Loopback) -> None:
    there = _url(loopback.serve(files({"/there": b"octets"})), "/there")
    url = _said(loopback, f"HTTP/1.1 302 Found\r\nLocation: {there}\r\n\r\n".encode())
    assert fetch_issuer(url) == Fetched(there, b"octets")


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/", "https://127.0.0.1/", "gopher:x"])
def test_a_redirect_to_elsewhere_is_not(loopback: Loopback, location: str) -> None:
    url = _said(loopback, f"HTTP/1.1 301 Moved\r\nLocation: {location}\r\n\r\n".encode())
    assert "only http" in _refused(fetch_issuer(url))


def test_a_redirect_to_itself_ends(loopback: Loopback) -> None:
    url = _said(loopback, b"HTTP/1.1 302 Found\r\nLocation: /i.der\r\n\r\n")
    assert "leads on" in _refused(fetch_issuer(url))


@pytest.mark.parametrize(
    "url", ["https://h/", "ldap://h/", "file:///etc/passwd", "http://", "http://[::1/", "http://h:0/"]
)
def test_only_http_addresses_are_asked(url: str) -> None:
    assert _refused(fetch_issuer(url))


def test_no_line_of_our_request_is_the_addresss_to_choose(loopback: Loopback) -> None:
    port = loopback.serve(files({"/": b"x"}))
    assert _refused(fetch_issuer(f"http://{LOOPBACK}:{port}/ HTTP/1.1\r\nX: y"))
    assert _refused(fetch_issuer(f"http://{LOOPBACK}:{port}/\u00e9"))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "404 Not Found"),
        (b"SSH-2.0-x\r\n", "no HTTP"),
        (b"", "no HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "no HTTP"),
    ],
)
def test_what_is_no_answer_is_told(loopback: Loopback, answer: bytes, reason: str) -> None:
    assert reason in _refused(fetch_issuer(_said(loopback, answer)))


def test_an_endless_answer_is_cut_off(loopback: Loopback) -> None:
    def endless(connection: socket.socket) -> None:
        read_until(connection, b"\r\n\r\n")
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    assert f"{OCTETS_LIMIT // 1024} KiB" in _refused(fetch_issuer(_url(loopback.serve(endless))))


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
    assert "no answer within 0.3 s" in _refused(fetch_issuer(_url(loopback.serve(handler)), timeout_s=0.3))


def test_it_can_be_cancelled(loopback: Loopback) -> None:
    wanted = threading.Event()

    def serve(connection: socket.socket) -> None:
        wanted.set()
        silent(connection)

    with pytest.raises(CancelledError):
        fetch_issuer(_url(loopback.serve(serve)), cancelled=wanted.is_set)


def test_nobody_there_is_told(loopback: Loopback) -> None:
    assert "refused" in _refused(fetch_issuer(_url(loopback.refuse())))
    assert "no address" in _refused(fetch_issuer("http://nowhere.invalid/"))
