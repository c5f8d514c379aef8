"""The one pump of TLS over a memory BIO: for the session with a host, and for that with a proxy below it."""

from __future__ import annotations

from OpenSSL import SSL

from capath.tls.network.conversation import EndedError
from capath.tls.network.wire import Wire

_BYTES = 65536
# Ten times what OpenSSL takes for a chain (SSL_CTX_set_max_cert_list(3)); empty messages could go on forever.
HANDSHAKE_BYTES_LIMIT = 1024 * 1024


class NotTlsError(Exception):
    """What came first is no TLS record."""


class EndlessHandshakeError(Exception):
    """More came than any handshake takes."""


class TlsLayer:
    """A client's TLS session over bytes: `capath.tls.network.wire.Layer`. An empty `sni` sends no name."""

    def __init__(self, context: SSL.Context, sni: str, seen: object = None) -> None:
        """`seen` is what the callbacks of `context` find with `get_app_data`."""
        self.connection = SSL.Connection(context, None)
        self.connection.set_app_data(seen)
        self.connection.set_connect_state()
        if sni:
            self.connection.set_tlsext_host_name(sni.encode("ascii"))

    def shake_hands(self, wire: Wire) -> None:
        """Shake hands over `wire`.

        Raises SSL.Error, NotTlsError, EndlessHandshakeError, EndedError where the other side closes, and what a
        Wire raises.
        """
        received = 0
        while True:
            try:
                self.connection.do_handshake()
                break
            except SSL.WantReadError:
                self.flush(wire)
            data = wire.receive()
            if not looks_like_tls(wire.first_octets):
                raise NotTlsError
            if not data:
                raise EndedError
            received += len(data)
            if received > HANDSHAKE_BYTES_LIMIT:
                raise EndlessHandshakeError
            self.feed(data)
        self.flush(wire)

    def flush(self, wire: Wire) -> None:
        """Send what is to be sent now."""
        if data := self.outgoing():
            wire.send(data)

    def feed(self, data: bytes) -> None:
        """Take what came."""
        self.connection.bio_write(data)

    def outgoing(self) -> bytes:
        """What is to be sent now."""
        data = b""
        while True:
            try:
                part = self.connection.bio_read(_BYTES)
            except SSL.WantReadError:
                return data
            data += part
            if len(part) < _BYTES:  # asking again would find nothing, by a costly exception
                return data

    def write(self, data: bytes) -> None:
        """Wrap `data`; `outgoing` gives it. Raises OSError where the session is over."""
        try:
            self.connection.sendall(data)
        except SSL.Error:
            raise ConnectionAbortedError("the TLS session with the proxy is over") from None

    def read(self, limit: int) -> bytes | None:
        """At most `limit` bytes of what came; None where more has to come first, ``b""`` at the end."""
        try:
            return self.connection.recv(limit)
        except SSL.WantReadError:
            return None
        except SSL.ZeroReturnError:
            return b""
        except SSL.Error:
            raise ConnectionAbortedError("the TLS session with the proxy is broken") from None


def reasons_of(error: SSL.Error) -> tuple[str, ...]:
    """What OpenSSL says, as ``library: reason``; the name of the error where it says nothing."""
    queue = error.args[0] if error.args and isinstance(error.args[0], list) else []
    reasons = tuple(f"{library}: {reason}" for library, _, reason in queue if reason)
    return reasons or (str(error) or type(error).__name__,)


def looks_like_tls(first: bytes) -> bool:
    """Whether bytes begin like a TLS record (RFC 8446 §5.1): a content type, then major version 3."""
    return not first or (first[0] in (20, 21, 22, 23, 24) and first[1:2] in (b"", b"\x03"))
