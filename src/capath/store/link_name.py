"""Hash link names: ``HHHHHHHH.N`` for a certificate, ``HHHHHHHH.rN`` for a CRL (openssl-rehash(1))."""

from __future__ import annotations

import re
from dataclasses import dataclass

from capath.errors import StrEnum

_LOOKED_UP = re.compile(r"([0-9a-f]{8})\.(r?)(0|[1-9][0-9]{0,9})", re.ASCII)
_LOOKS_LIKE_ONE = re.compile(r"[0-9A-Fa-f]{8}\.[rR]?[0-9]+", re.ASCII)


class LinkKind(StrEnum):
    """What lookup takes from a slot: the row of certificates, or the row of CRLs."""

    CERTIFICATE = "certificate"
    CRL = "crl"


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """All slots of one hash and kind; lookup walks them from 0."""

    hash: str
    kind: LinkKind

    def name(self, slot: int) -> str:
        """The entry name of `slot`."""
        return f"{self.hash}.{'r' if self.kind is LinkKind.CRL else ''}{slot}"


@dataclass(frozen=True, slots=True, order=True)
class LinkName:
    """One slot's name. ``str(LinkName.parse(name)) == name`` for every name that lookup asks for."""

    row: Row
    slot: int

    @classmethod
    def parse(cls, name: str) -> LinkName | None:
        """Return the parts of `name`, None where lookup would never ask for it."""
        match = _LOOKED_UP.fullmatch(name)
        if match is None:
            return None
        kind = LinkKind.CRL if match[2] else LinkKind.CERTIFICATE
        return cls(Row(match[1], kind), int(match[3]))

    def __str__(self) -> str:
        return self.row.name(self.slot)


def resembles_link(name: str) -> bool:
    """Whether `name` was meant as a hash link, though lookup (capitals, leading zeros) may never ask for it."""
    return _LOOKS_LIKE_ONE.fullmatch(name) is not None
