"""A proxy on loopback, as a handler of `capath.demo.server`."""

from __future__ import annotations

import base64
import contextlib
import select
import socket
import ssl

from capath.demo.server import LOOPBACK, Handler, read_until


def relay(connection: socket.socket, port: int) -> None:
    """Connect `connection` with `port` until the latter has ended.

    By one thread: a TLS socket that one thread reads while another writes loses records (Python before 3.13 lets
    both into OpenSSL at once).
    """
    with socket.create_connection((LOOPBACK, port)) as onward:
        others = {connection: onward, onward: connection}
        with contextlib.suppress(OSError):
            while onward in others:
                for source in _readable(list(others)):
                    data = _receive(source)
                    if data:
                        others[source].sendall(data)
                    elif data is not None:
                        if source is connection:
                            onward.shutdown(socket.SHUT_WR)
                        del others[source]


def _readable(sources: list[socket.socket]) -> list[socket.socket]:
    """Those with something to read, of which TLS may hold some back already; it is waited for."""
    held: list[socket.socket] = [
        source for source in sources if isinstance(source, ssl.SSLSocket) and source.pending()
    ]
    return held or select.select(sources, [], [])[0]


def _receive(source: socket.socket) -> bytes | None:
    """What is there; None where that was no data (a record of TLS's own), ``b""`` at the end."""
    timeout_s = source.gettimeout()
    source.setblocking(False)
    try:
        return source.recv(65536)
    except (ssl.SSLWantReadError, BlockingIOError):
        return None
    finally:
        source.settimeout(timeout_s)


def http_proxy(port: int, requests: list[bytes], *, password: bytes = b"") -> Handler:
    """A proxy that leads every CONNECT to `port`, whatever it names."""

    def handle(connection: socket.socket) -> None:
        request = read_until(connection, b"\r\n\r\n")
        requests.append(request)
        if password and base64.b64encode(password) not in request:
            connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        connection.sendall(b"HTTP/1.1 200 Connection established\r\nVia: a proxy\r\n\r\n")
        relay(connection, port)

    return handle
