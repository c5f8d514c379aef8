"""How immediate the explorer is: every figure as a ratio to an empty Textual application in the same run.

``python -m tests.benchmarks.explorer [--large]`` prints a table; with ``--large`` also 10,000 and 100,000 rows.
Ratios
are of event-loop CPU, medians; absolute times depend on the machine and are printed beside them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import pty
import resource
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Sequence
from datetime import datetime, timezone
from fcntl import ioctl
from pathlib import Path

from textual import events
from textual.app import App, ComposeResult
from textual.widgets import Static

from capath.report.standing import Mark
from capath.store import list_store, scan
from capath.tui.app import CapathApp
from capath.tui.explore import Exploration
from capath.tui.model import Item, Store, make_store
from tests.tui.explorer import fixed_root, rehash

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
SIZE = (120, 40)
ROUNDS = 40
SECTIONS = ("a move", "a move (held)", "a letter of a filter", "a sort", "a toggle", "a mode")
BUDGETS = {142: 4.0, 10_000: 4.0, 100_000: 6.0}
EMPTY_PROGRAM = """
from textual.app import App
from textual.widgets import Static
class Empty(App[None]):
    def compose(self):
        yield Static("Aurora")
Empty().run()
"""


class Empty(App[None]):
    """An application that does nothing with a key but show it."""

    def compose(self) -> ComposeResult:
        yield Static("x")

    def on_key(self, event: events.Key) -> None:
        self.query_one(Static).update(event.key)


def store_of(directory: Path, count: int) -> Store:
    """A store of `count` rows: five real certificates under as many names as it takes."""
    if not directory.exists():
        directory.mkdir()
        for number in range(5):
            (directory / f"root{number}.pem").write_bytes(
                fixed_root(f"Root {number}", f"Org {number}", 5 + 5 * number)
            )
        rehash(directory)
    store = make_store(list_store(scan(directory)), NOW)
    items = []
    for number in range(count):
        item: Item = store.items[number % len(store.items)]
        title = f"Certificate {number:06d} of {item.title}"
        items.append(
            item._replace(
                title=title,
                mark=list(Mark)[number % 2],
                search=f"{title} {item.search}".lower(),
                key=f"RSA {number % 9}",
            )
        )
    large = Store(store.listing, tuple(items), ())
    large.numbers = {f"{number:064x}": number for number in range(count)}
    large.take_findings(())
    return large


async def cpu_of_keys(app: App[None], keys: Sequence[str], pause_s: float = 0.0) -> list[float]:
    """The CPU of this thread for each key, until it is drawn (milliseconds)."""
    found = []
    for key in keys:
        if pause_s:
            await asyncio.sleep(pause_s)
        started = time.thread_time()
        app.post_message(events.Key(key, key if len(key) == 1 else None))
        for _ in range(3):
            await asyncio.sleep(0.004)
        found.append((time.thread_time() - started) * 1000)
    return found


async def empty_key() -> float:
    """The CPU of a key in the empty application."""
    app = Empty()
    async with app.run_test(size=SIZE):
        await cpu_of_keys(app, "abcdefgh")
        return statistics.median(await cpu_of_keys(app, "abcdefgh" * 5))


async def explorer_keys(store: Store, directory: Path) -> dict[str, list[float]]:
    """The CPU of keys in the explorer on `store`."""
    app = CapathApp(Exploration(str(directory), now=lambda: NOW, read_only="benchmark"))
    async with app.run_test(size=SIZE):
        session = app.explorer.session
        while session.store is None or session.store.findings is None:
            await asyncio.sleep(0.01)
        session._watching = True  # nothing else reads meanwhile
        session.workspace.store = store
        app.explorer.session_changed()
        app.main.canvas.paint()
        await cpu_of_keys(app, "jjkk")
        found = {
            "a move": await cpu_of_keys(app, ["j"] * ROUNDS, 0.35),
            "a move (held)": await cpu_of_keys(app, ["j"] * ROUNDS * 2),
        }
        letters: list[float] = []
        for _ in range(5):
            await cpu_of_keys(app, ["slash"])
            letters += await cpu_of_keys(app, "root 4 c")
            await cpu_of_keys(app, ["escape"])
        found["a letter of a filter"] = letters
        found["a sort"] = await cpu_of_keys(app, ["s", "S"] * 6, 0.1)
        await cpu_of_keys(app, ["home"])
        found["a toggle"] = await cpu_of_keys(app, ["space"] * ROUNDS, 0.05)
        found["a mode"] = await cpu_of_keys(app, ["2", "1"] * 10, 0.05)
        return found


async def key_to_paint(store: Store, directory: Path) -> float:
    """The 95th percentile from a key to its drawing, in milliseconds of the clock."""
    app = CapathApp(Exploration(str(directory), now=lambda: NOW, read_only="benchmark"))
    async with app.run_test(size=SIZE):
        session = app.explorer.session
        while session.store is None or session.store.findings is None:
            await asyncio.sleep(0.01)
        session._watching = True
        session.workspace.store = store
        app.explorer.session_changed()
        app.main.canvas.paint()
        painted: list[float] = []
        canvas = app.main.canvas
        draw = canvas.paint

        def paint() -> None:
            draw()
            canvas.call_after_refresh(lambda: painted.append(time.perf_counter()))

        canvas.paint = paint  # type: ignore[method-assign]
        took = []
        for key in ("j", "pagedown", "k", "end", "home") * 20:
            painted.clear()
            started = time.perf_counter()
            app.post_message(events.Key(key, None))
            while not painted:
                await asyncio.sleep(0)
            took.append((painted[0] - started) * 1000)
        return sorted(took)[int(len(took) * 0.95)]


def first_seen(command: Sequence[str], text: bytes, environment: dict[str, str]) -> float:
    """Seconds until `text` is on a pseudo-terminal."""
    master, slave = pty.openpty()
    ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE[1], SIZE[0], 0, 0))
    started = time.perf_counter()
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=os.environ | environment)
    seen = b""
    while text not in seen and time.perf_counter() - started < 30:
        if select.select([master], [], [], 0.05)[0]:
            seen += os.read(master, 65536)
    took = time.perf_counter() - started
    process.kill()
    process.wait()
    os.close(master)
    os.close(slave)
    return took


def start_ratio(directory: Path, home: Path, first: bytes) -> tuple[float, float, float]:
    """First rows of a store ÷ first frame of the empty application, and both in seconds."""
    environment = {"HOME": str(home), "XDG_STATE_HOME": str(home / "state"), "TERM": "xterm-256color"}
    empty = [sys.executable, "-c", EMPTY_PROGRAM]
    explorer = [sys.executable, "-m", "capath", str(directory), "--read-only"]
    pairs = [
        (first_seen(explorer, first, environment), first_seen(empty, b"Aurora", environment)) for _ in range(5)
    ]
    rows, frame = (statistics.median(values) for values in zip(*pairs, strict=True))
    return rows / frame, rows, frame


async def loop_gap(directory: Path, count: int) -> float:
    """The worst gap of the event loop, in milliseconds, while `count` hosts are tested at once."""
    from capath.tls.network.endpoint import Endpoint
    from capath.tls.test_options import HostToTest

    hosts = tuple(HostToTest(Endpoint(f"127.0.{number // 250}.{number % 250 + 1}", 1)) for number in range(count))
    app = CapathApp(Exploration(str(directory), hosts=hosts, now=lambda: NOW, read_only="benchmark"))
    async with app.run_test(size=SIZE):
        session = app.explorer.session
        while session.store is None or session.store.findings is None:
            await asyncio.sleep(0.01)
        app.post_message(events.Key("3", "3"))
        await asyncio.sleep(0.2)
        worst, last = 0.0, time.perf_counter()
        app.post_message(events.Key("T", "T"))
        await asyncio.sleep(0)
        while not session.testing.asked or session.testing.done < session.testing.asked:
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            worst, last = max(worst, now - last), now
            if session.testing.asked == 0 and all(
                type(test.as_is).__name__ == "Finished" for test in session.bench.tests
            ):
                break
        return worst * 1000


def report(rows: Sequence[tuple[str, str, str, str]]) -> None:
    """Print a table."""
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="10,000 and 100,000 rows, too")
    large = parser.parse_args(arguments).large
    rows = [("what", "ratio", "budget", "measured")]
    with tempfile.TemporaryDirectory() as place:
        directory, home = Path(place, "small"), Path(place, "home")
        home.mkdir()
        os.environ["XDG_STATE_HOME"] = str(home / "state")
        empty = asyncio.run(empty_key())
        rows.append(("a key in the empty application", "1.0", "", f"{empty:.2f} ms CPU"))
        for count in (142, 10_000, 100_000) if large else (142,):
            store = store_of(directory, count)
            measured = asyncio.run(explorer_keys(store, directory))
            for name in SECTIONS:
                took = statistics.median(measured[name])
                rows.append(
                    (
                        f"{name}, {count:,} rows",
                        f"{took / empty:.1f}",
                        f"{BUDGETS[count]:.0f}",
                        f"{took:.2f} ms CPU",
                    )
                )
            p95 = asyncio.run(key_to_paint(store, directory))
            rows.append((f"key to paint p95, {count:,} rows", "", "50 ms", f"{p95:.1f} ms"))
        debian = debian_store(Path(place, "debian"))
        ratio, seen, frame = start_ratio(debian, home, b"Root 000")
        rows.append(("first rows, 142 files", f"{ratio:.2f}", "1.8", f"{seen:.2f} s ÷ {frame:.2f} s"))
        gap = asyncio.run(loop_gap(debian, 1_000))
        rows.append(("worst gap of the loop, T on 1,000 hosts", "", "50 ms", f"{gap:.0f} ms"))
        rows.append(
            ("memory", "", "", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")
        )
    report(rows)


def debian_store(directory: Path) -> Path:
    """142 roots with their links, as many as Debian has."""
    directory.mkdir()
    for number in range(142):
        (directory / f"Root_{number:03d}.pem").write_bytes(fixed_root(f"Root {number:03d}", f"Org {number % 40}"))
    rehash(directory)
    return directory


if __name__ == "__main__":
    main(sys.argv[1:])
