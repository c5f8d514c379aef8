"""The hosts under test, each against the store as it is and as it is staged. Plain state, without a screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from capath.diagnosis.cause import Diagnosis
from capath.errors import StrEnum
from capath.remedy.full_answer import NOTHING_BESIDE, Beside
from capath.tls.many.host_to_test import HostToTest
from capath.tls.network.endpoint import Endpoint
from capath.tls.result import OutcomeName, ProbeResult


class Side(StrEnum):
    """Which store a test is of."""

    AS_IS = "as it is"
    AS_STAGED = "as staged"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Not tested yet."""


@dataclass(frozen=True, slots=True)
class Running:
    """Under test now; `generation` tells its answer from an older one's."""

    generation: int


@dataclass(frozen=True, slots=True)
class Finished:
    """Tested. `store_name` says in words which store it was; `missing_issuer_url` where an intermediate that the
    server should send could be fetched, empty where nothing is missing."""

    result: ProbeResult
    diagnosis: Diagnosis | None
    store_name: str
    beside: Beside = NOTHING_BESIDE
    missing_issuer_url: str = ""

    @property
    def verified(self) -> bool:
        return self.result.outcome_name is OutcomeName.VERIFIED


State = Waiting | Running | Finished


@dataclass(frozen=True, slots=True)
class HostTest:
    """A host of the list, and how far its two tests are."""

    host: HostToTest
    as_is: State = Waiting()
    as_staged: State = Waiting()

    @property
    def endpoint(self) -> Endpoint:
        return self.host.endpoint

    @property
    def latest(self) -> State:
        """The test that counts: of the staged store where there is one."""
        return self.as_is if isinstance(self.as_staged, Waiting) else self.as_staged

    def side(self, side: Side) -> State:
        return self.as_is if side is Side.AS_IS else self.as_staged

    def with_side(self, side: Side, state: State) -> HostTest:
        return replace(self, as_is=state) if side is Side.AS_IS else replace(self, as_staged=state)


@dataclass(frozen=True, slots=True)
class Impact:
    """What staging changes for the hosts that were tested on both sides, and how far all tests are."""

    total: int
    tested: int
    verified: int
    mended: tuple[HostToTest, ...]
    broken: tuple[HostToTest, ...]


class Bench:
    """Hosts in the order in which they were first named, each once."""

    def __init__(self, hosts: Sequence[HostToTest]) -> None:
        self.tests = [HostTest(host) for host in hosts]
        self.last: HostToTest | None = None
        self._generation = 0

    def known(self, endpoint: Endpoint) -> HostToTest | None:
        """The host of the list at `endpoint`, with its options; None where there is none."""
        return next((test.host for test in self.tests if test.endpoint == endpoint), None)

    def number_of(self, host: HostToTest) -> int:
        """Its place in the list; it is added where it is new."""
        for number, test in enumerate(self.tests):
            if test.host == host:
                return number
        self.tests.append(HostTest(host))
        return len(self.tests) - 1

    @property
    def last_test(self) -> HostTest | None:
        """The test of the host that was tested last."""
        return None if self.last is None else self.tests[self.number_of(self.last)]

    def begin(self, host: HostToTest, side: Side) -> int:
        """A test begins; return the generation that its answer must have."""
        self._generation += 1
        number = self.number_of(host)
        self.tests[number] = self.tests[number].with_side(side, Running(self._generation))
        return self._generation

    def finish(self, host: HostToTest, side: Side, generation: int, state: Finished | Waiting) -> bool:
        """Take an answer; False where it is of an older question."""
        number = self.number_of(host)
        running = self.tests[number].side(side)
        if not (isinstance(running, Running) and running.generation == generation):
            return False
        self.tests[number] = self.tests[number].with_side(side, state)
        return True

    def restaged(self) -> None:
        """Something else is staged: the answers of the staged store are of another one."""
        self.tests = [replace(test, as_staged=Waiting()) for test in self.tests]

    def applied(self) -> None:
        """What was staged is written: the staged store's answers are the store's own now, until tested again."""
        self.tests = [
            replace(test, as_is=test.as_staged if isinstance(test.as_staged, Finished) else Waiting())
            for test in self.tests
        ]
        self.restaged()

    @property
    def used_roots(self) -> dict[str, list[str]]:
        """The hosts that each trust anchor (SHA-256) carried in the latest tests."""
        used: dict[str, list[str]] = {}
        for test in self.tests:
            if (
                isinstance(test.latest, Finished)
                and (anchor := test.latest.result.verification.anchor) is not None
            ):
                used.setdefault(anchor.certificate.sha256, []).append(test.endpoint.text)
        return used

    @property
    def impact(self) -> Impact:
        finished = [test.latest for test in self.tests if isinstance(test.latest, Finished)]
        changed = [
            (test.host, test.as_staged.verified)
            for test in self.tests
            if isinstance(test.as_is, Finished)
            and isinstance(test.as_staged, Finished)
            and test.as_is.verified != test.as_staged.verified
        ]
        return Impact(
            len(self.tests),
            len(finished),
            sum(state.verified for state in finished),
            tuple(host for host, verified in changed if verified),
            tuple(host for host, verified in changed if not verified),
        )
