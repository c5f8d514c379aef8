"""``capath history DIR``."""

from __future__ import annotations

import argparse

from capath.cli.exit_status import ExitStatus
from capath.cli.output import say, show, width
from capath.cli.parser import add_directory


def configure(parser: argparse.ArgumentParser) -> None:
    add_directory(parser)
    parser.add_argument(
        "--discard-journal",
        action="store_true",
        help="move the file of the history aside, if it cannot be used; earlier changes cannot be undone then",
    )


def run(arguments: argparse.Namespace) -> int:
    from capath.change.journal import Journal
    from capath.report.change import history_json, history_lines
    from capath.report.document import document
    from capath.store.walk import check_directory

    check_directory(arguments.directory)
    if arguments.discard_journal:
        from capath.change.apply import discard_history

        moved = discard_history(arguments.directory)
        say(f"the history was moved to {moved}" if moved else "there was no history")
    changes = Journal(arguments.directory).changes()
    if arguments.json:
        print(document(history_json(arguments.directory, changes)))
    else:
        show(history_lines(changes, width()))
    return ExitStatus.GOOD
