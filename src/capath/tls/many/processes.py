"""Long lists by several processes, each with threads of its own: one interpreter uses one processor.

The processes are forked, so they begin with all that is in memory, and die with nothing of their own to lose. What
is to be done comes through one pipe for all: who is free takes the next position out of it.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import selectors
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

from capath.tls.many.threads import END_WITHIN_S, Raised, Threads, each

_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")
_POSITION_OCTETS = 4
_AHEAD = 512
"""How many positions are in the pipe at most: half of what the smallest pipe holds, which is a page."""
_ITEMS_WORTH_A_PROCESS = 50
_PROCESSES_LIMIT = 8


def worthwhile_processes(items: int, at_once: int) -> int:
    """How many processes help with so many items, `at_once` of them at a time; 1 where threads do as well."""
    return max(1, min(forkable_processors(), at_once, items // _ITEMS_WORTH_A_PROCESS, _PROCESSES_LIMIT))


def forkable_processors() -> int:
    """How many processes at once help this one; 1 where it has threads, which a fork would leave behind."""
    if sys.platform != "linux" or threading.active_count() > 1:
        return 1
    return len(os.sched_getaffinity(0))


class Processes(Generic[_Item, _Answer]):
    """`Answers` of ``work(item)`` for every item, given by `processes` processes.

    `at_once` items are worked on at a time in all. Answers go through pickle. Use it in a ``with`` block: at its
    end `cancelled` is set, here and in each process that is still at work, which should make `work` return soon.
    What no process did, because it died or could not be had, threads do here.
    """

    def __init__(
        self,
        items: Sequence[_Item],
        work: Callable[[_Item], _Answer],
        *,
        processes: int,
        at_once: int,
        cancelled: threading.Event,
    ) -> None:
        self._items = items
        self._work = work
        self._at_once = at_once
        self._cancelled = cancelled
        self._unread = set(range(len(items)))
        self._pending, self._feeding = os.pipe()
        self._following = iter(range(len(items)))
        for _ in range(_AHEAD):
            self._feed()
        shares = [at_once // processes + (number < at_once % processes) for number in range(processes)]
        self._here: Threads[tuple[int, _Answer]] | None = None
        self._taken: tuple[int, _Answer | Raised] | None = None
        """The last one read: an interrupt while it is handed over must not lose it."""
        self._readers: list[Connection] = []
        self._children: list[multiprocessing.process.BaseProcess] = []
        # The terminal's interrupt goes to every process, so the children must first come to ignore it. Where no
        # more processes may be had (OSError), those that there are do all.
        with _no_interrupt(), contextlib.suppress(OSError):
            for threads in shares:
                self._start(threads)

    def __enter__(self) -> Processes[_Item, _Answer]:
        return self

    def __exit__(self, *_: object) -> None:
        self._cancelled.set()
        for child in self._children:
            if child.is_alive():
                child.terminate()
        for child in self._children:
            child.join(END_WITHIN_S)
            if child.is_alive():
                child.kill()
                child.join()
            child.close()
        if self._here is not None:
            self._here.end(END_WITHIN_S)
        for reader in self._readers:
            reader.close()
        for end in (self._pending, self._feeding):
            if end >= 0:
                os.close(end)

    def __iter__(self) -> Iterator[tuple[int, _Answer]]:
        with selectors.DefaultSelector() as waiting:
            for reader in self._readers:
                waiting.register(reader, selectors.EVENT_READ, reader)
            yield from self._come(waiting)
        left = sorted(self._unread)
        self._here = each(
            left, lambda position: (position, self._work(self._items[position])), threads=self._at_once
        )
        for _, answer in self._here:
            yield answer

    def _come(self, waiting: selectors.BaseSelector) -> Iterator[tuple[int, _Answer]]:
        """The answers of the processes, until each has come to its end."""
        while waiting.get_map():
            for key, _ in waiting.select():
                try:
                    with _no_interrupt():
                        self._taken = key.data.recv()
                    position, answer = self._taken
                except (EOFError, OSError):
                    waiting.unregister(key.fileobj)
                    continue
                self._feed()
                self._unread.discard(position)
                if isinstance(answer, Raised):
                    raise answer.error
                yield position, answer

    def ready(self) -> Iterator[tuple[int, _Answer]]:
        if self._taken is not None and not isinstance(self._taken[1], Raised):
            yield self._taken[0], self._taken[1]
        for reader in self._readers:
            with contextlib.suppress(EOFError, OSError):
                while reader.poll(0):
                    position, answer = reader.recv()
                    self._unread.discard(position)
                    if not isinstance(answer, Raised):
                        yield position, answer
        if self._here is not None:
            for _, done in self._here.ready():
                yield done

    def _start(self, threads: int) -> None:
        reader, writer = multiprocessing.Pipe(duplex=False)
        child = multiprocessing.get_context("fork").Process(
            target=self._serve, args=(writer, threads), daemon=True
        )
        try:
            child.start()
        except OSError:
            reader.close()
            raise
        finally:
            writer.close()  # only the child has it, so that its end is seen here
        self._readers.append(reader)
        self._children.append(child)

    def _feed(self) -> None:
        """Put the next position into the pipe; after the last one, close it, so that its readers see the end."""
        if self._feeding < 0:
            return
        position = next(self._following, None)
        if position is None:
            os.close(self._feeding)
            self._feeding = -1
        else:
            with contextlib.suppress(BrokenPipeError):  # every process died: what is left is done here
                os.write(self._feeding, position.to_bytes(_POSITION_OCTETS, "big"))

    def _serve(self, writer: Connection, threads: int) -> None:
        """A child's life."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: self._cancelled.set())
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        for reader in self._readers:  # of the children before it
            reader.close()
        if self._feeding >= 0:
            os.close(self._feeding)
        answers = Threads(self._take, lambda at: self._work(self._items[at]), limit=threads, cautious=True)
        for position, answer in answers.with_errors():
            if self._cancelled.is_set():
                continue  # what is told after that tells of the end
            try:
                writer.send((position, answer))
            except BrokenPipeError:  # nobody is there any more
                self._cancelled.set()

    def _take(self) -> int | None:
        """The next position, which no other thread or process gets: a pipe gives its bytes away once."""
        if self._cancelled.is_set() or not (taken := os.read(self._pending, _POSITION_OCTETS)):
            return None
        return int.from_bytes(taken, "big")


@contextlib.contextmanager
def _no_interrupt() -> Iterator[None]:
    """Hold an interrupt back: a message that was read by half would be the last one that can be read."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
