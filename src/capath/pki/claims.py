"""A certificate as a source offers it: with what the source says of it, and where in the source it stood."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from capath.errors import StrEnum
from capath.pki.certificate import Certificate


class ServerTrust(StrEnum):
    """What a source says of a root for TLS servers."""

    YES = "yes"
    NO = "no"
    DISTRUSTED = "distrusted"
    """Nothing may chain to it."""
    UNSAID = "unsaid"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a source says of a certificate, beside the certificate itself.

    `distrust_after`: leaves that were issued later are not accepted, older ones are. `constraints`: the DNS
    names that the source's owner lets it issue for, as the source writes them; empty for all.
    """

    label: str = ""
    servers: ServerTrust = ServerTrust.UNSAID
    distrust_after: datetime | None = None
    constraints: str = ""


NO_CLAIMS = Claims()


@dataclass(frozen=True, slots=True)
class Item:
    """One certificate. `origin` is the place in the source: a file, a row. `notes` are for people."""

    certificate: Certificate
    origin: str
    claims: Claims = NO_CLAIMS
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """Something in the source that gives no certificate, and why. Texts hold raw names."""

    origin: str
    reason: str
