"""The demo's world: a CApath of real roots and a few of its own, and a server for each cause it can show."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from capath.demo.scenarios import Scenario, registered
from capath.demo.scene import Scene, Site
from capath.demo.server import Loopback
from capath.pki.objects import CertificateObject, read_objects
from capath.pki.pem import encode_pem
from capath.tls.network.connect import NameNotFoundError, system_resolver
from capath.tls.network.endpoint import Address, Endpoint

DOMAIN = "capath.test"


@dataclass(frozen=True, slots=True)
class DemoHost:
    """A host of the demo: where it is, what it is made to show, and how it has to be tested for that."""

    scenario: Scenario
    endpoint: Endpoint
    site: Site


@dataclass(frozen=True, slots=True)
class World:
    """`directory` is the CApath; it and the servers last as long as the ``with`` block of `open_world`."""

    directory: str
    hosts: tuple[DemoHost, ...]

    def resolve(self, host: str, port: int) -> tuple[Address, ...]:
        """Know the demo's own names; leave all others to the system (a `capath.tls.network.connect.Resolver`)."""
        for known in self.hosts:
            if known.endpoint.host == host and known.site.ip:
                return (Address(known.site.ip, port),)
        if host.endswith(f".{DOMAIN}"):
            raise NameNotFoundError("there is no such name in the demo")
        return system_resolver(host, port)


@contextmanager
def open_world() -> Iterator[World]:
    """Make the directory, start the servers, and clear all away at the end."""
    with tempfile.TemporaryDirectory(prefix="capath-demo-") as place, Loopback() as loopback:
        directory = os.path.join(place, "crts")
        os.mkdir(directory)
        scene = Scene(directory, loopback)
        _write_real_roots(directory)
        hosts = []
        for scenario in registered():
            scene.host = f"{scenario.name}.{DOMAIN}"
            site = scenario.set_up(scene)
            hosts.append(DemoHost(scenario, Endpoint(scene.host, site.port), site))
        scene.finish()
        yield World(directory, tuple(hosts))


def _write_real_roots(directory: str) -> None:
    """Split certifi's bundle into one file a root, named as people name the root."""
    import certifi

    with open(certifi.where(), "rb") as bundle:
        objects = read_objects(bundle.read())
    for item in objects:
        if isinstance(item, CertificateObject):
            certificate = item.certificate
            name = re.sub(r"[^0-9A-Za-z]+", "_", certificate.subject.title).strip("_")
            path = os.path.join(directory, f"{name}.pem")
            if os.path.exists(path):
                path = os.path.join(directory, f"{name}_{certificate.sha256[:8]}.pem")
            with open(path, "wb") as file:
                file.write(encode_pem("CERTIFICATE", certificate.der))
