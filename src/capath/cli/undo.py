"""``capath undo DIR [NUMBER]``."""

from __future__ import annotations

import argparse

from capath.cli.changing import add_dry_run, recover_first
from capath.cli.exit_status import ExitStatus
from capath.cli.output import settings, show
from capath.cli.parser import add_directory
from capath.errors import BadInputError
from capath.pki.visible import visible


def configure(parser: argparse.ArgumentParser) -> None:
    add_directory(parser, before="numbers")
    parser.add_argument(
        "numbers",
        metavar="NUMBER",
        nargs="*",
        help="of the change, as capath history lists it (default: the last)",
    )
    add_dry_run(parser)


def run(arguments: argparse.Namespace) -> int:
    from capath.change.apply import undo_last
    from capath.change.undo import undo_plan
    from capath.report.change import change_lines, plan_json
    from capath.report.document import document
    from capath.store.walk import check_directory

    number = _number(arguments.numbers)
    check_directory(arguments.directory)
    if not arguments.dry_run:
        recover_first(arguments.directory)
    _, plan = undo_plan(arguments.directory, number)
    if not arguments.dry_run:
        undo_last(arguments.directory, number)
    if arguments.json:
        print(document(plan_json(plan, applied=not arguments.dry_run)))
    elif arguments.dry_run or not settings.quiet:
        show(change_lines(plan, applied=not arguments.dry_run, reverse="redo"))
    return ExitStatus.GOOD


def _number(words: list[str]) -> int:
    if not words:
        return 0
    if len(words) > 1:
        raise BadInputError("one change is undone at a time", hint="give one NUMBER")
    if not (words[0].isascii() and words[0].isdigit() and 0 < len(words[0]) < 10):
        raise BadInputError(f"{visible(words[0])}: there is no such directory, and it is not a number of a change")
    return int(words[0])
