"""The options of ``capath test``: what they are, and how hosts and their tests are made of them."""

from __future__ import annotations

import argparse
import os
import sys

from capath.errors import BadInputError
from capath.pki.visible import visible
from capath.tls.many.host_list import parse_host, read_host_list
from capath.tls.option_table import TEST_OPTIONS, read_options
from capath.tls.test_options import Client, HostToTest, VerifyFlags
from capath.tls.verify_flags import VERIFY_FLAGS, Flag, read_verify_flags

_JOBS_LIMIT = 256


def add_test_options(parser: argparse.ArgumentParser) -> None:
    """Add what says how a host is tested."""
    parser.add_argument(
        "--client",
        metavar="LIST",
        default="pyopenssl,requests",
        help=f"clients to test with: {', '.join(Client)} (default: %(default)s)",
    )
    parser.add_argument("--jobs", metavar="N", type=_jobs, default=8, help="hosts at once (default: 8)")
    connection = parser.add_argument_group("connection and verification")
    for option in TEST_OPTIONS:
        group = connection.add_mutually_exclusive_group() if option.exclusive else connection
        for flag in option.flags:
            _add_flag(group, flag)


def add_verify_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that OpenSSL's verification takes (openssl-verification-options(1))."""
    for row in VERIFY_FLAGS:
        _add_flag(parser, row.flag)


def verify_flags(arguments: argparse.Namespace) -> VerifyFlags:
    return read_verify_flags(vars(arguments))


def _add_flag(group: argparse._ActionsContainer, flag: Flag) -> None:
    if flag.metavar:
        group.add_argument(flag.name, metavar=flag.metavar, choices=flag.choices or None, help=flag.help)
    else:
        group.add_argument(flag.name, action="store_true", help=flag.help)


def hosts_to_test(arguments: argparse.Namespace) -> list[HostToTest]:
    """The hosts that are named, each with its options. Raises BadInputError."""
    options = read_options(vars(arguments), _ask_password)
    hosts = [parse_host(text, options) for text in arguments.hosts if text.strip()]
    if arguments.file:
        hosts += read_host_list(arguments.file, options)
    if not hosts:
        raise BadInputError("no host is named", hint="give HOST[:PORT], or --file FILE with one a line")
    return [host.behind_proxy(os.environ) for host in hosts]


def clients_to_ask(text: str) -> list[Client]:
    """Read the list of ``--client``. Raises BadInputError."""
    known = [client.value for client in Client]
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in known:
            raise BadInputError(f"{visible(name)}: there is no such client; the clients are {', '.join(known)}")
    return [Client(name) for name in dict.fromkeys(names)]


def _ask_password(path: str) -> str:
    import getpass

    if not sys.stdin.isatty():
        raise BadInputError(f"{visible(path)}: the key has a password, which can only be asked for on a terminal")
    return getpass.getpass(f"Password of {visible(path)}: ")


def _jobs(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _JOBS_LIMIT:
        raise argparse.ArgumentTypeError(f"it must be a number from 1 to {_JOBS_LIMIT}")
    return int(text)
