"""The scenarios there are. One is a function that sets a host up; its docstring draws the chain.

In the drawings ``←`` points from what is signed to what signed it, ``[ ]`` is what the server sends,
and what the CApath holds is in the words after it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from capath.demo.scene import Scene, Site
from capath.diagnosis.cause import Cause, RemedyKind

SetUp = Callable[[Scene], Site]
_SCENARIOS: list[Scenario] = []


@dataclass(frozen=True, slots=True)
class Scenario:
    """`cause` is what testing the host must show, None where it must verify. Each remedy of `fixed_by`, and no
    other, must then make it verify."""

    name: str
    cause: Cause | None
    drawing: str
    set_up: SetUp
    fixed_by: frozenset[RemedyKind] = frozenset()


def scenario(cause: Cause | None, *fixed_by: RemedyKind) -> Callable[[SetUp], SetUp]:
    """Register a function as the scenario of its name that has to show `cause`, and to be fixed by these."""

    def register(set_up: SetUp) -> SetUp:
        drawing = " ".join((set_up.__doc__ or "").split())
        name = set_up.__name__.replace("_", "-")
        _SCENARIOS.append(Scenario(name, cause, drawing, set_up, frozenset(fixed_by)))
        return set_up

    return register


def registered() -> tuple[Scenario, ...]:
    return tuple(_SCENARIOS)
