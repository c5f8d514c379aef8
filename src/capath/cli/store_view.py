"""What the commands on one store begin with."""

from __future__ import annotations

import argparse
import os
import tempfile
from datetime import datetime, timezone
from typing import TYPE_CHECKING, NamedTuple

from capath.cli.output import say
from capath.errors import BadInputError
from capath.pki.visible import visible
from capath.report.layout import plural
from capath.store import Listing, list_store, scan

if TYPE_CHECKING:
    from capath.audit import Finding
    from capath.store.constraints import KeptConstraints

_WELL_KNOWN = ("certifi", "system")


def read_listing(arguments: argparse.Namespace, *, read: bool = True) -> Listing:
    """The listing of DIR; with `read`, all its certificates are read at once. Raises BadInputError."""
    return list_store(scan(arguments.directory), read=read)


class Store(NamedTuple):
    """A store that is only read: its listing, the limits kept with it, and the mode of the directory."""

    listing: Listing
    kept: KeptConstraints
    mode: int


def read_store(arguments: argparse.Namespace, *, read: bool = True) -> Store:
    """The store that DIR names: a directory, or a file or store of certificates as `capath import` reads them.

    Raises BadInputError.
    """
    from capath.store.constraints import read_constraints_file

    text = arguments.directory
    if text in _WELL_KNOWN or os.path.isfile(text):
        return _as_directory(text)
    listing = list_store(scan(text), read=read)
    return Store(listing, read_constraints_file(text), os.stat(text).st_mode)


def _as_directory(text: str) -> Store:
    """What a CApath made of the source `text` would be. Raises BadInputError where it contains no certificate."""
    from capath.change.apply import apply_plan
    from capath.change.import_ import ImportOptions, plan_import
    from capath.pki.claims import Refused
    from capath.sources.open_source import open_source
    from capath.store.constraints import KeptConstraints, read_constraints_file

    source = open_source(text, lambda _: None)
    with tempfile.TemporaryDirectory(prefix="capath-") as place:
        empty = list_store(scan(place))
        planned = plan_import(empty, source.read(), visible(source.title), ImportOptions(), KeptConstraints())
        refused = [entry for entry in planned.entries if isinstance(entry, Refused)]
        if len(refused) == len(planned.entries):
            why = f": {visible(refused[0].reason)}" if refused else ""
            raise BadInputError(f"{visible(text)} is not a directory, and contains no certificate{why}")
        apply_plan(planned.plan, history=False)
        listing = list_store(scan(place))
        kept = read_constraints_file(place)
        mode = os.stat(place).st_mode
    listing.snapshot.directory = text
    rejected = f"; {plural(len(refused), 'item')} in it cannot be read" if refused else ""
    say(f"{visible(text)} is shown as the CApath that capath import would make of it{rejected}")
    return Store(listing, kept, mode)


def findings_by_certificate(
    listing: Listing, now: datetime, only: str = "", *, kept: KeptConstraints | None = None
) -> dict[str, list[Finding]]:
    """The audit's findings about each certificate, by its SHA-256; with `only`, about that one."""
    from capath.audit import audit
    from capath.store.constraints import read_constraints_file

    if kept is None:
        kept = read_constraints_file(listing.snapshot.directory)
    found = audit(listing, now, kept=kept, only=only).findings
    grouped: dict[str, list[Finding]] = {}
    for finding in found:
        if finding.sha256:
            grouped.setdefault(finding.sha256, []).append(finding)
    return grouped


def now_utc() -> datetime:
    """The time that all of one command uses."""
    return datetime.now(timezone.utc)
