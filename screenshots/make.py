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
from capath.tls.network.endpoint import Address, Endpoint
from capath.tls.test_options import HostToTest
from capath.tui.app import CapathApp, Exploration

HERE = Path(__file__).parent
SOURCES = HERE.parent / "src" / "capath"
STAMP = HERE / "made-from.txt"
Scene = Callable[[Pilot[None], CapathApp], Awaitable[None]]
_CELL = 12.2
_TEXT = re.compile(r'(<text [^>]*?x=")([\d.]+)(" [^>]*?textLength=")([\d.]+)("[^>]*>)((?:&#160;)+)([^<])')
SCENES: dict[str, tuple[Scene, tuple[int, int]]] = {}


def scene(size: tuple[int, int]) -> Callable[[Scene], Scene]:
    """Register a scene under its function's name."""

    def register(function: Scene) -> Scene:
        SCENES[function.__name__.replace("_", "-")] = (function, size)
        return function

    return register


@scene((120, 40))
async def browse(pilot: Pilot[None], app: CapathApp) -> None:
    await type_text(pilot, "/isrg root x1")
    await pilot.press("enter", "escape")


@scene((120, 30))
async def links(pilot: Pilot[None], app: CapathApp) -> None:
    await pilot.press("2", "j", "j")


@scene((120, 40))
async def staged_change(pilot: Pilot[None], app: CapathApp) -> None:
    await test_hosts(pilot, app)
    await stage(pilot, app, '"demo root"')
    await stage(pilot, app, "root that is off")
    await tested(pilot, app)
    await pilot.press("w")
    await until(pilot, lambda: app.explorer.overlay is not None)


@scene((120, 40))
async def failed_test(pilot: Pilot[None], app: CapathApp) -> None:
    await test_hosts(pilot, app)
    await pilot.press("n")


@scene((120, 40))
async def verified_test(pilot: Pilot[None], app: CapathApp) -> None:
    await test_hosts(pilot, app)
    await pilot.press("n", "m")
    await tested(pilot, app)
    await pilot.press("T")
    await tested(pilot, app)


@scene((120, 36))
async def findings(pilot: Pilot[None], app: CapathApp) -> None:
    await pilot.press("4", "n")


@scene((120, 36))
async def compare(pilot: Pilot[None], app: CapathApp) -> None:
    await pilot.press("5", "enter")
    await until(pilot, lambda: app.explorer.session.compared is not None)
    await pilot.press("j", "j")


@scene((80, 24))
async def small_screen(pilot: Pilot[None], app: CapathApp) -> None:
    await pilot.press("j", "space", "j")


async def type_text(pilot: Pilot[None], text: str) -> None:
    """Type `text`, one key a letter."""
    names = {" ": "space", "/": "slash", ":": "colon", '"': "quotation_mark"}
    await pilot.press(*(names.get(letter, letter) for letter in text))


async def stage(pilot: Pilot[None], app: CapathApp, words: str) -> None:
    """Stage the first certificate that the filter finds."""
    await pilot.press("1")
    await type_text(pilot, f"/{words}")
    await pilot.press("enter", "g", "g", "space")
    await tested(pilot, app)
    await pilot.press("escape")


async def test_hosts(pilot: Pilot[None], app: CapathApp) -> None:
    """Test every host of the list."""
    await pilot.press("3", "T")
    await tested(pilot, app)


async def tested(pilot: Pilot[None], app: CapathApp) -> None:
    """Wait for every test under way."""
    await until(pilot, lambda: not app.explorer.session.testing.asked)


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
        await until(
            pilot, lambda: (store := app.explorer.session.store) is not None and store.findings is not None
        )
        await play(pilot, app)
        app.explorer.show_details(now=True)
        app.main.canvas.paint()
        await pilot.pause()
        picture = app.export_screenshot(title="capath")
    return re.sub(_TEXT, _without_leading_spaces, re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL))


def _without_leading_spaces(found: re.Match[str]) -> str:
    """A text that begins where its first letter is: some programs leave out spaces at the beginning."""
    head, x, middle, length, end, spaces, text = found.groups()
    shift = _CELL * (len(spaces) // len("&#160;"))
    return f"{head}{float(x) + shift:.1f}{middle}{float(length) - shift:.1f}{end}{text}"


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
