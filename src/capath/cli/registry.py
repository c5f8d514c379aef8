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
    """A command: its module in `capath.cli`, the line of ``capath --help`` and the part it is in, and examples."""

    __slots__ = ("examples", "group", "module", "name", "summary")

    def __init__(self, name: str, module: str, group: str, summary: str, examples: tuple[str, ...]) -> None:
        self.name = name
        self.module = module
        self.group = group
        self.summary = summary
        self.examples = examples

    def load(self) -> CommandModule:
        module: CommandModule = importlib.import_module(f"capath.cli.{self.module}")
        return module


_READ, _CHANGE, _TEST = "Look", "Change a directory", "Test"
_OTHER = "More"
COMMANDS = (
    Command(
        "list",
        "list_",
        _READ,
        "every certificate and CRL with its state and links",
        ("capath list crts", "capath list /etc/ssl/certs --json | jq '.certificates[].subject'"),
    ),
    Command(
        "show",
        "show",
        _READ,
        "one certificate in full",
        ("capath show crts 'subject~ISRG Root X1'", "capath show crts 4042bcee.0 --pem"),
    ),
    Command(
        "links",
        "links",
        _READ,
        "every hash link: target, state, why",
        ("capath links crts", "capath links crts --defects"),
    ),
    Command(
        "check",
        "check",
        _READ,
        "health of the links, and audit of the certificates",
        ("capath check crts", "capath check crts --json | jq .counts"),
    ),
    Command(
        "diff",
        "diff",
        _READ,
        "compare two stores, by certificate and by key",
        ("capath diff crts mozilla", "capath diff crts /etc/ssl/certs/ca-certificates.crt"),
    ),
    Command(
        "history",
        "history",
        _READ,
        "the changes capath made here, newest first",
        ("capath history crts", "capath history crts --json"),
    ),
    Command(
        "rehash",
        "rehash",
        _CHANGE,
        "make and fix the hash links, as openssl rehash does",
        ("capath rehash crts", "capath rehash --dry-run -v crts"),
    ),
    Command(
        "trust",
        "trust",
        _CHANGE,
        "trust certificates",
        ("capath trust crts 'subject~My Root'", "capath trust crts --only @roots.txt --dry-run"),
    ),
    Command(
        "distrust",
        "distrust",
        _CHANGE,
        "distrust certificates permanently, also for openssl rehash",
        ("capath distrust crts 'subject~My Root' --dry-run", "capath distrust crts 4042bcee.0"),
    ),
    Command(
        "limit",
        "limit",
        _CHANGE,
        "limit what a root is trusted for: names, and issued until when",
        ("capath limit crts 'subject~My Root' --names '*.corp.example'", "capath limit crts 4042bcee.0 --remove"),
    ),
    Command(
        "import",
        "import_",
        _CHANGE,
        "add certificates from files, bundles, stores, lists or a host",
        ("capath import crts certifi", "capath import crts company-root.cer --dry-run"),
    ),
    Command(
        "export",
        "export",
        _CHANGE,
        "write the trusted roots as a bundle, DER, a tar or a list",
        ("capath export crts --bundle roots.pem", "capath export crts --list - | sort > roots.txt"),
    ),
    Command(
        "minimise",
        "minimise",
        _CHANGE,
        "find the smallest set of roots that keeps every host verifying",
        ("capath minimise crts example.com pypi.org", "capath minimise crts --file hosts.txt --apply"),
    ),
    Command(
        "undo",
        "undo",
        _CHANGE,
        "undo the last change, or a change by its number",
        ("capath undo crts --dry-run", "capath undo crts 3"),
    ),
    Command(
        "redo",
        "redo",
        _CHANGE,
        "make the change again that was undone last",
        ("capath redo crts --dry-run", "capath redo crts"),
    ),
    Command(
        "test",
        "test",
        _TEST,
        "live TLS tests of hosts: verified or not, why, and how to fix it",
        ("capath test example.com", "capath test --file hosts.txt --distrust 'subject~Old Root'"),
    ),
    Command(
        "verify",
        "verify",
        _TEST,
        "verify certificates offline, trusting only one directory",
        (
            "capath verify crts server.pem --hostname example.com",
            "capath verify crts *.pem --untrusted ca.pem --purpose sslserver",
        ),
    ),
    Command(
        "doctor",
        "doctor",
        _TEST,
        "the store each TLS client reads, and whether it accepts a host",
        ("capath doctor", "capath doctor example.com --python .venv/bin/python"),
    ),
    Command(
        "run",
        "run",
        _OTHER,
        "run a command with a store, nothing on the system changed",
        ("capath run crts -- pip download requests", "capath run company.pem -- npm install"),
    ),
    Command(
        "completion",
        "completion",
        _OTHER,
        "print the completion script of a shell",
        ("capath completion bash > ~/.local/share/bash-completion/completions/capath", "capath completion fish"),
    ),
    Command(
        "schema",
        "schema",
        _OTHER,
        "print the JSON Schema of what a command prints",
        ("capath schema list", "capath schema test > test.schema.json"),
    ),
    Command(
        "settings",
        "settings",
        _OTHER,
        "the explorer's settings file: where it is, what it says",
        ("capath settings", 'capath settings --default > "$(capath settings --path)"'),
    ),
    Command(
        "demo",
        "demo",
        _OTHER,
        "a directory and servers of its own, one for each cause",
        ("capath demo", "capath demo --headless"),
    ),
)


def find_command(name: str) -> Command | None:
    return next((command for command in COMMANDS if command.name == name), None)
