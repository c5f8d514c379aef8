"""What somebody meant who typed neither a command nor a directory."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Sequence

from capath.cli.registry import COMMANDS, find_command
from capath.errors import BadInputError
from capath.pki.visible import shell_command, without_password

_HOST = re.compile(r"(https?://\S+|[\w.-]+\.\w+|\[[0-9a-fA-F:]+\]|[\w.-]+:\d{1,5}|\[[0-9a-fA-F:]+\]:\d{1,5})")
_OTHER_NAMES = {
    "distrust": ("remove", "delete", "rm", "untrust", "disable", "blacklist", "block"),
    "import": ("add", "install", "copy"),
    "rehash": ("fix", "repair", "c_rehash", "hash"),
    "show": ("info", "view", "cat", "x509"),
    "check": ("audit", "lint"),
    "test": ("connect", "s_client", "probe"),
    "diff": ("compare",),
    "history": ("log",),
    "minimise": ("minimize",),
    "--version": ("version",),
}


def meant(argv: Sequence[str]) -> BadInputError:
    """The error for `argv`, whose hint is the command that was most likely meant."""
    word = argv[0]
    shown = without_password(word)
    if word.startswith("-"):
        command = next((other for other in argv[1:] if find_command(other) is not None), "")
        if command:
            return BadInputError(f"{shown} goes after the command", hint=f"capath {command} {shown} …")
        return BadInputError(f"{shown}: there is no such option", hint="capath --help lists them")
    if os.path.exists(word):
        listed = "\n".join(
            f"  {shell_command(words):<40} {what}"
            for words, what in (
                (["capath", "list", word], "shows its certificates"),
                (["capath", "import", "DIR", word], "adds its certificates to DIR"),
                (["capath", "verify", "DIR", word], "verifies it against DIR"),
                (["capath", "diff", "DIR", word], "compares it with DIR"),
            )
        )
        return BadInputError(
            f"{shown} is a file, and the explorer opens directories", hint=f"for a file:\n{listed}"
        )
    if not word:
        return BadInputError("the name of the directory is empty", hint="name one")
    names = [command.name for command in COMMANDS]
    if other := next((name for name, others in _OTHER_NAMES.items() if word in others), ""):
        return BadInputError(f"there is no command {shown}", hint=f"did you mean capath {other}?")
    if near := difflib.get_close_matches(word, names, 1, 0.6):
        return BadInputError(f"there is no command {shown}", hint=f"did you mean capath {near[0]}?")
    if _HOST.fullmatch(word) and os.sep not in word.removeprefix("https://").rstrip("/"):
        host = word.removeprefix("https://").rstrip("/").rpartition("@")[2]
        return BadInputError(
            f"{shown}: there is no such directory",
            hint=f"to test a host: {shell_command(['capath', 'test', host])}",
        )
    return BadInputError(
        f"{shown}: there is no such command or directory", hint="capath --help lists the commands"
    )
