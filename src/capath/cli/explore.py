"""``capath [DIR]``: which directory the explorer opens."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from capath.cli.exit_status import ExitStatus
from capath.cli.openssl_directories import openssl_directories
from capath.cli.parser import Parser
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


OpenExplorer = Callable[[ExploreRequest], int]


def explore(argv: Sequence[str], open_explorer: OpenExplorer) -> int:
    """Read ``[DIR] [--read-only]`` and open the explorer there."""
    parser = Parser(prog="capath", allow_abbrev=False, description="Explore a CApath.")
    parser.add_argument("directory", metavar="DIR", nargs="?", help="default: ./crts, else OpenSSL's own")
    parser.add_argument("--read-only", action="store_true", help="show everything, change nothing")
    parser.add_argument("--hosts", metavar="FILE", help="hosts to test, one a line, as for capath test --file")
    try:
        arguments = parser.parse_args(argv)
    except SystemExit:  # of --help
        return ExitStatus.GOOD
    directory = default_directory() if arguments.directory is None else arguments.directory
    check_directory(directory)
    hosts = () if arguments.hosts is None else _read_hosts(arguments.hosts)
    return open_explorer(ExploreRequest(directory, read_only_reason(directory, arguments.read_only), hosts))


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
