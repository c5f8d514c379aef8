"""How fast `capath test` goes through a list of hosts, against other ways to ask the same.

    python -m tests.benchmarks.connections [--hosts 1000] [--repeat 3]

Whole processes, from start to exit, each asking the same endpoints on loopback: a few `openssl s_server` with a
key on P-256, named again and again (nothing is remembered by endpoint). Every way is measured `repeat` times, and
capath before each of them, so that what else the machine does falls on all alike; the mean counts. Ratios are of
one run; rates depend on the machine.

- ``capath``: `capath test --client pyopenssl --json`: every error, the chain, the lookups, the session, for each.
- ``s_client``: one `openssl s_client -CApath` process after the other.
- ``s_client x4``: the same, four at a time.
- ``requests``: `requests.get(verify=DIR)` with a new Session each, one after the other, in one process.

One more root in the directory must cost nothing: ``capath, 10 x the roots`` has ten times the directory, which is
to be read once.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from capath.change.rehash import plan_rehash
from capath.demo import authority
from capath.demo.server import LOOPBACK
from capath.store import scan

PROMISES = {"s_client": 4.0, "s_client x4": 2.0, "requests": 2.0}
"""How many times as fast as each other way capath is at least."""
_SERVERS = 4
_REQUESTS = """
import sys, requests
for line in open(sys.argv[1]):
    with requests.Session() as session:
        session.trust_env = False
        assert session.get(f"https://{line.strip()}/", verify=sys.argv[2]).status_code == 200
"""


@dataclass(frozen=True)
class Way:
    """One way to test all hosts: `run` does so in whole processes, `check` looks at what came of it afterwards."""

    name: str
    run: Callable[[], bytes]
    hosts: int
    check: Callable[[bytes], None] = lambda _: None


@contextmanager
def _servers(place: Path) -> Iterator[list[int]]:
    """Run the servers; each tells its port when it listens."""
    command = ["openssl", "s_server", "-accept", f"{LOOPBACK}:0", "-www", "-naccept", "1000000"]
    command += ["-cert", str(place / "chain.pem"), "-cert_chain", str(place / "chain.pem")]
    processes = [
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for _ in range(_SERVERS)
    ]
    try:
        ports = []
        for process in processes:
            assert process.stdout is not None
            line = b""
            while not line.startswith(b"ACCEPT "):
                line = process.stdout.readline()
            ports.append(int(line.rpartition(b":")[2]))
            threading.Thread(target=process.stdout.read, daemon=True).start()  # they say a word a connection
        yield ports
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _make_store(place: Path, root: authority.Identity, *, extra: int) -> str:
    """certifi's roots, ours, and `extra` more that nobody needs."""
    import certifi

    place.mkdir()
    bundle = Path(certifi.where()).read_bytes()
    blocks = re.findall(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", bundle, re.DOTALL)
    more = [authority.root(f"extra root {number}").pem for number in range(extra)]
    for number, pem in enumerate((root.pem, *blocks, *more)):
        (place / f"root{number}.pem").write_bytes(pem)
    for name, target in plan_rehash(scan(place)).links:
        os.symlink(target, place / name)
    return str(place)


def _capath(hosts: Path, directory: str) -> Callable[[], bytes]:
    command = [sys.executable, "-m", "capath", "test", "--client", "pyopenssl", "--json", "--no-proxy"]

    def run() -> bytes:
        arguments = [*command, "--file", str(hosts), "--capath", directory]
        return subprocess.run(arguments, capture_output=True, check=True).stdout

    return run


def _check_capath(count: int, output: bytes) -> None:
    """Every host was verified, and all that there is to tell was told."""
    results = json.loads(output)["results"]
    assert len(results) == count
    for result in results:
        assert result["outcome"] == "verified"
        assert len(result["chain"]) == 3
        assert result["lookups"][-1]["found"]
        assert result["session"]["session_id"]


def _s_client(hosts: Path, directory: str, at_once: int) -> Callable[[], bytes]:
    command = ["openssl", "s_client", "-CApath", directory, "-verify_return_error", "-verify_ip", LOOPBACK]

    def run() -> bytes:
        running: list[subprocess.Popen[bytes]] = []
        for endpoint in hosts.read_text().split():
            running.append(
                subprocess.Popen(
                    [*command, "-connect", endpoint],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
            if len(running) == at_once:
                assert running.pop(0).wait() == 0
        assert all(process.wait() == 0 for process in running)
        return b""

    return run


def _requests(hosts: Path, directory: str) -> Callable[[], bytes]:
    def run() -> bytes:
        subprocess.run([sys.executable, "-c", _REQUESTS, str(hosts), directory], check=True)
        return b""

    return run


def measure(hosts: int, repeat: int, few: int) -> dict[str, float]:
    """Handshakes a second of each way, the mean of all its runs. The slow ways are asked `few` hosts alone."""
    root = authority.root("Root")
    intermediate = authority.intermediate(root, "Intermediate")
    leaf = authority.leaf(intermediate, LOOPBACK)
    tested: dict[str, int] = defaultdict(int)
    took_s: dict[str, float] = defaultdict(float)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        (place / "chain.pem").write_bytes(leaf.key_pem + leaf.pem + intermediate.pem)
        small = _make_store(place / "small", root, extra=0)
        large = _make_store(place / "large", root, extra=1300)
        with _servers(place) as ports:
            for file, count in (("all", hosts), ("few", few)):
                endpoints = (f"{LOOPBACK}:{ports[number % _SERVERS]}\n" for number in range(count))
                (place / file).write_text("".join(endpoints))
            check = partial(_check_capath, hosts)
            ours = Way("capath", _capath(place / "all", small), hosts, check)
            others = [
                Way("s_client", _s_client(place / "few", small, 1), few),
                Way("s_client x4", _s_client(place / "few", small, 4), few),
                Way("requests", _requests(place / "few", small), few),
                Way("capath, 10 x the roots", _capath(place / "all", large), hosts, check),
            ]
            for other in others * repeat:
                for way in (ours, other):
                    started = time.perf_counter()
                    output = way.run()
                    took_s[way.name] += time.perf_counter() - started
                    tested[way.name] += way.hosts
                    way.check(output)
    return {name: tested[name] / took_s[name] for name in tested}


def main() -> int:
    """Run the comparison; 1 where a promise of the README is not kept."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hosts", type=int, default=1000)
    parser.add_argument("--few", type=int, help="how many of them the other ways are asked (default: all)")
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    rates = measure(arguments.hosts, arguments.repeat, arguments.few or arguments.hosts)
    print(f"{'way':<24}{'hosts/s':>9}   {'capath is':<18}promise")
    kept = True
    for name, rate in rates.items():
        ratio, promise = rates["capath"] / rate, PROMISES.get(name)
        kept &= promise is None or ratio >= promise
        print(
            f"{name:<24}{rate:>9.0f}   {ratio:.2f} x as fast     {'' if promise is None else f'≥ {promise:.0f} x'}"
        )
    print("every promise kept" if kept else "a promise is not kept")
    return not kept


if __name__ == "__main__":
    sys.exit(main())
