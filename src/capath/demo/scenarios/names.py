"""Certificates for other hosts, and CAs that may not issue for this one."""

from __future__ import annotations

from cryptography import x509

from capath.demo import authority
from capath.demo.scenarios.registry import scenario
from capath.demo.scene import Scene, Site
from capath.diagnosis.cause import Cause, RemedyKind


@scenario(Cause.HOSTNAME_MISMATCH, RemedyKind.USE_NAME)
def wrong_name(scene: Scene) -> Site:
    """[leaf for other.capath.test ← intermediate] ← root, trusted."""
    leaf = authority.leaf(scene.intermediate, "other.capath.test")
    return Site(scene.https(leaf, scene.intermediate))


@scenario(Cause.HOSTNAME_MISMATCH)
def common_name_only(scene: Scene) -> Site:
    """[leaf that has the host only in its common name ← intermediate] ← root, trusted."""
    leaf = authority.leaf(scene.intermediate, scene.host, names=())
    return Site(scene.https(leaf, scene.intermediate))


@scenario(Cause.NAME_CONSTRAINT)
def name_constraint(scene: Scene) -> Site:
    """[leaf ← intermediate that may issue only for example.org] ← root, trusted."""
    constraint = x509.NameConstraints([x509.DNSName("example.org")], None)
    limited = authority.intermediate(
        scene.root, "capath demo intermediate for example.org", extensions=((constraint, True),)
    )
    return Site(scene.https(authority.leaf(limited, scene.host), limited))
