"""``python -m capath`` and the ``capath`` command."""

from __future__ import annotations

import sys


def run() -> None:
    """Run the command line of this process and exit with its status."""
    from capath.cli.main import main

    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
