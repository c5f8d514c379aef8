"""One absolute moment at which a test ends, whatever the other side does, and what is done until then.

Work that cannot be interrupted runs on a thread, other programs run as children.
"""

from __future__ import annotations

import os
import queue
import select
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

# How long anything waits before it looks again whether it is still wanted: quitting takes no longer.
SLICE_S = 0.05
_OUTPUT_LIMIT = 1_000_000
_Answer = TypeVar("_Answer")


class DeadlinePassedError(Exception):
    """The time for the whole test is over."""


class CancelledError(Exception):
    """The caller no longer wants the answer."""


def never() -> bool:
    """The `cancelled` of a test that nobody stops."""
    return False


@dataclass(frozen=True, slots=True)
class Deadline:
    """`end_s` on the clock of `time.monotonic`; `cancelled` is asked at least every SLICE_S seconds."""

    end_s: float
    cancelled: Callable[[], bool] = never

    @classmethod
    def after(cls, timeout_s: float, cancelled: Callable[[], bool] = never) -> Deadline:
        return cls(time.monotonic() + timeout_s, cancelled)

    def remaining_s(self) -> float:
        """Seconds left, more than 0. Raises DeadlinePassedError or CancelledError."""
        if self.cancelled():
            raise CancelledError
        left = self.end_s - time.monotonic()
        if left <= 0:
            raise DeadlinePassedError
        return left

    def sooner(self, timeout_s: float) -> Deadline:
        """This deadline, or one `timeout_s` from now, whichever comes first."""
        return Deadline(min(self.end_s, time.monotonic() + timeout_s), self.cancelled)


def on_thread(work: Callable[[], _Answer], deadline: Deadline, *, name: str) -> _Answer:
    """Return ``work()``, done on a thread of its own, and raise what it raises.

    Raises DeadlinePassedError or CancelledError and leaves the thread behind, a daemon: what it waits for, as
    getaddrinfo(3), cannot always be interrupted.
    """
    answers: queue.SimpleQueue[tuple[_Answer | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put((work(), None))
        except BaseException as error:  # handed over to the thread that waits
            answers.put((None, error))

    threading.Thread(target=run, name=name, daemon=True).start()
    while True:
        try:
            answer, error = answers.get(timeout=min(deadline.remaining_s(), SLICE_S))
        except queue.Empty:
            continue
        if error is not None:
            raise error
        return cast("_Answer", answer)


@dataclass(frozen=True, slots=True)
class Ended:
    """What it printed, on both streams, and whether it ended in time of its own accord."""

    output: bytes
    in_time: bool


def run_child(
    arguments: Sequence[str], deadline: Deadline, *, stdin: bytes = b"", environment: Mapping[str, str] = {}
) -> Ended:
    """Run a program until it ends, or the deadline does. Raises CancelledError.

    `stdin` must fit into a pipe. The program speaks English (LC_ALL=C).
    """
    process = subprocess.Popen(
        arguments,
        stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "LC_ALL": "C", **environment},
    )
    try:
        if process.stdin is not None:
            process.stdin.write(stdin)
            process.stdin.close()
        return _read(process, deadline)
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _read(process: subprocess.Popen[bytes], deadline: Deadline) -> Ended:
    assert process.stdout is not None
    descriptor = process.stdout.fileno()
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    output = b""
    while len(output) < _OUTPUT_LIMIT:
        try:
            wait_s = min(deadline.remaining_s(), SLICE_S)
        except DeadlinePassedError:
            return Ended(output, in_time=False)
        if poll.poll(wait_s * 1000):
            part = os.read(descriptor, 65536)
            if not part:
                break
            output += part
    return Ended(output, in_time=True)
