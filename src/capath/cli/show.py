"""``capath show DIR WHICH``."""

from __future__ import annotations

import argparse

from capath.cli.exit_status import ExitStatus
from capath.cli.parser import add_directory
from capath.cli.store_view import findings_by_certificate, now_utc, read_listing


def configure(parser: argparse.ArgumentParser) -> None:
    add_directory(parser, before="which")
    parser.add_argument("which", metavar="WHICH", help="a file, link, hash, fingerprint or subject~TEXT")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--pem", action="store_true", help="print only its PEM")
    form.add_argument("--text", action="store_true", help="print it as text (the default)")


def run(arguments: argparse.Namespace) -> int:
    from capath.diagnosis.background import background_of
    from capath.report.background import background_json, background_lines
    from capath.report.certificate import (
        certificate_json,
        certificate_pem,
        certificate_text,
        extensions_json,
    )
    from capath.report.document import document
    from capath.store.constraints import read_constraints_file
    from capath.store.select import select_one

    listing = read_listing(arguments)
    row = select_one(listing, arguments.which)
    if arguments.pem and not arguments.json:
        print(certificate_pem(row.certificate), end="")
        return ExitStatus.GOOD
    now = now_utc()
    kept = read_constraints_file(arguments.directory).by_sha256
    findings = findings_by_certificate(listing, now, row.certificate.sha256).get(row.certificate.sha256, [])
    if arguments.json:
        content = certificate_json(row, findings)
        content["extensions"] = extensions_json(row.certificate)
        content["background"] = background_json(background_of(listing, row.certificate, kept=kept))
        content["pem"] = certificate_pem(row.certificate)
        print(document(content))
    else:
        print(certificate_text(row, findings, now))
        for heading, text in background_lines(background_of(listing, row.certificate, kept=kept)):
            print(f"{heading:<12} {text}")
    return ExitStatus.GOOD
