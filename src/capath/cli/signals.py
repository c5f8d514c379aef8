"""What a command does when it is asked to end."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator, Mapping
from types import FrameType


@contextlib.contextmanager
def signals_handled(handlers: Mapping[signal.Signals, Callable[[int, FrameType | None], None]]) -> Iterator[None]:
    """Handle signals, but those that are ignored. A program that is started begins with the system's handling."""
    before = {number: signal.getsignal(number) for number in handlers}
    for number, handler in handlers.items():
        if before[number] is not signal.SIG_IGN:
            signal.signal(number, handler)
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


def ended_in_order() -> contextlib.AbstractContextManager[None]:
    """SIGTERM and SIGHUP end the block as an interrupt does: what it began is undone, its temporary files go."""
    return signals_handled(dict.fromkeys((signal.SIGTERM, signal.SIGHUP), _end))


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)  # as a shell tells the end by a signal
