"""``capath distrust DIR WHICH…``."""

from __future__ import annotations

import argparse

from capath.cli.toggle import configure_toggle, read_selection, toggle


def configure(parser: argparse.ArgumentParser) -> None:
    configure_toggle(parser)


def run(arguments: argparse.Namespace) -> int:
    listing, chosen = read_selection(arguments)
    return toggle(arguments, listing, (), chosen)
