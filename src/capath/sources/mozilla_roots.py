"""What Mozilla has thought of which root, from capath's own dated table: when it came in, when it went, and why.

The table is facts only and can be older than the machine it runs on; everything said from it gives its date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from capath.errors import StrEnum


class TlsTrust(StrEnum):
    """Mozilla's trust bit for TLS servers."""

    YES = "yes"
    NO = "no"
    DISTRUSTED = "distrusted"
    """Actively: a certificate that nothing may chain to."""


@dataclass(frozen=True, slots=True)
class MozillaRoot:
    """One root in Mozilla's store, now or once. `removed` is None while it is in."""

    sha256: str
    label: str
    included: date
    removed: date | None
    tls: TlsTrust
    distrust_after: datetime | None
    """Leaves whose notBefore is later are not accepted; older ones are."""
    constraints: str
    """The DNS names that it may issue for, as Mozilla's software applies them; empty for all."""
    reason: str


@dataclass(frozen=True, slots=True)
class MozillaList:
    """Mozilla's store as it was on `date`, with the roots that had left it by then."""

    date: date
    roots: Mapping[str, MozillaRoot]

    def included(self, sha256: str) -> bool:
        """Whether the root is in the store, for whatever purpose."""
        root = self.roots.get(sha256)
        return root is not None and root.removed is None and root.tls is not TlsTrust.DISTRUSTED


@lru_cache(maxsize=1)
def mozilla_roots() -> MozillaList:
    """Return the table that comes with capath."""
    text = Path(__file__).with_name("mozilla_roots.tsv").read_text(encoding="utf-8")
    list_date = date.min
    roots = {}
    for line in text.splitlines():
        if line.startswith("# list-date: "):
            list_date = date.fromisoformat(line.removeprefix("# list-date: "))
        elif not line.startswith(("#", "sha256\t")):
            root = _root(line.split("\t"))
            roots[root.sha256] = root
    return MozillaList(list_date, roots)


def _root(cells: list[str]) -> MozillaRoot:
    sha256, label, included, removed, tls, distrust_after, constraints, reason = cells
    return MozillaRoot(
        sha256,
        label,
        date.fromisoformat(included),
        date.fromisoformat(removed) if removed else None,
        TlsTrust(tls),
        datetime.fromisoformat(distrust_after.replace("Z", "+00:00")) if distrust_after else None,
        constraints,
        reason,
    )
