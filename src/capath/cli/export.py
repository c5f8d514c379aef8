"""``capath export STORE``: the trusted roots, for use elsewhere."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from capath.cli.exit_status import ExitStatus
from capath.cli.output import say
from capath.cli.parser import add_store
from capath.cli.store_view import read_listing
from capath.cli.which import add_all, chosen_rows
from capath.errors import BadInputError
from capath.pki.visible import visible
from capath.store import Listing

if TYPE_CHECKING:
    from capath.pki.certificate import Certificate

_STANDARD_OUTPUT = "-"
_VARIABLES = {
    "env": "the variables that give it to TLS clients, for a shell",
    "dockerfile": "the same for an image",
    "github-actions": "the same as a step of a workflow",
}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "FILE can be - for standard output. capath trust DIR --only @FILE applies a list to another directory."
    )
    add_store(parser)
    parser.add_argument("--bundle", metavar="FILE", help="one PEM file, as curl and requests read it")
    parser.add_argument("--tar", metavar="FILE", help="a CApath with its hash links, in a tar archive")
    parser.add_argument("--list", metavar="FILE", help="fingerprints and names, for people and version control")
    parser.add_argument("--der", metavar="DIRECTORY", help="one DER file for each certificate")
    for form, what in _VARIABLES.items():
        parser.add_argument(
            f"--{form}", dest="variables", action="store_const", const=form, help=f"with --bundle: print {what}"
        )
    parser.add_argument(
        "--select", metavar="WHICH", action="append", default=[], help="only these, trusted or not"
    )
    add_all(parser)
    parser.add_argument("--force", action="store_true", help="replace files that capath export did not write")


def run(arguments: argparse.Namespace) -> int:
    from capath.change.export import bundle, check_replaceable, der_files, tar_archive, write_files
    from capath.report.document import document
    from capath.store.constraints import read_constraints_file
    from capath.store.fingerprint_list import render_fingerprints

    _check(arguments)
    listing = read_listing(arguments)
    chosen = _chosen(listing, arguments.select, every=arguments.all)
    limits = read_constraints_file(arguments.directory).by_sha256
    limited = sum(certificate.sha256 in limits for certificate in chosen)
    if limited and (arguments.bundle or arguments.der):
        say(f"{limited} of the roots have limits, which only comments of a bundle carry; --tar keeps them")
    to_write: list[tuple[str, bytes, str]] = []
    if arguments.bundle:
        to_write.append((arguments.bundle, bundle(chosen, limits), "bundle"))
    if arguments.tar:
        to_write.append((arguments.tar, tar_archive(chosen, limits), "tar"))
    if arguments.list:
        title = f"{len(chosen)} roots of {listing.snapshot.title}"
        to_write.append((arguments.list, render_fingerprints(chosen, title).encode(), "list"))
    files = der_files(chosen) if arguments.der else {}
    if not arguments.force:
        for path, octets, _ in to_write:
            if path != _STANDARD_OUTPUT:
                check_replaceable(path, octets)
        for name, octets in files.items():
            check_replaceable(os.path.join(arguments.der, name), octets)
    if not chosen:
        raise BadInputError(
            f"{visible(listing.snapshot.title)} has no trusted certificate, so nothing was written",
            hint="capath list shows what it has; --select WHICH exports what is not trusted",
        )
    written = [_write(path, octets, kind) for path, octets, kind in to_write]
    if arguments.der:
        write_files(arguments.der, files)
        written.append({"kind": "der", "path": arguments.der, "octets": sum(map(len, files.values()))})
    if arguments.json:
        content = {
            "directory": listing.snapshot.title,
            "certificates": [certificate.sha256 for certificate in chosen],
            "written": written,
        }
        print(document(content))
        return ExitStatus.GOOD
    tell = say if arguments.variables else print
    for item in written:
        if item["path"] != _STANDARD_OUTPUT:
            tell(f"{len(chosen)} certificates in {visible(str(item['path']))} ({item['kind']})")
    if arguments.variables:
        from capath.doctor.giving import variables_text

        print(variables_text(arguments.variables, arguments.bundle, arguments.directory), end="")
    return ExitStatus.GOOD


def _check(arguments: argparse.Namespace) -> None:
    paths = [path for path in (arguments.bundle, arguments.tar, arguments.list) if path]
    if not paths and not arguments.der:
        raise BadInputError(
            "nothing to write", hint="give --bundle FILE, --tar FILE, --list FILE or --der DIRECTORY"
        )
    if arguments.variables and arguments.bundle in (None, _STANDARD_OUTPUT):
        option = f"--{arguments.variables}"
        raise BadInputError(f"{option} prints where clients find a file", hint=f"give {option} --bundle FILE")
    if arguments.tar == _STANDARD_OUTPUT and sys.stdout.isatty():
        raise BadInputError("a tar archive is not for a terminal", hint="name a file, or pipe it")
    if paths.count(_STANDARD_OUTPUT) + bool(arguments.json) + bool(arguments.variables) > 1:
        raise BadInputError("only one thing can go to standard output; name a file for the others")


def _chosen(listing: Listing, wanted: Sequence[str], *, every: bool) -> tuple[Certificate, ...]:
    from capath.change.export import trusted_certificates
    from capath.store.standing import UsesRejected

    if wanted:
        return tuple(row.certificate for row in chosen_rows(listing, wanted, every=every))
    for row in listing.certificates:
        if isinstance(row.standing, UsesRejected) and row.file not in row.links:
            # As a plain certificate it would be trusted where it is read.
            say(f"{row.file} is left out: its trust attributes reject TLS servers")
    return trusted_certificates(listing)


def _write(path: str, content: bytes, kind: str) -> dict[str, str | int]:
    from capath.change.export import write_export

    if path == _STANDARD_OUTPUT:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        write_export(path, content)
    return {"kind": kind, "path": path, "octets": len(content)}
