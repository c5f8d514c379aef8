"""Comparing with another store, and importing roots from one. Run off the screen's thread."""

from __future__ import annotations

import os
from collections.abc import Collection

from capath.change.journal import Journal
from capath.change.plan import Plan
from capath.errors import BadInputError
from capath.pki.claims import Item, Refused
from capath.pki.visible import visible
from capath.sources.item import Source
from capath.sources.mozilla_roots import mozilla_side
from capath.sources.open_source import open_source
from capath.store import list_store, scan
from capath.store.constraints import read_constraints_file
from capath.store.diff import Comparison, Side, compare, side_of_items, side_of_listing
from capath.tui.jobs import PlanMade
from capath.tui.model import Store


def compare_with(text: str, store: Store) -> Comparison:
    """Compare a store with the one that `text` names: ``mozilla`` or a source on this machine."""
    directory = store.listing.snapshot.directory
    left = side_of_listing("this store", store.listing, read_constraints_file(directory).by_sha256)
    return compare(left, _other_side(text))


def plan_import_from(text: str, chosen: Collection[str], store: Store) -> PlanMade:
    """The plan that imports what the source `text` holds, or of it the certificates `chosen` (SHA-256)."""
    from capath.change.import_ import Added, AlreadyHere, ImportOptions, LeftOut, plan_import
    from capath.report.import_ import summary_text

    source = _source(text)
    found = [item for item in source.read() if not chosen or _sha256_of(item) in chosen]
    listing = store.listing
    directory = listing.snapshot.directory
    planned = plan_import(
        listing,
        found,
        visible(source.title),
        ImportOptions(),
        read_constraints_file(directory),
        Journal(directory).row_memory(),
    )
    if not any(isinstance(entry, Added | AlreadyHere | LeftOut) for entry in planned.entries):
        raise BadInputError(f"{visible(text)}: it holds no certificate that could be imported")
    plan = planned.plan
    notes = (*plan.notes, summary_text(planned))
    return PlanMade(Plan(plan.before, plan.summary, plan.operations, plan.refusals, notes))


def _other_side(text: str) -> Side:
    if text == "mozilla":
        return mozilla_side()
    if os.path.isdir(text):
        return side_of_listing(text, list_store(scan(text)), read_constraints_file(text).by_sha256)
    source = _source(text)
    items = [item for item in source.read() if isinstance(item, Item)]
    if not items:
        raise BadInputError(f"{visible(text)}: it holds no certificate to compare with")
    return side_of_items(source.title, items)


def _source(text: str) -> Source:
    if text == "mozilla":
        raise BadInputError(
            "Mozilla's list that comes with capath has no certificates: capath import fetches them"
        )
    return open_source(os.path.expanduser(text), lambda _: None)


def _sha256_of(found: Item | Refused) -> str:
    return found.certificate.sha256 if isinstance(found, Item) else ""
