"""One absolute moment at which a test ends, whatever the other side does, and the wish to end it before."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

# How long anything waits before it looks again whether it is still wanted: quitting takes no longer.
SLICE_S = 0.05


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
