"""Servers on loopback, stores of their own roots, and this machine's clients in an environment of the test."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import pytest

from capath.change.rehash import plan_rehash
from capath.demo.authority import Identity, leaf, root
from capath.demo.server import Loopback, http, tls, tls_context
from capath.doctor.examine import Doctor, Examination, Verdict
from capath.doctor.machine import Machine
from capath.doctor.program import Accepts, Program
from capath.doctor.registry import CLIENTS
from capath.store import scan
from capath.tls.network.endpoint import Endpoint

_TIMEOUT_S = 60.0  # the machine that tests run on is busy


@dataclass(frozen=True)
class World:
    """A directory for files, a server named localhost and its root, and clients that know no settings."""

    place: Path
    authority: Identity
    server: Endpoint
    servers: Loopback

    def file(self, name: str, *identities: Identity) -> str:
        """A bundle of `identities`, or of the server's root."""
        path = self.place / name
        path.write_bytes(b"".join(identity.pem for identity in identities or (self.authority,)))
        return str(path)

    def directory(self, name: str, *identities: Identity, hashed: bool = True) -> str:
        """A directory with a file for each identity, or for the server's root."""
        path = self.place / name
        path.mkdir()
        for number, identity in enumerate(identities or (self.authority,)):
            (path / f"root{number}.pem").write_bytes(identity.pem)
        for link, target in plan_rehash(scan(path)).links if hashed else ():
            os.symlink(target, path / link)
        return str(path)

    def serve(self, identity: Identity, *others: Identity) -> Endpoint:
        return Endpoint("localhost", self.servers.serve(tls(tls_context(identity, *others), http())))

    def machine(self, *pythons: str, **variables: str) -> Machine:
        """This machine's programs with `variables`, and without any settings file of the user or the system."""
        home = self.place / "home"
        home.mkdir(exist_ok=True)
        own = {
            "PATH": os.pathsep.join((os.path.join(sys.prefix, "bin"), os.environ["PATH"])),
            "HOME": str(home),
            "PIP_CONFIG_FILE": os.devnull,
            "npm_config_globalconfig": os.devnull,
            "VIRTUAL_ENV": sys.prefix,
        }
        environment = {name: value for name, value in {**own, **variables}.items() if value}
        return Machine(environment, str(self.place), True, pythons, _TIMEOUT_S)

    def doctor(self, machine: Machine, *names: str) -> Doctor:
        """A doctor who knows the clients `names`, or all."""
        clients = [client for client in CLIENTS if not names or client.name in names]
        return Doctor(machine, datetime.now(timezone.utc), clients)

    def examine(self, machine: Machine, *names: str, hosts: tuple[Endpoint, ...] = ()) -> Examination:
        return self.doctor(machine, *names).examine(hosts or (self.server,))

    def verdict(self, machine: Machine, client: str, *others: str) -> Verdict:
        """What the first program of `client` makes of the server; skips where it is not installed."""
        found = self.examine(machine, client, *others)
        for verdict in found.verdicts:
            if verdict.row.program.client.name == client:
                assert not verdict.differs, (verdict.judged, verdict.proved)
                return verdict
        pytest.skip(f"{client} is not installed, or not in a build that capath knows: {found.strange}")

    def accepts(self, program: Program, machine: Machine) -> bool:
        """Whether the program itself connects to the server in another environment."""
        return isinstance(self.doctor(machine).prove(program, self.server, machine), Accepts)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A server whose root is in no store of this machine."""
    authority = root("Doctor Test Root")
    with Loopback() as servers:
        identity = leaf(authority, "localhost")
        port = servers.serve(tls(tls_context(identity), http()))
        yield World(tmp_path, authority, Endpoint("localhost", port), servers)
