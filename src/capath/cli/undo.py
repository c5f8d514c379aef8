"""``capath undo DIR``."""

from __future__ import annotations

import argparse

from capath.cli.changing import add_dry_run, recover_first
from capath.cli.exit_status import ExitStatus
from capath.cli.output import settings, show
from capath.cli.parser import add_directory


def configure(parser: argparse.ArgumentParser) -> None:
    add_directory(parser)
    add_dry_run(parser)


def run(arguments: argparse.Namespace) -> int:
    from capath.change.apply import undo_last, undo_plan
    from capath.report.change import change_lines, plan_json
    from capath.report.document import document
    from capath.store.walk import check_directory

    check_directory(arguments.directory)
    if not arguments.dry_run:
        recover_first(arguments.directory)
    _, plan = undo_plan(arguments.directory)
    if not arguments.dry_run:
        undo_last(arguments.directory)
    if arguments.json:
        print(document(plan_json(plan, applied=not arguments.dry_run)))
    elif arguments.dry_run or not settings.quiet:
        show(change_lines(plan, applied=not arguments.dry_run))
    return ExitStatus.GOOD
