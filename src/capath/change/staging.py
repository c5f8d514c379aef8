"""The store as it would be, as a directory that OpenSSL can be pointed at: nothing of the real one is touched."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator

from capath.change.plan import Plan
from capath.store.slot import DoesNotLoad, Loaded, load_slot


@contextlib.contextmanager
def staged_directory(plan: Plan) -> Iterator[str]:
    """Yield a temporary CApath that answers every lookup as the directory would after `plan`."""
    path = make_staged_directory(plan)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def make_staged_directory(plan: Plan) -> str:
    """Make the directory of `staged_directory`; the caller removes it.

    Each slot holds what the snapshot read, so a file that changes under a test cannot change its answer.
    """
    path = tempfile.mkdtemp(prefix="capath-staged-")
    for row, slots in plan.after.rows.items():
        for slot, entry in slots.items():
            loaded = load_slot(entry, row.kind)
            if isinstance(loaded, Loaded) and not loaded.objects:
                loaded = DoesNotLoad("its file has changed since the directory was read")
            content = _pem(loaded) if isinstance(loaded, Loaded) else _unloadable(loaded)
            with open(os.path.join(path, row.name(slot)), "wb") as file:
                file.write(content)
    return path


def _pem(loaded: Loaded) -> bytes:
    return b"".join(item.pem for item in loaded.objects)


def _unloadable(loaded: DoesNotLoad) -> bytes:
    """Objects that lookup takes in before the fault, and a fault."""
    text = f"This slot does not load in the store it was staged from: {loaded.reason}\n"
    fault = b"-----BEGIN CERTIFICATE-----\nand no more\n" if loaded.objects else b""
    return text.encode(errors="backslashreplace") + b"".join(item.pem for item in loaded.objects) + fault
