"""The entry point: which command, and what its errors mean to a shell."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from capath import __version__
from capath.cli.exit_status import ExitStatus
from capath.cli.registry import COMMANDS, find_command
from capath.errors import BadInputError, CapathError, ChangeError, InterruptedChangeError

TYPE_CHECKING = False  # typing's, without importing it: `capath rehash` imports next to nothing
if TYPE_CHECKING:
    from capath.cli.explore import OpenExplorer

_HELP = """\
usage: capath [DIR] [--read-only] [--hosts FILE]   explore a CApath (default: ./crts, else OpenSSL's own)
       capath COMMAND …                            work without a screen; capath COMMAND --help tells more

{commands}

Every command has --json. Exit status: 0 good · 1 something is bad · 2 wrong usage or input
· 3 a host could not be reached · 4 the change could not be made, nothing was changed
· 130 interrupted. capath rehash counts errors, as openssl rehash does.
"""


_EXPLORER_OPTIONS = frozenset({"--read-only", "--hosts"})


def main(argv: Sequence[str], open_explorer: OpenExplorer) -> int:
    """Run the command that `argv` (without the program's name) gives; return the exit status."""
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = _dispatch(list(argv), open_explorer)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return ExitStatus.INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has gone: that is its right, and no error of ours.
        _discard_output()
        return ExitStatus.GOOD
    except ChangeError as error:
        return _say(error, ExitStatus.UNCHANGED)
    except InterruptedChangeError as error:
        return _say(error, ExitStatus.BAD)  # not UNCHANGED: the directory is half changed until the next capath
    except CapathError as error:
        return _say(error, ExitStatus.USAGE)
    except OSError as error:
        # No space, a device's fault: without a name it is of standard output, all else is met where it comes up.
        if type(error) is not OSError or error.filename is not None:
            raise
        reason = f"what was found could not be written: {error.strerror}"
        _discard_output()
        return _say(CapathError(reason), ExitStatus.BAD)


def _open_closed_streams() -> None:
    """Give a standard stream that the caller has closed (``>&-``) an end that takes all and has nothing."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 (as long as the process)


def _discard_output() -> None:
    """Let what is still in standard output's buffer go nowhere when the process ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _check_order(argv: Sequence[str]) -> None:
    """Raise BadInputError where an option of a command stands before it."""
    if argv and argv[0].startswith("-") and argv[0] not in _EXPLORER_OPTIONS:
        meant = next((word for word in argv[1:] if find_command(word) is not None), "")
        if meant:
            from capath.pki.visible import visible

            option = visible(argv[0])
            raise BadInputError(f"{option} stands behind the command: capath {meant} {option} …")


def _dispatch(argv: list[str], open_explorer: OpenExplorer) -> int:
    if argv and argv[0] in ("-h", "--help", "help"):
        width = max(len(command.name) for command in COMMANDS)
        listed = "\n".join(f"  {command.name:<{width}}  {command.summary}" for command in COMMANDS)
        print(_HELP.format(commands=listed), end="")
        return ExitStatus.GOOD
    if argv and argv[0] in ("-V", "--version"):
        print(f"capath {__version__}")
        return ExitStatus.GOOD
    command = find_command(argv[0]) if argv else None
    if command is None:
        _check_order(argv)
        from capath.cli.explore import explore

        return explore(argv, open_explorer)
    module = command.load()
    plain = module.plain_arguments(argv[1:]) if hasattr(module, "plain_arguments") else None
    if plain is not None:
        return int(module.run(plain))
    import argparse

    parser = argparse.ArgumentParser(
        prog=f"capath {command.name}", description=command.summary, allow_abbrev=False
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    module.configure(parser)
    try:
        arguments = parser.parse_intermixed_args(argv[1:])
    except SystemExit as leaving:
        return ExitStatus.GOOD if not leaving.code else ExitStatus.USAGE
    arguments.open_explorer = open_explorer
    return int(module.run(arguments))


def _say(error: CapathError, status: ExitStatus) -> int:
    print(f"capath: {error}", file=sys.stderr)
    return status
