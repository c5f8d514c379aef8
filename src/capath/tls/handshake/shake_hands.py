"""One TLS handshake with pyOpenSSL over a memory BIO, which goes on past every verification error to see all.

The verdict is our own list of errors: once the verify callback has let an error pass, SSL_get_verify_result and
the stored session say 0 (ok). Callbacks belong to a Context, which several handshakes may share, so they find
their handshake by the connection.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field

from OpenSSL import SSL, crypto

from capath.tls.failure import AlertReceived, Closed, Failure, FaultKind, NotTls, ProtocolFault, Stage, TimedOut
from capath.tls.handshake.alerts import CLOSE_NOTIFY, FATAL
from capath.tls.handshake.context import make_context
from capath.tls.handshake.private_openssl import session_record
from capath.tls.handshake.session import Session
from capath.tls.handshake.verification import VerifyError
from capath.tls.network.deadline import Deadline, DeadlinePassedError
from capath.tls.network.wire import Wire
from capath.tls.test_options import ProbeOptions

_READ_ALERT = 0x4004  # SSL_CB_READ_ALERT
_LOOP = 0x1001  # SSL_CB_CONNECT_LOOP
_ERRORS_LIMIT = 200
_READ_OCTETS = 65536
# Ten times what OpenSSL takes for a chain (SSL_CTX_set_max_cert_list(3)); empty messages could go on for ever.
_HANDSHAKE_OCTETS_LIMIT = 1024 * 1024
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


@dataclass(slots=True)
class Observed:
    """What the callbacks saw. It fills while the handshake runs; read it when that has ended."""

    errors: list[VerifyError] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    chain: list[bytes] = field(default_factory=list)
    certificate_requested: bool = False
    staple: bytes = b""
    alert: int | None = None


class Handshake:
    """One handshake over `wire` with a context of `observing_context`. Call `run` once, then `close`."""

    def __init__(self, wire: Wire, context: SSL.Context, sni: str, deadline: Deadline) -> None:
        self._wire = wire
        self._deadline = deadline
        self._received = 0
        self._took_s = 0.0
        self.observed = Observed()
        self._connection = SSL.Connection(context, None)
        self._connection.set_app_data(self.observed)
        self._connection.set_connect_state()
        self._connection.request_ocsp()
        if sni:
            self._connection.set_tlsext_host_name(sni.encode("ascii"))

    def run(self) -> Failure | None:
        """Shake hands. Raises CancelledError; everything else that goes wrong is a Failure."""
        self._wire.begin_tls()
        started_s = time.monotonic()
        try:
            while True:
                try:
                    self._connection.do_handshake()
                    break
                except SSL.WantReadError:
                    self._flush()
                    if (failure := self._feed()) is not None:
                        return failure
            self._flush()
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
        """Read once what comes behind the handshake, and tell how it ended. Call it after `run` succeeded."""
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
            self._flush()
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
            self._flush()
        except (SSL.Error, OSError, DeadlinePassedError):
            pass

    def _flush(self) -> None:
        while True:
            try:
                data = self._connection.bio_read(_READ_OCTETS)
            except SSL.WantReadError:
                return
            self._wire.send(data)
            if len(data) < _READ_OCTETS:  # asking again would find nothing, by a costly exception
                return

    def _feed(self) -> Failure | None:
        data = self._wire.receive()
        first = self._wire.first_octets
        if not looks_like_tls(first):
            return NotTls(first)
        if not data:
            return self._broken(Stage.HANDSHAKE, reset=False)
        self._received += len(data)
        if self._received > _HANDSHAKE_OCTETS_LIMIT:
            reason = f"more than {_HANDSHAKE_OCTETS_LIMIT} bytes before the handshake was complete"
            return ProtocolFault((reason,), FaultKind.RECORDS)
        self._connection.bio_write(data)
        return None

    def _broken(self, stage: Stage, *, reset: bool) -> Failure:
        if self.observed.alert is not None:
            return AlertReceived(self.observed.alert, stage)
        return Closed(stage, reset, tls_seen=bool(self._wire.first_octets))

    def _fault(self, error: SSL.Error, stage: Stage) -> Failure:
        with contextlib.suppress(OSError, DeadlinePassedError):  # tell the server why; it may have gone
            self._flush()
        if isinstance(error, SSL.ZeroReturnError) or self.observed.alert == CLOSE_NOTIFY:
            return Closed(stage, reset=False, tls_seen=True)
        if self.observed.alert is not None:
            return AlertReceived(self.observed.alert, stage)
        queue = error.args[0] if error.args and isinstance(error.args[0], list) else []
        reasons = tuple(f"{library}: {reason}" for library, _, reason in queue if reason)
        return ProtocolFault.of(reasons or (str(error) or type(error).__name__,))

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


def observing_context(directory: str, options: ProbeOptions) -> SSL.Context:
    """A context, as `make_context` has it, that lets every error pass and notes it for its handshake."""
    context = make_context(directory, options)
    context.set_verify(SSL.VERIFY_PEER, _on_verify)
    context.set_ocsp_client_callback(_on_staple)
    context.set_info_callback(_on_info)
    return context


def _observed(connection: SSL.Connection) -> Observed:
    observed = connection.get_app_data()
    assert isinstance(observed, Observed)
    return observed


def _on_verify(connection: SSL.Connection, _: object, code: int, depth: int, ok: int) -> bool:
    if not ok:
        errors = _observed(connection).errors
        error = VerifyError(code, depth)
        if error not in errors and len(errors) < _ERRORS_LIMIT:
            errors.append(error)
    return True


def _on_staple(connection: SSL.Connection, staple: bytes, _: object) -> bool:
    _observed(connection).staple = staple
    return True


def _on_info(connection: SSL.Connection, where: int, value: int) -> None:
    if where == _READ_ALERT and value >> 8 == FATAL:
        _observed(connection).alert = value & 0xFF
    elif where == _LOOP and b"certificate request" in connection.get_state_string():
        _observed(connection).certificate_requested = True


def looks_like_tls(first: bytes) -> bool:
    """Whether octets begin like a TLS record (RFC 8446 §5.1): a content type, then major version 3."""
    return not first or (first[0] in (20, 21, 22, 23, 24) and first[1:2] in (b"", b"\x03"))
