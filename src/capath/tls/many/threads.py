"""The same work on many items at once, answers as they come: by threads (`processes`: for long lists).

A test waits for a server, or it computes. Threads that wait cost nothing; threads that all want to compute cost
more than they do, for they take the interpreter from each other. So a pool begins with a few, and grows, up to its
limit, while the processor has nothing to do.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, Protocol, TypeVar

_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")
_Seen = TypeVar("_Seen", covariant=True)
END_WITHIN_S = 2.0
"""How long work that was told to end is waited for."""
_AT_FIRST = 2
_SHORT_LIST = 50
_LOOK_AFTER_S = 0.01
_BUSY = 0.35


class Answers(Protocol[_Seen]):
    """The answers to many questions, each once, as ``(position, answer)`` in the order in which they come."""

    def __iter__(self) -> Iterator[tuple[int, _Seen]]:
        """Wait for each. An exception of the work is raised here."""

    def ready(self) -> Iterator[tuple[int, _Seen]]:
        """Those that have come and were not read, or the last one read, without waiting.

        After an interrupt nothing that was done is lost: the one that was being handed over comes again.
        """


class Raised:
    """Instead of an answer: what the work raised."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def each(items: Sequence[_Item], work: Callable[[_Item], _Answer], *, threads: int) -> Threads[_Answer]:
    """Begin ``work(item)`` on every item, at most `threads` at a time.

    The threads are daemons: who stops reading leaves them behind, unless they are `ending`.
    """
    positions = iter(range(len(items)))
    lock = threading.Lock()

    def take() -> int | None:
        with lock:
            return next(positions, None)

    limit = min(threads, len(items))
    return Threads(take, lambda at: work(items[at]), limit=limit, cautious=len(items) > _SHORT_LIST)


@contextlib.contextmanager
def ending(threads: Threads[_Answer], cancelled: threading.Event) -> Iterator[Answers[_Answer]]:
    """The answers of `threads`, which end with the block: `cancelled` is set, so that the work returns soon.

    What a thread has made, as a copy of a store, is put away by then.
    """
    try:
        yield threads
    finally:
        cancelled.set()
        threads.end(END_WITHIN_S)


class Threads(Generic[_Answer]):
    """Answers of ``work(position)`` for every position that `take` gives, until it gives None.

    At most `limit` threads; where they are `cautious`, a few at first.
    """

    def __init__(
        self, take: Callable[[], int | None], work: Callable[[int], _Answer], *, limit: int, cautious: bool
    ) -> None:
        self._take = take
        self._work = work
        self._limit = limit
        self._threads: list[threading.Thread] = []
        self._ended = 0
        self._answers: deque[tuple[int, _Answer | Raised]] = deque()
        self._signs: queue.SimpleQueue[bool] = queue.SimpleQueue()
        """True for an answer more, False for a thread that ended."""
        self._looked_s = time.monotonic()
        self._computed_s = time.process_time()
        self._start(min(limit, _AT_FIRST) if cautious else limit)

    def __iter__(self) -> Iterator[tuple[int, _Answer]]:
        for position, answer in self.with_errors():
            if isinstance(answer, Raised):
                raise answer.error
            yield position, answer

    def with_errors(self) -> Iterator[tuple[int, _Answer | Raised]]:
        """The same, and what was raised is an answer."""
        while self._ended < len(self._threads):
            growing = len(self._threads) < self._limit and not self._ended
            try:
                is_answer = self._signs.get(timeout=_LOOK_AFTER_S if growing else None)
            except queue.Empty:
                self._grow()
                continue
            if not is_answer:
                self._ended += 1
                continue
            if growing:
                self._grow()
            yield self._answers[0]
            self._answers.popleft()  # not before: an interrupt while it is handed over must not lose it

    def ready(self) -> Iterator[tuple[int, _Answer]]:
        for position, answer in tuple(self._answers):
            if not isinstance(answer, Raised):
                yield position, answer

    def end(self, within_s: float) -> None:
        """Wait, not forever, until the threads have put their things away: `work` was told to end."""
        until_s = time.monotonic() + within_s
        for thread in self._threads:
            thread.join(max(0.0, until_s - time.monotonic()))

    def _grow(self) -> None:
        """Look now and then how busy this process is, and double the threads where it is not."""
        now_s, computed_s = time.monotonic(), time.process_time()
        passed_s = now_s - self._looked_s
        if passed_s < _LOOK_AFTER_S:
            return
        if (computed_s - self._computed_s) / passed_s < _BUSY:
            self._start(min(len(self._threads), self._limit - len(self._threads)))
        self._looked_s, self._computed_s = now_s, computed_s

    def _start(self, count: int) -> None:
        for _ in range(count):
            thread = threading.Thread(target=self._run, name="capath test", daemon=True)
            thread.start()
            self._threads.append(thread)

    def _run(self) -> None:
        while (position := self._take()) is not None:
            try:
                self._answers.append((position, self._work(position)))
            except Exception as error:  # raised again where the answers are read
                self._answers.append((position, Raised(error)))
            self._signs.put(True)
        self._signs.put(False)
