"""``capath schema COMMAND``: the JSON Schema of what a command prints with ``--json``."""

from __future__ import annotations

import argparse

from capath.cli.exit_status import ExitStatus
from capath.errors import BadInputError
from capath.pki.visible import visible


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "test-line and verify-line describe a line of --jsonl, error the object on standard error."
    parser.add_argument("name", metavar="COMMAND", help="a command, test-line, verify-line or error")


def run(arguments: argparse.Namespace) -> int:
    from capath.report.document import json_text
    from capath.report.schemas import ERROR, commands_with_json, line_schema, schema_of

    match arguments.name:
        case "error":
            schema = ERROR
        case "test-line" | "verify-line" as name:
            schema = line_schema(name.removesuffix("-line"))
        case name if name in commands_with_json():
            schema = schema_of(name)
        case name:
            known = ", ".join((*commands_with_json(), "test-line", "verify-line", "error"))
            raise BadInputError(f"{visible(name)} prints no JSON", hint=f"schemas: {known}")
    print(json_text(schema))
    return ExitStatus.GOOD
