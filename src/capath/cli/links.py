"""``capath links DIR``."""

from __future__ import annotations

import argparse

from capath.cli.exit_status import ExitStatus
from capath.cli.store_view import add_directory, read_listing


def configure(parser: argparse.ArgumentParser) -> None:
    add_directory(parser)


def run(arguments: argparse.Namespace) -> int:
    from capath.report.document import document
    from capath.report.listing import links_json, links_text

    listing = read_listing(arguments)
    print(document(links_json(listing)) if arguments.json else links_text(listing))
    return ExitStatus.GOOD
