"""``python -m capath`` and the ``capath`` command: the one place that knows both faces."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # typing's, without importing it
if TYPE_CHECKING:
    from capath.cli.explore import ExploreRequest


def run() -> None:
    """Run the command line of this process and exit with its status."""
    if not sys.warnoptions:
        # Of this package's libraries, for its developers; who wants them says -W or PYTHONWARNINGS.
        import warnings

        warnings.simplefilter("ignore")
    from capath.cli.main import main

    try:
        status = main(sys.argv[1:], _open_explorer)
    except Exception as error:
        status = _tell_fault(error)
    if "threading" in sys.modules and sys.modules["threading"].active_count() > 1:
        _leave_threads(status)
    sys.exit(status)


def _tell_fault(met: Exception) -> int:
    """Print the traceback of a fault in capath itself, which may quote what a certificate says."""
    import traceback

    from capath.cli.exit_status import ExitStatus
    from capath.cli.output import complain, gated
    from capath.pki.visible import visible

    with gated():
        print("".join(traceback.format_tb(met.__traceback__)), end="", file=sys.stderr)
        print(visible(f"{type(met).__name__}: {met}"), file=sys.stderr)
        complain("this is a fault in capath itself; please report it with the lines above")
    return ExitStatus.FAULT


def _leave_threads(status: int) -> None:
    """End at once, whatever the threads that are left are at.

    At its own end Python ends daemon threads by an exception that Rust does not let through: one that is inside
    cryptography at that moment aborts the process, and its exit status is lost.
    """
    import contextlib
    import os

    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def _open_explorer(request: ExploreRequest) -> int:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        from capath.errors import BadInputError

        raise BadInputError("the explorer needs a terminal; capath --help lists what works without one")
    from capath.tui.explore import Exploration, explore

    return explore(
        Exploration(
            request.directory,
            request.read_only,
            request.hosts,
            request.resolver,
            welcome=request.welcome,
            scratch=request.scratch,
            title=request.title,
        )
    )


if __name__ == "__main__":
    run()
