"""What a command's exit status says."""

from __future__ import annotations

import enum


class ExitStatus(enum.IntEnum):
    """Part of the interface that scripts rely on. `capath rehash` alone counts errors instead."""

    GOOD = 0
    BAD = 1
    """Done, and something is bad: a host rejected, a finding of severity error, stores that differ."""
    USAGE = 2
    """Wrong usage or bad input."""
    UNREACHABLE = 3
    """A host could not be reached."""
    UNCHANGED = 4
    """The change could not be made; nothing was changed."""
    FAULT = 70
    """A fault in capath itself (EX_SOFTWARE of sysexits.h)."""
    INTERRUPTED = 130
