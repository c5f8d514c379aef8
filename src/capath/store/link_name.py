"""Which names mean something: hash links, ``HHHHHHHH.N`` for a certificate and ``HHHHHHHH.rN`` for a CRL, and the
files that `openssl rehash` looks at (openssl-rehash(1))."""

from __future__ import annotations

import re
from typing import NamedTuple

from capath.errors import StrEnum

ASIDE = "untrusted"
"""The subdirectory for what is distrusted: no program that reads a store looks there."""
IN_ASIDE = f"{ASIDE}/"
CONSTRAINTS_FILE = "capath-constraints.json"
"""The file of capath's own in a store: see `capath.store.constraints`."""
_LOOKED_UP = re.compile(r"([0-9a-f]{8})\.(r?)(0|[1-9][0-9]{0,9})", re.ASCII)
_LOOKS_LIKE_ONE = re.compile(r"[0-9A-Fa-f]{8}\.[rR]?[0-9]+", re.ASCII)
_REHASH_EXTENSIONS = frozenset({"pem", "crt", "cer", "crl"})


class LinkKind(StrEnum):
    """What lookup takes from a slot: the row of certificates, or the row of CRLs."""

    CERTIFICATE = "certificate"
    CRL = "crl"


class Row(NamedTuple):
    """All slots of one hash and kind; lookup walks them from 0."""

    hash: str
    kind: LinkKind

    @property
    def start(self) -> str:
        """What the names of its slots begin with."""
        return f"{self.hash}.r" if self.kind is LinkKind.CRL else f"{self.hash}."

    def name(self, slot: int) -> str:
        """The entry name of `slot`."""
        return f"{self.start}{slot}"


class LinkName(NamedTuple):
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


def has_rehash_extension(name: str) -> bool:
    """Whether `openssl rehash` looks at a file of this name: its last extension, in any case, is one of four."""
    _, dot, extension = name.rpartition(".")
    return bool(dot) and extension.lower() in _REHASH_EXTENSIONS
