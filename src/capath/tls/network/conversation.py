"""Speaking in plain text on a wire, with limits: whatever the other side says, it ends."""

from __future__ import annotations

from capath.tls.network.wire import Wire

LINE_OCTETS_LIMIT = 16 * 1024
TOTAL_OCTETS_LIMIT = 128 * 1024


class RefusedError(Exception):
    """The other side would not begin TLS. Its text is the answer, or says what was missing from it."""


class WrongProtocolError(Exception):
    """What came back is not of the protocol that was spoken. `said` is all of it so far."""

    def __init__(self, said: bytes) -> None:
        super().__init__(said)
        self.said = said


class EndedError(Exception):
    """The other side closed the connection in the middle of the conversation."""


class Conversation:
    """Reads lines, bytes and messages from `wire`. `peer` is the name that the other side goes by."""

    def __init__(self, wire: Wire, peer: str) -> None:
        self.peer = peer
        self._wire = wire
        self._buffer = b""
        self._total = 0

    @property
    def own_address(self) -> str:
        """The IP address that we connected from."""
        return self._wire.own_address

    def send(self, data: bytes) -> None:
        self._wire.send(data)

    def read_line(self) -> bytes:
        """The next line without its end. Raises EndedError, WrongProtocolError for one that never ends."""
        while b"\n" not in self._buffer:
            if len(self._buffer) > LINE_OCTETS_LIMIT:
                raise WrongProtocolError(self._buffer)
            self._receive()
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.removesuffix(b"\r")

    def read_octets(self, count: int) -> bytes:
        """The next `count` bytes, no fewer."""
        if count > TOTAL_OCTETS_LIMIT:
            raise WrongProtocolError(self._buffer)
        while len(self._buffer) < count:
            self._receive()
        octets, self._buffer = self._buffer[:count], self._buffer[count:]
        return octets

    def read_until(self, *ends: bytes) -> bytes:
        """Everything up to the first of `ends`, inclusive."""
        while not (found := [at + len(end) for end in ends if (at := self._buffer.find(end)) >= 0]):
            self._receive()
        octets, self._buffer = self._buffer[: min(found)], self._buffer[min(found) :]
        return octets

    def left_over(self) -> bytes:
        """What has come after the last answer that was read.

        A server speaks TLS only when it was spoken to, so nothing may be here: an attacker in between could have
        put it there to be taken for what came over TLS (CVE-2011-0411 and its kin).
        """
        pending, self._buffer = self._buffer + self._wire.pending(LINE_OCTETS_LIMIT), b""
        return pending

    def hand_over(self) -> None:
        """Leave what has come after the last answer for whoever reads the wire next."""
        self._wire.unread(self._buffer)
        self._buffer = b""

    def _receive(self) -> None:
        data = self._wire.receive(4096)
        if not data:
            raise EndedError
        self._total += len(data)
        if self._total > TOTAL_OCTETS_LIMIT:
            raise WrongProtocolError(self._buffer)
        self._buffer += data
