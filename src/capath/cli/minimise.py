"""``capath minimise DIR HOST…``: the smallest set of roots that keeps every host verifying."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from capath.cli.changing import recover_first
from capath.cli.exit_status import ExitStatus
from capath.cli.store_view import add_directory, read_listing, say
from capath.cli.test_options import add_test_options, hosts_to_test
from capath.errors import ChangeError

if TYPE_CHECKING:
    from capath.change.plan import Plan
    from capath.diagnosis.anchor_sets import Shown, Trusted
    from capath.diagnosis.minimise import Minimum
    from capath.report.minimise import HostNeeds
    from capath.store import Listing
    from capath.tls.host_to_test import HostToTest

_JOBS_LIMIT = 32


def configure(parser: argparse.ArgumentParser) -> None:
    add_directory(parser)
    parser.add_argument("hosts", metavar="HOST[:PORT]", nargs="*", help="what has to go on verifying")
    parser.add_argument("--file", metavar="FILE", help="hosts, one a line, # begins a comment; - reads the input")
    parser.add_argument("--apply", action="store_true", help="distrust all others, as one change")
    add_test_options(parser)


def run(arguments: argparse.Namespace) -> int:
    from capath.change.apply import apply_plan
    from capath.diagnosis.anchor_sets import trusted_objects
    from capath.diagnosis.minimise import minimise
    from capath.report.change import plan_text
    from capath.report.document import document
    from capath.report.minimise import Carried, NotReached, NotVerifying, minimise_json, minimise_text

    wanted = hosts_to_test(arguments)
    if arguments.apply:
        recover_first(arguments.directory)
    listing = read_listing(arguments)
    trusted = trusted_objects(listing)
    hosts, shown = _ask(wanted, listing, trusted, min(arguments.jobs, _JOBS_LIMIT))
    minimum = minimise({host.host: host.alternatives for host in hosts if isinstance(host, Carried)})
    _prove(minimum, shown, trusted)
    plan = _plan(listing, minimum)
    unreached = any(isinstance(host, NotReached) for host in hosts)
    applied = bool(arguments.apply) and not unreached and bool(minimum.roots)
    if applied:
        apply_plan(plan)
    if arguments.json:
        print(document(minimise_json(listing, hosts, minimum, plan, applied)))
    else:
        print(minimise_text(listing, hosts, minimum))
        if applied:
            print(plan_text(plan))
    if arguments.apply and unreached:
        say("nothing was changed: nobody knows what the hosts that were not reached need")
    elif arguments.apply and not applied:
        say("nothing was changed: no host verifies, so every root would go")
    if unreached:
        return ExitStatus.UNREACHABLE
    return ExitStatus.BAD if any(isinstance(host, NotVerifying) for host in hosts) else ExitStatus.GOOD


def _ask(
    wanted: Sequence[HostToTest], listing: Listing, trusted: Trusted, jobs: int
) -> tuple[list[HostNeeds], dict[str, Shown]]:
    """Test every host once, and find all sets of roots that carry it."""
    from capath.diagnosis.anchor_sets import Shown, anchor_sets
    from capath.diagnosis.diagnose import diagnose
    from capath.report.minimise import Carried, NotReached, NotVerifying
    from capath.tls.pool import each
    from capath.tls.probe import probe
    from capath.tls.result import OutcomeName

    snapshot = listing.snapshot
    cancelled = threading.Event()
    seen: dict[str, Shown] = {}

    def ask(host: HostToTest) -> HostNeeds:
        endpoint, options = host.endpoint, host.options
        result = probe(
            endpoint, snapshot.directory, snapshot=snapshot, options=options, cancelled=cancelled.is_set
        )
        if result.outcome_name is OutcomeName.VERIFIED:
            shown = Shown(result.verification.sent, result.started_at, options.flags)
            seen[endpoint.text] = shown
            return Carried(endpoint.text, anchor_sets(shown, trusted))
        why = diagnose(result, snapshot)
        reason = "it could not be tested" if why is None else why.text
        if result.outcome_name is OutcomeName.UNREACHABLE:
            return NotReached(endpoint.text, reason)
        return NotVerifying(endpoint.text, reason)

    try:
        answers = dict(each(wanted, ask, threads=jobs))
    finally:
        cancelled.set()
    return [answers[position] for position in sorted(answers)], seen


def _prove(minimum: Minimum, shown: dict[str, Shown], trusted: Trusted) -> None:
    """Ask OpenSSL once more with exactly the set that is going to stay. Raises ChangeError."""
    from capath.diagnosis.anchor_sets import carries

    failing = [host for host, what in shown.items() if not carries(minimum.roots, what, trusted)]
    if failing:
        raise ChangeError(
            f"no set was found that keeps {', '.join(sorted(failing))} verifying; nothing was changed"
        )


def _plan(listing: Listing, minimum: Minimum) -> Plan:
    from capath.change.journal import Journal
    from capath.change.toggle import plan_toggle

    others = {row.certificate.sha256 for row in listing.certificates if row.trusted} - minimum.roots
    memory = Journal(listing.snapshot.directory).row_memory()
    return plan_toggle(listing, (), others, memory)
