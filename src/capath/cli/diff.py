"""``capath diff A B``: two stores compared."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from capath.cli.exit_status import ExitStatus
from capath.cli.output import complain, say, show, width
from capath.errors import BadInputError
from capath.pki.visible import shell_command, visible

if TYPE_CHECKING:
    from capath.cli.sources import SourceReader
    from capath.store.diff import Comparison, Side

_LIST_OCTETS_LIMIT = 16 * 1024 * 1024


def configure(parser: argparse.ArgumentParser) -> None:
    from capath.cli.sources import add_password_option

    parser.epilog = (
        "A and B: a CApath, a bundle or any other file that capath import takes, a list that capath export --list "
        "wrote, certifi, system, an https URL, or mozilla: the list that comes with capath, which states its date "
        "(a CCADB report or certdata.txt may be newer)."
    )
    parser.add_argument("left", metavar="A", help="a store")
    parser.add_argument("right", metavar="B", help="another store")
    parser.add_argument(
        "--against", metavar="LIST", help="also show what A and B trust and this store does not: mozilla, …"
    )
    add_password_option(parser)
    parser.add_argument("-v", "--verbose", action="store_true", help="show every certificate")


def run(arguments: argparse.Namespace) -> int:
    from capath.cli.sources import NotReachedError, SourceReader, password_from
    from capath.report.diff import Beyond, diff_json, diff_lines
    from capath.report.document import document
    from capath.store.diff import compare, trusted_beyond

    reader = SourceReader(password_from(arguments))
    try:
        left, right = _side(arguments.left, reader), _side(arguments.right, reader)
        reference = _side(arguments.against, reader) if arguments.against else None
    except NotReachedError as error:
        complain(str(error))
        return ExitStatus.UNREACHABLE
    found = compare(left, right)
    beyond = []
    if reference is not None:
        beyond = [Beyond(side, reference, trusted_beyond(side, reference)) for side in (left, right)]
    if arguments.json:
        print(document(diff_json(found, beyond)))
    else:
        hints = list(_hints(found, arguments.left, arguments.right))
        show(diff_lines(found, beyond, hints=hints, everything=arguments.verbose, width=width()))
    return ExitStatus.GOOD if found.equal else ExitStatus.BAD


def _hints(found: Comparison, left: str, right: str) -> Iterator[str]:
    """How A, where it is a directory, gets what only B has."""
    if not os.path.isdir(left) or not (found.only_right or found.trust):
        return
    if _is_list(right):
        command = shell_command(["capath", "trust", left, "--only", f"@{right}"])
        yield f"to trust what B lists and nothing else: {command}"
    elif found.only_right and right != "mozilla":
        command = shell_command(["capath", "import", left, right])
        yield f"to add what only B has (or --select some): {command}"


def _side(text: str, reader: SourceReader) -> Side:
    from capath.sources.item import Item, Refused
    from capath.sources.mozilla_roots import mozilla_side
    from capath.store import list_store, scan
    from capath.store.constraints import read_constraints_file
    from capath.store.diff import side_of_items, side_of_list, side_of_listing
    from capath.store.fingerprint_list import parse_fingerprints

    if text == "mozilla":
        return mozilla_side()
    if os.path.isdir(text):
        return side_of_listing(text, list_store(scan(text)), read_constraints_file(text).by_sha256)
    if _is_list(text):
        return side_of_list(text, parse_fingerprints(_beginning(text, _LIST_OCTETS_LIMIT), text))
    source = reader.open(text)
    found = list(source.read())
    for refused in found:
        if isinstance(refused, Refused):
            say(f"{visible(refused.origin)}: {visible(refused.reason)}")
    items = [item for item in found if isinstance(item, Item)]
    if not items:
        raise BadInputError(f"{visible(text)}: it contains no certificate")
    return side_of_items(source.title, items)


def _is_list(path: str) -> bool:
    from capath.store.fingerprint_list import is_fingerprint_list

    return os.path.isfile(path) and is_fingerprint_list(_beginning(path, 65536))


def _beginning(path: str, limit: int) -> str:
    """At most `limit` octets of a regular file, as text; empty where it is none."""
    from capath.sources.files import open_file

    with open_file(path) as file:
        return file.read(limit).decode("utf-8", "replace")
