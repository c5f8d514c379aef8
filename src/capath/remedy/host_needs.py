"""What hosts need of a store: each is tested once, and every set of roots that carries it is found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from capath.diagnosis.diagnose import diagnose
from capath.errors import assert_never
from capath.remedy.anchor_sets import AnchorSet, Shown, anchor_sets, carries
from capath.remedy.minimise import Alternative, Minimum, minimise
from capath.store import Listing
from capath.tls.network.connect import Resolver, system_resolver
from capath.tls.network.deadline import never
from capath.tls.probe import probe
from capath.tls.result import OutcomeName
from capath.tls.test_options import HostToTest


@dataclass(frozen=True, slots=True)
class Carried:
    """A host that verifies, what it showed, and every smallest set of certificates that carries it."""

    host: str
    shown: Shown
    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True, slots=True)
class NotVerifying:
    """A host that answers and does not verify, with all that is trusted now."""

    host: str
    reason: str


@dataclass(frozen=True, slots=True)
class NotReached:
    """A host that could not be asked, so nobody knows what it needs."""

    host: str
    reason: str


HostNeeds = Carried | NotVerifying | NotReached


def needs_of(
    host: HostToTest,
    listing: Listing,
    trusted: AnchorSet,
    *,
    resolver: Resolver = system_resolver,
    cancelled: Callable[[], bool] = never,
) -> HostNeeds:
    """Test `host` against the store of `listing` and find what of `trusted` it needs. Blocks, as `probe` does."""
    snapshot, options = listing.snapshot, host.options
    result = probe(
        host.endpoint,
        snapshot.directory,
        snapshot=snapshot,
        options=options,
        resolver=resolver,
        cancelled=cancelled,
    )
    name = host.endpoint.text
    if result.outcome_name is OutcomeName.VERIFIED:
        shown = Shown(result.verification.sent, result.started_at, options.flags)
        return Carried(name, shown, anchor_sets(shown, trusted))
    why = diagnose(result, snapshot)
    reason = "it could not be tested" if why is None else why.text
    match result.outcome_name:
        case OutcomeName.UNREACHABLE:
            return NotReached(name, reason)
        case OutcomeName.REJECTED:
            return NotVerifying(name, reason)
        case _:
            assert_never(result.outcome_name)


def smallest_set(hosts: Sequence[HostNeeds]) -> Minimum:
    """Return the smallest set of certificates that carries every host that verifies now."""
    return minimise({host.host: host.alternatives for host in hosts if isinstance(host, Carried)})


def failing_with(minimum: Minimum, hosts: Sequence[HostNeeds], trusted: AnchorSet) -> tuple[str, ...]:
    """Return the hosts that would no longer verify with only that set: none, or the search was wrong."""
    return tuple(
        host.host
        for host in hosts
        if isinstance(host, Carried) and not carries(minimum.roots, host.shown, trusted)
    )
