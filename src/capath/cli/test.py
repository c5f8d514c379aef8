"""``capath test HOST[:PORT]…``: live TLS tests against a CApath, as it is or as it would be."""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import resource
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from capath.cli.exit_status import ExitStatus
from capath.cli.output import has_colour, progress, say, width
from capath.cli.parser import STORE_HELP, add_root
from capath.cli.store_view import open_named
from capath.cli.test_options import add_test_options, clients_to_ask, hosts_to_test
from capath.cli.test_telling import Printer, Teller, Told
from capath.errors import ChangeError
from capath.pki.visible import shell_command, visible
from capath.remedy.full_answer import Examination, Examiner
from capath.store import Snapshot, list_store
from capath.store.constraints import read_constraints_file
from capath.store.opened import OpenedStore
from capath.tls.handshake.context import SharedContexts, sharing_contexts
from capath.tls.many.threads import Answers, each, ending
from capath.tls.result import OutcomeName, ProbeResult
from capath.tls.test_options import Client, HostToTest

# Sockets, their second names and the pipes to other programs that one host can need at a time.
_DESCRIPTORS_A_JOB = 8
_DESCRIPTORS_BESIDE = 64


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "hosts",
        metavar="HOST[:PORT]",
        nargs="*",
        help="what to test; the port is 443, or that of the --starttls protocol",
    )
    parser.add_argument("--capath", metavar="STORE", help=STORE_HELP)
    add_root(parser)
    parser.add_argument(
        "--file",
        metavar="FILE",
        help="hosts, one a line, optionally with starttls=PROTO; # starts a comment; - is standard input",
    )
    parser.add_argument(
        "--trust",
        metavar="WHICH",
        action="append",
        default=[],
        help="test as if this were trusted; nothing is written",
    )
    parser.add_argument(
        "--distrust",
        metavar="WHICH",
        action="append",
        default=[],
        help="test as if this were distrusted; nothing is written",
    )
    add_test_options(parser)
    parser.add_argument("--jsonl", action="store_true", help="one JSON object a line for each host, as it comes")
    parser.add_argument(
        "--master-key", action="store_true", help="show the session's master key, which is a secret"
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="show the chain, the lookups and the session")
    parser.add_argument(
        "--fetch-intermediates",
        action="store_true",
        help="fetch missing intermediates from the URL in the certificate; nothing is imported",
    )
    parser.add_argument(
        "--mozilla", metavar="FILE", default="", help="a CCADB report: also search it for a missing root"
    )
    parser.add_argument("--commands", action="store_true", help="print the same test for openssl, curl and Python")


@dataclass(frozen=True, slots=True)
class _Store:
    """A directory to test against and what is in it. A copy holds only what lookup finds."""

    directory: str
    snapshot: Snapshot


def run(arguments: argparse.Namespace) -> int:
    from capath.cli.explore import default_directory

    clients = clients_to_ask(arguments.client)
    hosts = hosts_to_test(arguments)
    for text in filter(os.path.isdir, arguments.hosts if arguments.capath is None else ()):
        say(f"{visible(text)} is a directory too; to test with it: {shell_command(['--capath', text])}")
    named = default_directory() if arguments.capath is None else arguments.capath
    as_json = arguments.json or arguments.jsonl
    cancelled = threading.Event()
    done: dict[int, Told] = {}
    try:
        with (
            open_named(named, arguments.root) as store,
            _stores(store, arguments.trust, arguments.distrust) as stores,
            contextlib.ExitStack() as opened,
        ):
            contexts = [opened.enter_context(sharing_contexts(tested.directory)) for tested in stores]
            examine = _work(_examiner(arguments, store, cancelled), stores, clients, contexts)
            teller = Teller(
                store.text,
                as_json=as_json,
                verbose=arguments.verbose,
                master_key=arguments.master_key,
                commands=arguments.commands,
                width=width(),
                colour=has_colour(sys.stdout),
                store_note=store.read_only,
            )
            printer = Printer(as_json, streams=arguments.jsonl, quiet=arguments.quiet)
            interrupted = _test_all(
                hosts, lambda host: teller.tell(host, *examine(host)), arguments.jobs, printer, done, cancelled
            )
    finally:
        cancelled.set()
    told = [done[position] for position in sorted(done)]
    if not arguments.verbose:
        _say_traps(told)
    if interrupted:
        say(f"interrupted: {len(told)} of {len(hosts)} hosts were tested")
    if len(told) > 1 and not as_json:
        for line in _summary(told):
            say(line)
    if arguments.json and not arguments.jsonl:
        _print_json(arguments, store, told, interrupted)
    return ExitStatus.INTERRUPTED if interrupted else _status(told)


def _summary(told: Sequence[Told]) -> list[str]:
    """How many hosts came out how, what a what-if would change, and a root that no store has on several hosts."""
    counts = Counter(one.outcome for one in told)
    outcomes = ", ".join(f"{counts[name]:,} {name}" for name in OutcomeName if counts[name])
    causes = Counter(one.cause for one in told if one.cause)
    listed = ", ".join(f"{cause} {count:,}" for cause, count in causes.most_common())
    lines = [f"{len(told):,} hosts: {outcomes}{f' ({listed})' if listed else ''}"]
    changes = Counter(_change(one) for one in told if one.before is not None)
    if changes:
        words = ("breaks", "fixes", "leaves unchanged", "could not test")
        lines.append(f"the change {', '.join(f'{word} {changes[word]:,}' for word in words if changes[word])}")
    roots = Counter(one.unknown_root for one in told if one.unknown_root)
    lines.extend(
        f"{count:,} of {len(told):,} hosts end in “{root}”, which no store here has: an intercepting proxy, or a "
        "private CA of all of them"
        for root, count in roots.items()
        if count > 1
    )
    return lines


def _change(one: Told) -> str:
    """What the what-if does to a host. One that was not reached, before or after, is not tested."""
    if OutcomeName.UNREACHABLE in (one.before, one.outcome):
        return "could not test"
    if one.before is one.outcome:
        return "leaves unchanged"
    return "fixes" if one.outcome is OutcomeName.VERIFIED else "breaks"


def _say_traps(told: Sequence[Told]) -> None:
    """Say once, briefly, that the environment can lead other programs to another store; -v says it in full."""
    traps = dict.fromkeys(trap for one in told for trap in one.traps)
    if traps:
        say(f"{', '.join(traps)} in the environment can make other programs use another store; -v shows which")


def _examiner(arguments: argparse.Namespace, store: OpenedStore, cancelled: threading.Event) -> Examiner:
    """How each test is explained. Raises BadInputError for ``--mozilla``."""
    roots = None
    if arguments.mozilla:
        from capath.diagnosis.known_roots import usual_roots

        roots = usual_roots(arguments.mozilla)
    return Examiner(
        store.text,
        read_constraints_file(store.directory),
        roots=roots,
        fetch_intermediates=arguments.fetch_intermediates,
        cancelled=cancelled.is_set,
    )


def _test_all(
    hosts: Sequence[HostToTest],
    work: Callable[[HostToTest], Told],
    jobs: int,
    printer: Printer,
    done: dict[int, Told],
    cancelled: threading.Event,
) -> bool:
    """Fill `done`, and show each test as soon as it and all before it are there. Whether it was interrupted.

    After an interrupt, what was finished after a host that was not is shown too.
    """
    following = 0
    with _answers(hosts, work, _affordable(min(jobs, len(hosts))), cancelled) as answers:
        try:
            for position, told in answers:
                done[position] = told
                _progress(len(done), len(hosts))
                while following in done:
                    printer.print(done[following])
                    following += 1
        except KeyboardInterrupt:
            done.update(answers.ready())
            for position in sorted(done):
                if position >= following:
                    printer.print(done[position])
            return True
    return False


@contextlib.contextmanager
def _answers(
    hosts: Sequence[HostToTest], work: Callable[[HostToTest], Told], at_once: int, cancelled: threading.Event
) -> Iterator[Answers[Told]]:
    """The tests of all hosts, `at_once` at a time, by as many processes as are worth it."""
    from capath.tls.many.processes import Processes, worthwhile_processes

    processes = worthwhile_processes(len(hosts), at_once)
    if processes > 1:
        with Processes(hosts, work, processes=processes, at_once=at_once, cancelled=cancelled) as answers:
            yield answers
    else:
        with ending(each(hosts, work, threads=at_once), cancelled) as answers:
            yield answers


def _work(
    examiner: Examiner, stores: Sequence[_Store], clients: Sequence[Client], contexts: Sequence[SharedContexts]
) -> Callable[[HostToTest], tuple[Examination, ProbeResult | None]]:
    """What is done with each host: a test with the first of `stores`, and one with the second where there is one.

    The first is the examiner's directory or a copy of it, changed; the second is then the directory as it is.
    """
    from capath.tls.probe import probe

    gc.freeze()  # the store stays as it is: there is nothing in it to collect

    def work(host: HostToTest) -> tuple[Examination, ProbeResult | None]:
        results = [
            probe(
                host.endpoint,
                store.directory,
                snapshot=store.snapshot,
                options=host.options,
                clients=clients if store is stores[0] else (),
                cancelled=examiner.cancelled,
                contexts=shared,
            )
            for store, shared in zip(stores, contexts, strict=True)
        ]
        before = results[1] if len(results) > 1 else None
        return examiner.examine(results[0], stores[0].snapshot), before

    return work


def _progress(done: int, count: int) -> None:
    """Tell a person who waits how far it is, on a line that the next output takes the place of."""
    if count > 1:
        progress(f"{done} of {count}")


def _affordable(jobs: int) -> int:
    """At most `jobs`, and no more than there are file descriptors for; their limit is raised where it may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = jobs * _DESCRIPTORS_A_JOB + _DESCRIPTORS_BESIDE
    if soft == resource.RLIM_INFINITY or wanted <= soft:
        return jobs
    granted = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (granted, hard))
    return max(1, min(jobs, (granted - _DESCRIPTORS_BESIDE) // _DESCRIPTORS_A_JOB))


@contextlib.contextmanager
def _stores(opened: OpenedStore, trust: Sequence[str], distrust: Sequence[str]) -> Iterator[Sequence[_Store]]:
    """The store to test against; where changes are asked for, a copy that has them, and the store as it is."""
    directory, snapshot = opened.directory, opened.scan()
    if not trust and not distrust:
        say(f"store: {opened.title}")
        yield [_Store(directory, snapshot)]
        return
    from capath.change.staging import staged_directory
    from capath.change.toggle import plan_toggle
    from capath.cli.which import chosen_rows

    say(f"store: {opened.title} as it would be after these changes; nothing is written")
    listing = list_store(snapshot)
    take_in = [row.held.sha256 for row in chosen_rows(listing, trust, every=False)]
    take_out = [row.held.sha256 for row in chosen_rows(listing, distrust, every=False)]
    plan = plan_toggle(listing, take_in, take_out)
    if plan.refusals:
        refusal = plan.refusals[0]
        raise ChangeError(f"{visible(refusal.name)}: {refusal.reason}; {refusal.remedy}")
    with staged_directory(plan) as staged:
        yield [_Store(staged, plan.after), _Store(directory, snapshot)]


def _print_json(
    arguments: argparse.Namespace, opened: OpenedStore, told: Sequence[Told], interrupted: bool
) -> None:
    from capath.report.document import document_of_elements

    store = {
        "directory": opened.text,
        "kind": opened.kind.value,
        "title": opened.title,
        "trust": arguments.trust,
        "distrust": arguments.distrust,
    }
    head = {"store": store, "interrupted": interrupted}
    for piece in document_of_elements(head, "results", [one.text for one in told]):
        print(piece, end="")
    print()


def _status(told: Sequence[Told]) -> ExitStatus:
    outcomes = {one.outcome for one in told}
    if OutcomeName.REJECTED in outcomes or any(one.is_bad for one in told):
        return ExitStatus.BAD
    return ExitStatus.UNREACHABLE if OutcomeName.UNREACHABLE in outcomes else ExitStatus.GOOD
