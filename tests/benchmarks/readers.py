"""Verifications in other processes while slot 0 of five roots of one name is toggled: none may fail.

``python -m tests.benchmarks.readers [SECONDS]`` (60); the exit status is 1 where one failed.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from capath.change.apply import apply_plan
from capath.change.rehash import plan_rehash
from capath.change.toggle import plan_toggle
from capath.store.listing import list_store
from capath.store.walk import scan
from tests.faults.readers import reading
from tests.minting import mint_root


def main(seconds: float) -> int:
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["XDG_STATE_HOME"] = temporary
        store, outside = Path(temporary, "d"), Path(temporary, "outside")
        store.mkdir()
        outside.mkdir()
        roots = [mint_root() for _ in range(5)]
        for number, root in enumerate(roots):
            (store / f"{number}.pem").write_bytes(root.pem)
            (outside / f"{number}.pem").write_bytes(root.pem)
        apply_plan(plan_rehash(scan(store)).plan)
        toggles, end = 0, time.monotonic() + seconds
        with reading(store, [outside / f"{number}.pem" for number in range(1, 5)]) as readers:
            while time.monotonic() < end:
                chosen = [roots[0].sha256]
                off, on = ([], chosen) if toggles % 2 else (chosen, [])
                apply_plan(plan_toggle(list_store(scan(store)), on, off))
                toggles += 1
    print(f"{toggles} toggles, {readers.verifications} verifications, {len(readers.errors)} failed")
    return 1 if readers.errors else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 60))
