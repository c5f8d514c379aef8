"""What the tests of changes share."""

from __future__ import annotations

import pytest

from capath.change import steps


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits of a change, in seconds, which are counted and not waited for."""
    found: list[float] = []
    monkeypatch.setattr(steps, "pause", found.append)
    return found
