"""What ``capath trust`` and ``capath distrust`` share."""

from __future__ import annotations

import argparse
from collections.abc import Collection

from capath.cli.changing import add_dry_run, carry_out, recover_first
from capath.cli.store_view import add_directory
from capath.store import Listing


def configure_toggle(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of both commands."""
    add_directory(parser)
    parser.add_argument(
        "which", metavar="WHICH", nargs="+", help="a file, link, hash, fingerprint or subject~TEXT"
    )
    add_dry_run(parser)


def read_selection(arguments: argparse.Namespace) -> tuple[Listing, list[str]]:
    """The store and the SHA-256 of each certificate named. Raises BadInputError."""
    from capath.store import list_store, scan
    from capath.store.select import select_one

    if not arguments.dry_run:
        recover_first(arguments.directory)
    listing = list_store(scan(arguments.directory))
    return listing, [select_one(listing, which).certificate.sha256 for which in arguments.which]


def toggle(
    arguments: argparse.Namespace, listing: Listing, trust: Collection[str], distrust: Collection[str]
) -> int:
    """Plan the toggle and carry it out."""
    from capath.change.journal import Journal
    from capath.change.toggle import plan_toggle

    memory = Journal(arguments.directory).row_memory()
    return carry_out(plan_toggle(listing, trust, distrust, memory), arguments)
