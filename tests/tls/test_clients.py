"""The registry of clients."""

from __future__ import annotations

import importlib
import inspect

import pytest

from capath.tls.clients.table import MODULES, ClientModule
from capath.tls.test_options import Client


def test_every_client_but_our_own_has_a_module() -> None:
    assert set(MODULES) == set(Client) - {Client.PYOPENSSL}


@pytest.mark.parametrize("module", MODULES.values())
def test_each_module_answers_the_same_question(module: str) -> None:
    own = inspect.signature(importlib.import_module(module).ask)
    assert list(own.parameters) == list(inspect.signature(ClientModule.ask).parameters)[1:]
