"""A host that somebody wants tested, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from capath.tls.network.endpoint import Endpoint
from capath.tls.network.proxy import proxy_from_environment
from capath.tls.test_options import ProbeOptions


@dataclass(frozen=True, slots=True)
class HostToTest:
    """`note` is for people: what the host is for. Empty where nobody said."""

    endpoint: Endpoint
    options: ProbeOptions = field(default_factory=ProbeOptions)
    note: str = ""

    def behind_proxy(self, environment: Mapping[str, str]) -> HostToTest:
        """The same through the proxy that the environment names for it, if it does and there is no other already.

        Raises BadInputError for one that cannot be used.
        """
        if self.options.proxy is not None or self.options.direct:
            return self
        proxy = proxy_from_environment(self.endpoint, environment)
        return self if proxy is None else replace(self, options=replace(self.options, proxy=proxy))
