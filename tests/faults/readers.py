"""Lookups in progress while a directory changes: real verifications in other processes, one after the other.

``python -m tests.faults.readers DIR CERTIFICATE…``: verify each certificate in turn with what OpenSSL finds in
DIR, until standard input ends; then print the number of verifications and the errors.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from OpenSSL import crypto

from capath.change.operation import GRACE_MILLISECONDS

ROOT = Path(__file__).parents[2]


class Readers:
    """What the processes counted, once they have ended."""

    verifications = 0
    errors: list[str]


@contextmanager
def reading(directory: Path, certificates: Iterable[Path], processes: int = 2) -> Iterator[Readers]:
    """Have `processes` verify `certificates` against `directory` meanwhile; the counts come at the end."""
    command = [sys.executable, "-m", "tests.faults.readers", str(directory), *map(str, certificates)]
    children = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
        for _ in range(processes)
    ]
    found = Readers()
    found.errors = []
    try:
        for child in children:
            assert child.stdout is not None
            child.stdout.readline()  # it has begun
        yield found
    finally:
        for child in children:
            said, _ = child.communicate()
            counted = json.loads(said)
            found.verifications += counted["verifications"]
            found.errors += counted["errors"]


def _read(directory: str, paths: list[str]) -> dict[str, Any]:
    certificates = [crypto.load_certificate(crypto.FILETYPE_PEM, Path(path).read_bytes()) for path in paths]
    count, errors = 0, []
    print("begun", flush=True)
    while True:
        for certificate in certificates:
            store = crypto.X509Store()  # it keeps what it has found, so each verification needs its own
            store.load_locations(None, directory)
            count += 1
            begin = time.monotonic()
            try:
                crypto.X509StoreContext(store, certificate).verify_certificate()
            except crypto.X509StoreContextError as error:
                # What a busy machine keeps from running for longer than the grace is not promised anything.
                if time.monotonic() - begin < GRACE_MILLISECONDS / 1000:
                    errors.append(str(error))
        if select.select([sys.stdin], [], [], 0)[0]:
            return {"verifications": count, "errors": errors}


if __name__ == "__main__":
    print(json.dumps(_read(sys.argv[1], sys.argv[2:])))
