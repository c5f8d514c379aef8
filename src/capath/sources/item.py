"""What a source gives: certificates with what the source says of them, and refusals with their reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from capath.errors import StrEnum
from capath.pki.certificate import Certificate

Password = Callable[[str], "bytes | None"]
"""Asks a person for the password of the named file; None where there is nobody to ask."""


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


Reading = Iterator["Item | Refused"]


class Source(Protocol):
    """A place that certificates come from. `title` says which, for people."""

    @property
    def title(self) -> str: ...

    def read(self) -> Reading:
        """Yield what is there. No fault of one object ends the reading."""
