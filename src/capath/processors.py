"""How many processors there are to work with, asked before a process forks itself."""

from __future__ import annotations

import os
import sys


def forkable_processors() -> int:
    """How many processes at once help this one; 1 where it has threads, which a fork would leave behind."""
    threading = sys.modules.get("threading")
    if sys.platform != "linux" or (threading is not None and threading.active_count() > 1):
        return 1
    return len(os.sched_getaffinity(0))
