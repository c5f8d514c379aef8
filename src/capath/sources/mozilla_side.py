"""Mozilla's list, as a store to compare with."""

from __future__ import annotations

from capath.sources.mozilla_roots import TlsTrust, mozilla_roots
from capath.store.diff import Member, Side


def mozilla_side() -> Side:
    """The list that comes with capath. It has no keys, so certificates of the same key are not found in it."""
    table = mozilla_roots()
    members = {
        sha256: Member(sha256, root.label, root.tls is TlsTrust.YES, root.distrust_after, root.constraints)
        for sha256, root in table.roots.items()
        if table.included(sha256)
    }
    return Side(f"Mozilla's list of {table.date}", members)
