"""The demo's world, once for all scenarios."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from capath.demo.world import World, open_world
from capath.store import Snapshot, scan


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    with open_world() as opened:
        yield opened


@pytest.fixture(scope="session")
def snapshot(world: World) -> Snapshot:
    return scan(world.directory)
