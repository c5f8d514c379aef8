"""What the commands on one store begin with."""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from capath.cli.output import say
from capath.errors import BadInputError
from capath.pki.visible import visible
from capath.store import Listing, list_store, scan
from capath.store.opened import OpenedStore, StoreKind

if TYPE_CHECKING:
    from capath.audit import Finding
    from capath.sources.item import Source


@contextlib.contextmanager
def opened(arguments: argparse.Namespace) -> Iterator[None]:
    """Open the STORE of a command that reads one: `arguments.store`, whose directory is `arguments.directory`."""
    if not getattr(arguments, "reads_store", False) or arguments.directory is None:
        yield
        return
    with open_named(arguments.directory, arguments.root) as store:
        arguments.store, arguments.directory = store, store.directory
        yield


@contextlib.contextmanager
def open_named(text: str, root: str) -> Iterator[OpenedStore]:
    """Open STORE, and say what is in it and was not read, the first of it in words."""
    if os.path.isdir(text) and text not in ("certifi", "default", "mozilla", "system"):  # sources are not loaded
        yield OpenedStore(text, f"{visible(text)} (directory)", StoreKind.DIRECTORY, text)
        return
    from capath.cli.sources import NotReachedError, SourceReader, asking_for_password
    from capath.sources.store import open_store

    reader = SourceReader(asking_for_password())

    def fetch() -> Source:
        try:
            return reader.open("mozilla")
        except NotReachedError as error:
            raise BadInputError(error.text, hint=error.hint) from None

    with open_store(text, root, password=reader.password, fetch=fetch) as store:
        _say_refused(store)
        yield store


def _say_refused(store: OpenedStore) -> None:
    if store.refused:
        first = store.refused[0]
        more = f" (and {len(store.refused) - 1:,} more)" if len(store.refused) > 1 else ""
        say(f"not used: {visible(first.origin)}: {visible(first.reason)}{more}")


def read_listing(arguments: argparse.Namespace, *, read: bool = True) -> Listing:
    """The listing of DIR or STORE; with `read`, all its certificates are read at once. Raises BadInputError."""
    store: OpenedStore | None = getattr(arguments, "store", None)
    return list_store(scan(arguments.directory) if store is None else store.scan(), read=read)


def findings_by_certificate(listing: Listing, now: datetime, only: str = "") -> dict[str, list[Finding]]:
    """The audit's findings about each certificate, by its SHA-256; with `only`, about that one."""
    from capath.audit import audit
    from capath.store.constraints import read_constraints_file

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
