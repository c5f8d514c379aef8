"""Servers and stores for tests that talk to something."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from capath.change.rehash import plan_rehash
from capath.demo.authority import Identity
from capath.demo.server import LOOPBACK, Loopback
from capath.store import scan
from capath.tls.network.endpoint import Address

MakeStore = Callable[..., str]


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    with Loopback() as servers:
        yield servers


@pytest.fixture
def make_store(tmp_path: Path) -> MakeStore:
    """Make a hashed CApath of identities, and of other files by name."""

    def make(*identities: Identity, directory: str = "crts", **others: bytes) -> str:
        path = tmp_path / directory
        path.mkdir()
        for number, identity in enumerate(identities):
            (path / f"root{number}.pem").write_bytes(identity.pem)
        for name, content in others.items():
            (path / name.replace("__", ".")).write_bytes(content)
        rehash(path)
        return str(path)

    return make


def rehash(path: Path) -> None:
    for name, target in plan_rehash(scan(path)).links:
        os.symlink(target, path / name)


def to_loopback(host: str, port: int) -> Sequence[Address]:
    """A resolver for which every name is this machine."""
    return (Address(LOOPBACK, port),)
