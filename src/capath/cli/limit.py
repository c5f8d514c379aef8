"""``capath limit DIR WHICH``: what a root may be believed for, kept beside it and judged in tests."""

from __future__ import annotations

import argparse
import re
from datetime import datetime

from capath.cli.changing import add_dry_run, add_no_history, carry_out, recover_first
from capath.cli.parser import add_directory
from capath.cli.store_view import read_listing
from capath.cli.which import add_all, chosen_rows
from capath.errors import BadInputError
from capath.pki.visible import visible
from capath.store.select import WHICH_HELP

_NAME = re.compile(r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*", re.ASCII)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Tests (capath test, verify, the explorer) report what a limit rejects; OpenSSL and other programs do not "
        "know limits. They are kept in capath-constraints.json in DIR, and take precedence over Mozilla's."
    )
    add_directory(parser, before="which")
    parser.add_argument("which", metavar="WHICH", nargs="+", help=WHICH_HELP)
    parser.add_argument(
        "--names",
        metavar="NAME",
        action="append",
        default=[],
        help="only for these DNS names and those under them: '*.corp.example'; may be repeated",
    )
    parser.add_argument(
        "--until", metavar="DATE", help="only for certificates issued up to this day (UTC): 2026-01-31"
    )
    parser.add_argument("--remove", action="store_true", help="remove the limits that are kept in DIR")
    add_all(parser)
    add_dry_run(parser)
    add_no_history(parser)


def run(arguments: argparse.Namespace) -> int:
    from capath.change.limit import plan_limits
    from capath.sources.mozilla_roots import limits_of, mozilla_roots
    from capath.store.constraints import OWN_LIMIT, Kept, read_constraints_file

    names, until = _names(arguments.names), _end_of_day(arguments.until)
    if arguments.remove == bool(names or until):
        raise BadInputError("say which limit", hint="give --names NAME, --until DATE or both; or only --remove")
    if not arguments.dry_run and not arguments.no_history:
        recover_first(arguments.directory)
    listing = read_listing(arguments)
    rows = chosen_rows(listing, arguments.which, every=arguments.all)
    kept = read_constraints_file(arguments.directory)
    if arguments.remove:
        plan = plan_limits(listing.snapshot, kept, (), [row.held.sha256 for row in rows])
        return carry_out(plan, arguments, f"no limit of it is kept in {visible(arguments.directory)}")
    changed = []
    for row in rows:
        known = limits_of(row.held.sha256, kept.by_sha256, mozilla_roots())
        title = row.certificate.subject.title
        changed.append(
            Kept(row.held.sha256, title, until or known.distrust_after, names or known.constraints, OWN_LIMIT)
        )
    return carry_out(plan_limits(listing.snapshot, kept, changed), arguments, "it has this limit")


def _names(given: list[str]) -> str:
    """The names as they are kept. Raises BadInputError for what is not a DNS name."""
    words = [word.lower() for text in given for word in text.replace(",", " ").split()]
    for word in words:
        if not _NAME.fullmatch(word):
            raise BadInputError(f"{visible(word)}: this is not a DNS name", hint="write '*.corp.example'")
    return "; ".join(word if word.startswith("*.") else f"*.{word}" for word in words)


def _end_of_day(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        day = datetime.strptime(f"{text}Z", "%Y-%m-%d%z")
    except ValueError:
        raise BadInputError(f"{visible(text)}: this is not a date", hint="write 2026-01-31") from None
    return day.replace(hour=23, minute=59, second=59)
