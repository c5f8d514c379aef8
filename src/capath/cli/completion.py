"""``capath completion SHELL``: the completion script of a shell, made from the commands' own parsers by shtab."""

from __future__ import annotations

import argparse

from capath.cli.exit_status import ExitStatus
from capath.cli.output import show_rendered
from capath.cli.parser import add_common
from capath.cli.registry import COMMANDS

_SHELLS = ("bash", "zsh", "fish")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "bash: write it to ~/.local/share/bash-completion/completions/capath. "
        "zsh: to a file _capath in a directory "
        "of $fpath. fish: to ~/.config/fish/completions/capath.fish."
    )
    parser.add_argument("shell", metavar="SHELL", choices=_SHELLS, help=", ".join(_SHELLS))


def run(arguments: argparse.Namespace) -> int:
    import shtab

    show_rendered(shtab.complete(_whole_parser(), arguments.shell).rstrip("\n"))
    return ExitStatus.GOOD


def _whole_parser() -> argparse.ArgumentParser:
    """One parser with every command in it, which only completion needs."""
    parser = argparse.ArgumentParser(prog="capath")
    parser.add_argument("--read-only", action="store_true", help="show everything, change nothing")
    parser.add_argument("--hosts", metavar="FILE", help="hosts to test, one a line")
    parser.add_argument("--version", action="store_true", help="capath's version")
    commands = parser.add_subparsers()
    for command in COMMANDS:
        own = commands.add_parser(command.name, help=command.summary)
        command.load().configure(own)
        add_common(own)
        _complete_paths(own)
    return parser


def _complete_paths(parser: argparse.ArgumentParser) -> None:
    import shtab

    ways = {
        "DIR": shtab.DIRECTORY,
        "STORE": shtab.FILE,
        "DIRECTORY": shtab.DIRECTORY,
        "FILE": shtab.FILE,
        "LEAF": shtab.FILE,
    }
    for action in parser._actions:
        if isinstance(action.metavar, str) and (way := ways.get(action.metavar)):
            action.complete = way  # type: ignore[attr-defined]
