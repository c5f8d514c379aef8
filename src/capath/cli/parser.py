"""The parser of a command: what every command has, help with examples, and errors that say what was meant."""

from __future__ import annotations

import argparse
import difflib
import os
from typing import NoReturn

from capath.cli.output import say
from capath.errors import BadInputError
from capath.pki.visible import visible

TYPE_CHECKING = False  # typing's, without importing it
if TYPE_CHECKING:
    from capath.cli.registry import Command, CommandModule

ENVIRONMENT = {
    "SSL_CERT_DIR": "the directory, without DIR and ./crts",
    "NO_COLOR, FORCE_COLOR": "no colour; colour even where output is piped",
    "CAPATH_STATE_DIR": "where the history of changes is kept (default: capath in XDG_STATE_HOME)",
}


class Parser(argparse.ArgumentParser):
    """Raises BadInputError instead of ending the process, and names the nearest option for a misspelt one."""

    def error(self, message: str) -> NoReturn:
        """Raise BadInputError with what argparse says, which quotes what was typed."""
        hint = f"{self.prog} --help shows how to use it"
        known = [option for option in self._option_string_actions if option.startswith("--")]
        for word in message.split():
            if word.startswith("--") and (near := difflib.get_close_matches(word.split("=")[0], known, 1)):
                hint = f"did you mean {near[0]}? {hint}"
                break
        raise BadInputError(visible(message), hint=hint)


def command_parser(command: Command, module: CommandModule) -> Parser:
    """The parser of `command`, whose module is `module`."""
    parser = Parser(
        prog=f"capath {command.name}",
        description=_filled(f"{command.summary[0].upper()}{command.summary[1:]}."),
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.configure(parser)
    add_common(parser)
    notes = [_filled(parser.epilog)] if parser.epilog else []
    examples = "\n".join(f"  {example}" for example in command.examples)
    variables = "\n".join(_filled(f"  {name:<22} {text}", 25) for name, text in ENVIRONMENT.items())
    parser.epilog = "\n\n".join([*notes, f"examples:\n{examples}", f"environment:\n{variables}"])
    return parser


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add the options that every command has."""
    common = parser.add_argument_group("output")
    common.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    common.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="default: on a terminal, unless NO_COLOR is set",
    )
    common.add_argument("-q", "--quiet", action="store_true", help="print results and errors only, no remarks")


def _filled(text: str, indent: int = 0) -> str:
    import textwrap

    return textwrap.fill(text, 78, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False)


def add_directory(parser: argparse.ArgumentParser, *, before: str = "") -> None:
    """Add DIR, which may be left out. `before`: the dest of the words that follow it, a list.

    `find_directory` decides, once the words are known.
    """
    default = "./crts if it is there, else the one that OpenSSL itself uses"
    parser.add_argument("directory", metavar="DIR", nargs="?", help=f"the CApath (default: {default})")
    parser.set_defaults(words_after_directory=before)


STORE_HELP = (
    "a directory, several (a:b), a PEM bundle, certifi, system, default (OpenSSL's own), mozilla or a file of it, "
    "a Java keystore (default: ./crts if it is there, else OpenSSL's own CApath)"
)


def add_store(parser: argparse.ArgumentParser, *, before: str = "") -> None:
    """Add STORE, as `add_directory` adds DIR, and ``--root``. `capath.cli.store_view.opened` opens it."""
    add_directory(parser, before=before)
    [word] = [action for action in parser._actions if action.dest == "directory"]
    word.metavar, word.help = "STORE", STORE_HELP
    parser.set_defaults(reads_store=True)
    add_root(parser)


def add_root(parser: argparse.ArgumentParser) -> None:
    """Add ``--root``."""
    parser.add_argument(
        "--root", metavar="DIR", default="/", help="where the store of the system is looked for (default: /)"
    )


def find_directory(arguments: argparse.Namespace) -> None:
    """Set `arguments.directory` where it was left out, and say which it is. Raises BadInputError.

    In front of other words, the first word is DIR only where it is a directory.
    """
    before = getattr(arguments, "words_after_directory", None)
    if before is None or getattr(arguments, "rules", False):
        return
    given: str | None = arguments.directory
    words = getattr(arguments, before) if before else []
    remark = ""
    is_named = _is_store if getattr(arguments, "reads_store", False) else os.path.isdir
    if before and given is not None and not is_named(given) and isinstance(words, list):
        setattr(arguments, before, [given, *words])
        remark = f" ({visible(given)} is not one)"
        given = None
    elif given is None and _is_directory(words):
        raise BadInputError(f"{visible(''.join(words))} is the directory", hint="name what is meant in it")
    if given is None:
        from capath.cli.explore import default_directory

        arguments.directory = default_directory()
        say(f"no directory is named{remark}: using {visible(arguments.directory)}")


def _is_store(word: str) -> bool:
    if os.path.isdir(word):
        return True
    from capath.sources.store import is_store

    return is_store(word)


def _is_directory(words: str | list[str]) -> bool:
    word = words if isinstance(words, str) else words[0] if len(words) == 1 else ""
    return os.path.isdir(word)
