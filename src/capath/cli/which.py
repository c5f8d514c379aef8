"""WHICH on a command line: what the words of `capath.store.select` name in the directory of a command."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence
from datetime import datetime, timezone

from capath.store.listing import CertificateRow, Listing
from capath.store.select import select


def chosen_rows(listing: Listing, words: Sequence[str], *, every: bool) -> list[CertificateRow]:
    """One row for each certificate that `words` name, several a word only with `every`. Raises BadInputError."""
    now = datetime.now(timezone.utc)

    def found_by(rule: str) -> Collection[str]:
        from capath.cli.check import check_rule
        from capath.cli.store_view import findings_by_certificate

        check_rule(rule)
        grouped = findings_by_certificate(listing, now)
        return {sha256 for sha256, found in grouped.items() if any(finding.rule == rule for finding in found)}

    return select(listing, words, every=every, now=now, rule=found_by)


def add_all(parser: argparse.ArgumentParser) -> None:
    """Add ``--all``."""
    parser.add_argument("--all", action="store_true", help="take every certificate that a WHICH matches")
