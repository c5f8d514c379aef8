"""What the commands that change a store share: recover, show the plan, apply it, say what was done."""

from __future__ import annotations

import argparse

from capath.change.plan import Plan
from capath.cli.exit_status import ExitStatus
from capath.cli.store_view import say
from capath.pki.visible import visible


def add_dry_run(parser: argparse.ArgumentParser) -> None:
    """Add ``--dry-run``."""
    parser.add_argument("--dry-run", action="store_true", help="print what would be done, and do nothing")


def recover_first(directory: str) -> None:
    """Take back what a killed capath left half done, and say so."""
    from capath.change.apply import recover

    if said := recover(directory):
        say(said)


def carry_out(plan: Plan, arguments: argparse.Namespace) -> int:
    """Apply `plan` unless ``--dry-run``; print it as text or JSON. Raises ChangeError."""
    from capath.change.apply import apply_plan
    from capath.report.change import plan_json, plan_text
    from capath.report.document import document

    dry = bool(arguments.dry_run)
    if not dry:
        apply_plan(plan)
    if arguments.json:
        print(document(plan_json(plan, applied=not dry)))
    else:
        print(f"{'would ' if dry else ''}{plan.summary}:" if plan.operations else "nothing to do")
        if plan.operations or plan.refusals or plan.notes:
            print(plan_text(plan))
        if plan.operations and not dry:
            print(f"capath undo {visible(plan.before.directory)} takes it back")
    return ExitStatus.UNCHANGED if plan.refusals else ExitStatus.GOOD
