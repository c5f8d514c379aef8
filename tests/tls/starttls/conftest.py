"""One root and one server's certificate for all real servers of a module."""

from __future__ import annotations

import pytest

from capath.demo import authority
from tests.tls.starttls.checking import HOST


@pytest.fixture(scope="module")
def root() -> authority.Identity:
    return authority.root("Root")


@pytest.fixture(scope="module")
def leaf(root: authority.Identity) -> authority.Identity:
    return authority.leaf(root, HOST)
