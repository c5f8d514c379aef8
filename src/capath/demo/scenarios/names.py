"""Certificates for other hosts, and authorities that may not name this one."""

from __future__ import annotations

from cryptography import x509

from capath.demo import authority
from capath.demo.scenarios.registry import scenario
from capath.demo.stage import Site, Stage
from capath.diagnosis.cause import Action, Cause


@scenario(Cause.HOSTNAME_MISMATCH, Action.USE_NAME)
def wrong_name(stage: Stage) -> Site:
    """[leaf for other.capath.test ← intermediate] ← root, trusted."""
    leaf = authority.leaf(stage.intermediate, "other.capath.test")
    return Site(stage.https(leaf, stage.intermediate))


@scenario(Cause.HOSTNAME_MISMATCH)
def common_name_only(stage: Stage) -> Site:
    """[leaf that names the host in its common name alone ← intermediate] ← root, trusted."""
    leaf = authority.leaf(stage.intermediate, stage.host, names=())
    return Site(stage.https(leaf, stage.intermediate))


@scenario(Cause.NAME_CONSTRAINT)
def name_constraint(stage: Stage) -> Site:
    """[leaf ← intermediate that may issue for example.org alone] ← root, trusted."""
    constraint = x509.NameConstraints([x509.DNSName("example.org")], None)
    limited = authority.intermediate(
        stage.root, "capath demo intermediate for example.org", extensions=((constraint, True),)
    )
    return Site(stage.https(authority.leaf(limited, stage.host), limited))
