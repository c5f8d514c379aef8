"""``capath links STORE``."""

from __future__ import annotations

import argparse

from capath.cli.exit_status import ExitStatus
from capath.cli.output import show
from capath.cli.parser import add_store
from capath.cli.store_view import read_listing
from capath.errors import BadInputError


def configure(parser: argparse.ArgumentParser) -> None:
    add_store(parser)
    parser.add_argument("--defects", action="store_true", help="only the links that have a defect")


def run(arguments: argparse.Namespace) -> int:
    from capath.report.document import document
    from capath.report.listing import links_json, links_lines

    if arguments.store.read_only:
        raise BadInputError(f"{arguments.store.title}: it has no hash links", hint=arguments.store.read_only)
    listing = read_listing(arguments, read=False)
    if arguments.json:
        print(document(links_json(listing, only_defects=arguments.defects)))
    else:
        show(links_lines(listing, only_defects=arguments.defects))
    return ExitStatus.GOOD
