"""What a test found out: of a host, live, or of a certificate, offline. Only values; nothing here connects."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from capath.errors import StrEnum, assert_never
from capath.pki.certificate import Certificate
from capath.tls.failure import Failure
from capath.tls.handshake.session import Session
from capath.tls.handshake.staple import NoStatus, Staple
from capath.tls.handshake.verification import NOTHING_SEEN, Verification, VerifyError
from capath.tls.network.endpoint import Address, Endpoint
from capath.tls.test_options import Client, HostToTest, ProbeOptions, Purpose, VerifyFlags


class OutcomeName(StrEnum):
    """The outcome in one word, for scripts."""

    VERIFIED = "verified"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Verified:
    """The chain verified and both sides agreed."""

    session: Session
    verification: Verification


@dataclass(frozen=True, slots=True)
class Rejected:
    """Both sides would have agreed, but the chain does not verify: `verification.errors` says why."""

    session: Session
    verification: Verification


@dataclass(frozen=True, slots=True)
class ConnectionRefused:
    """The handshake began and one side ended it. `verification` is of the certificates that had come by then.

    `session` is there where the server refused after the handshake, as TLS 1.3 has it for client certificates.
    """

    failure: Failure
    session: Session | None
    verification: Verification


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No word of TLS came back."""

    failure: Failure


Outcome = Verified | Rejected | ConnectionRefused | Unreachable


@dataclass(frozen=True, slots=True)
class Accepted:
    """The client verified the server. `note` says what happened after that, if it was not an answer."""

    version: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class NotAccepted:
    """The client refused. `error` is what it said, `code` its verify return code or 0 where it names none."""

    version: str
    error: str
    code: int = 0


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The client found no verdict: the server or the time did not allow it."""

    version: str
    error: str


@dataclass(frozen=True, slots=True)
class NotAsked:
    """The client was not tried; `reason` says why."""

    reason: str


ClientAnswer = Accepted | NotAccepted | NoAnswer | NotAsked


@dataclass(frozen=True, slots=True)
class ClientReport:
    client: Client
    answer: ClientAnswer


class AttemptOutcome(StrEnum):
    CONNECTED = "connected"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    LEFT = "left"
    """Still trying when another address had answered."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one address said: the system's own words in `text`, after `elapsed_ms`."""

    address: Address
    outcome: AttemptOutcome
    text: str
    elapsed_ms: float


class Profile(StrEnum):
    """A set of rules that many clients share, whatever OpenSSL or Python is installed here."""

    OPENSSL = "openssl"
    """OpenSSL's defaults, as in s_client and curl. The common name counts where there is no DNS name."""
    PYTHON = "python-3.13"
    """requests and urllib3 on Python 3.13 and later: strict, and any certificate of the store is an anchor."""
    BROWSERS = "browsers"
    """The common name does not count (RFC 9525), a stapled OCSP response does."""
    GO = "go"
    """crypto/x509: any certificate of the pool is an anchor, no common name, no SHA-1 or MD5 below the anchor."""


@dataclass(frozen=True, slots=True)
class ProfileVerdict:
    """The first error that a client of `profile` meets with this chain and directory; None where it accepts."""

    profile: Profile
    error: VerifyError | None

    @property
    def accepts(self) -> bool:
        return self.error is None


@dataclass(frozen=True, slots=True)
class Timings:
    """How long each stage took; None where the test did not come to its end."""

    dns_ms: float | None = None
    connect_ms: float | None = None
    handshake_ms: float | None = None


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What the server showed beyond its chain.

    `staple` is its OCSP response (RFC 6066 §8), verified as far as it can be, None where it sent none; `date` is
    the clock of its HTTP answer, which is asked for only where a certificate's dates are in doubt. It came over an
    unverified connection.
    `thrown_away` came in plain text after the go-ahead of STARTTLS, where nothing may be: the sign of a
    server, or of an attacker in between, whose clients can be made to take plain text for what came over TLS.
    """

    certificate_requested: bool = False
    staple: Staple | NoStatus | None = None
    date: datetime | None = None
    thrown_away: bytes = b""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """One test of `endpoint` against `directory`.

    `servername` is the SNI that was sent, empty for none; `checked_host` the name or address that the certificate
    had to be for. `attempts` are in the resolver's order; the one that connected was tested. `profiles` are
    empty where no certificate came.
    """

    endpoint: Endpoint
    directory: str
    options: ProbeOptions
    servername: str
    checked_host: str
    started_at: datetime
    attempts: tuple[Attempt, ...]
    timings: Timings
    outcome: Outcome
    server: ServerFacts = ServerFacts()
    clients: tuple[ClientReport, ...] = ()
    profiles: tuple[ProfileVerdict, ...] = ()

    @property
    def asked(self) -> HostToTest:
        """The question that was put."""
        return HostToTest(self.endpoint, self.options)

    @property
    def outcome_name(self) -> OutcomeName:
        match self.outcome:
            case Verified():
                return OutcomeName.VERIFIED
            case Rejected() | ConnectionRefused():
                return OutcomeName.REJECTED
            case Unreachable():
                return OutcomeName.UNREACHABLE
            case _:
                assert_never(self.outcome)

    @property
    def verification(self) -> Verification:
        """What verification met; empty where it did not begin."""
        return NOTHING_SEEN if isinstance(self.outcome, Unreachable) else self.outcome.verification

    @property
    def session(self) -> Session | None:
        return None if isinstance(self.outcome, Unreachable) else self.outcome.session

    @property
    def failure(self) -> Failure | None:
        match self.outcome:
            case ConnectionRefused(failure=failure) | Unreachable(failure=failure):
                return failure
            case Verified() | Rejected():
                return None
            case _:
                assert_never(self.outcome)

    def with_clients(self, clients: tuple[ClientReport, ...]) -> ProbeResult:
        return replace(self, clients=clients)


@dataclass(frozen=True, slots=True)
class Engine:
    """An OpenSSL that was asked, and its first error."""

    version: str
    verdict: VerifyError


@dataclass(frozen=True, slots=True)
class OfflineResult:
    """The verification of `leaf` as of `at`. `host` is empty where none was to be checked.

    `purpose` is None where uses and trust attributes were not looked at.
    `engines` are the OpenSSLs that were asked; the verdict is the first one's. `profiles` are empty where they
    were not asked for.
    """

    leaf: Certificate
    directory: str
    host: str
    at: datetime
    flags: VerifyFlags
    verification: Verification
    engines: tuple[Engine, ...]
    purpose: Purpose | None = None
    profiles: tuple[ProfileVerdict, ...] = ()
