"""``capath show STORE WHICH``."""

from __future__ import annotations

import argparse

from capath.cli.exit_status import ExitStatus
from capath.cli.output import show, width
from capath.cli.parser import add_store
from capath.cli.store_view import findings_by_certificate, now_utc, read_listing
from capath.cli.which import chosen_rows
from capath.report.layout import wrapped
from capath.store.select import WHICH_HELP


def configure(parser: argparse.ArgumentParser) -> None:
    add_store(parser, before="which")
    parser.add_argument("which", metavar="WHICH", help=WHICH_HELP)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--pem", action="store_true", help="print only its PEM")
    parser.add_argument("--all", action="store_true", help="with --pem: every certificate that WHICH matches")
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

    listing = read_listing(arguments, read=False)
    rows = chosen_rows(listing, [arguments.which], every=arguments.all and arguments.pem)
    if arguments.pem and not arguments.json:
        print("".join(certificate_pem(row.certificate) for row in rows), end="")
        return ExitStatus.GOOD
    row = rows[0]
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
        lines = certificate_text(row, findings, now).split("\n")
        known = background_lines(background_of(listing, row.certificate, kept=kept))
        lines += [f"{heading:<12} {text}" for heading, text in known]
        columns = width()
        for line in lines:
            show(wrapped(line, columns, " " * (8 if line.startswith(" ") else 13), first=""))
    return ExitStatus.GOOD
