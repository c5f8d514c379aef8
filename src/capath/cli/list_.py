"""``capath list DIR``."""

from __future__ import annotations

import argparse

from capath.cli.exit_status import ExitStatus
from capath.cli.store_view import add_directory, findings_by_certificate, now_utc, read_listing


def configure(parser: argparse.ArgumentParser) -> None:
    add_directory(parser)


def run(arguments: argparse.Namespace) -> int:
    from capath.report.document import document
    from capath.report.listing import listing_json, listing_text

    listing = read_listing(arguments)
    now = now_utc()
    if arguments.json:
        print(document(listing_json(listing, findings_by_certificate(listing, now))))
    else:
        print(listing_text(listing, now))
    return ExitStatus.GOOD
