"""``capath trust DIR WHICH…``."""

from __future__ import annotations

import argparse

from capath.cli.toggle import configure_toggle, read_selection, toggle


def configure(parser: argparse.ArgumentParser) -> None:
    configure_toggle(parser)
    parser.add_argument("--only", action="store_true", help="distrust every other certificate")


def run(arguments: argparse.Namespace) -> int:
    listing, chosen = read_selection(arguments)
    others = {row.held.sha256 for row in listing.certificates if row.trusted} - set(chosen)
    return toggle(arguments, listing, chosen, others if arguments.only else ())
