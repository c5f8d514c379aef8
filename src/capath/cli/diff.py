"""``capath diff A B``: two stores compared."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from capath.cli.exit_status import ExitStatus
from capath.cli.output import say
from capath.errors import BadInputError
from capath.pki.visible import visible

if TYPE_CHECKING:
    from capath.cli.sources import SourceReader
    from capath.store.diff import Side


def configure(parser: argparse.ArgumentParser) -> None:
    from capath.cli.sources import add_password_option

    parser.epilog = (
        "A and B: a CApath, a bundle or any other file that capath import takes, certifi, system, an https "
        "address, or mozilla: the list that comes with capath, which says its date (a CCADB report or "
        "certdata.txt may be newer)."
    )
    parser.add_argument("left", metavar="A", help="a store")
    parser.add_argument("right", metavar="B", help="the other")
    parser.add_argument(
        "--against", metavar="LIST", help="tell also what A and B trust that this store does not: mozilla, …"
    )
    add_password_option(parser)


def run(arguments: argparse.Namespace) -> int:
    from capath.cli.sources import NotReachedError, SourceReader, password_from
    from capath.report.diff import Beyond, diff_json, diff_text
    from capath.report.document import document
    from capath.store.diff import compare, trusted_beyond

    reader = SourceReader(password_from(arguments))
    try:
        left, right = _side(arguments.left, reader), _side(arguments.right, reader)
        reference = _side(arguments.against, reader) if arguments.against else None
    except NotReachedError as error:
        say(str(error))
        return ExitStatus.UNREACHABLE
    found = compare(left, right)
    beyond = []
    if reference is not None:
        beyond = [Beyond(side, reference, trusted_beyond(side, reference)) for side in (left, right)]
    print(document(diff_json(found, beyond)) if arguments.json else diff_text(found, beyond))
    return ExitStatus.GOOD if found.equal else ExitStatus.BAD


def _side(text: str, reader: SourceReader) -> Side:
    from capath.sources.item import Item, Refused
    from capath.sources.mozilla_side import mozilla_side
    from capath.store import list_store, scan
    from capath.store.constraints import read_constraints_file
    from capath.store.diff import side_of_items, side_of_listing

    if text == "mozilla":
        return mozilla_side()
    if os.path.isdir(text):
        return side_of_listing(text, list_store(scan(text)), read_constraints_file(text).by_sha256)
    source = reader.open(text)
    found = list(source.read())
    for refused in found:
        if isinstance(refused, Refused):
            say(f"{visible(refused.origin)}: {visible(refused.reason)}")
    items = [item for item in found if isinstance(item, Item)]
    if not items:
        raise BadInputError(f"{visible(text)}: there is no certificate in it")
    return side_of_items(source.title, items)
