"""Every action of the explorer, once: key bindings, footer, help, command palette and README are made of this."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from textual.binding import Binding

from capath.errors import StrEnum


class Mode(StrEnum):
    """The explorer's modes, in the order of their keys 1, 2, …"""

    CERTIFICATES = "Certificates"
    LINKS = "Links"
    CONNECTIONS = "Connections"
    FINDINGS = "Findings"
    COMPARE = "Compare"
    HISTORY = "History"

    @property
    def key(self) -> str:
        return str(list(Mode).index(self) + 1)


ALL = frozenset(Mode)
_CERTIFICATES = frozenset({Mode.CERTIFICATES})
_TABLES = frozenset({Mode.CERTIFICATES, Mode.LINKS, Mode.FINDINGS})


@dataclass(frozen=True, slots=True)
class Action:
    """`name` is the method ``action_NAME`` of the application or the main screen, and the id for remapping keys.

    `label` is what the footer says, `text` what help says. `in_footer` where it is worth one of six places.
    `moves` where it only moves about on the screen; all else is the application's.
    """

    name: str
    keys: str
    label: str
    text: str
    modes: frozenset[Mode] = ALL
    in_footer: bool = False
    moves: bool = False

    @property
    def command(self) -> str:
        """What Textual runs, seen from the main screen."""
        return self.name if self.moves else f"app.{self.name}"


_CONNECTIONS = frozenset({Mode.CONNECTIONS})
ACTIONS = (
    Action(
        "stage", "space", "stage", "Stage the certificate: trusted to off, off to trusted", _CERTIFICATES, True
    ),
    Action("stage_shown", "A", "stage all", "Stage every certificate that the filter shows", _CERTIFICATES),
    Action("review", "w", "review", "See what is staged, step by step, then apply it", ALL, True),
    Action("undo", "u", "undo", "Unstage the last step; with nothing staged, take back the last change made"),
    Action(
        "redo", "ctrl+r", "redo", "Stage again what was unstaged; with nothing staged, make an undone change again"
    ),
    Action("unstage_all", "U", "unstage all", "Unstage everything"),
    Action("test", "t", "test", "Test a connection: type host:port", ALL, True, moves=True),
    Action("retest", "r", "again", "Test the host again", _CONNECTIONS, True),
    Action("test_all", "T", "test all", "Test every host of the list", _CONNECTIONS, True),
    Action("mend", "m", "mend", "Stage what mends the failed connection, and test again", ALL, True),
    Action("fetch_intermediate", "f", "fetch", "Fetch what the server forgot to send (asks)", _CONNECTIONS),
    Action("reveal_key", "x", "master key", "Show or hide the session's master key", _CONNECTIONS, moves=True),
    Action("rehash", "R", "links", "Make and mend the hash links: see the plan, then apply it"),
    Action("compare", "c", "compare", "Compare with another store: Mozilla's list, certifi, …", ALL, moves=True),
    Action("import_source", "I", "import", "Import roots from a file or store; in Compare, the one shown"),
    Action("filter", "slash", "filter", "Filter as you type; Esc clears", _TABLES, True, moves=True),
    Action("sort", "s", "sort", "Sort by the next column", _CERTIFICATES, moves=True),
    Action("reverse", "S", "reverse", "Reverse the order", _CERTIFICATES, moves=True),
    Action("goto_issuer", "i", "issuer", "Go to the issuer of the certificate", _CERTIFICATES, moves=True),
    Action("copy", "y", "copy", "Copy the fingerprint, the PEM, the subject, or a command"),
    Action("reload", "f5", "reload", "Read the directory again"),
    Action("help", "question_mark", "help", "All keys; type to search", ALL, True),
    Action("quit", "q", "quit", "Leave (asks only with something staged)", ALL, True),
)


def mode_actions() -> tuple[Action, ...]:
    """One action a mode: the number that goes there."""
    return tuple(
        Action(f"mode('{mode.name}')", mode.key, mode.value, f"Go to {mode.value.lower()}", moves=True)
        for mode in Mode
    )


def bindings(actions: Iterable[Action]) -> list[Binding]:
    """The Textual bindings of `actions`; their ids let users remap the keys."""
    return [
        Binding(
            action.keys,
            action.command,
            action.label,
            show=action.in_footer,
            id=action.name.split("(")[0] + action.keys if "(" in action.name else action.name,
            tooltip=action.text,
        )
        for action in actions
    ]


def key_text(action: Action) -> str:
    """The key as a person writes it."""
    names = {"space": "Space", "slash": "/", "question_mark": "?", "ctrl+r": "Ctrl-R", "f5": "F5"}
    return names.get(action.keys, action.keys)


def help_text(action: Action) -> str:
    """What the action does, and where, if not everywhere."""
    if action.modes == ALL:
        return action.text
    return f"{action.text} (in {', '.join(mode.value for mode in Mode if mode in action.modes)})"


def find(name: str) -> Action | None:
    return next((action for action in ACTIONS if action.name == name), None)


MOVING = (
    ("j k ↓ ↑", "Move one row"),
    ("g G Home End", "First and last row"),
    ("PgUp PgDn", "A page"),
    ("Tab", "Next pane"),
    ("Enter", "Open the details, or test the host"),
    ("Esc", "Back; clear the filter"),
    ("Ctrl-P", "Every action by name"),
)
