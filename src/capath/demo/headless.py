"""Test every host of the demo at once, and tell whether each shows what it was made to show."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from capath.demo.world import DemoHost, World
from capath.diagnosis.cause import Cause, Diagnosis
from capath.diagnosis.diagnose import diagnose
from capath.store import Snapshot, scan
from capath.tls.deadline import never
from capath.tls.options import Client
from capath.tls.pool import each
from capath.tls.probe import probe
from capath.tls.result import ProbeResult

_THREADS = 8


@dataclass(frozen=True, slots=True)
class Trial:
    """One host's test and its diagnosis."""

    host: DemoHost
    result: ProbeResult
    diagnosis: Diagnosis | None

    @property
    def cause(self) -> Cause | None:
        return None if self.diagnosis is None else self.diagnosis.cause

    @property
    def as_made(self) -> bool:
        """Whether the cause is the one that the host was made to show."""
        return self.cause == self.host.scenario.cause


def try_host(
    world: World,
    host: DemoHost,
    snapshot: Snapshot,
    clients: Collection[Client] = (),
    cancelled: Callable[[], bool] = never,
) -> Trial:
    """Test one host with its own options."""
    result = probe(
        host.endpoint,
        world.directory,
        snapshot=snapshot,
        options=host.site.options,
        clients=clients,
        resolver=world.resolve,
        cancelled=cancelled,
    )
    return Trial(host, result, diagnose(result, snapshot))


def try_all(world: World, clients: Collection[Client] = (), cancelled: Callable[[], bool] = never) -> list[Trial]:
    """Test all hosts on a few threads; the answer is in the scenarios' order."""
    snapshot = scan(world.directory)

    def work(host: DemoHost) -> Trial:
        return try_host(world, host, snapshot, clients, cancelled)

    done = dict(each(world.hosts, work, threads=_THREADS))
    return [done[position] for position in sorted(done)]
