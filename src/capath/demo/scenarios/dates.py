"""Certificates out of date, and a clock that is."""

from __future__ import annotations

from datetime import timedelta

from capath.demo import authority
from capath.demo.authority import Template
from capath.demo.scenarios.registry import scenario
from capath.demo.scene import Scene, Site
from capath.diagnosis.cause import Cause, RemedyKind


@scenario(Cause.EXPIRED)
def expired(scene: Scene) -> Site:
    """[leaf, expired yesterday ← intermediate] ← root, trusted."""
    leaf = authority.leaf(scene.intermediate, scene.host, not_after=timedelta(days=-1))
    return Site(scene.https(leaf, scene.intermediate))


@scenario(Cause.EXPIRED)
def expired_root(scene: Scene) -> Site:
    """[leaf] ← root, trusted, expired yesterday."""
    root = authority.root("capath demo root of yesterday", not_after=timedelta(days=-1))
    scene.trust(root)
    return Site(scene.https(authority.leaf(root, scene.host)))


@scenario(Cause.EXPIRED_PATH_SHADOWS_VALID, RemedyKind.TRUST)
def expired_cross_sign(scene: Scene) -> Site:
    """[leaf ← intermediate ← root X1 by root X3] ← root X3, trusted, expired yesterday; root X1 itself is off."""
    old = authority.root("capath demo root X3", not_after=timedelta(days=-1))
    new = authority.root("capath demo root X1")
    across = old.issue(Template("capath demo root X1", is_ca=True, usages=(), key=new.key))
    scene.trust(old)
    scene.take_out(new)
    intermediate = authority.intermediate(new, "capath demo intermediate R3")
    return Site(scene.https(authority.leaf(intermediate, scene.host), intermediate, across))


@scenario(Cause.NOT_YET_VALID)
def not_yet_valid(scene: Scene) -> Site:
    """[leaf, valid from tomorrow ← intermediate] ← root, trusted."""
    leaf = authority.leaf(scene.intermediate, scene.host, not_before=timedelta(days=1))
    return Site(scene.https(leaf, scene.intermediate))


@scenario(Cause.CLOCK_SKEW, RemedyKind.SET_CLOCK)
def clock_skew(scene: Scene) -> Site:
    """[leaf, valid from next month ← intermediate] ← root, trusted; by the server's clock it is later."""
    leaf = authority.leaf(scene.intermediate, scene.host, not_before=timedelta(days=30))
    return Site(scene.https(leaf, scene.intermediate, clock_offset=timedelta(days=40)))


@scenario(Cause.EXPIRED_PATH_SHADOWS_VALID, RemedyKind.TRUST)
def expired_path(scene: Scene) -> Site:
    """[leaf] ← root, trusted, expired yesterday; the renewed root, same name and key, is off."""
    key = authority.new_key()
    old = authority.root("capath demo root that was renewed", key=key, not_after=timedelta(days=-1))
    renewed = authority.root("capath demo root that was renewed", key=key)
    scene.trust(old)
    scene.write("untrusted/capath_demo_root_renewed.pem", renewed.pem)
    return Site(scene.https(authority.leaf(renewed, scene.host)))
