"""Revocation lists in the directory, asked for with ``-crl_check``."""

from __future__ import annotations

from datetime import timedelta

from capath.demo import authority
from capath.demo.scenarios.registry import scenario
from capath.demo.scene import Scene, Site
from capath.diagnosis.cause import Cause
from capath.tls.test_options import CrlCheck, ProbeOptions, VerifyFlags

_CHECKED = ProbeOptions(flags=VerifyFlags(crl_check=CrlCheck.LEAF))


@scenario(None)
def not_revoked(scene: Scene) -> Site:
    """[leaf] ← root, trusted, whose list is in the directory and does not name the leaf."""
    root = authority.root("capath demo root with an empty list")
    scene.trust(root)
    scene.write("capath_demo_empty_list.crl", root.revoke())
    return Site(scene.https(authority.leaf(root, scene.host)), _CHECKED)


@scenario(Cause.REVOKED)
def revoked(scene: Scene) -> Site:
    """[leaf] ← root, trusted, whose list is in the directory and names the leaf."""
    root = authority.root("capath demo root that revokes")
    leaf = authority.leaf(root, scene.host)
    scene.trust(root)
    scene.write("capath_demo_list.crl", root.revoke(leaf))
    return Site(scene.https(leaf), _CHECKED)


@scenario(Cause.CRL_UNAVAILABLE)
def crl_unavailable(scene: Scene) -> Site:
    """[leaf] ← root, trusted, whose list is not in the directory."""
    root = authority.root("capath demo root without a list")
    scene.trust(root)
    return Site(scene.https(authority.leaf(root, scene.host)), _CHECKED)


@scenario(Cause.CRL_UNUSABLE)
def crl_unusable(scene: Scene) -> Site:
    """[leaf] ← root, trusted, whose CRL in the directory covers CA certificates only."""
    root = authority.root("capath demo root with a CRL for CAs")
    scene.trust(root)
    scene.write("capath_demo_ca_list.crl", root.revoke(only_ca_certificates=True))
    return Site(scene.https(authority.leaf(root, scene.host)), _CHECKED)


@scenario(Cause.CRL_EXPIRED)
def crl_expired(scene: Scene) -> Site:
    """[leaf] ← root, trusted, whose list in the directory should have been replaced yesterday."""
    root = authority.root("capath demo root with an old list")
    scene.trust(root)
    scene.write("capath_demo_old_list.crl", root.revoke(next_update=timedelta(days=-1)))
    return Site(scene.https(authority.leaf(root, scene.host)), _CHECKED)
