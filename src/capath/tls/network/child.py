"""Another program, run within the deadline and never longer."""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from capath.tls.network.deadline import SLICE_S, Deadline, DeadlinePassedError

_OUTPUT_LIMIT = 1_000_000


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
