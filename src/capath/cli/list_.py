"""``capath list STORE``."""

from __future__ import annotations

import argparse

from capath.cli.exit_status import ExitStatus
from capath.cli.output import show, width
from capath.cli.parser import add_store
from capath.cli.store_view import findings_by_certificate, now_utc, read_listing


def configure(parser: argparse.ArgumentParser) -> None:
    add_store(parser)


def run(arguments: argparse.Namespace) -> int:
    from capath.report.document import document
    from capath.report.listing import listing_json, listing_lines

    listing = read_listing(arguments)
    now = now_utc()
    if arguments.json:
        print(document(listing_json(listing, findings_by_certificate(listing, now))))
    else:
        show(listing_lines(listing, now, width()))
    return ExitStatus.GOOD
