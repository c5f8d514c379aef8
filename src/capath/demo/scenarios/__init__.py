"""One scenario a cause. A new one is a function in one of these modules."""

from capath.demo.scenarios import anchors, certificates, dates, names, reach, refusals, revocation
from capath.demo.scenarios.registry import Scenario, registered

__all__ = [
    "Scenario",
    "anchors",
    "certificates",
    "dates",
    "names",
    "reach",
    "refusals",
    "registered",
    "revocation",
]
