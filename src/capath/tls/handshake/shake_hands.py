"""One TLS handshake with pyOpenSSL over a memory BIO, which goes on past every verification error to see all.

The verdict is our own list of errors: once the verify callback has let an error pass, SSL_get_verify_result and
the stored session say 0 (ok). Callbacks belong to a Context, which several handshakes may share, so they find
their handshake by the connection.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass

from OpenSSL import SSL, crypto

from capath.tls.failure import AlertReceived, Closed, Failure, FaultKind, NotTls, ProtocolFault, Stage, TimedOut
from capath.tls.handshake.alerts import CLOSE_NOTIFY
from capath.tls.handshake.context import Observed, make_context
from capath.tls.handshake.host_name import check_host
from capath.tls.handshake.private_openssl import session_record
from capath.tls.handshake.session import Session
from capath.tls.handshake.verification import VerifyError
from capath.tls.network.conversation import EndedError, RefusedError
from capath.tls.network.deadline import Deadline, DeadlinePassedError
from capath.tls.network.endpoint import Endpoint
from capath.tls.network.tls_layer import (
    HANDSHAKE_BYTES_LIMIT,
    EndlessHandshakeError,
    NotTlsError,
    TlsLayer,
    reasons_of,
)
from capath.tls.network.wire import Wire
from capath.tls.test_options import ProbeOptions

# How long to wait for what a TLS 1.3 server sends after the handshake: tickets, or its refusal of a client without
# a certificate, which it can send only when it has read our last flight.
_TICKET_WAIT_S = 0.05
_TICKET_ROUNDS = 2
_REFUSAL_WAIT_S = 2.0


@dataclass(frozen=True, slots=True)
class Established:
    """The handshake was complete. `greeting` is what the server then said unasked."""

    session: Session
    greeting: bytes = b""


@dataclass(frozen=True, slots=True)
class RefusedAfterwards:
    """The handshake was complete on our side, and the server ended it then."""

    session: Session
    failure: Failure


Ending = Established | RefusedAfterwards | Failure


class Handshake:
    """One handshake over `wire` with a context of `observing_context`. Call `run` once, then `close`."""

    def __init__(self, wire: Wire, context: SSL.Context, sni: str, deadline: Deadline) -> None:
        self._wire = wire
        self._deadline = deadline
        self._took_s = 0.0
        self.observed = Observed()
        self._layer = TlsLayer(context, sni, self.observed)
        self._connection = self._layer.connection
        self._connection.request_ocsp()

    def run(self) -> Failure | None:
        """Shake hands. Raises CancelledError; everything else that goes wrong is a Failure."""
        self._wire.begin_tls()
        started_s = time.monotonic()
        try:
            self._layer.shake_hands(self._wire)
        except NotTlsError:
            return NotTls(self._wire.first_octets)
        except EndedError:
            return self._broken(Stage.HANDSHAKE, reset=False)
        except EndlessHandshakeError:
            reason = f"more than {HANDSHAKE_BYTES_LIMIT} bytes before the handshake was complete"
            return ProtocolFault((reason,), FaultKind.RECORDS)
        except DeadlinePassedError:
            return TimedOut(Stage.HANDSHAKE)
        except OSError as error:
            return self._broken(Stage.HANDSHAKE, reset=isinstance(error, ConnectionError))
        except SSL.Error as error:
            return self._fault(error, Stage.HANDSHAKE)
        finally:
            self._note_chain()
        self._took_s = time.monotonic() - started_s
        return None

    def after(self) -> Ending:
        """Read once what comes after the handshake, and tell how it ended. Call it after `run` succeeded."""
        greeting = b""
        failure: Failure | None = None
        waits_for_refusal = self.observed.certificate_requested
        if self._connection.get_protocol_version_name() == "TLSv1.3":
            ticket_wait_s = _TICKET_WAIT_S + _TICKET_ROUNDS * self._took_s  # a far server's are as far
            patience = self._deadline.sooner(_REFUSAL_WAIT_S if waits_for_refusal else ticket_wait_s)
            try:
                data = self._wire.receive(within=patience)
                if data:
                    self._connection.bio_write(data)
                    greeting = self._connection.recv(4096)
                elif waits_for_refusal:
                    failure = self._broken(Stage.ESTABLISHED, reset=False)
            except (DeadlinePassedError, SSL.WantReadError, SSL.ZeroReturnError):
                pass
            except OSError:
                if waits_for_refusal:
                    failure = self._broken(Stage.ESTABLISHED, reset=True)
            except SSL.Error as error:
                failure = self._fault(error, Stage.ESTABLISHED)
        session = self._session()
        return Established(session, greeting) if failure is None else RefusedAfterwards(session, failure)

    def ask(self, request: bytes, *, within: Deadline, limit: int = 8192) -> bytes:
        """Send `request` through the session and return what comes back, as far as it comes in time."""
        answer = b""
        try:
            self._connection.sendall(request)
            self._layer.flush(self._wire)
            while len(answer) < limit and b"\r\n\r\n" not in answer:
                try:
                    answer += self._connection.recv(limit)
                except SSL.WantReadError:
                    data = self._wire.receive(within=within)
                    if not data:
                        break
                    self._connection.bio_write(data)
        except (DeadlinePassedError, OSError, SSL.Error):
            pass
        return answer

    def close(self) -> None:
        """Say goodbye if that needs no waiting."""
        try:
            self._connection.shutdown()
            self._layer.flush(self._wire)
        except (SSL.Error, OSError, DeadlinePassedError):
            pass

    def _broken(self, stage: Stage, *, reset: bool) -> Failure:
        if self.observed.alert is not None:
            return AlertReceived(self.observed.alert, stage)
        return Closed(stage, reset, tls_seen=bool(self._wire.first_octets))

    def _fault(self, error: SSL.Error, stage: Stage) -> Failure:
        with contextlib.suppress(OSError, DeadlinePassedError):  # tell the server why; it may have gone
            self._layer.flush(self._wire)
        if isinstance(error, SSL.ZeroReturnError) or self.observed.alert == CLOSE_NOTIFY:
            return Closed(stage, reset=False, tls_seen=True)
        if self.observed.alert is not None:
            return AlertReceived(self.observed.alert, stage)
        return ProtocolFault.of(reasons_of(error))

    def _note_chain(self) -> None:
        sent = self._connection.get_peer_cert_chain() or []
        chain = self._connection.get_verified_chain() or []
        self.observed.sent = [crypto.dump_certificate(crypto.FILETYPE_ASN1, item) for item in sent]
        self.observed.chain = [crypto.dump_certificate(crypto.FILETYPE_ASN1, item) for item in chain]

    def _session(self) -> Session:
        connection = self._connection
        return Session(
            connection.get_protocol_version_name(),
            connection.get_cipher_name() or "",
            connection.get_cipher_bits() or 0,
            connection.get_group_name() or "",
            connection.get_alpn_proto_negotiated().decode("latin-1"),
            session_record(connection),
        )


def secure_with_proxy(wire: Wire, proxy: Endpoint, directory: str) -> None:
    """Shake hands with the ``https://`` proxy at the other end; from then on `wire` goes through that session.

    The proxy is trusted by `directory` only, as the host is: a password would go to it. Raises RefusedError where
    it does not verify or TLS fails, EndedError, OSError, and what a Wire raises.
    """
    errors: list[VerifyError] = []

    def on_verify(_: SSL.Connection, __: crypto.X509, code: int, depth: int, ok: int) -> bool:
        if not ok:
            errors.append(VerifyError(code, depth))
        return bool(ok)

    context = make_context(directory, ProbeOptions())
    context.set_verify(SSL.VERIFY_PEER, on_verify)
    layer = TlsLayer(context, "" if proxy.ip else proxy.host)
    try:
        layer.shake_hands(wire)
    except NotTlsError:
        raise RefusedError("it does not speak TLS") from None
    except EndlessHandshakeError:
        raise RefusedError("its TLS handshake does not end") from None
    except SSL.Error as error:
        if not errors:
            raise RefusedError(f"TLS with it fails ({'; '.join(reasons_of(error))})") from None
    leaf = layer.connection.get_peer_certificate()
    if not errors and leaf is not None:
        host_error = check_host(crypto.dump_certificate(crypto.FILETYPE_ASN1, leaf), proxy.ip or proxy.host)
        errors += [] if host_error is None else [host_error]
    if errors:
        said = f"{errors[0].code} {errors[0].described.text} @{errors[0].depth}"
        raise RefusedError(f"its own certificate does not verify with the directory: {said}")
    wire.put_on(layer)
