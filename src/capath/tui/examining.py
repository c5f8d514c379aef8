"""Examining the programs of this machine off the screen's thread, a few at once. No Textual here."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from capath.pki.visible import visible
from capath.tui.explore import Exploration
from capath.tui.session import Session, Tone

if TYPE_CHECKING:
    from capath.doctor.examine import Doctor
    from capath.doctor.judge import Row
    from capath.doctor.place import Problem
    from capath.doctor.program import Client
    from capath.doctor.read_place import StoreRead

T = TypeVar("T")
_AT_ONCE = 4
_END_S = 0.4


class Program(NamedTuple):
    """A row of the table. `row` is None where the program is not understood, and `reason` says why."""

    key: str
    title: str
    executable: str
    order: tuple[int, int]
    row: Row | None
    reason: str = ""

    @property
    def store(self) -> StoreRead | None:
        """The store with the most roots, of those that it reads."""
        stores = () if self.row is None else self.row.stores
        return max(stores, key=lambda store: store.root_count or 0, default=None)

    @property
    def problems(self) -> list[Problem]:
        """What is wrong with its stores and variables, the worst first."""
        from capath.doctor.place import NO_ERRORS

        problems = () if self.row is None else self.row.problems
        return sorted(problems, key=lambda problem: (not problem.leads_nowhere, problem.kind in NO_ERRORS))


class Examining:
    """Jobs off the screen's thread, a few at once, until they are done or stopped. `took` is called after each."""

    def __init__(self, session: Session, took: Callable[[], None]) -> None:
        self.doctor: Doctor | None = None
        self.is_stopped = False
        self.total = self.done = 0
        self._session, self._took = session, took
        self._waiting: deque[Callable[[], None]] = deque()
        self._running: set[threading.Event] = set()

    @property
    def is_running(self) -> bool:
        return self.done < self.total and not self.is_stopped

    def add(self, job: Callable[[], T], done: Callable[[T], None]) -> None:
        """Have `job` done, and then `done` on the screen's thread."""
        self.total += 1
        self._waiting.append(lambda: self._start(job, done))
        self._next()

    def _next(self) -> None:
        while self._waiting and len(self._running) < _AT_ONCE:
            self._waiting.popleft()()

    def _start(self, job: Callable[[], T], done: Callable[[T], None]) -> None:
        ended = threading.Event()
        self._running.add(ended)

        def run() -> T:
            try:
                return job()
            finally:
                ended.set()

        def took(act: Callable[[], None]) -> None:
            self._running.discard(ended)
            if not self.is_stopped:
                self.done += 1
                act()
                self._next()
                self._took()

        self._session.in_background(
            run,
            lambda result: took(lambda: done(result)),
            lambda text: took(lambda: self._session.say(Tone.WARNING, visible(text))),
        )

    def stop(self) -> None:
        """Stop the programs that run; nothing more is taken."""
        self.is_stopped = True
        self._waiting.clear()
        if self.doctor is not None:
            self.doctor.stop()

    def end(self) -> None:
        """Stop, and give the programs the time to end and their temporary directories to be removed."""
        self.stop()
        deadline_s = time.monotonic() + _END_S
        for ended in tuple(self._running):
            ended.wait(max(0.0, deadline_s - time.monotonic()))


def find_programs(doctor: Doctor, number: int, client: Client) -> list[Program]:
    """The programs of a client, asked about themselves. Runs off the screen's thread."""
    from capath.doctor.judge import Row

    programs = []
    for position, item in enumerate(doctor.find(client)):
        order = (number, position)
        if isinstance(item, Row):
            key, title = " ".join(item.program.key), visible(item.program.title)
            programs.append(Program(key, title, item.program.executable, order, item))
        else:
            key = f"{item.client} {item.executable}"
            programs.append(Program(key, item.client, item.executable, order, None, visible(item.reason)))
    return programs


def open_exploration(path: str, now: Exploration, at_end: list[Callable[[], None]]) -> Exploration:
    """The explorer on another store, as `now` otherwise. Runs off the screen's thread. Raises BadInputError.

    A temporary copy of a store that is not a directory is removed by what is added to `at_end`.
    """
    from capath.sources.store import open_store

    stack = ExitStack()
    at_end.append(stack.close)
    store = stack.enter_context(open_store(path, now.system_root))
    asked_for = now.read_only if now.read_only == "read-only mode" else ""
    may_write = os.access(store.directory, os.W_OK | os.X_OK)
    why = store.read_only or asked_for or ("" if may_write else "no permission to change this directory")
    title = store.text if store.read_only else ""
    return replace(now, directory=store.directory, read_only=why, title=title, welcome="")
