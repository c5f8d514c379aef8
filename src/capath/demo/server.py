"""Servers on loopback, on ports that the system picks: what each says is a handler, a function of its socket."""

from __future__ import annotations

import contextlib
import email.utils
import os
import selectors
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone

from capath.demo.authority import Identity

Handler = Callable[[socket.socket], None]
LOOPBACK = "127.0.0.1"
_PATIENCE_S = 30.0
_LINGER_S = 1.0


class Loopback:
    """Starts servers and stops them all, with every connection. Use it in a ``with`` block."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._selector = selectors.DefaultSelector()
        self._wake_receiver, self._wake_sender = socket.socketpair()
        self._selector.register(self._wake_receiver, selectors.EVENT_READ)
        self._acceptor = threading.Thread(target=self._accept, name="demo acceptor", daemon=True)
        self._bound: list[socket.socket] = []
        self._live: dict[threading.Thread, socket.socket] = {}
        self._closing = False
        self.accepted_count = 0
        """How many connections there have been."""

    def __enter__(self) -> Loopback:
        self._acceptor.start()
        return self

    def __exit__(self, *details: object) -> None:
        self._closing = True
        self._wake_sender.send(b"x")
        self._acceptor.join()
        with self._lock:
            live = list(self._live.items())
        for _, connection in live:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread, _ in live:
            thread.join()
        self._selector.close()
        for bound in (*self._bound, self._wake_receiver, self._wake_sender):
            bound.close()

    @property
    def connection_count(self) -> int:
        """How many connections are being served at this moment."""
        with self._lock:
            return len(self._live)

    def serve(self, handler: Handler) -> int:
        """Let `handler` have each connection, on a thread of its own. Returns the port."""
        listener = self._bind()
        listener.listen(128)
        listener.setblocking(False)
        self._selector.register(listener, selectors.EVENT_READ, handler)
        self._wake_sender.send(b"x")
        return int(listener.getsockname()[1])

    def refuse(self) -> int:
        """A port on which nobody listens, and nobody can begin to as long as the servers run."""
        return int(self._bind().getsockname()[1])

    def _bind(self) -> socket.socket:
        bound = socket.socket()
        self._bound.append(bound)
        bound.bind((LOOPBACK, 0))
        return bound

    def _accept(self) -> None:
        while not self._closing:
            for key, _ in self._selector.select():
                if key.fileobj is self._wake_receiver:
                    self._wake_receiver.recv(64)
                    continue
                assert isinstance(key.fileobj, socket.socket)
                with contextlib.suppress(OSError):
                    connection, _ = key.fileobj.accept()
                    self._begin(connection, key.data)

    def _begin(self, connection: socket.socket, handler: Handler) -> None:
        connection.settimeout(_PATIENCE_S)
        # The handler may hand the socket over to TLS, so what ends it from outside is a second name for it.
        other = connection.dup()

        def run() -> None:
            with other, contextlib.suppress(OSError):
                with connection:
                    handler(connection)
                _linger(other)
            with self._lock:
                self._live.pop(threading.current_thread(), None)

        thread = threading.Thread(target=run, name="demo connection", daemon=True)
        with self._lock:
            self._live[thread] = other
            self.accepted_count += 1
        thread.start()


def tls_context(identity: Identity, *others: Identity) -> ssl.SSLContext:
    """A server's context that sends `identity`, and `others` after it, in that order.

    It takes keys and digests of any strength, so that weak ones can be shown.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    pem = b"".join((identity.key_pem, identity.pem, *(other.pem for other in others)))
    with tempfile.TemporaryDirectory(prefix="capath-demo-") as place:
        path = os.path.join(place, "chain.pem")
        with open(path, "wb") as file:
            file.write(pem)
        context.load_cert_chain(path)
    return context


def tls(context: ssl.SSLContext, handler: Handler) -> Handler:
    """Shake hands with `context`, then let `handler` speak."""

    def handle(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as secured:
            secured.do_handshake()
            handler(secured)

    return handle


def http(*, clock_offset: timedelta = timedelta(0)) -> Handler:
    """Answer one HTTP request with a short page; `clock_offset` is how far the server's clock is ahead."""

    def handle(connection: socket.socket) -> None:
        read_until(connection, b"\r\n\r\n")
        date = email.utils.format_datetime(datetime.now(timezone.utc) + clock_offset, usegmt=True)
        head = f"HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: 3\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode("ascii") + b"ok\n")

    return handle


def files(contents: Mapping[str, bytes]) -> Handler:
    """Serve `contents` by their paths over HTTP."""

    def handle(connection: socket.socket) -> None:
        path = read_until(connection, b"\r\n\r\n").split(b" ")[1].decode("latin-1")
        body = contents.get(path)
        status = b"404 Not Found" if body is None else b"200 OK"
        length = len(body or b"")
        head = b"HTTP/1.1 %b\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (status, length)
        connection.sendall(head + (body or b""))

    return handle


def scripted(answers: Sequence[bytes], *, greeting: bytes = b"") -> Handler:
    """Say `greeting`, then one of `answers` for each thing that is said to us, then close."""

    def handle(connection: socket.socket) -> None:
        connection.sendall(greeting)
        for answer in answers:
            connection.recv(65536)
            connection.sendall(answer)

    return handle


def conversing(
    dialogue: Sequence[tuple[bytes | int, bytes]], handler: Handler, *, greeting: bytes = b""
) -> Handler:
    """Say `greeting`, answer what `dialogue` foresees, then let `handler` speak: a protocol with STARTTLS.

    Each part of `dialogue` is what to wait for, the end of it or a number of bytes, and what to answer.
    """

    def handle(connection: socket.socket) -> None:
        connection.sendall(greeting)
        for wanted, answer in dialogue:
            if isinstance(wanted, int):
                _read_exactly(connection, wanted)
            else:
                read_until(connection, wanted)
            connection.sendall(answer)
        handler(connection)

    return handle


def silent(connection: socket.socket) -> None:
    """Listen for ever and say nothing."""
    while connection.recv(65536):
        continue


def closing(connection: socket.socket) -> None:
    """Close as soon as the client has said something."""
    connection.recv(65536)


def read_until(connection: socket.socket, end: bytes, limit: int = 65536) -> bytes:
    """Read up to `end`, inclusive. Raises ConnectionError where it does not come."""
    data = b""
    while end not in data:
        part = connection.recv(4096)
        if not part or len(data) > limit:
            raise ConnectionError("the client broke off")
        data += part
    return data


def _read_exactly(connection: socket.socket, count: int) -> None:
    while count:
        part = connection.recv(count)
        if not part:
            raise ConnectionError("the client broke off")
        count -= len(part)


def _linger(connection: socket.socket) -> None:
    """Let the client read what we said last: a close with unread input would reset the connection."""
    connection.shutdown(socket.SHUT_WR)
    connection.settimeout(_LINGER_S)
    while connection.recv(65536):
        continue
