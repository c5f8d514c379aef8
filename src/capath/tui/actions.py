"""Every action of the explorer, once: keys, footer, help, palette, README and the settings file are made of
this."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from capath.errors import StrEnum


class Mode(StrEnum):
    """The explorer's modes, in the order of their keys 1, 2, …"""

    CERTIFICATES = "Certificates"
    LINKS = "Links"
    CONNECTIONS = "Connections"
    FINDINGS = "Findings"
    COMPARE = "Compare"
    HISTORY = "History"
    PROGRAMS = "Programs"

    @property
    def key(self) -> str:
        return str(list(Mode).index(self) + 1)


ALL = frozenset(Mode)
_CERTIFICATES = frozenset({Mode.CERTIFICATES})
_CONNECTIONS = frozenset({Mode.CONNECTIONS})
_PROGRAMS = frozenset({Mode.PROGRAMS})
_MARKED = frozenset({Mode.CERTIFICATES, Mode.COMPARE})
_FLIPPED = frozenset({Mode.CERTIFICATES, Mode.LINKS, Mode.FINDINGS, Mode.COMPARE})
_FIXED = frozenset({Mode.CERTIFICATES, Mode.LINKS, Mode.CONNECTIONS, Mode.FINDINGS})
_GROUPED = frozenset({Mode.LINKS, Mode.CONNECTIONS, Mode.FINDINGS, Mode.COMPARE})


class Action(NamedTuple):
    """`name` is what panes and settings call it. `keys` are Textual's key names, two typed one after the other
    joined by a space. `label` is what the footer says, `text` what help says."""

    name: str
    keys: tuple[str, ...]
    label: str
    text: str
    modes: frozenset[Mode] = ALL


ACTIONS = (
    Action("flip", ("space",), "flip", "Stage: trusted to off, off to trusted", _FLIPPED),
    Action("mark", ("x",), "mark", "Mark; what follows acts on all that are marked", _MARKED),
    Action("mark_all", ("X",), "mark all", "Mark all that are shown, or none", _MARKED),
    Action("fix", ("m",), "fix", "Stage what fixes this, and test again", _FIXED),
    Action("fix_all", ("M",), "fix all", "Fix all of this rule", frozenset({Mode.FINDINGS})),
    Action("review", ("w",), "review", "Review what is staged, step by step, then apply it"),
    Action("undo", ("u",), "undo", "Unstage the last step; with nothing staged, undo the last change"),
    Action("redo", ("ctrl+r",), "redo", "Stage again what was unstaged; with nothing staged, redo a change"),
    Action("unstage_all", ("U",), "unstage all", "Unstage everything (asks)"),
    Action("test", ("t",), "test host", "Test a connection: type host:port; ↑ brings earlier ones"),
    Action("retest", ("r",), "again", "Test the host again", _CONNECTIONS),
    Action("ask_again", ("r",), "ask again", "Ask the programs of this machine again", _PROGRAMS),
    Action(
        "programs", ("p",), "programs", "Ask this machine’s programs whether they accept the host", _CONNECTIONS
    ),
    Action("test_all", ("T",), "test all", "Test all that are untested, then all"),
    Action("side", ("v",), "as it is", "Show the test of the store as it is, or as staged", _CONNECTIONS),
    Action("fetch", ("f",), "fetch", "Fetch the intermediate that the server should send (asks)", _CONNECTIONS),
    Action("master_key", ("K",), "master key", "Show or hide the session’s master key", _CONNECTIONS),
    Action("remove_host", ("d",), "remove", "Remove the host from the list", _CONNECTIONS),
    Action("rehash", ("R",), "links", "Recreate the hash links: review the plan, then apply it"),
    Action("compare", ("c",), "compare", "Compare with another store: Mozilla’s list, certifi, a path"),
    Action("import", ("I",), "import", "Import roots from a file or store; in Compare, the marked ones"),
    Action("filter", ("slash",), "filter", "Filter as you type; Enter keeps, Esc clears"),
    Action("next", ("n",), "next", "Next changed, failed or defective row"),
    Action("previous", ("N",), "previous", "Previous changed, failed or defective row"),
    Action("sort", ("s",), "sort", "Sort by the next column", _CERTIFICATES | _CONNECTIONS),
    Action("reverse", ("S",), "reverse", "Reverse the order", _CERTIFICATES | _CONNECTIONS),
    Action("go_issuer", ("g i",), "issuer", "Go to the issuer"),
    Action("go_children", ("g c",), "children", "Go to the certificates that it signed here"),
    Action("go_link", ("g l",), "link", "Go to its hash link"),
    Action("go_hosts", ("g h",), "hosts", "Go to the tested hosts that use it"),
    Action("go_findings", ("g f",), "findings", "Go to its findings"),
    Action("first", ("g g", "home"), "first", "First row"),
    Action("last", ("G", "end"), "last", "Last row"),
    Action("back", ("backspace", "ctrl+o"), "back", "Back to where the jump began"),
    Action("copy", ("y",), "copy", "Copy: then f fingerprint, p PEM, s subject, c command, …"),
    Action("down", ("j", "down"), "down", "Move down"),
    Action("up", ("k", "up"), "up", "Move up"),
    Action("page_down", ("pagedown", "ctrl+f"), "page down", "A page down"),
    Action("page_up", ("pageup", "ctrl+b"), "page up", "A page up"),
    Action("fold", ("h", "left"), "fold", "Fold the group", _GROUPED),
    Action("unfold", ("l", "right"), "unfold", "Unfold the group", _GROUPED),
    Action(
        "open",
        ("enter",),
        "details",
        "Go in: details, the certificate of a finding, a test, the store of a program",
    ),
    Action("panel", ("tab", "shift+tab"), "panel", "The other panel"),
    Action("escape", ("escape",), "back", "Step out: field, details, filter, marks; never quits"),
    Action("reload", ("f5",), "read again", "Read the directory again"),
    Action("theme", ("f6",), "theme", "Next theme: dark, light, contrast, ansi, none"),
    Action("help", ("question_mark", "ctrl+p"), "keys", "Every key and action; type to search, Enter does it"),
    Action("suspend", ("ctrl+z",), "suspend", "Suspend; fg comes back"),
    Action("quit", ("q", "ctrl+q", "ctrl+c"), "quit", "Quit (asks with something staged)"),
)
BY_NAME: Mapping[str, Action] = {action.name: action for action in ACTIONS}

_KEY_TEXTS = {
    "space": "Space", "slash": "/", "question_mark": "?", "enter": "Enter", "escape": "Esc", "tab": "Tab",
    "shift+tab": "Shift-Tab", "backspace": "Backspace", "up": "↑", "down": "↓", "left": "←", "right": "→",
    "pageup": "PgUp", "pagedown": "PgDn", "home": "Home", "end": "End", "f5": "F5", "f6": "F6",
}  # fmt: skip
_KEY_NAMES = {text.casefold(): name for name, text in _KEY_TEXTS.items()} | {"left": "left", "right": "right"}


def mode_actions() -> tuple[Action, ...]:
    """One action a mode: the number that goes there."""
    return tuple(
        Action(f"mode {mode.value}", (mode.key,), mode.value, f"Go to {mode.value.lower()}") for mode in Mode
    )


def key_text(key: str) -> str:
    """A key as people write it: ``Space``, ``Ctrl-R``, ``gi``."""
    if " " in key:
        return "".join(key_text(part) for part in key.split(" "))
    if key.startswith("ctrl+"):
        return f"Ctrl-{key[5:].upper()}"
    return _KEY_TEXTS.get(key, key)


def help_text(action: Action) -> str:
    """What the action does, and where, if not everywhere."""
    if action.modes == ALL:
        return action.text
    return f"{action.text} (in {', '.join(mode.value for mode in Mode if mode in action.modes)})"


def help_rows(keymap: Keymap | None = None) -> list[tuple[str, str]]:
    """Keys and what they do, in the order of use: for help and the README."""
    keys_of = (keymap or DEFAULT_KEYMAP).keys_of
    return [
        (" ".join(map(key_text, keys_of(action.name) or action.keys)), help_text(action))
        for action in (*mode_actions(), *ACTIONS)
    ]


class Keymap:
    """Which action a key runs, the keys of the settings file included. Two actions may share a key where no mode
    has both."""

    def __init__(self, own: Mapping[str, Iterable[str]] | None = None) -> None:
        """`own` are keys by action name. What cannot be is left out and told in `problems`."""
        self.problems: list[str] = []
        keys = {action.name: action.keys for action in (*mode_actions(), *ACTIONS)}
        for name, chosen in (own or {}).items():
            if name not in keys:
                self.problems.append(f"keys: there is no action “{name}”")
                continue
            keys[name] = tuple(key for text in chosen if (key := self._parse(name, text)))
        self._keys = keys
        self._actions: dict[str, list[Action]] = {}
        for action in (*mode_actions(), *ACTIONS):
            for key in keys[action.name]:
                self._take(key, action)
        self.prefixes = frozenset(key.split(" ")[0] for key in self._actions if " " in key)
        for prefix in self.prefixes & self._actions.keys():
            self.problems.append(
                f"keys: {key_text(prefix)} cannot act by itself, because other keys begin with it"
            )

    def keys_of(self, name: str) -> tuple[str, ...]:
        """The keys that run the action `name`."""
        return self._keys.get(name, ())

    def action(self, key: str, mode: Mode) -> Action | None:
        """What `key` runs in `mode`; None where that is nothing."""
        return next((action for action in self._actions.get(key, ()) if mode in action.modes), None)

    def _take(self, key: str, action: Action) -> None:
        for other in self._actions.setdefault(key, []):
            if other.modes & action.modes:
                told = f"keys: {key_text(key)} is given to both “{other.name}” and “{action.name}”"
                self.problems.append(f"{told}; “{other.name}” has it")
                return
        self._actions[key].append(action)

    def _parse(self, name: str, text: str) -> str:
        """A key as the settings file writes it (``space``, ``ctrl+r``, ``g i``, ``/``), as Textual names it."""
        parts = []
        for part in text.split():
            known = _KEY_NAMES.get(part.casefold(), part)
            if not (len(known) == 1 or known in _KEY_TEXTS or known.startswith("ctrl+")):
                self.problems.append(f"keys: “{text}” for “{name}” is not a key")
                return ""
            parts.append(known)
        return " ".join(parts[:2])


DEFAULT_KEYMAP = Keymap()
