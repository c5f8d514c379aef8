"""``capath minimise STORE HOST…``: the smallest set of roots that keeps every host verifying."""

from __future__ import annotations

import argparse
import os
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from capath.cli.changing import add_no_history, recover_first, row_memory
from capath.cli.exit_status import ExitStatus
from capath.cli.output import progress, say, show, width
from capath.cli.parser import add_store
from capath.cli.store_view import read_listing
from capath.cli.test_options import add_test_options, hosts_to_test
from capath.errors import ChangeError
from capath.pki.visible import visible
from capath.report.layout import plural

if TYPE_CHECKING:
    from capath.change.plan import Plan
    from capath.change.toggle import RowMemory
    from capath.remedy.anchor_sets import AnchorSet
    from capath.remedy.host_needs import HostNeeds
    from capath.remedy.minimise import Minimum
    from capath.store import Listing
    from capath.tls.test_options import HostToTest

_JOBS_LIMIT = 32


def configure(parser: argparse.ArgumentParser) -> None:
    add_store(parser, before="hosts")
    parser.add_argument("hosts", metavar="HOST[:PORT]", nargs="*", help="what must keep verifying")
    parser.add_argument(
        "--file", metavar="FILE", help="hosts, one a line; # starts a comment; - is standard input"
    )
    parser.add_argument("--apply", action="store_true", help="distrust all others, in one change")
    parser.add_argument("--output", metavar="DIR", help="make a CApath with the set; DIR is new or empty")
    add_no_history(parser)
    add_test_options(parser)


def run(arguments: argparse.Namespace) -> int:
    from capath.remedy.anchor_sets import trusted_objects
    from capath.remedy.host_needs import NotReached, NotVerifying, failing_with, smallest_set

    wanted = hosts_to_test(arguments)
    if arguments.output is not None:
        _check_output(arguments.output)
    if arguments.apply and arguments.store.read_only:
        raise ChangeError(arguments.store.read_only)
    if arguments.apply and not arguments.no_history:
        recover_first(arguments.directory)
    listing = read_listing(arguments)
    trusted = trusted_objects(listing)
    hosts = _ask(wanted, listing, trusted, min(arguments.jobs, _JOBS_LIMIT))
    minimum = smallest_set(hosts)
    if failing := failing_with(minimum, hosts, trusted):
        raise ChangeError(f"no set was found that keeps {', '.join(failing)} verifying; nothing was changed")
    unreached = any(isinstance(host, NotReached) for host in hosts)
    rejected = any(isinstance(host, NotVerifying) for host in hosts)
    _carry_out(arguments, listing, hosts, minimum, may_apply=not unreached and not rejected)
    if arguments.output is not None and minimum.roots:
        count = _write(arguments.output, listing, minimum)
        say(f"wrote {plural(count, 'certificate')} to {visible(arguments.output)}")
    if unreached:
        return ExitStatus.UNREACHABLE
    return ExitStatus.BAD if rejected else ExitStatus.GOOD


def _ask(wanted: Sequence[HostToTest], listing: Listing, trusted: AnchorSet, jobs: int) -> list[HostNeeds]:
    from capath.remedy.host_needs import needs_of
    from capath.tls.many.threads import each, ending

    cancelled = threading.Event()

    def ask(host: HostToTest) -> HostNeeds:
        return needs_of(host, listing, trusted, cancelled=cancelled.is_set)

    with ending(each(wanted, ask, threads=jobs), cancelled) as answers:
        found = {}
        for position, needs in answers:
            found[position] = needs
            progress(f"{len(found)} of {len(wanted)}")
        progress("")
    return [found[position] for position in sorted(found)]


def _carry_out(
    arguments: argparse.Namespace,
    listing: Listing,
    hosts: Sequence[HostNeeds],
    minimum: Minimum,
    *,
    may_apply: bool,
) -> None:
    """Apply the plan where that is asked for and known to be safe, and print what was found."""
    from capath.change.apply import apply_plan
    from capath.report.change import change_lines
    from capath.report.document import document
    from capath.report.minimise import minimise_json, minimise_lines

    plan = _plan(listing, minimum, row_memory(arguments))
    applied = bool(arguments.apply) and may_apply and bool(minimum.roots)
    if applied:
        apply_plan(plan, history=not arguments.no_history)
    if arguments.json:
        print(document(minimise_json(listing, hosts, minimum, plan, applied)))
    else:
        show(minimise_lines(listing, hosts, minimum, width()))
        if applied:
            show(change_lines(plan, applied=True, undoable=not arguments.no_history))
    if arguments.apply and not may_apply:
        say("nothing was changed: what hosts need that cannot be reached or do not verify now is unknown")
    elif arguments.apply and not applied:
        say("nothing was changed: no host verifies, so every root would be distrusted")


def _check_output(path: str) -> None:
    """Raises ChangeError where `path` is not a new or empty directory: nothing in it is mixed or overwritten."""
    try:
        if not os.path.lexists(path) or not os.listdir(path):
            return
    except OSError as error:
        raise ChangeError(f"{visible(path)}: {error.strerror}; nothing was written") from None
    raise ChangeError(f"{visible(path)} is not empty; nothing was written", hint="name a new directory")


def _write(path: str, listing: Listing, minimum: Minimum) -> int:
    """Make a CApath of the smallest set at `path`, with its limits; return how many. Raises ChangeError."""
    from capath.change.apply import apply_plan
    from capath.change.import_ import ImportOptions, plan_import
    from capath.pki.claims import Claims, Item
    from capath.store import list_store, scan
    from capath.store.constraints import KeptConstraints, read_constraints_file

    kept = read_constraints_file(listing.snapshot.directory).by_sha256
    items = []
    for sha256 in sorted(minimum.roots):
        certificate = listing.by_sha256[sha256][0].certificate
        limits = kept.get(sha256)
        claims = Claims(
            certificate.subject.title if limits is None else limits.label,
            distrust_after=None if limits is None else limits.distrust_after,
            constraints="" if limits is None else limits.constraints,
        )
        items.append(Item(certificate, listing.snapshot.title, claims))
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise ChangeError(f"{visible(path)}: {error.strerror}; nothing was written") from None
    source = visible(listing.snapshot.title)
    planned = plan_import(list_store(scan(path)), items, source, ImportOptions(all_uses=True), KeptConstraints())
    apply_plan(planned.plan, history=False)
    return len(items)


def _plan(listing: Listing, minimum: Minimum, memory: RowMemory) -> Plan:
    from capath.change.toggle import plan_toggle

    others = {row.certificate.sha256 for row in listing.certificates if row.trusted} - minimum.roots
    return plan_toggle(listing, (), others, memory)
