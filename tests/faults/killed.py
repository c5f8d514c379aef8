"""Run in a process of its own: make one change again and again, each time killed one system call later.

``python -m tests.faults.killed SOURCE COPIES CHANGE [SHA256 …]``: COPIES/n is a copy of SOURCE in which the change
was killed before its n-th call; the last one was not. CHANGE is ``on``, ``off``, ``rehash``,
``aside`` (each of the places in the subdirectory is used) or ``undo``.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from capath.change import file_system
from capath.change.apply import apply_plan, undo_last
from capath.change.journal import Journal
from capath.change.operation import (
    Absent,
    AddFile,
    MakeLink,
    RemoveLink,
    RenameFile,
    ReplaceFile,
    Symlink,
)
from capath.change.plan import Plan
from capath.change.rehash import plan_rehash
from capath.change.toggle import plan_toggle
from capath.store.listing import list_store
from capath.store.walk import scan

_CALLS = ("symlink", "rename", "link", "unlink", "utime", "fsync", "mkdir", "rmdir", "chmod", "fchmod")


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
    if "CAPATH_TEST_WITHOUT_RENAMEAT2" in os.environ:
        vars(file_system)["rename2"] = lambda *_: errno.ENOSYS
    else:
        vars(file_system)["rename2"] = counted(file_system.rename2)


def _change(directory: str, change: str, chosen: list[str]) -> None:
    match change:
        case "rehash":
            apply_plan(plan_rehash(scan(directory)).plan)
        case "undo":
            undo_last(directory)
        case "aside":
            apply_plan(aside_plan(directory))
        case _:
            on, off = (chosen, []) if change == "on" else ([], chosen)
            apply_plan(plan_toggle(list_store(scan(directory)), on, off, Journal(directory).row_memory()))


def aside_plan(directory: str) -> Plan:
    """Put aside a file, a link, and a file in a slot (``0.pem``, ``1.pem``, ``*.3``), and add one there."""
    snapshot = scan(directory)
    (slot,) = [name for name in snapshot.names if name.endswith(".3")]
    link = os.path.join(directory, "1.pem")
    was = Symlink(os.readlink(link), os.lstat(link).st_mtime_ns)
    operations = (
        RenameFile("0.pem", "untrusted/0.pem"),
        MakeLink("untrusted/1.pem", f"../{was.target}", Absent()),
        RemoveLink("1.pem", was),
        ReplaceFile(slot, f"untrusted/{slot}", "2.pem"),
        AddFile("untrusted/new.pem", b"new"),
    )
    return Plan(snapshot, "put aside", operations)


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
