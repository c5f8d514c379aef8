"""``capath settings``: the explorer's settings file, which is only ever read."""

from __future__ import annotations

import argparse
import os

from capath.cli.exit_status import ExitStatus
from capath.cli.output import complain


def configure(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--default", action="store_true", help="print the file with every default, commented")
    which.add_argument("--path", action="store_true", help="print where the file is looked for")


def run(arguments: argparse.Namespace) -> int:
    from capath.report.document import document
    from capath.tui.settings import default_settings, read_settings, settings_path

    path = settings_path()
    if not arguments.json and (arguments.default or arguments.path):
        print(default_settings().rstrip("\n") if arguments.default else path)
        return ExitStatus.GOOD
    found = read_settings()
    values = {
        "theme": found.theme,
        "glyphs": "ascii" if found.ascii_only else "unicode",
        "columns": list(found.columns),
        "hosts_file": found.hosts_file or None,
        "keys": {name: list(keys) for name, keys in found.keys.items()},
    }
    problems = list(found.problems)
    if arguments.json:
        print(document({"path": path, "exists": os.path.exists(path), **values, "problems": problems}))
    else:
        print(f"{path}: {'read' if os.path.exists(path) else 'not there, so the defaults hold'}")
        for name, value in values.items():
            print(f"  {name:<10}  {value or 'default'}")
        for problem in problems:
            complain(problem)
    return ExitStatus.BAD if problems else ExitStatus.GOOD
