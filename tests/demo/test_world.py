"""The demo's world: its directory, its servers, and that nothing is left of them."""

from __future__ import annotations

import os
import socket
import threading
import time

import pytest

from capath.demo.headless import try_all
from capath.demo.world import open_world
from capath.store import list_store, scan
from capath.tls.network.connect import NameNotFoundError


def test_all_hosts_show_what_they_were_made_to_show_and_nothing_is_left() -> None:
    before = threading.active_count()
    with open_world() as world:
        listing = list_store(scan(world.directory))
        real = [row for row in listing.certificates if row.certificate.subject.organisation != "capath demo"]
        assert len(real) > 100
        assert all(row.trusted for row in real)
        trials = try_all(world)
        assert [trial.host.scenario.name for trial in trials if not trial.as_made] == []
        port = world.hosts[0].endpoint.port
    assert not os.path.exists(world.directory)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
    assert threading.active_count() <= before + 1


def test_leaving_the_world_does_not_wait_for_a_client_that_hangs() -> None:
    with open_world() as world:
        silence = next(host for host in world.hosts if host.scenario.name == "silence")
        client = socket.create_connection(("127.0.0.1", silence.endpoint.port))
        started = time.monotonic()
    assert time.monotonic() - started < 1.0
    client.close()


def test_its_names_are_known_inside_alone() -> None:
    with open_world() as world:
        good = world.hosts[0].endpoint
        assert world.resolve(good.host, good.port)[0].ip == "127.0.0.1"
        with pytest.raises(NameNotFoundError):
            world.resolve("unknown.capath.test", 443)
