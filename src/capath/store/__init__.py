"""The read side of one CApath: what is in the directory, and what OpenSSL's lookup finds there.

Names are imported when they are first used: a rehash needs no listing.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing's, without importing it
if TYPE_CHECKING:
    from capath.store.listing import CertificateRow, CrlRow, Listing, Skipped, list_store
    from capath.store.snapshot import Snapshot
    from capath.store.walk import scan

__all__ = ["CertificateRow", "CrlRow", "Listing", "Skipped", "Snapshot", "list_store", "scan"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from capath.store import listing

    value = globals()[name] = getattr(listing, name)
    return value
