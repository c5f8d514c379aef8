"""``python -m capath`` and the ``capath`` command: the one place that knows both faces."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # typing's, without importing it
if TYPE_CHECKING:
    from capath.cli.explore import ExploreRequest


def run() -> None:
    """Run the command line of this process and exit with its status."""
    from capath.cli.main import main

    sys.exit(main(sys.argv[1:], _open_explorer))


def _open_explorer(request: ExploreRequest) -> int:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        from capath.errors import BadInputError

        raise BadInputError("the explorer needs a terminal; capath --help lists what works without one")
    from capath.tls.address import system_resolver
    from capath.tui.app import Exploration
    from capath.tui.explore import explore

    return explore(
        Exploration(
            request.directory,
            request.read_only,
            request.hosts,
            request.resolver or system_resolver,
            welcome=request.welcome,
        )
    )


if __name__ == "__main__":
    run()
