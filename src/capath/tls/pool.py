"""The same work on many items at once, answers as they come."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")


def each(
    items: Sequence[_Item], work: Callable[[_Item], _Answer], *, threads: int
) -> Iterator[tuple[int, _Answer]]:
    """Yield ``(position, work(item))`` in the order in which the answers come.

    The threads are daemons: who stops reading leaves them behind, and should tell `work` to end. An exception of
    `work` is raised here.
    """
    pending: queue.SimpleQueue[int] = queue.SimpleQueue()
    answers: queue.SimpleQueue[tuple[int, _Answer | _Raised]] = queue.SimpleQueue()
    for position in range(len(items)):
        pending.put(position)

    def run() -> None:
        while True:
            try:
                position = pending.get_nowait()
            except queue.Empty:
                return
            try:
                answers.put((position, work(items[position])))
            except Exception as error:  # raised again where the answers are read
                answers.put((position, _Raised(error)))

    for _ in range(min(threads, len(items))):
        threading.Thread(target=run, name="capath test", daemon=True).start()
    for _ in items:
        position, answer = answers.get()
        if isinstance(answer, _Raised):
            raise answer.error
        yield position, answer


class _Raised:
    def __init__(self, error: Exception) -> None:
        self.error = error
