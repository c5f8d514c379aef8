"""``capath redo DIR``: the change that was undone last, again."""

from __future__ import annotations

import argparse

from capath.cli.changing import add_dry_run, carry_out, recover_first
from capath.cli.parser import add_directory


def configure(parser: argparse.ArgumentParser) -> None:
    add_directory(parser)
    add_dry_run(parser)
    parser.set_defaults(no_history=False)  # there is nothing to redo without one


def run(arguments: argparse.Namespace) -> int:
    from capath.change.journal import Journal
    from capath.change.undo import redo_plan
    from capath.store.walk import scan

    if not arguments.dry_run:
        recover_first(arguments.directory)
    snapshot = scan(arguments.directory)
    return carry_out(redo_plan(snapshot, Journal(arguments.directory).changes()), arguments)
