"""What belongs to the user: ``config.toml``, which is only read, and what the explorer remembers, which is only
its own.

``config.toml`` is in the place that the platform expects (XDG Base Directory Specification); the remembered
session is in the state directory and written whole or not at all. Neither can keep the explorer from starting.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from capath.files import config_directory, read_file, state_directory, write_file
from capath.tui.theme import LOOKS

COLUMNS = ("name", "link", "key", "until", "organisation")
_LIMIT = 1024 * 1024
_HOSTS_KEPT = 50

DEFAULT = """\
# capath's settings. Every line here shows the default: remove the # to change one.

# How it looks: "dark", "light", "contrast", "ansi" (the terminal's own 16 colours) or "none" (no colours).
# F6 changes it while capath runs. NO_COLOR in the environment means "none".
# theme = "dark"

# "unicode", or "ascii" where the terminal's font lacks the glyphs, or draws them two cells wide.
# glyphs = "unicode"

# Columns of the certificates, in their order: name, link, key, until, organisation.
# columns = ["name", "link", "key", "until", "organisation"]

# Hosts to test, one a line, as `capath test --file` takes them; --hosts goes first.
# hosts-file = ""

# Keys, by the name of the action as `?` lists them. A key is a letter, or space, enter, tab, backspace, up, home,
# f5, ctrl+r; two keys one after the other are written with a space between them.
# [keys]
"""


@dataclass(frozen=True)
class Settings:
    """`problems` are what the file says and cannot be; the defaults hold for those."""

    theme: str = "dark"
    ascii_only: bool = False
    columns: tuple[str, ...] = ()
    hosts_file: str = ""
    keys: Mapping[str, Sequence[str]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def settings_path() -> str:
    """Where the settings file is looked for."""
    return os.path.join(config_directory(), "config.toml")


def default_settings() -> str:
    """The commented default file, every action with its keys."""
    from capath.tui.actions import ACTIONS

    width = max(len(action.name) for action in ACTIONS)
    keys = [f"# {action.name:<{width}} = {json.dumps(list(action.keys))}  # {action.text}" for action in ACTIONS]
    return DEFAULT + "\n".join(keys) + "\n"


def read_settings(path: str | None = None) -> Settings:
    """Read the settings file. What is wrong with it is told in `problems`, and never raises."""
    path = settings_path() if path is None else path
    try:
        table = _parse(read_file(path, _LIMIT))
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        return Settings(problems=(f"{path} cannot be read: {error.strerror}",))
    except ValueError as error:
        return Settings(problems=(f"{path} is not TOML: {error}",))
    return _from_table(table)


def _parse(data: bytes) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    table: dict[str, Any] = tomllib.loads(data.decode("utf-8"))
    return table


def _from_table(table: Mapping[str, Any]) -> Settings:
    problems: list[str] = []

    def text(name: str, default: str, known: Sequence[str]) -> str:
        value = table.get(name, default)
        if isinstance(value, str) and (not known or value in known):
            return value
        problems.append(
            f"{name} = {value!r} is not one of {', '.join(known)}" if known else f"{name} is not a text"
        )
        return default

    known_names = ("theme", "glyphs", "columns", "hosts-file", "keys")
    problems += [f"there is no setting “{name}”" for name in table if name not in known_names]
    columns = table.get("columns", [])
    if not (isinstance(columns, list) and all(name in COLUMNS for name in columns)):
        problems.append(f"columns is not a list of {', '.join(COLUMNS)}")
        columns = []
    keys: dict[str, Sequence[str]] = {}
    own = table.get("keys", {})
    for name, chosen in own.items() if isinstance(own, dict) else ():
        chosen = [chosen] if isinstance(chosen, str) else chosen
        if isinstance(chosen, list) and all(isinstance(key, str) for key in chosen):
            keys[name] = chosen
        else:
            problems.append(f"keys: {name} is not a key or a list of keys")
    return Settings(
        text("theme", "dark", tuple(LOOKS)),
        text("glyphs", "unicode", ("unicode", "ascii")) == "ascii",
        tuple(columns),
        text("hosts-file", "", ()),
        keys,
        tuple(problems),
    )


class Remembered:
    """What the explorer remembers from one time to the next. Unreadable files are as if there were none."""

    def __init__(self, path: str = "") -> None:
        self._path = path
        self.theme = ""
        self.mode = ""
        self.sort: dict[str, list[Any]] = {}
        self.hosts: list[str] = []
        self.cursors: dict[str, str] = {}

    @classmethod
    def read(cls, path: str = "") -> Remembered:
        """What was remembered last time."""
        found = cls(path or os.path.join(state_directory(), "session.json"))
        with contextlib.suppress(OSError, ValueError, TypeError, AttributeError, LookupError, RecursionError):
            kept = json.loads(read_file(found._path, _LIMIT))
            found.theme = kept["theme"] if kept.get("theme") in LOOKS else ""
            found.mode = str(kept.get("mode", ""))
            found.hosts = [str(host)[:300] for host in kept.get("hosts", [])][-_HOSTS_KEPT:]
            found.cursors = {str(k): str(v) for k, v in kept.get("cursors", {}).items()}
            found.sort = {str(k): [str(v[0]), bool(v[1])] for k, v in kept.get("sort", {}).items()}
        return found

    def take_host(self, text: str) -> None:
        """A host was typed: ↑ brings it back."""
        self.hosts = [*(host for host in self.hosts if host != text), text][-_HOSTS_KEPT:]

    def write(self) -> None:
        """Keep it for the next time; where that fails, it is forgotten."""
        kept = {
            "theme": self.theme,
            "mode": self.mode,
            "hosts": self.hosts,
            "cursors": dict(list(self.cursors.items())[-100:]),
            "sort": self.sort,
        }
        _write(self._path, json.dumps(kept))

    def keep_copy(self, text: str) -> str:
        """Write what was copied into a file, for terminals that do not take it; return its name, empty for
        none."""
        path = os.path.join(os.path.dirname(self._path), "copied.txt") if self._path else ""
        return path if _write(path, text) else ""


def _write(path: str, text: str) -> bool:
    """Write a file whole or not at all, readable by its owner alone."""
    if not path:
        return False
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        write_file(path, text.encode("utf-8", "surrogateescape"), mode=0o600, sync=False)
    except OSError:
        return False
    return True
