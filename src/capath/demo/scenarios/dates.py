"""Certificates out of date, and a clock that is."""

from __future__ import annotations

from datetime import timedelta

from capath.demo import authority
from capath.demo.authority import Template
from capath.demo.scenarios.registry import scenario
from capath.demo.stage import Site, Stage
from capath.diagnosis.cause import Action, Cause


@scenario(Cause.EXPIRED)
def expired(stage: Stage) -> Site:
    """[leaf, expired yesterday ← intermediate] ← root, trusted."""
    leaf = authority.leaf(stage.intermediate, stage.host, not_after=timedelta(days=-1))
    return Site(stage.https(leaf, stage.intermediate))


@scenario(Cause.EXPIRED)
def expired_root(stage: Stage) -> Site:
    """[leaf] ← root, trusted, expired yesterday."""
    root = authority.root("capath demo root of yesterday", not_after=timedelta(days=-1))
    stage.trust(root)
    return Site(stage.https(authority.leaf(root, stage.host)))


@scenario(Cause.EXPIRED_PATH_SHADOWS_VALID, Action.TRUST)
def expired_cross_sign(stage: Stage) -> Site:
    """[leaf ← intermediate ← root X1 by root X3] ← root X3, trusted, expired yesterday; root X1 itself is off."""
    old = authority.root("capath demo root X3", not_after=timedelta(days=-1))
    new = authority.root("capath demo root X1")
    across = old.issue(Template("capath demo root X1", is_ca=True, usages=(), key=new.key))
    stage.trust(old)
    stage.take_out(new)
    intermediate = authority.intermediate(new, "capath demo intermediate R3")
    return Site(stage.https(authority.leaf(intermediate, stage.host), intermediate, across))


@scenario(Cause.NOT_YET_VALID)
def not_yet_valid(stage: Stage) -> Site:
    """[leaf, valid from tomorrow ← intermediate] ← root, trusted."""
    leaf = authority.leaf(stage.intermediate, stage.host, not_before=timedelta(days=1))
    return Site(stage.https(leaf, stage.intermediate))


@scenario(Cause.CLOCK_SKEW, Action.SET_CLOCK)
def clock_skew(stage: Stage) -> Site:
    """[leaf, valid from next month ← intermediate] ← root, trusted; by the server's clock it is later."""
    leaf = authority.leaf(stage.intermediate, stage.host, not_before=timedelta(days=30))
    return Site(stage.https(leaf, stage.intermediate, clock_offset=timedelta(days=40)))


@scenario(Cause.EXPIRED_PATH_SHADOWS_VALID, Action.TRUST)
def expired_path(stage: Stage) -> Site:
    """[leaf] ← root, trusted, expired yesterday; the renewed root, same name and key, is off."""
    key = authority.new_key()
    old = authority.root("capath demo root that was renewed", key=key, not_after=timedelta(days=-1))
    renewed = authority.root("capath demo root that was renewed", key=key)
    stage.trust(old)
    stage.write("untrusted/capath_demo_root_renewed.pem", renewed.pem)
    return Site(stage.https(authority.leaf(renewed, stage.host)))
