"""The commands there are. A command is one module here with ``configure(parser)`` and ``run(arguments)``.

Only the module of the command that runs is imported, and it imports what it needs when it runs: `capath
rehash` never loads Textual, requests or cryptography.
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False  # typing's, without importing it: see `capath rehash`
if TYPE_CHECKING:
    import argparse
    from typing import Protocol

    class CommandModule(Protocol):
        """What a command's module has."""

        def configure(self, parser: argparse.ArgumentParser) -> None:
            """Add the command's arguments."""

        def run(self, arguments: argparse.Namespace) -> int:
            """Do it; return the exit status."""


class Command:
    """A command's name, its module in `capath.cli`, and the line ``capath --help`` shows."""

    __slots__ = ("module", "name", "summary")

    def __init__(self, name: str, module: str, summary: str) -> None:
        self.name = name
        self.module = module
        self.summary = summary

    def load(self) -> CommandModule:
        module: CommandModule = importlib.import_module(f"capath.cli.{self.module}")
        return module


COMMANDS = (
    Command("list", "list_", "every certificate and CRL with its state, links and problems"),
    Command("show", "show", "one certificate in full"),
    Command("links", "links", "every hash link: target, state, why"),
    Command("rehash", "rehash", "make the hash links, as openssl rehash, and mend them"),
    Command("trust", "trust", "take certificates into trust"),
    Command("distrust", "distrust", "take certificates out of trust, so that it lasts"),
    Command("test", "test", "live TLS tests of hosts: verified or not, why, and what mends it"),
    Command("verify", "verify", "verify a certificate offline, trusting one directory alone"),
    Command("check", "check", "health of the links, and audit of the certificates"),
    Command("import", "import_", "bring certificates in: files, bundles, stores, lists, a host's chain"),
    Command("export", "export", "the trusted roots as a bundle, DER, a tar, or a list of fingerprints"),
    Command("diff", "diff", "two stores compared, by certificate and by key"),
    Command("minimise", "minimise", "the smallest set of roots that keeps every host verifying"),
    Command("history", "history", "the changes capath made here, newest first"),
    Command("undo", "undo", "take the last change back"),
    Command("demo", "demo", "a directory and servers of its own, one for each cause"),
)


def find_command(name: str) -> Command | None:
    return next((command for command in COMMANDS if command.name == name), None)
