"""What ``capath trust`` and ``capath distrust`` share."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Iterable, Mapping, Sequence

from capath.change.plan import Plan
from capath.cli.changing import add_dry_run, carry_out, recover_first
from capath.cli.parser import add_directory
from capath.errors import BadInputError
from capath.pki.visible import visible
from capath.store import Listing


def configure_toggle(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of both commands."""
    add_directory(parser, before="which")
    parser.add_argument(
        "which", metavar="WHICH", nargs="+", help="a file, link, hash, fingerprint, subject~TEXT, or @FILE: a list"
    )
    parser.add_argument(
        "--policy",
        action="store_true",
        help="where update-ca-certificates (Debian) owns DIR: edit its "
        "configuration and run it; this is permanent",
    )
    add_dry_run(parser)


def read_selection(arguments: argparse.Namespace) -> tuple[Listing, list[str]]:
    """The store and the SHA-256 of each certificate named. Raises BadInputError."""
    from capath.store.listing import list_store
    from capath.store.walk import scan

    if not arguments.dry_run:
        recover_first(arguments.directory)
    lists = {which: _read_fingerprints(which[1:]) for which in arguments.which if which.startswith("@")}
    listing = list_store(scan(arguments.directory), read=False)
    return listing, _choose(listing, arguments.which, lists)


def _choose(listing: Listing, every: Iterable[str], lists: Mapping[str, Sequence[str]]) -> list[str]:
    from capath.store.select import select_one

    chosen: list[str] = []
    for which in every:
        if which in lists:
            _check_presence(which[1:], lists[which], listing)
            chosen.extend(lists[which])
        else:
            chosen.append(select_one(listing, which).held.sha256)
    return chosen


def _read_fingerprints(path: str) -> tuple[str, ...]:
    from capath.store.fingerprint_list import parse_fingerprints

    try:
        with open(path, encoding="utf-8") as file:
            wanted = tuple(parse_fingerprints(file.read(), path))
    except OSError as error:
        raise BadInputError(f"{visible(path)}: the list cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadInputError(f"{visible(path)}: this is not a list: it is not text") from None
    if not wanted:  # with --only, all roots would go
        raise BadInputError(
            f"{visible(path)}: this list names no certificate; capath export DIR --list writes one"
        )
    return wanted


def _check_presence(path: str, wanted: Sequence[str], listing: Listing) -> None:
    """Whether all certificates that the list at `path` names are here. Raises BadInputError."""
    missing = [sha256 for sha256 in wanted if sha256 not in listing.by_sha256]
    if missing:
        listed = "\n".join(f"  {sha256}" for sha256 in missing)
        raise BadInputError(
            f"{visible(path)}: {len(missing)} of {len(wanted)} are not in the directory; capath import brings "
            f"them in:\n{listed}"
        )


def toggle(
    arguments: argparse.Namespace, listing: Listing, trust: Collection[str], distrust: Collection[str]
) -> int:
    """Plan the toggle and carry it out."""
    from capath.change.journal import Journal
    from capath.change.ownership import with_owner_notes
    from capath.change.toggle import plan_toggle

    if arguments.policy:
        return carry_out(_policy_plan(listing, trust, distrust), arguments)
    memory = Journal(arguments.directory).row_memory()
    return carry_out(with_owner_notes(plan_toggle(listing, trust, distrust, memory)), arguments)


def _policy_plan(listing: Listing, trust: Collection[str], distrust: Collection[str]) -> Plan:
    from capath.change.debian import plan_debian
    from capath.store.owner import Owner, managed_by

    directory = listing.snapshot.directory
    managed = managed_by(directory)
    if managed is None or managed.owner is not Owner.DEBIAN:
        raise BadInputError(f"{visible(directory)}: update-ca-certificates does not own it; leave out --policy")
    return plan_debian(listing, trust, distrust)
