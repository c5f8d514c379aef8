"""``capath [DIR]``: which directory the explorer opens."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from capath.cli.exit_status import ExitStatus
from capath.cli.openssl_directories import openssl_directories
from capath.cli.parser import STORE_HELP, Parser, add_root
from capath.cli.store_view import open_named
from capath.errors import BadInputError
from capath.pki.visible import visible
from capath.store.walk import check_directory

if TYPE_CHECKING:
    from capath.tls.network.connect import Resolver
    from capath.tls.test_options import HostToTest


@dataclass(frozen=True)
class ExploreRequest:
    """What the explorer is asked to open. `read_only` says why nothing may be changed, empty where it may.

    `resolver` is None for the system's own. `scratch` is a directory that goes when the explorer ends, however.
    """

    directory: str
    read_only: str = ""
    hosts: tuple[HostToTest, ...] = ()
    resolver: Resolver | None = None
    welcome: str = ""
    scratch: str = ""
    title: str = ""
    """The store that `directory` is a temporary copy of; empty where it is none."""


OpenExplorer = Callable[[ExploreRequest], int]


def explore(argv: Sequence[str], open_explorer: OpenExplorer) -> int:
    """Read ``[STORE] [--read-only]`` and open the explorer there."""
    parser = Parser(prog="capath", allow_abbrev=False, description="Explore a CApath.")
    parser.add_argument("directory", metavar="STORE", nargs="?", help=STORE_HELP)
    add_root(parser)
    parser.add_argument("--read-only", action="store_true", help="show everything, change nothing")
    parser.add_argument("--hosts", metavar="FILE", help="hosts to test, one a line, as for capath test --file")
    try:
        arguments = parser.parse_args(argv)
    except SystemExit:  # of --help
        return ExitStatus.GOOD
    directory = default_directory() if arguments.directory is None else arguments.directory
    hosts = () if arguments.hosts is None else _read_hosts(arguments.hosts)
    with open_named(directory, arguments.root) as store:
        check_directory(store.directory)
        why = store.read_only or read_only_reason(store.directory, arguments.read_only)
        if not store.read_only:
            return open_explorer(ExploreRequest(store.directory, why, hosts))
        copy = store.directory
        return open_explorer(ExploreRequest(copy, why, hosts, scratch=copy, title=store.text))


def _read_hosts(path: str) -> tuple[HostToTest, ...]:
    from capath.tls.many.host_list import read_host_list
    from capath.tls.test_options import ProbeOptions

    return tuple(host.behind_proxy(os.environ) for host in read_host_list(path, ProbeOptions()))


def read_only_reason(directory: str, asked: bool) -> str:
    """Why `directory` cannot be changed here; empty where it can."""
    if asked:
        return "read-only mode"
    if not os.access(directory, os.W_OK | os.X_OK):
        return "no permission to change this directory"
    return ""


def default_directory() -> str:
    """``./crts`` if it is there, else the CApath that OpenSSL itself would use (SSL_CERT_DIR honoured)."""
    if os.path.isdir("crts"):
        return "crts"
    directories = openssl_directories()
    for directory in directories:
        if os.path.isdir(directory):
            return directory
    own = ":".join(directories) or "none"
    raise BadInputError(
        f"there is no ./crts, and OpenSSL's own CApath ({visible(own)}) does not exist", hint="name a directory"
    )
