"""What a root may be believed for, beyond what its certificate says: a date for leaves, names for servers.

What an import kept beside the store comes first, then Mozilla's list that comes with capath. OpenSSL knows
neither, so leaves have to be judged by whoever asks here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from capath.sources.mozilla_roots import MozillaList, TlsTrust
from capath.store.constraints import Kept


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
