"""`capath rehash` against `openssl rehash`, and a toggle in a large directory: whole processes, side by side.

``python -m tests.benchmarks.rehash [--place DIR] [--sizes 142,10000,100000] [--runs N]``

What counts is the ratio, of two programs doing the same to the same files in turn on the same machine. A kernel
that takes long to make a link takes it from both, so the place is a memory file system where there is one.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from capath.change.apply import apply_plan
from capath.change.toggle import plan_toggle
from capath.store.listing import list_store
from capath.store.walk import scan
from tests.benchmarks.stores import make_store

PROMISES = {
    ("first", 142): 1 / 2.5,
    ("first", 10_000): 3.0,
    ("first", 100_000): 4.0,
    ("again", 100_000): 15.0,
    ("toggle", 100_000): 8.0,
}
TOGGLE_GROWTH_LIMIT = 15.0
"""How much longer than in the smallest directory a toggle may take in any other, start of Python included."""
MEMORY_LIMIT_MIB = 400


@dataclass(frozen=True)
class Run:
    """One process: wall time, processor time of its own and its children, and peak memory."""

    wall_s: float
    cpu_s: float
    peak_mib: float


def run(arguments: Sequence[str]) -> Run:
    """Run a program to its end, its output to nowhere. Raises where it fails."""
    begin = time.perf_counter()
    nowhere = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    child = os.posix_spawnp(arguments[0], list(arguments), os.environ, file_actions=nowhere)
    _, status, usage = os.wait4(child, 0)
    wall_s = time.perf_counter() - begin
    if status:
        raise SystemExit(f"{' '.join(arguments)}: status {os.waitstatus_to_exitcode(status)}")
    scale = 2**20 if sys.platform == "darwin" else 2**10
    return Run(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / scale)


def compare(place: Path, size: int, run_count: int, smallest_toggle: dict[str, float]) -> bool:
    """Rehash directories of `size` files by both programs, twice each, in turn; print what it took."""
    source = make_store(place / "source", size)
    programs = {"openssl": ["openssl", "rehash"], "capath": [sys.executable, "-m", "capath", "rehash"]}
    if installed := shutil.which("capath", path=str(Path(sys.executable).parent)):
        programs["capath"] = [installed, "rehash"]
    for number in range(run_count):
        for name in programs:
            directory = place / f"{name}{number}"
            directory.mkdir()
            for path in source.iterdir():
                os.link(path, directory / path.name)
    time.sleep(2.5)  # younger files are not kept in the cache, and these are to be
    runs: dict[tuple[str, str], list[Run]] = {}
    for number in range(run_count):
        for name, program in programs.items():
            for which in ("first", "again"):
                runs.setdefault((which, name), []).append(run([*program, str(place / f"{name}{number}")]))
    kept = True
    for which in ("first", "again"):
        theirs = min(runs[which, "openssl"], key=lambda one: one.wall_s)
        ours = min(runs[which, "capath"], key=lambda one: one.wall_s)
        kept &= _tell(size, which, theirs, ours)
    toggle = _toggle_by_command(programs["capath"][:-1], place / "capath0", size, run_count)
    kept &= _tell(size, "toggle", min(runs["again", "openssl"], key=lambda one: one.wall_s), toggle)
    growth = toggle.wall_s / smallest_toggle.setdefault("wall_s", toggle.wall_s)
    print(f"{size:>8,}  that is {growth:.1f} times what it takes in the smallest directory", flush=True)
    kept &= growth <= TOGGLE_GROWTH_LIMIT
    _toggle(place / "capath0", size)
    shutil.rmtree(place)
    return kept


def _tell(size: int, which: str, theirs: Run, ours: Run) -> bool:
    """Print a line of the table; return whether what is promised of it is kept."""
    ratio = theirs.wall_s / ours.wall_s
    promise = PROMISES.get((which, size))
    print(
        f"{size:>8,}  {which:<6} {theirs.wall_s:>9.3f} s {ours.wall_s:>9.3f} s {ratio:>7.2f}x "
        f"{'' if promise is None else f'≥ {promise:.1f}x':>8}  {theirs.cpu_s:>7.3f} s {ours.cpu_s:>7.3f} s "
        f"{ours.peak_mib:>6.0f} MiB",
        flush=True,
    )
    return (promise is None or ratio >= promise) and ours.peak_mib < MEMORY_LIMIT_MIB


def _toggle_by_command(program: Sequence[str], directory: Path, size: int, run_count: int) -> Run:
    """Take one root out and in again, as a person does at a prompt; the digests are those the rehash kept."""
    name = f"Root_{size // 3:06d}.pem"
    toggles = []
    for _ in range(run_count):
        toggles.append(run([*program, "distrust", str(directory), name]))
        toggles.append(run([*program, "trust", str(directory), f"{name}.untrusted"]))
    return min(toggles, key=lambda one: one.wall_s)


def _toggle(directory: Path, size: int) -> None:
    """Take one root out of a directory that has been read and looked at: planning and applying alone."""
    listing = list_store(scan(directory))
    plan_toggle(listing, [], [listing.certificates[0].certificate.sha256])
    sha256 = listing.certificates[size // 2].certificate.sha256
    begin = time.perf_counter()
    apply_plan(plan_toggle(listing, [], [sha256]))
    print(f"{size:>8,}  one toggle, planned and applied: {time.perf_counter() - begin:.3f} s", flush=True)


def main() -> int:
    """Run the comparison; 1 where a promise of the README is not kept."""
    memory = Path("/dev/shm")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--place", type=Path, default=memory if os.access(memory, os.W_OK) else None)
    parser.add_argument("--sizes", default="142,10000,100000")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    kept, smallest_toggle = True, dict[str, float]()
    with tempfile.TemporaryDirectory(dir=arguments.place) as home:
        os.environ["XDG_STATE_HOME"] = f"{home}/state"
        os.environ["XDG_CACHE_HOME"] = f"{home}/cache"
        print("   files  run      openssl      capath     ratio  promise   openssl CPU  capath CPU   peak")
        for size in map(int, arguments.sizes.split(",")):
            place = Path(home) / "stores"
            place.mkdir()
            kept &= compare(place, size, arguments.runs if size < 50_000 else 1, smallest_toggle)
    print("every promise kept" if kept else "a promise is not kept")
    return not kept


if __name__ == "__main__":
    sys.exit(main())
