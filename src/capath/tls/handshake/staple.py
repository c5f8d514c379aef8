"""An OCSP response that a server stapled to its handshake (RFC 6066 §8, RFC 6960), in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from capath.errors import StrEnum


class StapleStatus(StrEnum):
    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    """The responder does not know the certificate."""


@dataclass(frozen=True, slots=True)
class Staple:
    """What the responder says. Its signature is not checked here: OpenSSL goes on whatever a staple says.

    `about_leaf` is whether the serial number is that of the certificate the server showed. `revoked_at` and
    `reason` are there for a revoked one.
    """

    status: StapleStatus
    about_leaf: bool
    this_update: datetime
    next_update: datetime | None
    revoked_at: datetime | None
    reason: str

    def text(self, now: datetime) -> str:
        """One sentence without its full stop."""
        said = [self.status.value]
        if self.revoked_at is not None:
            why = f" ({self.reason})" if self.reason else ""
            said.append(f"since {_day(self.revoked_at)}{why}")
        said.append(f"as of {_day(self.this_update)}")
        if self.next_update is not None:
            stale = ", which is over" if self.next_update < now else ""
            said.append(f"until {_day(self.next_update)}{stale}")
        if not self.about_leaf:
            said.append("but of another certificate")
        return " ".join(said)


@dataclass(frozen=True, slots=True)
class NoStatus:
    """A staple without a status: an error of the responder, or one that does not decode. `reason` says which."""

    reason: str


def read_staple(data: bytes, leaf_serial: int) -> Staple | NoStatus:
    """Decode the stapled response `data` to a leaf of that serial number."""
    from cryptography.x509 import ocsp

    try:
        response = ocsp.load_der_ocsp_response(data)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            words = response.response_status.name.lower().replace("_", " ")
            return NoStatus(f"the responder says: {words}")
        answers = list(response.responses)
        about_leaf = [answer for answer in answers if answer.serial_number == leaf_serial]
        answer = (about_leaf or answers)[0]
        reason = answer.revocation_reason
        return Staple(
            StapleStatus(answer.certificate_status.name.lower()),
            bool(about_leaf),
            answer.this_update_utc,
            answer.next_update_utc,
            answer.revocation_time_utc,
            "" if reason is None else reason.value,
        )
    except (ValueError, IndexError, TypeError) as error:
        return NoStatus(f"it does not decode: {error}")


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
