"""What the commands on one store begin with."""

from __future__ import annotations

import argparse
import os
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from capath.store import Listing, list_store, scan

if TYPE_CHECKING:
    from capath.audit import Finding


def read_listing(arguments: argparse.Namespace) -> Listing:
    """The listing of DIR. Raises BadInputError."""
    return list_store(scan(arguments.directory))


def findings_by_certificate(listing: Listing, now: datetime) -> dict[str, list[Finding]]:
    """The audit's findings about each certificate, by its SHA-256."""
    from capath.audit import findings
    from capath.store.constraints import read_constraints_file

    directory = listing.snapshot.directory
    found = findings(
        listing, now, directory_mode=os.stat(directory).st_mode, kept=read_constraints_file(directory)
    )
    grouped: dict[str, list[Finding]] = {}
    for finding in found:
        if finding.sha256:
            grouped.setdefault(finding.sha256, []).append(finding)
    return grouped


def now_utc() -> datetime:
    """The time all of one command is told by."""
    return datetime.now(timezone.utc)
