"""A host that somebody wants tested, and how."""

from __future__ import annotations

from dataclasses import dataclass, field

from capath.tls.endpoint import Endpoint
from capath.tls.options import ProbeOptions


@dataclass(frozen=True, slots=True)
class HostToTest:
    """`note` is for people: what the host is for. Empty where nobody said."""

    endpoint: Endpoint
    options: ProbeOptions = field(default_factory=ProbeOptions)
    note: str = ""
