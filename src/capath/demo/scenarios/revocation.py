"""Revocation lists in the directory, asked for with ``-crl_check``."""

from __future__ import annotations

from datetime import timedelta

from capath.demo import authority
from capath.demo.scenarios.registry import scenario
from capath.demo.stage import Site, Stage
from capath.diagnosis.cause import Cause
from capath.tls.test_options import CrlCheck, ProbeOptions, VerifyFlags

_CHECKED = ProbeOptions(flags=VerifyFlags(crl_check=CrlCheck.LEAF))


@scenario(None)
def not_revoked(stage: Stage) -> Site:
    """[leaf] ← root, trusted, whose list is in the directory and does not name the leaf."""
    root = authority.root("capath demo root with an empty list")
    stage.trust(root)
    stage.write("capath_demo_empty_list.crl", root.revoke())
    return Site(stage.https(authority.leaf(root, stage.host)), _CHECKED)


@scenario(Cause.REVOKED)
def revoked(stage: Stage) -> Site:
    """[leaf] ← root, trusted, whose list is in the directory and names the leaf."""
    root = authority.root("capath demo root that revokes")
    leaf = authority.leaf(root, stage.host)
    stage.trust(root)
    stage.write("capath_demo_list.crl", root.revoke(leaf))
    return Site(stage.https(leaf), _CHECKED)


@scenario(Cause.CRL_UNAVAILABLE)
def crl_unavailable(stage: Stage) -> Site:
    """[leaf] ← root, trusted, whose list is not in the directory."""
    root = authority.root("capath demo root without a list")
    stage.trust(root)
    return Site(stage.https(authority.leaf(root, stage.host)), _CHECKED)


@scenario(Cause.CRL_UNUSABLE)
def crl_unusable(stage: Stage) -> Site:
    """[leaf] ← root, trusted, whose CRL in the directory covers CA certificates only."""
    root = authority.root("capath demo root with a CRL for CAs")
    stage.trust(root)
    stage.write("capath_demo_ca_list.crl", root.revoke(only_ca_certificates=True))
    return Site(stage.https(authority.leaf(root, stage.host)), _CHECKED)


@scenario(Cause.CRL_EXPIRED)
def crl_expired(stage: Stage) -> Site:
    """[leaf] ← root, trusted, whose list in the directory should have been replaced yesterday."""
    root = authority.root("capath demo root with an old list")
    stage.trust(root)
    stage.write("capath_demo_old_list.crl", root.revoke(next_update=timedelta(days=-1)))
    return Site(stage.https(authority.leaf(root, stage.host)), _CHECKED)
