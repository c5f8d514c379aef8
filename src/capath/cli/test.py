"""``capath test HOST[:PORT]…``: live TLS tests against a CApath, as it is or as it would be."""

from __future__ import annotations

import argparse
import contextlib
import sys
import threading
from collections.abc import Iterator, Sequence

from capath.cli.exit_status import ExitStatus
from capath.cli.store_view import say
from capath.diagnosis.cause import Diagnosis
from capath.errors import BadInputError, ChangeError
from capath.pki.visible import visible
from capath.store import Snapshot, list_store, scan
from capath.tls.endpoint import Endpoint, parse_endpoint
from capath.tls.options import Client, CrlCheck, ProbeOptions, Protocol, VerifyFlags
from capath.tls.result import OutcomeName, ProbeResult

_JOBS_LIMIT = 256


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("hosts", metavar="HOST[:PORT]", nargs="*", help="what to test; the port is 443 by default")
    parser.add_argument("--capath", metavar="DIR", help="default: ./crts, else OpenSSL's own")
    parser.add_argument("--file", metavar="FILE", help="hosts, one a line, # begins a comment; - reads the input")
    parser.add_argument(
        "--client",
        metavar="LIST",
        default="pyopenssl,requests",
        help="who verifies: pyopenssl, requests, openssl (default: %(default)s)",
    )
    parser.add_argument("--servername", metavar="NAME", help="send and check this name; empty sends none")
    parser.add_argument("--timeout", metavar="S", type=_seconds, default=10.0, help="for one host (default: 10)")
    parser.add_argument("--jobs", metavar="N", type=_jobs, default=8, help="hosts at once (default: 8)")
    parser.add_argument("--trust", metavar="WHICH", action="append", default=[], help="as if it were trusted")
    parser.add_argument("--distrust", metavar="WHICH", action="append", default=[], help="as if it were not")
    parser.add_argument("--alpn", metavar="LIST", default="", help="protocols to offer: h2,http/1.1")
    protocols = [protocol.value for protocol in Protocol]
    parser.add_argument("--min-protocol", metavar="V", choices=protocols, help=", ".join(protocols))
    parser.add_argument("--max-protocol", metavar="V", choices=protocols)
    add_verify_flags(parser)
    parser.add_argument("--master-key", action="store_true", help="show the session's master key: a secret")
    parser.add_argument("-v", "--verbose", action="store_true", help="chain, lookups and session too")


def add_verify_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that OpenSSL's verification takes (openssl-verification-options(1))."""
    parser.add_argument("--strict", action="store_true", help="as Python 3.13 does: X509_V_FLAG_X509_STRICT")
    parser.add_argument("--partial-chain", action="store_true", help="any certificate of DIR can be the anchor")
    parser.add_argument("--crl-check", action="store_true", help="look the leaf up in the CRLs of DIR")
    parser.add_argument("--crl-check-all", action="store_true", help="look every certificate up in them")


def verify_flags(arguments: argparse.Namespace) -> VerifyFlags:
    check = CrlCheck.LEAF if arguments.crl_check else CrlCheck.NONE
    if arguments.crl_check_all:
        check = CrlCheck.ALL
    return VerifyFlags(arguments.strict, arguments.partial_chain, check)


def run(arguments: argparse.Namespace) -> int:
    from capath.cli.explore import default_directory

    endpoints = _endpoints(arguments)
    clients = _clients(arguments.client)
    options = _options(arguments)
    directory = arguments.capath or default_directory()
    cancelled = threading.Event()
    tests = []
    try:
        with _store(directory, arguments.trust, arguments.distrust) as (tested, snapshot):
            for result, diagnosis in _test_all(
                endpoints, directory, tested, snapshot, options, clients, arguments.jobs, cancelled
            ):
                tests.append((result, diagnosis))
                _show(arguments, result, diagnosis)
    finally:
        cancelled.set()
    if arguments.json:
        from capath.report.document import document
        from capath.report.test import result_json

        shown = [result_json(result, why, master_key=arguments.master_key) for result, why in tests]
        store = {"directory": directory, "trust": arguments.trust, "distrust": arguments.distrust}
        print(document({"store": store, "results": shown}))
    return _status(tests)


def _test_all(
    endpoints: Sequence[Endpoint],
    directory: str,
    tested: str,
    snapshot: Snapshot,
    options: ProbeOptions,
    clients: Sequence[Client],
    jobs: int,
    cancelled: threading.Event,
) -> Iterator[tuple[ProbeResult, Diagnosis | None]]:
    """Yield the tests in the order of `endpoints`, each as soon as it and all before it are done."""
    from capath.diagnosis.diagnose import diagnose
    from capath.tls.pool import each
    from capath.tls.probe import probe

    def work(endpoint: Endpoint) -> tuple[ProbeResult, Diagnosis | None]:
        result = probe(
            endpoint, tested, snapshot=snapshot, options=options, clients=clients, cancelled=cancelled.is_set
        )
        return result, diagnose(result, snapshot, directory=directory)

    early: dict[int, tuple[ProbeResult, Diagnosis | None]] = {}
    following = 0
    for position, test in each(endpoints, work, threads=jobs):
        early[position] = test
        while following in early:
            yield early.pop(following)
            following += 1


@contextlib.contextmanager
def _store(directory: str, trust: Sequence[str], distrust: Sequence[str]) -> Iterator[tuple[str, Snapshot]]:
    """The directory to test against and what is in it: a copy with the changes, where some are asked for."""
    snapshot = scan(directory)
    if not trust and not distrust:
        yield directory, snapshot
        return
    from capath.change.staging import staged_directory
    from capath.change.toggle import plan_toggle
    from capath.store.select import select_one

    say("testing the store as it would be; nothing is written")
    listing = list_store(snapshot)
    take_in = [select_one(listing, which).certificate.sha256 for which in trust]
    take_out = [select_one(listing, which).certificate.sha256 for which in distrust]
    plan = plan_toggle(listing, take_in, take_out)
    if plan.refusals:
        refusal = plan.refusals[0]
        raise ChangeError(f"{visible(refusal.name)}: {refusal.reason}; {refusal.remedy}")
    with staged_directory(plan) as staged:
        yield staged, plan.after


def _show(arguments: argparse.Namespace, result: ProbeResult, diagnosis: Diagnosis | None) -> None:
    if not arguments.json:
        from capath.report.test import result_text

        print(
            result_text(result, diagnosis, verbose=arguments.verbose, master_key=arguments.master_key), flush=True
        )


def _status(tests: Sequence[tuple[ProbeResult, Diagnosis | None]]) -> ExitStatus:
    outcomes = {result.outcome_name for result, _ in tests}
    bad = any(diagnosis is not None for result, diagnosis in tests if result.outcome_name is OutcomeName.VERIFIED)
    if OutcomeName.REJECTED in outcomes or bad:
        return ExitStatus.BAD
    return ExitStatus.UNREACHABLE if OutcomeName.UNREACHABLE in outcomes else ExitStatus.GOOD


def _endpoints(arguments: argparse.Namespace) -> list[Endpoint]:
    texts = list(arguments.hosts)
    if arguments.file:
        texts += _read_hosts(arguments.file)
    if not texts:
        raise BadInputError("no host is named; give HOST[:PORT], or --file FILE with one a line")
    return [parse_endpoint(text) for text in texts]


def _read_hosts(path: str) -> list[str]:
    try:
        if path == "-":
            content = sys.stdin.read()
        else:
            with open(path, encoding="utf-8") as file:
                content = file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"{visible(path)}: the list of hosts cannot be read: {error}") from None
    lines = (line.partition("#")[0].strip() for line in content.splitlines())
    return [line for line in lines if line]


def _clients(text: str) -> list[Client]:
    known = [client.value for client in Client]
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in known:
            raise BadInputError(f"{visible(name)}: there is no such client; the clients are {', '.join(known)}")
    return [Client(name) for name in dict.fromkeys(names)]


def _options(arguments: argparse.Namespace) -> ProbeOptions:
    name = arguments.servername
    return ProbeOptions(
        timeout_s=arguments.timeout,
        servername=parse_endpoint(name).host if name else name,
        alpn=tuple(part.strip() for part in arguments.alpn.split(",") if part.strip()),
        flags=verify_flags(arguments),
        min_protocol=Protocol(arguments.min_protocol) if arguments.min_protocol else None,
        max_protocol=Protocol(arguments.max_protocol) if arguments.max_protocol else None,
    )


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 86400:
        raise argparse.ArgumentTypeError("it must be a number of seconds above 0, a day at most")
    return value


def _jobs(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _JOBS_LIMIT:
        raise argparse.ArgumentTypeError(f"it must be a number from 1 to {_JOBS_LIMIT}")
    return int(text)
