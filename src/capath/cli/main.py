"""The entry point: which command, and what its errors mean to a shell."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from capath import __version__
from capath.cli.exit_status import ExitStatus
from capath.cli.output import complain, gated, settings, ungated
from capath.cli.registry import COMMANDS, find_command
from capath.errors import CapathError, ChangeError, InterruptedChangeError

TYPE_CHECKING = False  # typing's, without importing it: `capath rehash` imports next to nothing
if TYPE_CHECKING:
    from capath.cli.explore import ExploreRequest, OpenExplorer

_HELP = """\
usage: capath [DIR] [--read-only] [--hosts FILE]   open the explorer
       capath COMMAND [...]                        work without a screen
       capath COMMAND --help                       options and examples

The explorer:
  DIR           the CApath (default: ./crts if it is there, else the one that
                OpenSSL itself uses; SSL_CERT_DIR is respected)
  --read-only   show everything, change nothing
  --hosts FILE  hosts to test, one a line

{commands}
Other options:
  -V, --version [-v]   capath's version; with -v, of what it is built on
  -h, --help           this text

Every command has --json. Exit status:
  0 done and good   1 done, and something is bad   2 wrong usage or input
  3 a host could not be reached   4 not changed   130 interrupted
capath rehash counts errors instead, as openssl rehash does.
"""
_EXPLORER_OPTIONS = frozenset({"--read-only", "--hosts", "--root"})


def main(argv: Sequence[str], open_explorer: OpenExplorer) -> int:
    """Run the command that `argv` (without the program's name) gives; return the exit status."""
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    with gated():
        return _run(list(argv), open_explorer)


def _run(argv: list[str], open_explorer: OpenExplorer) -> int:
    try:
        status = _dispatch(argv, open_explorer)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return ExitStatus.INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has gone: that is its right, and no error of ours.
        _discard_output()
        return ExitStatus.GOOD
    except CapathError as error:
        return _tell(error, as_json="--json" in argv)
    except OSError as error:
        # No space, a device's fault: without a name it is of standard output, all else is met where it comes up.
        if type(error) is not OSError or error.filename is not None:
            raise
        _discard_output()
        complain(f"the output could not be written: {error.strerror}")
        return ExitStatus.BAD


def _tell(error: CapathError, *, as_json: bool) -> ExitStatus:
    """Print `error` on standard error, as text or as an object; return the exit status for it."""
    match error:
        case ChangeError():
            kind, status = "not-changed", ExitStatus.UNCHANGED
        case InterruptedChangeError():
            # Not UNCHANGED: the directory is half changed until the next capath.
            kind, status = "half-changed", ExitStatus.BAD
        case _:
            kind, status = "bad-input", ExitStatus.USAGE
    if as_json:
        from capath.report.document import document

        found = {"kind": kind, "text": error.text, "hint": error.hint or None}
        print(document({"error": found}), file=sys.stderr)
    else:
        complain(str(error))
    return status


def _open_closed_streams() -> None:
    """Give a standard stream that the caller has closed (``>&-``) an end that takes all and has nothing."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 (as long as the process)


def _discard_output() -> None:
    """Let what is still in standard output's buffer go nowhere when the process ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _dispatch(argv: list[str], open_explorer: OpenExplorer) -> int:
    if argv[:1] == ["help"] and len(argv) > 1 and find_command(argv[1]) is not None:
        argv = [argv[1], "--help"]
    if argv and argv[0] in ("-h", "--help", "help"):
        print(_HELP.format(commands=_listed_commands()), end="")
        return ExitStatus.GOOD
    if argv and argv[0] in ("-V", "--version"):
        return _show_version(verbose="-v" in argv[1:])
    command = find_command(argv[0]) if argv else None
    if command is None:
        _check_meaning(argv)
        from capath.cli.explore import explore

        return explore(argv, _without_gate(open_explorer))
    module = command.load()
    plain = module.plain_arguments(argv[1:]) if hasattr(module, "plain_arguments") else None
    if plain is not None:
        return int(module.run(plain))
    from capath.cli.parser import command_parser, find_directory

    try:
        arguments = command_parser(command, module).parse_intermixed_args(argv[1:])
    except SystemExit:  # of --help
        return ExitStatus.GOOD
    settings.color, settings.quiet = arguments.color, arguments.quiet
    find_directory(arguments)
    arguments.open_explorer = _without_gate(open_explorer)
    from capath.cli.signals import ended_in_order

    with ended_in_order():
        if getattr(arguments, "reads_store", False):
            from capath.cli.store_view import opened

            with opened(arguments):
                return int(module.run(arguments))
        return int(module.run(arguments))


def _listed_commands() -> str:
    width = max(len(command.name) for command in COMMANDS)
    groups: dict[str, list[str]] = {}
    for command in COMMANDS:
        groups.setdefault(command.group, []).append(f"  {command.name:<{width}}  {command.summary}\n")
    return "\n".join(f"{group}:\n{''.join(lines)}" for group, lines in groups.items())


def _show_version(*, verbose: bool) -> ExitStatus:
    print(f"capath {__version__}")
    if verbose:
        import platform
        import ssl

        import cryptography
        import OpenSSL
        from OpenSSL import SSL

        library = SSL.SSLeay_version(SSL.SSLEAY_VERSION).decode()
        print(f"Python {platform.python_version()} ({ssl.OPENSSL_VERSION})")
        print(f"pyOpenSSL {OpenSSL.__version__} ({library})")
        print(f"cryptography {cryptography.__version__}")
    return ExitStatus.GOOD


def _check_meaning(argv: Sequence[str]) -> None:
    """Raise BadInputError where the first word is neither an option of the explorer nor a store."""
    if not argv or argv[0] in _EXPLORER_OPTIONS or os.path.isdir(argv[0]):
        return
    from capath.sources.store import is_store

    if is_store(argv[0]):
        return
    from capath.cli.meaning import meant

    raise meant(argv)


def _without_gate(open_explorer: OpenExplorer) -> OpenExplorer:
    """The explorer draws on the streams themselves."""

    def opened(request: ExploreRequest) -> int:
        with ungated():
            return open_explorer(request)

    return opened
