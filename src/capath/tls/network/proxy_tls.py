"""TLS with a proxy itself (``https://`` proxies): a layer on the wire, below the TLS with the host behind it."""

from __future__ import annotations

from OpenSSL import SSL, crypto

from capath.tls.handshake.context import make_context
from capath.tls.handshake.host_name import check_host
from capath.tls.handshake.verification import VerifyError
from capath.tls.network.endpoint import Endpoint
from capath.tls.network.wire import Wire
from capath.tls.starttls.conversation import EndedError, RefusedError
from capath.tls.test_options import ProbeOptions

_OCTETS = 65536
_HANDSHAKE_OCTETS_LIMIT = 1024 * 1024


def secure_with_proxy(wire: Wire, proxy: Endpoint, directory: str) -> None:
    """Shake hands with the proxy at the other end; what goes over `wire` from then on goes through that session.

    The proxy is trusted by `directory` alone, as the host is: a password would go to it.
    Raises RefusedError where it does not verify or TLS fails, EndedError, OSError, and what a Wire raises.
    """
    layer = TlsLayer(proxy, directory)
    received = 0
    while not layer.is_established():
        wire.send(layer.outgoing())
        data = wire.receive()
        if not data:
            raise EndedError
        received += len(data)
        if received > _HANDSHAKE_OCTETS_LIMIT:
            raise RefusedError("its TLS handshake does not end")
        layer.feed(data)
    wire.send(layer.outgoing())
    layer.check()
    wire.put_on(layer)


class TlsLayer:
    """A client's TLS session over octets: `capath.tls.network.wire.Layer`."""

    def __init__(self, proxy: Endpoint, directory: str) -> None:
        self._host = proxy.ip or proxy.host
        self._error: VerifyError | None = None
        context = make_context(directory, ProbeOptions())
        context.set_verify(SSL.VERIFY_PEER, self._on_verify)
        self._connection = SSL.Connection(context, None)
        self._connection.set_connect_state()
        if proxy.ip is None:
            self._connection.set_tlsext_host_name(proxy.host.encode("ascii"))

    def is_established(self) -> bool:
        """Go on with the handshake as far as what has come allows. Raises RefusedError where it fails."""
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            return False
        except SSL.Error as error:
            if self._error is not None:
                raise self._not_verified(self._error) from None
            queue = error.args[0] if error.args and isinstance(error.args[0], list) else []
            reasons = "; ".join(reason for _, _, reason in queue if reason)
            raise RefusedError(f"TLS with it fails ({reasons or type(error).__name__})") from None
        return True

    def check(self) -> None:
        """Raises RefusedError where its certificate is not for its name."""
        leaf = self._connection.get_peer_certificate()
        assert leaf is not None
        error = check_host(crypto.dump_certificate(crypto.FILETYPE_ASN1, leaf), self._host)
        if error is not None:
            raise self._not_verified(error)

    def feed(self, data: bytes) -> None:
        """Take what came."""
        self._connection.bio_write(data)

    def outgoing(self) -> bytes:
        """What is to be sent now."""
        data = b""
        while True:
            try:
                data += self._connection.bio_read(_OCTETS)
            except SSL.WantReadError:
                return data

    def write(self, data: bytes) -> None:
        """Wrap `data`; `outgoing` gives it. Raises OSError where the session is over."""
        try:
            self._connection.sendall(data)
        except SSL.Error:
            raise ConnectionAbortedError("the TLS session with the proxy is over") from None

    def read(self, limit: int) -> bytes | None:
        """At most `limit` octets of what came; None where more has to come first, ``b""`` at the end."""
        try:
            return self._connection.recv(limit)
        except SSL.WantReadError:
            return None
        except SSL.ZeroReturnError:
            return b""
        except SSL.Error:
            raise ConnectionAbortedError("the TLS session with the proxy is broken") from None

    def _on_verify(self, _: SSL.Connection, __: crypto.X509, code: int, depth: int, ok: int) -> bool:
        if not ok and self._error is None:
            self._error = VerifyError(code, depth)
        return bool(ok)

    @staticmethod
    def _not_verified(error: VerifyError) -> RefusedError:
        said = f"{error.code} {error.described.text} @{error.depth}"
        return RefusedError(f"its own certificate does not verify with the directory: {said}")
