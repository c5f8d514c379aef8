"""Comparing with another store, and bringing roots in from one. Run off the screen's thread."""

from __future__ import annotations

import os
from dataclasses import dataclass

from textual.message import Message

from capath.change.journal import Journal
from capath.change.plan import Plan
from capath.errors import BadInputError
from capath.pki.claims import Item, Refused
from capath.pki.visible import visible
from capath.sources.item import Source
from capath.sources.mozilla_side import mozilla_side
from capath.sources.open_source import open_source
from capath.store import list_store, scan
from capath.store.constraints import read_constraints_file
from capath.store.diff import Comparison, Side, compare, side_of_items, side_of_listing
from capath.tui.model import Store
from capath.tui.work import PlanMade


@dataclass
class Compared(Message):
    """This store (left) was compared with the one that `text` names."""

    text: str
    comparison: Comparison


def compare_with(text: str, store: Store) -> Compared:
    """Compare a store with the one that `text` names: ``mozilla`` or a source on this machine."""
    directory = store.listing.snapshot.directory
    left = side_of_listing("this store", store.listing, read_constraints_file(directory).by_sha256)
    return Compared(text, compare(left, _other_side(text)))


def plan_import_from(text: str, sha256: str, store: Store) -> PlanMade:
    """The plan that brings in what the source `text` holds, or the one certificate `sha256` of it."""
    from capath.change.import_ import Added, AlreadyHere, ImportOptions, LeftOut, plan_import
    from capath.report.import_ import summary_text

    source = _source(text)
    found = [item for item in source.read() if not sha256 or _sha256_of(item) == sha256]
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
        raise BadInputError(f"{visible(text)}: there is no certificate in it that could come in")
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
        raise BadInputError(f"{visible(text)}: there is no certificate in it to compare with")
    return side_of_items(source.title, items)


def _source(text: str) -> Source:
    if text == "mozilla":
        raise BadInputError(
            "Mozilla's list that comes with capath has no certificates: capath import fetches them"
        )
    return open_source(os.path.expanduser(text), lambda _: None)


def _sha256_of(found: Item | Refused) -> str:
    return found.certificate.sha256 if isinstance(found, Item) else ""
