"""Opening the explorer on a small store of fixed certificates, and waiting for what its threads do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID
from textual import events
from textual.pilot import Pilot

from capath.change.apply import apply_plan
from capath.change.rehash import plan_rehash
from capath.store import scan
from capath.tui.actions import Mode
from capath.tui.app import CapathApp
from capath.tui.certificates import CertificatesPane
from capath.tui.explore import Exploration
from capath.tui.review import SEEN_AFTER_S, ReviewOverlay
from capath.tui.session import Session

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=timezone.utc)
SIZE = (80, 24)
WIDE = (140, 36)
Scenario = Callable[[Pilot[None], CapathApp], Awaitable[None]]


def fixed_root(common_name: str, organisation: str = "Example Trust", years: int = 20) -> bytes:
    """A self-signed root in PEM, the same octets at every call: its key comes from its name."""
    key = Ed25519PrivateKey.from_private_bytes(common_name.encode()[:32].ljust(32, b"."))
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "SE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(sum(common_name.encode()))
        .not_valid_before(datetime(2015, 1, 1))
        .not_valid_after(datetime(2015 + years, 1, 1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, None)
    )
    return certificate.public_bytes(serialization.Encoding.PEM)


ROOTS = (
    ("Aurora Root", "Northern Light", 20),
    ("Borealis Root", "Northern Light", 12),
    ("Cedar Root", "Forest Keepers", 10),
    ("Delta Root", "Rivers United", 25),
    ("Ember Root", "Fireside", 30),
)


def make_store(directory: Path, roots: Sequence[tuple[str, str, int]] = ROOTS) -> Path:
    """Write `roots` into `directory`, link them, and return it."""
    directory.mkdir(parents=True, exist_ok=True)
    for common_name, organisation, years in roots:
        name = common_name.translate(str.maketrans(" /\0", "___")) + ".pem"
        (directory / name).write_bytes(fixed_root(common_name, organisation, years))
    rehash(directory)
    return directory


def rehash(directory: Path) -> None:
    """Make the hash links of `directory`."""
    apply_plan(plan_rehash(scan(directory)).plan)


def make_app(directory: Path, **changes: object) -> CapathApp:
    """The explorer on `directory`, at a fixed time."""
    return CapathApp(Exploration(str(directory), now=lambda: NOW, **changes))  # type: ignore[arg-type]


def session_of(app: CapathApp) -> Session:
    return app.explorer.session


def certificates_of(app: CapathApp) -> CertificatesPane:
    pane = app.explorer.pane_of(Mode.CERTIFICATES)
    assert isinstance(pane, CertificatesPane)
    return pane


def drive(app: CapathApp, scenario: Scenario, size: tuple[int, int] = SIZE) -> None:
    """Run `scenario` in `app` without a terminal."""

    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await loaded(pilot, app)
            await scenario(pilot, app)

    asyncio.run(run())


async def loaded(pilot: Pilot[None], app: CapathApp) -> None:
    """Wait until the directory has been read and shown, and judged."""
    await until(pilot, lambda: (store := session_of(app).store) is not None and store.findings is not None)


async def burst(pilot: Pilot[None], app: CapathApp, *keys: str) -> None:
    """Type keys as a paste or a slow line delivers them: all at once, before anything is drawn."""
    for key in keys:
        app.post_message(events.Key(key, key if len(key) == 1 else " " if key == "space" else None))
    await pilot.pause()


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    """Let the explorer work until `condition` holds; fail after twenty seconds."""
    deadline_s = time.monotonic() + 20
    while time.monotonic() < deadline_s:
        if condition():
            await pilot.pause()
            return
        await pilot.pause(0.01)
    assert isinstance(pilot.app, CapathApp)
    raise AssertionError(f"the explorer did not get there:\n{screen_text(pilot.app)}")


async def reviewed(pilot: Pilot[None], app: CapathApp) -> ReviewOverlay:
    """Wait until a review is shown and could have been read."""
    await until(pilot, lambda: (o := app.explorer.overlay) is not None and o.view.painted_at_s is not None)
    review = app.explorer.overlay
    assert isinstance(review, ReviewOverlay)
    assert review.view.painted_at_s is not None
    review.view.painted_at_s -= SEEN_AFTER_S
    return review


def screen_text(app: CapathApp) -> str:
    """What a person reads on the screen once it is at rest."""
    app.explorer.show_details(now=True)
    app.main.canvas.paint()
    lines = [app.main.canvas.render_line(y) for y in range(app.main.canvas.size.height)]
    return "\n".join("".join(segment.text for segment in strip) for strip in lines)
