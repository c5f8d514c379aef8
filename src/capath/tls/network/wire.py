"""A TCP connection on which nothing waits longer than the deadline, and which remembers what came first."""

from __future__ import annotations

import select
import socket
from typing import Protocol

from capath.tls.network.deadline import SLICE_S, Deadline

FIRST_OCTETS_LIMIT = 512


class Layer(Protocol):
    """What can be between a wire and its socket: a TLS session with a proxy (`tls_layer`)."""

    def feed(self, data: bytes) -> None: ...
    def outgoing(self) -> bytes: ...
    def write(self, data: bytes) -> None: ...
    def read(self, limit: int) -> bytes | None: ...


class Wire:
    """A connected socket, made non-blocking. It owns the socket: `close` it, or use it in a ``with`` block."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        connection.setblocking(False)
        self._socket = connection
        self._deadline = deadline
        self._poll = select.poll()
        self._events = 0
        self._unread = b""
        self._layer: Layer | None = None
        self.first_octets = b""

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    @property
    def own_address(self) -> str:
        """The IP address at this end."""
        return str(self._socket.getsockname()[0]).partition("%")[0]

    def begin_tls(self) -> None:
        """Forget what was received so far: what comes next should be TLS."""
        self.first_octets = b""

    def put_on(self, layer: Layer) -> None:
        """Let all that is sent and received from now on go through `layer`."""
        self._layer = layer

    def unread(self, data: bytes) -> None:
        """Put back what was received and is for the next to read; it counts as not received."""
        self._unread = data + self._unread
        self.first_octets = b""

    def pending(self, limit: int) -> bytes:
        """Return at most `limit` bytes of what is there already, without waiting. Raises OSError."""
        if self._unread:
            return self._take_unread(limit)
        try:
            return self._read(limit)
        except (BlockingIOError, InterruptedError):
            return b""

    def send(self, data: bytes) -> None:
        """Send all of `data`. Raises OSError, DeadlinePassedError or CancelledError."""
        if self._layer is not None:
            self._layer.write(data)
            data = self._layer.outgoing()
        self._send(data)

    def _send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[self._socket.send(view) :]
            except (BlockingIOError, InterruptedError):
                self._wait(select.POLLOUT, self._deadline)

    def receive(self, limit: int = 65536, *, within: Deadline | None = None) -> bytes:
        """Return at most `limit` bytes as soon as there are any; ``b""`` where the other side has closed.

        Raises OSError, CancelledError, and DeadlinePassedError at the deadline, or at `within` where given.
        """
        until = within or self._deadline
        until.remaining_s()  # a server that never pauses is not waited for, and must not go on forever
        while True:
            try:
                data = self._take_unread(limit) if self._unread else self._read(limit)
            except (BlockingIOError, InterruptedError):
                self._wait(select.POLLIN, until)
                continue
            missing = FIRST_OCTETS_LIMIT - len(self.first_octets)
            if missing > 0:
                self.first_octets += data[:missing]
            return data

    def _read(self, limit: int) -> bytes:
        """What is there. Raises BlockingIOError where nothing is."""
        if self._layer is None:
            return self._socket.recv(limit)
        while (data := self._layer.read(limit)) is None:
            octets = self._socket.recv(65536)
            if not octets:
                return b""
            self._layer.feed(octets)
            if answer := self._layer.outgoing():  # to a KeyUpdate (RFC 8446 §4.6.3)
                self._send(answer)
        return data

    def _take_unread(self, limit: int) -> bytes:
        data, self._unread = self._unread[:limit], self._unread[limit:]
        return data

    def _wait(self, event: int, deadline: Deadline) -> None:
        if self._events != event:
            self._poll.register(self._socket, event)
            self._events = event
        while not self._poll.poll(min(deadline.remaining_s(), SLICE_S) * 1000):
            continue
