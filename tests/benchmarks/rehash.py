"""`capath rehash` and `capath distrust` against `openssl rehash`: whole processes, in pairs, on equal directories.

``python -m tests.benchmarks.rehash [--place DIR] [--sizes 144,10000,100000] [--pairs N] [--real FILE…]``

What counts is the ratio: both programs do the same to the same files, one right after the other, and the median
of the pairs is taken. All directories are made beforehand, for links are made slowly for seconds after a mass
removal. Files are certifi's roots, those of ``--real`` (bundles, or Mozilla's CSV reports), and made ones.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import certifi

from tests.benchmarks.stores import make_store, real_certificates

BUDGETS = {
    ("cold", 144): 0.2,
    ("cold", 10_000): 1.3,
    ("cold", 100_000): 3.0,
    ("again", 10_000): 6.0,
    ("again", 100_000): 10.0,
    ("distrust", 10_000): 2.0,
}
"""How many times as fast as `openssl rehash` each must be; for `distrust`, as a rehash that changes nothing."""
LIST_CPU_LIMIT_S = 0.2
"""What `capath list` of the smallest directory may take of a processor."""
MEMORY_LIMIT_MIB = 400
_SETTLED_S = 2.5
"""Younger files are not kept in the cache, and these are to be."""


class Run(NamedTuple):
    """One process: wall time, processor time, and peak memory."""

    wall_s: float
    cpu_s: float
    peak_mib: float


class Pair(NamedTuple):
    """The same done by both programs."""

    openssl: Run
    capath: Run

    @property
    def ratio(self) -> float:
        return self.openssl.wall_s / self.capath.wall_s


def run(arguments: Sequence[str]) -> Run:
    """Run a program to its end, its output to nowhere. Raises where it fails."""
    begin = time.perf_counter()
    nowhere = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)]
    child = os.posix_spawnp(arguments[0], list(arguments), os.environ, file_actions=nowhere)
    _, status, usage = os.wait4(child, 0)
    wall_s = time.perf_counter() - begin
    if status:
        raise SystemExit(f"{' '.join(arguments)}: status {os.waitstatus_to_exitcode(status)}")
    scale = 2**20 if sys.platform == "darwin" else 2**10
    return Run(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / scale)


class Bench:
    """The directories of one size, and the programs."""

    def __init__(self, place: Path, size: int, pairs: int, real: Sequence[bytes]) -> None:
        self.size = size
        source = make_store(place / "source", size, real=real)
        self.pairs = [(place / f"openssl{number}", place / f"capath{number}") for number in range(pairs)]
        for directory in (directory for pair in self.pairs for directory in pair):
            directory.mkdir()
            for path in source.iterdir():
                os.link(path, directory / path.name)
        beside = shutil.which("capath", path=str(Path(sys.executable).parent))
        self.capath = [beside] if beside else [sys.executable, "-m", "capath"]

    def rehash(self) -> list[Pair]:
        """Rehash each pair of directories once."""
        return [
            Pair(run(["openssl", "rehash", str(theirs)]), run([*self.capath, "rehash", str(ours)]))
            for theirs, ours in self.pairs
        ]

    def distrust(self) -> list[Pair]:
        """Distrust one certificate in each directory of ours, beside a rehash that has nothing to do."""
        name = f"Root_{self.size // 3:06d}.pem"
        return [
            Pair(run(["openssl", "rehash", str(theirs)]), run([*self.capath, "distrust", str(ours), name]))
            for theirs, ours in self.pairs
        ]

    def list(self) -> list[Run]:
        """List each directory of ours."""
        return [run([*self.capath, "list", str(ours)]) for _, ours in self.pairs]


def measure(place: Path, size: int, pairs: int, real: Sequence[bytes]) -> bool:
    """Measure and print all of one size; return whether the budgets are kept."""
    bench = Bench(place, size, pairs, real)
    time.sleep(_SETTLED_S)
    kept = True
    for what, measured in (("cold", bench.rehash), ("again", bench.rehash), ("distrust", bench.distrust)):
        if what == "distrust":
            time.sleep(_SETTLED_S)
        kept &= _tell(size, what, measured())
    if size < 1000:
        cpu_s = statistics.median(one.cpu_s for one in bench.list())
        print(f"{size:>8,}  list      {cpu_s:.3f} s of a processor, at most {LIST_CPU_LIMIT_S:.1f} s", flush=True)
        kept &= cpu_s <= LIST_CPU_LIMIT_S
    return kept


def _tell(size: int, what: str, pairs: Sequence[Pair]) -> bool:
    """Print a line of the table; return whether its budget is kept."""
    pair = sorted(pairs, key=lambda one: one.ratio)[len(pairs) // 2]
    budget = BUDGETS.get((what, size))
    promised = "" if budget is None else f"≥ {budget:.1f}x"
    peak_mib = max(one.capath.peak_mib for one in pairs)
    print(
        f"{size:>8,}  {what:<8} {pair.openssl.wall_s:>9.3f} s {pair.capath.wall_s:>9.3f} s {pair.ratio:>7.2f}x "
        f"{promised:>8}  {pair.openssl.cpu_s:>7.3f} s {pair.capath.cpu_s:>7.3f} s {peak_mib:>6.0f} MiB",
        flush=True,
    )
    return (budget is None or pair.ratio >= budget) and peak_mib < MEMORY_LIMIT_MIB


def main() -> int:
    """Measure all sizes; 1 where a budget is not kept."""
    memory = Path("/dev/shm")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--place", type=Path, default=memory if os.access(memory, os.W_OK) else None)
    parser.add_argument("--sizes", default="144,10000,100000")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--real", type=Path, nargs="*", default=[])
    arguments = parser.parse_args()
    real = real_certificates([Path(certifi.where()), *arguments.real])
    kept = True
    with tempfile.TemporaryDirectory(dir=arguments.place) as home:
        os.environ["XDG_STATE_HOME"] = f"{home}/state"
        os.environ["XDG_CACHE_HOME"] = f"{home}/cache"
        print("   files  run          openssl      capath     ratio   budget   openssl CPU  capath CPU   peak")
        for number, size in enumerate(map(int, arguments.sizes.split(","))):
            place = Path(home) / str(number)
            place.mkdir()
            kept &= measure(place, size, arguments.pairs if size < 50_000 else min(arguments.pairs, 2), real)
    print("every budget kept" if kept else "a budget is not kept")
    return not kept


if __name__ == "__main__":
    sys.exit(main())
