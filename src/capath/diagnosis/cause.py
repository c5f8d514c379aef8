"""The closed set of causes, and what a diagnosis is made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone

from capath.errors import StrEnum, assert_never
from capath.pki.certificate import Certificate
from capath.pki.name import Name
from capath.pki.visible import visible_name
from capath.tls.handshake.verification import VerifyError
from capath.tls.test_options import HostToTest


class Cause(StrEnum):
    """Why a test failed. Scripts rely on these names."""

    ROOT_NOT_TRUSTED = "root-not-trusted"
    ROOT_NOT_IN_STORE = "root-not-in-store"
    MISSING_INTERMEDIATE = "missing-intermediate"
    SELF_SIGNED_LEAF = "self-signed-leaf"
    PRIVATE_ROOT_SENT = "private-root-sent"
    INTERMEDIATE_ONLY = "intermediate-only"
    SAME_NAME_OTHER_KEY = "same-name-other-key"
    TRUST_REJECTED = "trust-rejected"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    CLOCK_SKEW = "clock-skew"
    EXPIRED_PATH_SHADOWS_VALID = "expired-path-shadows-valid"
    HOSTNAME_MISMATCH = "hostname-mismatch"
    NAME_CONSTRAINT = "name-constraint"
    WRONG_PURPOSE = "wrong-purpose"
    WEAK_KEY_OR_SIGNATURE = "weak-key-or-signature"
    MALFORMED_CERTIFICATE = "malformed-certificate"
    BAD_SIGNATURE = "bad-signature"
    PATH_LENGTH = "path-length"
    REVOKED = "revoked"
    CRL_UNAVAILABLE = "crl-unavailable"
    CRL_EXPIRED = "crl-expired"
    CLIENT_CERTIFICATE_REQUIRED = "client-certificate-required"
    SNI_REQUIRED = "sni-required"
    PROTOCOL_VERSION = "protocol-version"
    CIPHER_MISMATCH = "cipher-mismatch"
    NOT_TLS = "not-tls"
    STARTTLS_REFUSED = "starttls-refused"
    DNS_FAILURE = "dns-failure"
    CONNECTION_REFUSED = "connection-refused"
    NETWORK_UNREACHABLE = "network-unreachable"
    TIMEOUT = "timeout"
    CONNECTION_CLOSED = "connection-closed"
    LINK_BROKEN = "link-broken"
    CLIENT_DIFFERS = "client-differs"
    WRONG_FORMAT = "wrong-format"
    DESELECTED = "deselected"
    SENT_PATH_MISLEADS = "sent-path-misleads"
    CRL_UNUSABLE = "crl-unusable"
    OTHER = "other"


class RemedyKind(StrEnum):
    """What a remedy does, and what its `operand` is."""

    TRUST = "trust"
    """Trust the certificate `operand` (a SHA-256)."""
    DISTRUST = "distrust"
    """Distrust the certificate `operand` (a SHA-256)."""
    REHASH = "rehash"
    """Recreate the hash links; with `operand`, after that file was renamed."""
    IMPORT = "import"
    """Add the certificate `operand` (a SHA-256) from the source that the text names."""
    USE_NAME = "use-name"
    """Connect to `operand`, a host name."""
    USE_STARTTLS = "use-starttls"
    """Use STARTTLS for the protocol `operand`."""
    SET_CLOCK = "set-clock"
    """Set the clock to the time `operand` (`clock_text`)."""
    REFRESH_CRL = "refresh-crl"
    SEND_CHAIN = "send-chain"
    """Send other certificates: `operand` is their SHA-256, leaf first, joined by commas (`chain_text`)."""
    ASK_OPERATOR = "ask-operator"
    """Only the operator of the server can fix it."""
    ASK_CA = "ask-authority"
    """Only the CA that issued the certificate can fix it."""
    USE_CLIENT_CERTIFICATE = "use-client-certificate"
    CHANGE_FLAGS = "change-flags"
    """Verify with other flags: `operand` is one of the names below, or empty."""
    USE_STORE = "use-store"
    """Have the program use the directory `operand` instead of what it uses."""
    CHECK_NETWORK = "check-network"
    RETRY = "retry"


def title(name: Name) -> str:
    """What people call a name, safe to show."""
    return visible_name(name.title)


def which(certificate: Certificate) -> str:
    """How commands name a certificate: a prefix of its SHA-256 that no other one shares in practice."""
    return certificate.sha256[:16]


def day(moment: datetime | None) -> str:
    """A date for a sentence, in UTC."""
    return "an unreadable date" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"


PARTIAL_CHAIN = "partial-chain"
NOT_STRICT = "not-strict"
FOR_SERVERS = "for-servers"
_CLOCK = "%Y-%m-%dT%H:%M:%SZ"


def clock_text(time: datetime) -> str:
    """The operand of SET_CLOCK: ISO 8601 in UTC, ``2035-06-04T11:04:38Z``."""
    return f"{time.astimezone(timezone.utc):{_CLOCK}}"


def parse_clock(operand: str) -> datetime:
    """Read what `clock_text` wrote."""
    return datetime.strptime(operand, _CLOCK).replace(tzinfo=timezone.utc)


def chain_text(certificates: Iterable[Certificate]) -> str:
    """The operand of SEND_CHAIN."""
    return ",".join(certificate.sha256 for certificate in certificates)


class Confidence(StrEnum):
    PROVEN = "proven"
    """What was seen allows nothing else."""
    LIKELY = "likely"
    """A judgement; the text says what it is based on."""


@dataclass(frozen=True, slots=True)
class StoreCommand:
    """A command of capath on a store: ``capath VERB DIRECTORY OPERANDS``."""

    verb: str
    directory: str
    operands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TestAgain:
    """A live test with `directory`, whose options may differ from those of the test that was made."""

    __test__ = False  # not a test of pytest's

    asked: HostToTest
    directory: str
    fetches_intermediates: bool = False


@dataclass(frozen=True, slots=True)
class Programs:
    """Other programs, each as its words, one after the other as long as they succeed."""

    steps: tuple[tuple[str, ...], ...]


Command = StoreCommand | TestAgain | Programs
"""What carries a remedy out. `capath.report.verification.command_line` says it for a shell."""


@dataclass(frozen=True, slots=True)
class NotTried:
    """Nobody tested with the remedy in place. `why` says so where a person would expect a test; else empty."""

    why: str = ""


@dataclass(frozen=True, slots=True)
class Fixes:
    """Tested with it: verified. `how` says in what the test was not simply the same, to follow “tested”; mostly
    empty."""

    how: str = ""


@dataclass(frozen=True, slots=True)
class DoesNotFix:
    """Tested with it: rejected. `text` is why; `how` is as `Fixes` has it.

    `errors` are those of verification then, none where it was something else.
    """

    text: str
    how: str = ""
    errors: tuple[VerifyError, ...] = ()


Trial = NotTried | Fixes | DoesNotFix


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing to do: `text` for people, `command` what does it, None where no command does."""

    action: RemedyKind
    text: str
    command: Command | None = None
    operand: str = ""
    trial: Trial = NotTried()

    @property
    def trial_text(self) -> str:
        """What testing with it showed, for people; empty where it was not tried."""
        match self.trial:
            case NotTried(why=why):
                return f"not tested: {why}" if why else ""
            case Fixes(how=how):
                return f"tested{how}: it verifies with this"
            case DoesNotFix(text=text, how=how):
                return f"tested{how}: with only this it still fails: {text}"
            case _:
                assert_never(self.trial)


@dataclass(frozen=True, slots=True)
class CauseFound:
    """One cause with its evidence in a sentence, and its remedies, the best first. Texts are safe to show."""

    cause: Cause
    text: str
    remedies: tuple[Remedy, ...]
    confidence: Confidence = Confidence.PROVEN

    def __str__(self) -> str:
        judged = "" if self.confidence is Confidence.PROVEN else " (likely)"
        return f"{self.cause}{judged}: {self.text}"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`first` explains the test; `also` is what else is wrong."""

    first: CauseFound
    also: tuple[CauseFound, ...] = ()

    @property
    def cause(self) -> Cause:
        return self.first.cause

    @property
    def text(self) -> str:
        return self.first.text

    @property
    def remedies(self) -> tuple[Remedy, ...]:
        return self.first.remedies

    @property
    def confidence(self) -> Confidence:
        return self.first.confidence
