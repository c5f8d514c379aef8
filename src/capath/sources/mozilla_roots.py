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
from capath.store.constraints import Kept
from capath.store.diff import Member, Side


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


@dataclass(frozen=True, slots=True)
class Limits:
    """`distrust_after`: leaves whose notBefore is later are not accepted. `constraints`: the names it may issue
    for, empty for all. `source` says whose word it is; `list_date` is the date of Mozilla's list, where it is."""

    distrust_after: datetime | None
    constraints: str
    source: str
    list_date: date | None


NO_LIMITS = Limits(None, "", "", None)


def limits_of(sha256: str, kept: Mapping[str, Kept], mozilla: MozillaList) -> Limits:
    """Return the limits of the root. `kept` is `KeptConstraints.by_sha256` of its directory."""
    known = kept.get(sha256)
    if known is not None:
        return Limits(known.distrust_after, known.constraints, f"kept from {known.source}", None)
    root = mozilla.roots.get(sha256)
    if root is None or root.removed is not None or root.tls is TlsTrust.DISTRUSTED:
        return NO_LIMITS
    return Limits(root.distrust_after, root.constraints, f"Mozilla's list of {mozilla.date}", mozilla.date)


def mozilla_side() -> Side:
    """The list that comes with capath. It has no keys, so certificates of the same key are not found in it."""
    table = mozilla_roots()
    members = {
        sha256: Member(sha256, root.label, root.tls is TlsTrust.YES, root.distrust_after, root.constraints)
        for sha256, root in table.roots.items()
        if table.included(sha256)
    }
    return Side(f"Mozilla's list of {table.date}", members)
