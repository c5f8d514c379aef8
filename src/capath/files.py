"""Where capath keeps what is the user's and not the store's (XDG Base Directory Specification)."""

from __future__ import annotations

import os
import sys


def state_directory() -> str:
    """Where capath keeps its history ($XDG_STATE_HOME/capath)."""
    return _directory("XDG_STATE_HOME", "~/.local/state", "~/Library/Application Support")


def cache_directory() -> str:
    """Where capath keeps what it can find out again ($XDG_CACHE_HOME/capath)."""
    return _directory("XDG_CACHE_HOME", "~/.cache", "~/Library/Caches")


def _directory(variable: str, default: str, macos: str) -> str:
    if sys.platform == "darwin":
        return os.path.join(os.path.expanduser(macos), "capath")
    named = os.environ.get(variable, "").strip()
    # A relative one is to be ignored: it would be another place wherever capath is started.
    return os.path.join(named if os.path.isabs(named) else os.path.expanduser(default), "capath")
