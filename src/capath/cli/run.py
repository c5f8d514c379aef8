"""``capath run STORE -- COMMAND…``: a command with that store, for every client that uses a variable."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
from collections.abc import Sequence

from capath.cli.output import complain, say, settings
from capath.cli.signals import signals_handled
from capath.errors import BadInputError
from capath.pki.visible import visible

_NOT_FOUND, _NOT_RUN, _SIGNALLED = 127, 126, 128  # as env(1) and shells have it


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "The exit status is the command's. The store is copied to temporary files; nothing else is changed."
    )
    parser.add_argument("store", metavar="STORE", help="a CApath, a bundle, certifi or system")
    parser.add_argument("command", metavar="-- COMMAND", nargs="*", help="what to run, with its arguments")


def plain_arguments(argv: Sequence[str]) -> argparse.Namespace | None:
    """The arguments where there is a ``--``: what is after it is the command's own."""
    if "--" not in argv:
        if not {"-h", "--help"}.isdisjoint(argv):
            return None
        raise BadInputError("there is no -- COMMAND", hint="capath run STORE -- COMMAND")
    from capath.cli.parser import command_parser
    from capath.cli.registry import find_command

    at = list(argv).index("--")
    command = find_command("run")
    assert command is not None
    arguments = command_parser(command, command.load()).parse_args(list(argv[:at]))
    settings.color, settings.quiet = arguments.color, arguments.quiet
    if arguments.command:
        raise BadInputError("there is more than one store", hint="capath run STORE -- COMMAND")
    arguments.command = list(argv[at + 1 :])
    return arguments


def run(arguments: argparse.Namespace) -> int:
    from capath.doctor.giving import exceptions_text, store_variables
    from capath.doctor.open_store import given_store, open_store

    if not arguments.command:
        raise BadInputError("there is no command", hint="capath run STORE -- COMMAND")
    if arguments.json:
        raise BadInputError(
            "the output is the command's own", hint="capath export STORE --env prints the variables"
        )
    with given_store(open_store(arguments.store)) as store:
        say(exceptions_text())
        return _run(
            arguments.command, {**os.environ, **store_variables(store.bundle, store.directory, os.environ)}
        )


def _run(command: Sequence[str], environment: dict[str, str]) -> int:
    """Run it. An interrupt reaches it from the terminal, other requests to end are passed on: it decides."""
    with signals_handled({signal.SIGINT: lambda number, frame: None}):
        try:
            process = subprocess.Popen(command, env=environment)
        except FileNotFoundError:
            complain(f"{visible(command[0])}: there is no such command")
            return _NOT_FOUND
        except (OSError, ValueError) as error:
            complain(f"{visible(command[0])}: it cannot be run: {getattr(error, 'strerror', None) or error}")
            return _NOT_RUN
        passed_on = (signal.SIGTERM, signal.SIGHUP)
        with signals_handled({number: lambda number, frame: process.send_signal(number) for number in passed_on}):
            status = process.wait()
    return status if status >= 0 else _SIGNALLED - status
