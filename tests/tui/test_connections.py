"""Testing hosts from the explorer, against real servers on loopback."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from capath.demo import authority
from capath.demo.scene import Scene
from capath.demo.server import Loopback, files
from capath.store import list_store, scan
from capath.tls.network.endpoint import Address, Endpoint
from capath.tls.test_options import HostToTest, ProbeOptions, VerifyFlags
from capath.tui.app import CapathApp
from capath.tui.bench import Finished
from capath.tui.explore import Exploration
from capath.tui.session import Tone
from tests.tls.proxies import http_proxy
from tests.tui.explorer import WIDE, certificates_of, drive, fixed_root, reviewed, screen_text, session_of, until


class World:
    """A store with one root on and one off, and a server for each; a third one never answers."""

    def __init__(self, directory: Path, loopback: Loopback) -> None:
        self.directory = directory
        directory.mkdir()
        stage = Scene(str(directory), loopback)
        self.root_on = stage.root
        self.root_off = authority.root("root that is off")
        stage.take_out(self.root_off)
        ports = {}
        for name, root in (("good.test", self.root_on), ("off.test", self.root_off)):
            ports[name] = stage.https(authority.leaf(root, name))
        ports["silent.test"] = loopback.serve(lambda connection: _wait(connection))
        stage.finish()
        self.hosts = {name: HostToTest(Endpoint(name, port)) for name, port in ports.items()}

    def app(self, *names: str) -> CapathApp:
        hosts = tuple(self.hosts[name] for name in names)
        return CapathApp(Exploration(str(self.directory), hosts=hosts, resolver=self.resolve))

    @staticmethod
    def resolve(host: str, port: int) -> tuple[Address, ...]:
        return (Address("127.0.0.1", port),)


def _wait(connection: object) -> None:
    """Say nothing until the other side goes away."""
    recv = getattr(connection, "recv")  # noqa: B009
    while recv(4096):
        pass


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with Loopback() as loopback:
        yield World(tmp_path / "crts", loopback)


def finished(app: CapathApp, count: int = 1) -> bool:
    return sum(isinstance(test.latest, Finished) for test in session_of(app).bench.tests) == count


def test_a_verified_host_shows_its_chain_and_session(world: World) -> None:
    """The verdict, the anchor with its hash link, and the session's facts are on the screen."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("t")
        await pilot.press(*f"good.test:{world.hosts['good.test'].endpoint.port}", "enter")
        await until(pilot, lambda: finished(app))
        text = screen_text(app)
        for part in ("verified", "the trust anchor", "from the CApath", "TLSv1.3", "Cipher", "requests", "0  ok"):
            assert part in text
        assert "hidden (48 bytes)" in text
        await pilot.press("K")
        assert "hidden (48 bytes)" not in screen_text(app)
        await pilot.press("g", "i")
        await until(pilot, lambda: "Used by" in screen_text(app))

    drive(world.app(), scenario, size=(140, 50))


def test_a_root_that_is_off_is_named_and_one_key_stages_it(world: World) -> None:
    """m stages the root, the test of the staged store verifies, and nothing is written before it is applied."""
    before = sorted(path.name for path in world.directory.iterdir())

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("3", "enter")
        await until(pilot, lambda: finished(app))
        assert "root-not-trusted" in screen_text(app)
        await pilot.press("m")
        await until(pilot, lambda: "verified" in screen_text(app))
        assert session_of(app).workspace.staged.text == "+1"
        assert "as staged (+1), nothing written" in screen_text(app)
        assert "breaks 0  fixes 1  1 of 1 tested" in screen_text(app)
        assert sorted(path.name for path in world.directory.iterdir()) == before
        await pilot.press("w")
        await reviewed(pilot, app)
        await pilot.press("a")
        await until(pilot, lambda: not session_of(app).workspace.staged and finished(app))
        await until(pilot, lambda: "with the store as it is" in screen_text(app))

    drive(world.app("off.test"), scenario, size=(140, 50))
    rows = list_store(scan(world.directory)).certificates
    assert {row.certificate.subject.title for row in rows if row.trusted} >= {"root that is off"}


def test_staging_shows_which_hosts_break(world: World) -> None:
    """All hosts are tested on both sides, and what staging breaks is counted and named."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        store = session_of(app).workspace.store
        assert store is not None
        root = next(item for item in store.items if item.title == "capath demo root")
        certificates_of(app).rows.go_to(root.sha256)
        await pilot.press("space", "3", "T")
        await until(pilot, lambda: "2 of 2 tested" in screen_text(app))
        assert "breaks 1" in screen_text(app)
        assert [test.endpoint.host for test in session_of(app).broken()] == ["good.test"]
        assert "root-not-trusted" in screen_text(app)

    drive(world.app("good.test", "off.test"), scenario, size=WIDE)


def test_a_silent_server_freezes_nothing_and_quitting_does_not_wait(world: World) -> None:
    """While a server says nothing the table still moves, and q leaves at once."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("3", "enter", "1", "j")
        assert certificates_of(app).rows.cursor == 1
        assert not finished(app)
        await pilot.press("q")

    app = world.app("silent.test")
    drive(app, scenario)
    assert not app.is_running


def test_a_missing_intermediate_is_fetched_only_when_asked(tmp_path: Path) -> None:
    """f names the address, y fetches from it, and the result says that the server should send it."""
    asked: list[str] = []

    with Loopback() as loopback:
        directory = tmp_path / "crts"
        directory.mkdir()
        stage = Scene(str(directory), loopback)
        hidden = authority.intermediate(stage.root, "forgotten intermediate")
        der = ssl.PEM_cert_to_DER_cert(hidden.pem.decode())
        port = loopback.serve(files({"/i.der": der}))
        leaf = authority.leaf(hidden, "forgot.test", issuer_url=f"http://127.0.0.1:{port}/i.der")
        host = HostToTest(Endpoint("forgot.test", stage.https(leaf)))
        stage.finish()

        async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
            await pilot.press("3", "enter")
            await until(pilot, lambda: finished(app))
            assert "missing-intermediate" in screen_text(app)
            await pilot.press("f")
            assert f"127.0.0.1:{port}/i.der" in screen_text(app)
            asked.append("yes")
            await pilot.press("y")
            await until(pilot, lambda: finished(app))
            latest = session_of(app).bench.tests[0].latest
            assert isinstance(latest, Finished)
            assert latest.beside.fetched is not None
            assert [issuer.certificate.subject.title for issuer in latest.beside.fetched.issuers] == [
                "forgotten intermediate"
            ]

        drive(
            CapathApp(Exploration(str(directory), hosts=(host,), resolver=World.resolve)), scenario, size=(140, 50)
        )
    assert asked
    assert not any("forgotten" in path.name for path in directory.iterdir())


@pytest.mark.parametrize("excepted", [False, True], ids=["proxied", "no-proxy"])
def test_what_is_typed_goes_through_the_proxy_of_the_environment(world: World, excepted: bool) -> None:
    """The details say which proxy it was and which variable named it; what NO_PROXY excepts goes directly."""
    asked: list[bytes] = []
    with Loopback() as loopback:
        port = world.hosts["good.test"].endpoint.port
        proxy = f"http://me:secret@127.0.0.1:{loopback.serve(http_proxy(port, asked))}"
        environment = {"https_proxy": proxy, "NO_PROXY": "good.test" if excepted else "other.test"}

        async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
            await pilot.press("t")
            await pilot.press(*f"good.test:{port}", "enter")
            await until(pilot, lambda: finished(app))
            text = screen_text(app)
            assert "verified" in text
            assert ("through the proxy http://127.0.0.1:" in text) is not excepted
            assert ("(from https_proxy)" in text) is not excepted
            assert "secret" not in text
            await pilot.press("r")
            await until(pilot, lambda: finished(app))
            assert len(session_of(app).bench.tests) == 1

        exploration = Exploration(str(world.directory), resolver=world.resolve, environment=environment)
        drive(CapathApp(exploration), scenario, size=(200, 80))
    assert bool(asked) is not excepted
    assert all(request.startswith(f"CONNECT good.test:{port} ".encode()) for request in asked)


def test_a_proxy_that_cannot_be_used_is_said(world: World) -> None:
    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("t")
        await pilot.press(*"good.test", "enter")
        await until(pilot, lambda: "ALL_PROXY in the environment" in screen_text(app))
        assert not session_of(app).bench.tests

    exploration = Exploration(str(world.directory), environment={"ALL_PROXY": "gopher://p"})
    drive(CapathApp(exploration), scenario, size=WIDE)


def test_flags_that_are_not_the_default_are_said(world: World) -> None:
    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("3", "T")
        await until(pilot, lambda: finished(app, 2))
        text = screen_text(app)
        assert "verify flag: strict (X509_V_FLAG_X509_STRICT)" in text
        assert "CRL" not in text
        await pilot.press("j")
        assert "verify flag" not in screen_text(app)

    strict = replace(world.hosts["good.test"], options=ProbeOptions(flags=VerifyFlags(strict=True)))
    exploration = Exploration(
        str(world.directory), hosts=(strict, world.hosts["good.test"]), resolver=world.resolve
    )
    drive(CapathApp(exploration), scenario, size=(140, 50))


def test_five_tasks_take_few_keys(world: World, tmp_path: Path) -> None:
    """Find the root that signs a host; take it out and see what breaks; put it back; copy three roots from another
    store; fix the links: the keys beside what has to be typed."""
    other = tmp_path / "other"
    other.mkdir()
    for name in "ABC":
        (other / f"{name}.pem").write_bytes(fixed_root(f"New {name}"))
    (world.directory / "0badc0de.0").symlink_to("gone.pem")

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        session = session_of(app)
        await pilot.press("t", *f"good.test:{world.hosts['good.test'].endpoint.port}", "enter")
        await until(pilot, lambda: finished(app))
        await pilot.press("g", "i")
        item = app.explorer.pane.item()
        assert item is not None
        assert item.title == "capath demo root"
        await pilot.press("space")
        await until(pilot, lambda: "✗ breaks 1" in screen_text(app))
        await pilot.press("u")
        assert not session.staged
        await pilot.press("5", "c", *str(other), "enter")
        await until(pilot, lambda: session.compared is not None and session.message.tone is Tone.INFO)
        await pilot.press("x", "x", "x", "I")
        await reviewed(pilot, app)
        await pilot.press("a")
        await until(pilot, lambda: session.store is not None and session.store.trusted_count >= 4)
        await pilot.press("R")
        await reviewed(pilot, app)
        await pilot.press("a")
        await until(pilot, lambda: session.store is not None and not session.store.listing.defects)

    drive(world.app(), scenario, size=(140, 50))
