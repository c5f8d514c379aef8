"""A proxy on loopback, as a handler of `capath.demo.server`."""

from __future__ import annotations

import base64
import contextlib
import socket
import threading

from capath.demo.server import LOOPBACK, Handler, read_until


def relay(connection: socket.socket, port: int) -> None:
    """Connect `connection` with `port` until both have ended."""

    def copy(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    with socket.create_connection((LOOPBACK, port)) as onward:
        back = threading.Thread(target=copy, args=(onward, connection))
        back.start()
        copy(connection, onward)
        back.join()


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
