"""What the commands on one store begin with."""

from __future__ import annotations

import argparse
import os
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from capath.store import Listing, list_store, scan

if TYPE_CHECKING:
    from capath.audit import Finding


def read_listing(arguments: argparse.Namespace, *, read: bool = True) -> Listing:
    """The listing of DIR; with `read`, all its certificates are read at once. Raises BadInputError."""
    return list_store(scan(arguments.directory), read=read)


def findings_by_certificate(listing: Listing, now: datetime, only: str = "") -> dict[str, list[Finding]]:
    """The audit's findings about each certificate, by its SHA-256; with `only`, about that one."""
    from capath.audit import audit
    from capath.store.constraints import read_constraints_file

    directory = listing.snapshot.directory
    kept = read_constraints_file(directory)
    found = audit(listing, now, directory_mode=os.stat(directory).st_mode, kept=kept, only=only).findings
    grouped: dict[str, list[Finding]] = {}
    for finding in found:
        if finding.sha256:
            grouped.setdefault(finding.sha256, []).append(finding)
    return grouped


def now_utc() -> datetime:
    """The time all of one command is told by."""
    return datetime.now(timezone.utc)
