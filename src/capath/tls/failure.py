"""Why there was no TLS session to judge: a closed union, one class for each way it can fail."""

from __future__ import annotations

import re
from dataclasses import dataclass

from capath.errors import StrEnum


class Stage(StrEnum):
    """How far a test had come."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    PROXY = "proxy"
    STARTTLS = "starttls"
    HANDSHAKE = "handshake"
    ESTABLISHED = "established"
    """The handshake was complete on our side: in TLS 1.3 a server refuses a client certificate only then."""


@dataclass(frozen=True, slots=True)
class NameNotFound:
    """`text` is the resolver's."""

    text: str


@dataclass(frozen=True, slots=True)
class NoConnection:
    """No address let us in. What each said is in the result's attempts."""


@dataclass(frozen=True, slots=True)
class TimedOut:
    stage: Stage


@dataclass(frozen=True, slots=True)
class ProxyNotReached:
    """There was no way to the proxy that should have led to the host. `failure` says why."""

    proxy: str
    failure: NameNotFound | NoConnection | TimedOut


@dataclass(frozen=True, slots=True)
class ProxyRefused:
    """The proxy was there and did not connect us to the host; `said` is its answer."""

    proxy: str
    said: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The other side ended the connection: `reset` tells a TCP reset from a proper end."""

    stage: Stage
    reset: bool
    tls_seen: bool
    """Whether a TLS record had come from it before."""


@dataclass(frozen=True, slots=True)
class NotTls:
    """The other side speaks something else: `first_octets` is what it said, 512 bytes at most."""

    first_octets: bytes


@dataclass(frozen=True, slots=True)
class AlertReceived:
    """The server ended the handshake with this fatal alert (see `capath.tls.handshake.alerts`)."""

    number: int
    stage: Stage


class FaultKind(StrEnum):
    """What OpenSSL on our side could not go on with."""

    CHAIN_TOO_LARGE = "chain-too-large"
    """More certificates than SSL_CTX_set_max_cert_list(3) allows, 100 KiB."""
    WEAK = "weak"
    """A key or a digest below the security level (SSL_CTX_set_security_level(3))."""
    PROTOCOL = "protocol"
    """No version of TLS in common."""
    RECORDS = "records"
    """Records or messages that are not TLS as RFC 8446 has it: empty, out of order, without end."""
    CERTIFICATE = "certificate"
    """A certificate that does not decode."""
    CIPHER = "cipher"
    """No cipher suite, group or signature algorithm in common."""
    OTHER = "other"


# OpenSSL gives words, no numbers, through pyOpenSSL (SSL_R_* in ssl/ssl_err.c); the first kind that fits is meant.
_FAULT_WORDS = (
    (FaultKind.CHAIN_TOO_LARGE, "excessive message size"),
    (FaultKind.WEAK, r"\b(key|key size|modulus|md|digest)\b.* too (small|weak|big)"),
    (FaultKind.PROTOCOL, "unsupported protocol|protocol version|no protocols available|version too low"),
    (
        FaultKind.RECORDS,
        "record|packet length|unexpected message|invalid alert|unknown alert|too many|wrong version number",
    ),
    (FaultKind.CERTIFICATE, r"asn1|x\.?509|certificate|pem routines|decoder routines"),
    (FaultKind.CIPHER, "cipher|no suitable|no shared|signature type|wrong curve|bad ecpoint"),
)


@dataclass(frozen=True, slots=True)
class ProtocolFault:
    """OpenSSL on our side ended the handshake; `reasons` are its words, as ``library: reason``."""

    reasons: tuple[str, ...]
    kind: FaultKind = FaultKind.OTHER

    @classmethod
    def of(cls, reasons: tuple[str, ...]) -> ProtocolFault:
        """The fault that OpenSSL words as `reasons`."""
        words = "; ".join(reasons).lower()
        kinds = (kind for kind, pattern in _FAULT_WORDS if re.search(pattern, words))
        return cls(reasons, next(kinds, FaultKind.OTHER))


@dataclass(frozen=True, slots=True)
class StarttlsRefused:
    """The server would not begin TLS; `said` is its answer, or what was missing from it."""

    protocol: str
    said: str


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Nobody wanted the answer any more."""


Failure = (
    NameNotFound
    | NoConnection
    | TimedOut
    | ProxyNotReached
    | ProxyRefused
    | Closed
    | NotTls
    | AlertReceived
    | ProtocolFault
    | StarttlsRefused
    | Cancelled
)
