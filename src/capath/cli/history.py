"""``capath history DIR``."""

from __future__ import annotations

import argparse

from capath.cli.exit_status import ExitStatus
from capath.cli.store_view import add_directory


def configure(parser: argparse.ArgumentParser) -> None:
    add_directory(parser)


def run(arguments: argparse.Namespace) -> int:
    from capath.change.journal import Journal
    from capath.report.change import history_json, history_text
    from capath.report.document import document
    from capath.store.scan import check_directory

    check_directory(arguments.directory)
    changes = Journal(arguments.directory).changes()
    print(document(history_json(arguments.directory, changes)) if arguments.json else history_text(changes))
    return ExitStatus.GOOD
