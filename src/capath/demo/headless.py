"""Test every host of the demo, and report whether each shows its cause, and is fixed by what should fix it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from capath.demo.world import DemoHost, World
from capath.diagnosis.cause import Cause, Diagnosis, Fixes, RemedyKind
from capath.diagnosis.diagnose import diagnose
from capath.remedy.try_remedies import try_remedies
from capath.store import Snapshot, scan
from capath.tls.many.threads import each
from capath.tls.network.deadline import never
from capath.tls.probe import probe
from capath.tls.result import ProbeResult
from capath.tls.test_options import Client

_THREADS = 8


@dataclass(frozen=True, slots=True)
class SceneResult:
    """One host's test and its diagnosis."""

    host: DemoHost
    result: ProbeResult
    diagnosis: Diagnosis | None

    @property
    def cause(self) -> Cause | None:
        return None if self.diagnosis is None else self.diagnosis.cause

    @property
    def fixed_by(self) -> frozenset[RemedyKind]:
        """The remedies that were tried and each fix it."""
        remedies = () if self.diagnosis is None else self.diagnosis.remedies
        return frozenset(remedy.action for remedy in remedies if isinstance(remedy.trial, Fixes))

    @property
    def as_made(self) -> bool:
        """Whether the cause is the one that the host was made to show, and what should fix it does."""
        scenario = self.host.scenario
        return self.cause == scenario.cause and self.fixed_by == scenario.fixed_by


def try_host(
    world: World,
    host: DemoHost,
    snapshot: Snapshot,
    clients: Collection[Client] = (),
    cancelled: Callable[[], bool] = never,
) -> SceneResult:
    """Test one host with its own options, and try its remedies."""
    result = probe(
        host.endpoint,
        world.directory,
        snapshot=snapshot,
        options=host.site.options,
        clients=clients,
        resolver=world.resolve,
        cancelled=cancelled,
    )
    diagnosis = diagnose(result, snapshot)
    if diagnosis is not None:
        diagnosis = try_remedies(diagnosis, result, snapshot, resolver=world.resolve, cancelled=cancelled)
    return SceneResult(host, result, diagnosis)


def try_all(
    world: World, clients: Collection[Client] = (), cancelled: Callable[[], bool] = never
) -> list[SceneResult]:
    """Test all hosts on a few threads; the answer is in the scenarios' order."""
    snapshot = scan(world.directory)

    def work(host: DemoHost) -> SceneResult:
        return try_host(world, host, snapshot, clients, cancelled)

    done = dict(each(world.hosts, work, threads=_THREADS))
    return [done[position] for position in sorted(done)]
