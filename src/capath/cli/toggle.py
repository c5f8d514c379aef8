"""What ``capath trust`` and ``capath distrust`` share."""

from __future__ import annotations

import argparse
import os
from collections.abc import Collection

from capath.change.plan import Plan
from capath.cli.changing import add_dry_run, add_no_history, carry_out, recover_first, row_memory
from capath.cli.parser import add_directory
from capath.cli.which import add_all, chosen_rows
from capath.errors import BadInputError
from capath.pki.visible import shell_command, visible, visible_name
from capath.store import Listing
from capath.store.select import WHICH_HELP


def configure_toggle(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of both commands."""
    add_directory(parser, before="which")
    parser.add_argument("which", metavar="WHICH", nargs="+", help=WHICH_HELP)
    add_all(parser)
    parser.add_argument(
        "--policy",
        action="store_true",
        help="where update-ca-certificates (Debian) owns DIR: edit its "
        "configuration and run it; this is permanent",
    )
    add_dry_run(parser)
    add_no_history(parser)


def read_selection(arguments: argparse.Namespace) -> tuple[Listing, list[str]]:
    """The store and the SHA-256 of each certificate named. Raises BadInputError."""
    from capath.store.listing import list_store
    from capath.store.walk import scan

    if not arguments.dry_run and not arguments.no_history:
        recover_first(arguments.directory)
    listing = list_store(scan(arguments.directory), read=False)
    first, *others = arguments.which
    if (
        others
        and os.path.isfile(first)
        and all(first not in (row.file, *row.links) for row in listing.certificates)
    ):
        command = shell_command(["capath", "import", "DIR", first])
        raise BadInputError(
            f"{visible(first)} is a file, and only a directory can be changed", hint=f"{command} makes one of it"
        )
    return listing, [row.held.sha256 for row in chosen_rows(listing, arguments.which, every=arguments.all)]


def toggle(
    arguments: argparse.Namespace, listing: Listing, trust: Collection[str], distrust: Collection[str]
) -> int:
    """Plan the toggle and carry it out."""
    from capath.change.plan import with_emptiness_note, with_owner_notes
    from capath.change.toggle import plan_toggle

    if arguments.policy:
        return carry_out(_policy_plan(listing, trust, distrust), arguments)
    memory = row_memory(arguments)
    plan = with_emptiness_note(with_owner_notes(plan_toggle(listing, trust, distrust, memory)))
    state = "trusted" if trust else "distrusted"
    names = [listing.by_sha256[sha256][0].certificate.subject.title for sha256 in (*trust, *distrust)]
    already = f"{visible_name(names[0])} is already {state}" if len(names) == 1 else f"all are already {state}"
    return carry_out(plan, arguments, already)


def _policy_plan(listing: Listing, trust: Collection[str], distrust: Collection[str]) -> Plan:
    from capath.change.debian import plan_debian
    from capath.store.owner import Owner, managed_by

    directory = listing.snapshot.directory
    managed = managed_by(directory)
    if managed is None or managed.owner is not Owner.DEBIAN:
        raise BadInputError(f"{visible(directory)}: update-ca-certificates does not own it; leave out --policy")
    return plan_debian(listing, trust, distrust)
