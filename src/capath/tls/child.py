"""Another program, run within the deadline and never longer."""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from capath.tls.deadline import SLICE_S, Deadline, DeadlinePassedError

_OUTPUT_LIMIT = 1_000_000


@dataclass(frozen=True, slots=True)
class Ended:
    """What it printed, on both streams, and its exit status."""

    output: bytes
    status: int


def run_child(
    arguments: Sequence[str], deadline: Deadline, *, stdin: bytes = b"", environment: Mapping[str, str] = {}
) -> Ended | None:
    """Run a program; None where it had not ended at the deadline. Raises CancelledError.

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
        output = _read(process, deadline)
        return Ended(output, process.wait(max(deadline.remaining_s(), SLICE_S)))
    except (DeadlinePassedError, subprocess.TimeoutExpired):
        return None
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _read(process: subprocess.Popen[bytes], deadline: Deadline) -> bytes:
    assert process.stdout is not None
    descriptor = process.stdout.fileno()
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    output = b""
    while len(output) < _OUTPUT_LIMIT:
        if poll.poll(min(deadline.remaining_s(), SLICE_S) * 1000):
            part = os.read(descriptor, 65536)
            if not part:
                break
            output += part
    return output
