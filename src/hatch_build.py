"""What the package has besides `src`: its man page, made from the commands' own parsers, and its long description.

Nothing but hatchling is needed: the parsers load without the dependencies.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface


class LongDescription(MetadataHookInterface):
    """The README without its pictures, whose addresses are relative to the repository."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set `readme`."""
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        text = re.sub(r"^!\[[^\]]*\]\([^)]*\)\n\n", "", text, flags=re.MULTILINE)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


class ManPage(BuildHookInterface[Any]):
    """``share/man/man1/capath.1``, in the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the page where only this build finds it."""
        sys.path.insert(0, os.path.join(self.root, "src"))
        self.made = tempfile.mkdtemp()
        page = os.path.join(self.made, "capath.1")
        Path(page).write_text(man_page(), encoding="utf-8")
        build_data["shared_data"][page] = "share/man/man1/capath.1"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """The wheel has it: remove the copy."""
        shutil.rmtree(self.made)


def man_page() -> str:
    """The page in roff's man macros (man(7)), with each command of the registry."""
    from capath import __version__
    from capath.cli.main import main
    from capath.cli.parser import ENVIRONMENT
    from capath.cli.registry import COMMANDS

    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        main(["--help"], lambda _: 0)
    usage, _, rest = (
        shown.getvalue().removeprefix("usage: ").replace("\n       capath", "\ncapath").partition("\n\n")
    )
    lines = [f'.TH CAPATH 1 "" "capath {__version__}" "User Commands"', ".SH NAME"]
    lines += ["capath \\- see, edit and test the trust behind TLS", ".SH SYNOPSIS", *_as_it_is(usage)]
    lines += [".SH DESCRIPTION", *_as_it_is(rest), ".SH COMMANDS"]
    for command in COMMANDS:
        lines += _command(command.name, command.summary, command.examples, command.load())
    lines.append(".SH ENVIRONMENT")
    for name, text in ENVIRONMENT.items():
        lines += [".TP", f".B {_text(name)}", _text(text)]
    return "\n".join([*lines, ".SH SEE ALSO", ".BR openssl\\-rehash (1),", ".BR openssl\\-verify (1)\n"])


def _command(name: str, summary: str, examples: tuple[str, ...], module: Any) -> Iterator[str]:
    from capath.cli.parser import add_common

    parser = argparse.ArgumentParser(prog=f"capath {name}", add_help=False)
    module.configure(parser)
    add_common(parser)
    usage = " ".join(parser.format_usage().removeprefix("usage: ").split())
    yield from (f".SS capath {name}", _text(f"{summary[0].upper()}{summary[1:]}."), ".PP", f".B {_text(usage)}")
    for action in parser._actions:
        value = action.metavar or (action.choices and f"{{{','.join(action.choices)}}}") or action.dest.upper()
        words = ", ".join(action.option_strings) + ("" if action.nargs == 0 else f" {value}")
        yield from (".TP", f".B {_text(words.strip())}", _text((action.help or "") % vars(action)))
    if parser.epilog:
        yield from (".PP", _text(" ".join(parser.epilog.split())))
    yield from (".PP", "For example:", *_as_it_is("\n".join(f"  {example}" for example in examples)))


def _as_it_is(text: str) -> list[str]:
    return [".PP", ".nf", *map(_text, text.rstrip("\n").split("\n")), ".fi"]


def _text(line: str) -> str:
    """`line` with what roff would act on escaped."""
    escaped = line.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped
