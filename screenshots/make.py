"""Make the screenshots of the README from the real application, on the demo's world.

``python screenshots/make.py`` writes the SVGs beside this file; ``--check`` says whether they are stale.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from textual.pilot import Pilot

from capath.demo.world import World, open_world
from capath.tls.many.host_to_test import HostToTest
from capath.tls.network.endpoint import Address, Endpoint
from capath.tui.app import CapathApp, Exploration
from capath.tui.bench import Finished
from capath.tui.review import ReviewScreen

HERE = Path(__file__).parent
SOURCES = HERE.parent / "src" / "capath"
STAMP = HERE / "made-from.txt"
Scene = Callable[[Pilot[None], CapathApp], Awaitable[None]]
SCENES: dict[str, tuple[Scene, tuple[int, int]]] = {}


def scene(size: tuple[int, int]) -> Callable[[Scene], Scene]:
    """Register a scene under its function's name."""

    def register(function: Scene) -> Scene:
        SCENES[function.__name__.replace("_", "-")] = (function, size)
        return function

    return register


@scene((140, 38))
async def browse(pilot: Pilot[None], app: CapathApp) -> None:
    app.main.certificates.filter.value = "internet"
    await select(pilot, app, "ISRG Root X1")
    app.main.certificates.filter.value = ""
    await pilot.pause()


@scene((120, 26))
async def links(pilot: Pilot[None], app: CapathApp) -> None:
    await pilot.press("2")


@scene((120, 32))
async def staged_change(pilot: Pilot[None], app: CapathApp) -> None:
    await select(pilot, app, "ISRG Root X1")
    await pilot.press("space")
    await select(pilot, app, "GTS Root R1")
    await pilot.press("space", "w")
    await until(pilot, lambda: isinstance(app.screen, ReviewScreen))


@scene((140, 38))
async def failed_test(pilot: Pilot[None], app: CapathApp) -> None:
    await test_hosts(pilot, app)
    await pilot.press("g", "j")


@scene((140, 38))
async def verified_test(pilot: Pilot[None], app: CapathApp) -> None:
    await test_hosts(pilot, app)
    await pilot.press("g", "j", "m")
    await until(pilot, lambda: tested(app) == len(app.bench.tests))


@scene((80, 24))
async def small_screen(pilot: Pilot[None], app: CapathApp) -> None:
    await test_hosts(pilot, app)
    await pilot.press("g", "j", "1", "j", "space")


async def select(pilot: Pilot[None], app: CapathApp, title: str) -> None:
    """Put the cursor on the certificate called `title`."""
    store = app.workspace.store
    assert store is not None
    app.main.certificates.go_to(next(item.sha256 for item in store.items if item.title == title))
    await pilot.pause()


async def test_hosts(pilot: Pilot[None], app: CapathApp) -> None:
    """Test every host of the list."""
    await pilot.press("3", "T")
    await until(pilot, lambda: tested(app) == len(app.bench.tests))


def tested(app: CapathApp) -> int:
    """How many hosts have their answer."""
    return sum(isinstance(test.latest, Finished) for test in app.bench.tests)


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    """Let the application work until `condition` holds."""
    for _ in range(3000):
        if condition():
            await pilot.pause()
            return
        await pilot.pause(0.01)
    raise SystemExit("a scene did not come to its end")


async def take(name: str, world: World) -> str:
    """Play a scene in a store of its own and return its picture as SVG."""
    play, size = SCENES[name]
    ports = {host.endpoint.host: host.endpoint.port for host in world.hosts}

    def resolve(host: str, port: int) -> tuple[Address, ...]:
        # The servers are on ports of the moment; the pictures show 443.
        own = ports.get(host, port)
        return tuple(Address(address.ip, own) for address in world.resolve(host, own))

    hosts = tuple(
        HostToTest(Endpoint(host.endpoint.host, 443), host.site.options, host.scenario.drawing)
        for host in world.hosts
        if host.scenario.name not in ("silence", "no-way", "no-address")
    )
    app = CapathApp(Exploration("crts", hosts=hosts, resolver=resolve))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.audited)
        await play(pilot, app)
        await pilot.pause()
        picture = app.export_screenshot(title="capath")
    return re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL)


def sources_digest() -> str:
    """What the pictures are made from: the code of everything that is seen on them."""
    digest = hashlib.sha256()
    for package in ("tui", "report", "diagnosis"):
        for path in sorted((SOURCES / package).rglob("*")):
            if path.suffix in (".py", ".tcss"):
                digest.update(f"{path.relative_to(SOURCES)}\n".encode() + path.read_bytes())
    digest.update(Path(__file__).read_bytes())
    return digest.hexdigest()


def make() -> None:
    """Write every picture and what they were made from."""
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    pictures = {}
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(HOME=home, XDG_STATE_HOME=f"{home}/state")
        os.chdir(home)
        for name in SCENES:
            with open_world() as world:
                link = Path(home, "crts")
                link.unlink(missing_ok=True)
                link.symlink_to(world.directory)
                pictures[name] = asyncio.run(take(name, world))
    for name, picture in pictures.items():
        (HERE / f"{name}.svg").write_text(picture, encoding="utf-8")
        print(f"screenshots/{name}.svg")
    STAMP.write_text(sources_digest() + "\n", encoding="ascii")


def check() -> int:
    """Return 0 if the pictures are of the code as it is now."""
    missing = [name for name in SCENES if not (HERE / f"{name}.svg").exists()]
    if missing or not STAMP.exists() or STAMP.read_text(encoding="ascii").strip() != sources_digest():
        print("the screenshots are stale: run python screenshots/make.py", file=sys.stderr)
        return 1
    print("the screenshots are of the code as it is")
    return 0


if __name__ == "__main__":
    if "--check" in sys.argv[1:]:
        sys.exit(check())
    make()
