"""Hosts that give no answer at all."""

from __future__ import annotations

from capath.demo.scenarios.registry import scenario
from capath.demo.scene import Scene, Site
from capath.demo.server import silent
from capath.diagnosis.cause import Cause
from capath.tls.test_options import ProbeOptions


@scenario(Cause.CONNECTION_REFUSED)
def refused(scene: Scene) -> Site:
    """A port on which nobody listens."""
    return Site(scene.loopback.refuse())


@scenario(Cause.TIMEOUT)
def silence(scene: Scene) -> Site:
    """A server that listens and never says a word."""
    return Site(scene.loopback.serve(silent), ProbeOptions(timeout_s=1.0))


@scenario(Cause.DNS_FAILURE)
def no_address(_: Scene) -> Site:
    """A name without an address."""
    return Site(443, ip="")


@scenario(Cause.NETWORK_UNREACHABLE)
def no_way(_: Scene) -> Site:
    """An address to which TCP knows no way (the limited broadcast, RFC 919)."""
    return Site(443, ip="255.255.255.255")
