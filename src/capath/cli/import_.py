"""``capath import DIR SOURCE…``: add certificates."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from capath.cli.changing import add_dry_run, add_no_history, recover_first, row_memory
from capath.cli.exit_status import ExitStatus
from capath.cli.output import complain, say, settings, show, width
from capath.cli.parser import add_directory
from capath.cli.sources import NotReachedError, SourceReader, add_password_option, password_from
from capath.cli.store_view import read_listing
from capath.cli.which import add_all
from capath.errors import BadInputError
from capath.pki.claims import Item, Refused
from capath.pki.visible import shell_command, visible, visible_name
from capath.sources.item import Source
from capath.store.select import TermKind, matches, parse_term

_SELECT_HELP = "a fingerprint, subject~TEXT, org:TEXT, key:TEXT, expires<90d or @FILE"

if TYPE_CHECKING:
    from capath.change.import_ import Import


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "SOURCE: a PEM, DER, PKCS#7 or PKCS#12 file, a bundle, a directory, a CCADB report (CSV) or certdata.txt; "
        "- for standard input; certifi; system (this machine's store); mozilla (fetched from the CCADB); the "
        "https URL of such a file; https://HOST[:PORT] for the chain that it sends."
    )
    add_directory(parser, before="sources")
    parser.add_argument("sources", metavar="SOURCE", nargs="+", help="see below")
    uses = parser.add_mutually_exclusive_group()
    uses.add_argument("--only-websites", action="store_true", help="skip roots that are not for TLS servers")
    uses.add_argument("--all-uses", action="store_true", help="trust those too (otherwise they are distrusted)")
    parser.add_argument("--off", action="store_true", help="add without trusting")
    parser.add_argument(
        "--select",
        metavar="WHICH",
        action="append",
        default=[],
        help=f"only these: {_SELECT_HELP}",
    )
    add_all(parser)
    add_password_option(parser)
    add_dry_run(parser)
    add_no_history(parser)
    parser.add_argument("-v", "--verbose", action="store_true", help="show every certificate, and the steps")


def run(arguments: argparse.Namespace) -> int:
    from capath.change.apply import apply_plan
    from capath.change.import_ import ImportOptions, plan_import
    from capath.change.plan import with_owner_notes
    from capath.report.change import plan_lines
    from capath.report.document import document
    from capath.report.import_ import import_json, import_lines
    from capath.store.constraints import read_constraints_file

    dry = bool(arguments.dry_run)
    if not dry and not arguments.no_history:
        recover_first(arguments.directory)
    listing = read_listing(arguments)
    reader = SourceReader(password_from(arguments))
    try:
        sources = [_open(reader, text, alone=len(arguments.sources) == 1) for text in arguments.sources]
    except NotReachedError as error:
        say(str(error))
        return ExitStatus.UNREACHABLE
    planned = plan_import(
        listing,
        _selected(sources, arguments.select, every=arguments.all),
        ", ".join(visible(source.title) for source in sources),
        ImportOptions(arguments.off, arguments.only_websites, arguments.all_uses),
        read_constraints_file(arguments.directory),
        row_memory(arguments),
    )
    planned = replace(planned, plan=with_owner_notes(planned.plan))
    if not dry:
        apply_plan(planned.plan, history=not arguments.no_history)
    if arguments.json:
        print(document(import_json(planned, applied=not dry)))
    elif dry or not settings.quiet:
        lines = import_lines(
            planned,
            applied=not dry,
            everything=dry or arguments.verbose,
            width=width(),
            undoable=not arguments.no_history,
        )
        if arguments.verbose or planned.plan.refusals:
            lines[-1:-1] = plan_lines(planned.plan)
        else:
            for note in planned.plan.notes:
                say(note)
        show(lines)
    _say_expired(planned)
    if not any(not isinstance(entry, Refused) for entry in planned.entries):
        complain("the sources contain no certificate that can be imported")
        return ExitStatus.USAGE
    return ExitStatus.UNCHANGED if planned.plan.refusals else ExitStatus.GOOD


def _say_expired(planned: Import) -> None:
    """Name the new roots whose time is over: what they have issued is rejected."""
    from capath.change.import_ import Added

    now = datetime.now(timezone.utc)
    added = (entry for entry in planned.entries if isinstance(entry, Added) and not entry.why_off)
    expired = [entry.file for entry in added if (end := entry.item.certificate.not_after) and end < now]
    if expired:
        more = f" and {len(expired) - 3:,} more" if len(expired) > 3 else ""
        say(f"{len(expired)} of the new roots have expired: {visible(', '.join(expired[:3]))}{more}")


def _open(reader: SourceReader, text: str, *, alone: bool) -> Source:
    """The source that `text` names; with others after it, it may have been meant as DIR. Raises as `open`."""
    try:
        return reader.open(text)
    except BadInputError as error:
        if alone or "://" in text or os.path.lexists(text):
            raise
        hint = f"if it is the directory to import into, create it: {shell_command(['mkdir', text])}"
        raise BadInputError(error.text, hint=hint) from None


def _selected(sources: Sequence[Source], wanted: Sequence[str], *, every: bool) -> Iterator[Item | Refused]:
    """All that the sources hold, or what is selected of it.

    Raises BadInputError for a word that selects nothing, or several certificates without `every`.
    """
    if not wanted:
        for source in sources:
            yield from source.read()
        return
    now = datetime.now(timezone.utc)
    terms = {word: parse_term(word) for word in wanted}
    hits: dict[str, dict[str, Item]] = {word: {} for word in wanted}
    for source in sources:
        for found in source.read():
            if isinstance(found, Item):
                for word, term in terms.items():
                    if matches(term, found.certificate, found.claims.label, now):
                        hits[word].setdefault(found.certificate.sha256, found)
    for word, items in hits.items():
        if not items:
            raise BadInputError(f"{visible(word)}: nothing in the sources matches", hint=f"give {_SELECT_HELP}")
        if len(items) > 1 and not every and terms[word].kind is not TermKind.LIST:
            listed = "\n".join(
                f"  {sha256[:16]}  {visible_name(item.certificate.subject.title)}"
                for sha256, item in items.items()
            )
            raise BadInputError(
                f"{visible(word)}: {len(items)} certificates match; --all takes them all:\n{listed}"
            )
    for items in hits.values():
        yield from items.values()
