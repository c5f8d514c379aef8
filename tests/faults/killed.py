"""Run in a process of its own: make one change again and again, each time killed one system call later.

``python -m tests.faults.killed SOURCE COPIES CHANGE [SHA256 …]``: COPIES/n is a copy of SOURCE in which the change
was killed before its n-th call; the last one was not. CHANGE is ``on``, ``off``, ``rehash``, ``quick rehash`` or
``undo``.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from capath.change.apply import apply_plan, undo_last
from capath.change.journal import Journal
from capath.change.quick_rehash import rehash_directory
from capath.change.rehash import plan_rehash
from capath.change.toggle import plan_toggle
from capath.store.listing import list_store
from capath.store.scan import scan

_CALLS = ("symlink", "rename", "link", "unlink", "utime", "fsync")


def _kill_before_call(number: int) -> None:
    calls = 0

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **keywords: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **keywords)

        return call

    for name in _CALLS:
        setattr(os, name, counted(getattr(os, name)))


def _change(directory: str, change: str, chosen: list[str]) -> None:
    match change:
        case "quick rehash":
            rehash_directory(directory)
        case "rehash":
            apply_plan(plan_rehash(scan(directory)).plan)
        case "undo":
            undo_last(directory)
        case _:
            on, off = (chosen, []) if change == "on" else ([], chosen)
            apply_plan(plan_toggle(list_store(scan(directory)), on, off, Journal(directory).row_memory()))


def main(source: Path, copies: Path, change: str, chosen: list[str]) -> None:
    """Fill `copies` until a change survives."""
    copies.mkdir()
    for number in range(1, 1000):
        directory = copies / str(number)
        shutil.copytree(source, directory, symlinks=True)
        if change == "undo":
            _change(str(directory), "off", chosen)
        child = os.fork()
        if not child:
            _kill_before_call(number)
            _change(str(directory), change, chosen)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0
            return
    raise AssertionError("the change never came to its end")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4:])
