"""What the commands that change a store share: recover, show the plan, apply it, say what was done."""

from __future__ import annotations

import argparse

from capath.change.plan import Plan
from capath.change.toggle_row import RowMemory
from capath.cli.exit_status import ExitStatus
from capath.cli.output import say, settings, show


def add_dry_run(parser: argparse.ArgumentParser) -> None:
    """Add ``--dry-run``."""
    parser.add_argument("--dry-run", action="store_true", help="print what would be done without doing it")


def add_no_history(parser: argparse.ArgumentParser) -> None:
    """Add ``--no-history``."""
    parser.add_argument(
        "--no-history",
        action="store_true",
        help="do not read or write the history, for where it cannot be written: this change cannot be undone with "
        "capath undo, and is not taken back if capath is killed while it makes it",
    )


def recover_first(directory: str) -> None:
    """Take back what a killed capath left half done, and say so."""
    from capath.change.apply import recover

    if said := recover(directory):
        say(said)


def row_memory(arguments: argparse.Namespace) -> RowMemory:
    """The orders of rows that the history of DIR knows; none with ``--no-history``."""
    from capath.change.journal import Journal

    return {} if arguments.no_history else Journal(arguments.directory).row_memory()


def carry_out(plan: Plan, arguments: argparse.Namespace, already: str = "") -> int:
    """Apply `plan` unless ``--dry-run``; print it as text or JSON. Raises ChangeError.

    `already` says why there is nothing to do where the plan has no steps.
    """
    from capath.change.apply import apply_plan
    from capath.report.change import change_lines, plan_json
    from capath.report.document import document

    dry = bool(arguments.dry_run)
    if not dry:
        apply_plan(plan, history=not arguments.no_history)
    if arguments.json:
        print(document(plan_json(plan, applied=not dry)))
    elif dry or not settings.quiet:
        show(change_lines(plan, applied=not dry, undoable=not arguments.no_history, already=already))
    return ExitStatus.UNCHANGED if plan.refusals else ExitStatus.GOOD
