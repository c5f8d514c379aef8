"""Mode 7 with programs of the tests' own, run for real: rows stream in, Esc and quitting stop them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from textual.pilot import Pilot

from capath.demo.authority import leaf, root
from capath.demo.server import Loopback, http, tls, tls_context
from capath.doctor.machine import Machine
from capath.doctor.place import Bundled, CompiledIn, FromVariable, Place, Problem, ProblemKind, Shape
from capath.doctor.program import Client, Identified, Question, Reads
from capath.doctor.registry import CLIENTS
from capath.tui.actions import Mode
from capath.tui.app import CapathApp
from capath.tui.text import plain
from tests.tui.desk import Desk
from tests.tui.explorer import WIDE, drive, make_app, make_store, screen_text, until


def fake(name: str, *places: Place, script: str = "", notes: tuple[Problem, ...] = ()) -> Client:
    """A client that is a shell, which runs `script` and then says its name and version 1.2."""

    def read(machine: Machine, found: Identified) -> Reads:
        return Reads(places, notes)

    question = Question(("-c", "exit 1"), refused="never")
    about = ("-c", f"{script}\necho {name} 1.2")
    return Client(name, about, rf"^{name} (\S+)", read, question, executables=lambda machine, name: ("/bin/sh",))


def clients(directory: Path) -> tuple[Client, ...]:
    """A directory, a bundle, a variable that leads nowhere, a list inside the program, and a stranger."""
    bundle = str(min(directory.glob("*.pem")))
    hashed = Place(str(directory), Shape.HASHED, CompiledIn())
    note = Problem(ProblemKind.OVERRIDES, "the variable overrides the option")
    return (
        fake("alpha", hashed, Place(bundle, Shape.BUNDLE, CompiledIn(asked=False))),
        fake("beta", Place(bundle, Shape.BUNDLE, Bundled("certifi", "2026.5.1")), notes=(note,)),
        fake("gamma", Place("/nonexistent/roots.pem", Shape.BUNDLE, FromVariable("GAMMA_CA", "/nonexistent"))),
        fake("delta", Place("", Shape.BUILT_IN, CompiledIn())),
        fake("epsilon", script="echo a wrapper; exit"),
    )


@pytest.fixture
def crts(tmp_path: Path) -> Path:
    return make_store(tmp_path / "crts")


@pytest.fixture
def other(tmp_path: Path) -> Path:
    return make_store(tmp_path / "other", (("Other Root", "Elsewhere", 20),))


def desk(crts: Path, other: Path, **changes: object) -> Desk:
    return Desk(crts, **{"clients": clients(other), "environment": {"PATH": "/usr/bin:/bin"}, **changes})  # type: ignore[arg-type]


def details(desk: Desk) -> str:
    """The details, in one line."""
    desk.explorer.show_details(now=True)
    return " ".join(plain(spans).strip() for spans in desk.explorer.details().lines)


def test_each_program_has_a_row(crts: Path, other: Path) -> None:
    """Version, store, why, roots and problem; the details of each; the worst are gone to with n."""
    shown = desk(crts, other)
    shown.size = (190, 45)
    shown.press("7")

    def row(name: str) -> str:
        return next(line for line in shown.draw().splitlines() if f" {name} 1.2 " in line and "│" in line)

    assert "/other +1  " in row("alpha")
    assert "compiled in" in row("alpha")
    assert "overrides" in row("beta")
    assert "bundled" in row("beta")
    assert "✗ gamma" in row("gamma")
    assert "missing" in row("gamma")
    assert "GAMMA_CA" in row("gamma")
    assert "built in" in row("delta")
    assert "✗ 1" in shown.draw()
    assert "? 1" in shown.draw()
    text = details(shown)
    assert "by hash links" in text
    assert "/bin/sh" in text
    shown.press("n", "n")
    assert "GAMMA_CA names /nonexistent/roots.pem, which is not there" in details(shown)
    shown.press("G")
    assert "does not answer as epsilon does" in details(shown)
    shown.press("slash", *"gamma", "enter")
    assert "alpha 1.2" not in shown.draw()


def test_nothing_runs_before_the_mode_is_opened(crts: Path, other: Path, tmp_path: Path) -> None:
    """Every other mode and help are looked at, and no program has been run; r runs them again."""
    trace = tmp_path / "trace"
    shown = desk(crts, other, clients=(fake("alpha", script=f"echo run >> {trace}"),))
    shown.press("1", "2", "3", "4", "5", "6", "question_mark", "escape", "f5")
    assert not trace.exists()
    shown.press("7")
    assert trace.read_text() == "run\n"
    shown.press("1", "7")
    assert trace.read_text() == "run\n"


def test_enter_opens_the_store_and_backspace_goes_back(crts: Path, other: Path) -> None:
    """A directory is opened; with something staged it asks first; a list inside a program is none."""
    shown = desk(crts, other)
    shown.press("7", "enter")
    assert shown.explorer.session.exploration.directory == str(other)
    assert shown.explorer.mode is Mode.CERTIFICATES
    assert "Other Root" in shown.draw()
    assert "Aurora Root" not in shown.draw()
    shown.press("backspace", "backspace")
    assert shown.explorer.session.exploration.directory == str(crts)
    shown.press("1")
    assert "Aurora Root" in shown.draw()
    shown.press("space", "7", "enter")
    assert "staged and not applied" in shown.draw()
    shown.press("escape")
    assert shown.explorer.session.exploration.directory == str(crts)
    assert shown.explorer.session.staged
    shown.press("j", "j", "j", "enter")
    assert "inside the program" in shown.draw()


def test_enter_opens_a_bundle(crts: Path, other: Path) -> None:
    """As a temporary copy that cannot be changed, and that goes with the explorer."""
    shown = desk(crts, other)
    shown.press("7", "j", "enter")
    text = shown.draw()
    assert "read-only" in text
    assert "Other Root" in text
    assert str(other / "Other_Root.pem")[-20:] in text
    copy = Path(shown.explorer.session.exploration.directory)
    assert copy.is_dir()
    shown.press("q")
    assert not copy.exists()


def test_a_store_that_is_not_there_is_not_opened(crts: Path, other: Path) -> None:
    """What is wrong is said, and the explorer stays where it is."""
    shown = desk(crts, other)
    shown.press("7", "j", "j", "enter")
    assert "/nonexistent/roots.pem: there is no such" in shown.draw()
    assert shown.explorer.session.exploration.directory == str(crts)


def test_a_bundle_is_compared_with(crts: Path, other: Path) -> None:
    """c shows the store under the cursor beside the directory that is open."""
    shown = desk(crts, other)
    shown.press("7", "j", "j", "k", "c")
    assert shown.explorer.mode is Mode.COMPARE
    compared = shown.explorer.session.compared
    assert compared is not None
    assert compared.text == str(other / "Other_Root.pem")


def left(place: Path) -> list[str]:
    return [name for name in os.listdir(place) if name.startswith("capath-doctor-")]


def test_rows_stream_in_and_escape_stops(crts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that hangs keeps nobody waiting: others are shown, keys act, and Esc ends what runs."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    pids = tmp_path / "pids"
    hangs = fake("hangs", script=f"echo $$ >> {pids}; sleep 600")
    app = make_app(crts, clients=(hangs, fake("quick", Place(str(crts), Shape.HASHED, CompiledIn()))))

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("7")
        await until(pilot, lambda: "quick 1.2" in screen_text(app) and pids.exists())
        assert "asking" in screen_text(app)
        await pilot.press("1", "j", "7", "escape")
        assert "Stopped" in screen_text(app)
        assert "quick 1.2" in screen_text(app)
        await until(pilot, lambda: not Path(f"/proc/{pids.read_text().strip()}").exists() and not left(tmp_path))
        await pilot.press("r")
        await until(pilot, lambda: len(pids.read_text().split()) == 2)
        await pilot.press("q")

    drive(app, scenario, size=WIDE)
    assert not left(tmp_path)
    for pid in pids.read_text().split():
        assert not Path(f"/proc/{pid}").exists()


def test_the_openssl_of_this_machine(crts: Path) -> None:
    """The real client, asked for real: it reads what SSL_CERT_DIR names, and p says that it refuses a host."""
    openssl = tuple(client for client in CLIENTS if client.name == "openssl")
    environment = {"PATH": os.environ["PATH"], "SSL_CERT_DIR": str(crts), "SSL_CERT_FILE": ""}
    with Loopback() as servers:
        port = servers.serve(tls(tls_context(leaf(root("Unknown Root"), "localhost")), http()))
        shown = Desk(crts, clients=openssl, environment=environment)
        shown.press("7")
        text = details(shown)
        assert "openssl 3" in shown.draw()
        assert "SSL_CERT_DIR" in text
        shown.explorer.session.test_typed(f"localhost:{port}")
        deadline_s = time.monotonic() + 60
        while shown.explorer.session.testing.asked and time.monotonic() < deadline_s:
            time.sleep(0.01)
        shown.press("3", "p")
        assert shown.explorer.mode is Mode.PROGRAMS
        text = details(shown)
    assert "✗ 1" in shown.draw()
    assert f"localhost:{port}" in text
    assert "Fix" in text
    shown.press("backspace")
    assert shown.explorer.mode.value == "Connections"


def test_a_host_of_another_protocol_is_not_asked(crts: Path, other: Path) -> None:
    """Programs speak HTTPS: for STARTTLS that is said, and nothing connects."""
    shown = desk(crts, other)
    shown.press("3")
    shown.explorer.session.test_typed("localhost:1 starttls=smtp")
    shown.press("p")
    assert "over HTTPS" in shown.draw()
