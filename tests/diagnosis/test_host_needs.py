"""Minimising the demo's own store for the demo's own hosts, then testing them again."""

from __future__ import annotations

from capath.change.apply import apply_plan, undo_last
from capath.change.toggle import plan_toggle
from capath.demo.world import open_world
from capath.remedy.anchor_sets import trusted_objects
from capath.remedy.host_needs import Carried, failing_with, needs_of, smallest_set
from capath.store import list_store, scan
from capath.tls.probe import probe
from capath.tls.result import OutcomeName
from capath.tls.test_options import HostToTest


def test_the_demos_hosts_go_on_verifying_with_the_fewest_roots() -> None:
    """Of more than a hundred roots a few stay, and every host that verified verifies as before."""
    with open_world() as world:
        listing = list_store(scan(world.directory))
        trusted = trusted_objects(listing)
        # Not the one whose root only some versions of OpenSSL find: it is not among the trusted ones.
        shown = [host for host in world.hosts if host.scenario.name != "slot-that-dangles"]
        hosts = [HostToTest(host.endpoint, host.site.options) for host in shown]
        needs = [needs_of(host, listing, trusted, resolver=world.resolve) for host in hosts]
        minimum = smallest_set(needs)
        carried = [host for host in needs if isinstance(host, Carried)]
        assert carried
        assert minimum.exact
        assert minimum.without_path == ()
        assert failing_with(minimum, needs, trusted) == ()
        assert 0 < len(minimum.roots) < listing.trusted_count

        apply_plan(plan_toggle(listing, (), trusted.certificates.keys() - minimum.roots))
        assert list_store(scan(world.directory)).trusted_count == len(minimum.roots)
        for host, need in zip(hosts, needs, strict=True):
            result = probe(host.endpoint, world.directory, options=host.options, resolver=world.resolve)
            assert (result.outcome_name is OutcomeName.VERIFIED) == isinstance(need, Carried)
        undo_last(world.directory)
        assert list_store(scan(world.directory)).trusted_count == listing.trusted_count
