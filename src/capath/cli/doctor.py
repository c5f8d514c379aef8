"""``capath doctor [HOST[:PORT]…]``: the store that each TLS client reads, and whether it accepts HOST."""

from __future__ import annotations

import argparse
import os
from datetime import datetime, timezone

from capath.cli.exit_status import ExitStatus
from capath.cli.output import show, width
from capath.errors import BadInputError
from capath.pki.visible import visible

_TIMEOUT_S = 10.0


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Clients are asked with their own commands, without a shell, each within --timeout; with HOST each "
        "connects to it. Nothing is changed, also where a remedy is tried."
    )
    parser.add_argument(
        "hosts", metavar="HOST[:PORT]", nargs="*", help="whether each client accepts it, and why not"
    )
    parser.add_argument(
        "--python", metavar="PATH", action="append", default=[], help="an interpreter besides those on the PATH"
    )
    parser.add_argument("--client", metavar="NAME[,NAME]", help="these clients and no others")
    parser.add_argument("--no-run", action="store_true", help="run no client: look at files and variables only")
    parser.add_argument(
        "--timeout", metavar="S", type=float, default=_TIMEOUT_S, help="for each client (default: 10 seconds)"
    )


def run(arguments: argparse.Namespace) -> int:
    from capath.doctor.examine import Doctor
    from capath.doctor.machine import Machine
    from capath.doctor.registry import CLIENTS
    from capath.report.doctor import examination_json, examination_lines
    from capath.report.document import document
    from capath.tls.network.endpoint import parse_endpoint

    if not 0 < arguments.timeout <= 3600:
        raise BadInputError(f"--timeout {arguments.timeout:g}: give seconds, more than 0 and up to 3600")
    names = [client.name for client in CLIENTS] if arguments.client is None else arguments.client.split(",")
    for name in set(names).difference(client.name for client in CLIENTS):
        known = ", ".join(client.name for client in CLIENTS)
        raise BadInputError(f"{visible(name)} is not a client that capath knows", hint=f"the clients are {known}")
    for path in arguments.python:
        if not os.access(path, os.X_OK):
            raise BadInputError(f"{visible(path)} cannot be run", hint="give the path of a Python interpreter")
    machine = Machine(
        dict(os.environ),
        os.getcwd(),
        may_run=not arguments.no_run,
        pythons=tuple(map(os.path.abspath, arguments.python)),
        timeout_s=arguments.timeout,
    )
    clients = [client for client in CLIENTS if client.name in names]
    endpoints = [parse_endpoint(host) for host in dict.fromkeys(arguments.hosts)]
    found = Doctor(machine, datetime.now(timezone.utc), clients=clients).examine(endpoints)
    if not found.rows and not found.strange:
        wanted = "TLS client" if arguments.client is None else visible(arguments.client)
        raise BadInputError(f"no {wanted} was found on the PATH", hint="--python names an interpreter elsewhere")
    if arguments.json:
        print(document(examination_json(found)))
    else:
        show(examination_lines(found, width()))
    if found.is_bad:
        return ExitStatus.BAD
    return ExitStatus.UNREACHABLE if found.unreachable else ExitStatus.GOOD
