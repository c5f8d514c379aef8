"""The hosts under test, each against the store as it is and as it is staged. Plain state, without a screen."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

from capath.errors import StrEnum

if TYPE_CHECKING:
    from capath.diagnosis.cause import Diagnosis
    from capath.remedy.full_answer import Beside
    from capath.tls.network.endpoint import Endpoint
    from capath.tls.result import ProbeResult
    from capath.tls.test_options import HostToTest


class Side(StrEnum):
    """Which store a test is of."""

    AS_IS = "as it is"
    AS_STAGED = "as staged"


class Waiting(NamedTuple):
    """Not tested yet."""

    reason: str = ""


class Running(NamedTuple):
    """Under test now; `generation` tells its answer from an older one's. `before` is what was known before."""

    generation: int
    before: Waiting | Finished = Waiting()


class Finished(NamedTuple):
    """Tested. `store_name` says in words which store it was; `missing_issuer_url` where an intermediate that the
    server should send could be fetched, empty where nothing is missing. `before_change`: the store has been
    changed since."""

    result: ProbeResult
    diagnosis: Diagnosis | None
    store_name: str
    beside: Beside
    missing_issuer_url: str = ""
    before_change: bool = False

    @property
    def verified(self) -> bool:
        return self.result.outcome_name.value == "verified"


State = Waiting | Running | Finished


class Outlook(StrEnum):
    """What staging does to a host; untested is never counted as unharmed."""

    BREAKS = "✓→✗"
    FIXED = "✗→✓"
    UNTESTED = "?"
    SAME = "="


class HostTest(NamedTuple):
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
        return self._replace(as_is=state) if side is Side.AS_IS else self._replace(as_staged=state)

    @property
    def outlook(self) -> Outlook:
        """What staging does to it, as far as it was tested on both sides."""
        if not (isinstance(self.as_is, Finished) and isinstance(self.as_staged, Finished)):
            return Outlook.UNTESTED
        if self.as_is.verified == self.as_staged.verified:
            return Outlook.SAME
        return Outlook.FIXED if self.as_staged.verified else Outlook.BREAKS

    def is_touched_by(self, names: Collection[bytes]) -> bool:
        """Whether certificates with these subjects (canonical) can change its verdict: its anchor, or an issuer
        that its chain asks for, is called so. A host that is not known can always be touched."""
        if not isinstance(self.as_is, Finished):
            return True
        verification = self.as_is.result.verification
        chain = [element.certificate for element in verification.chain] or list(verification.sent)
        return any(
            certificate.issuer.canonical in names or certificate.subject.canonical in names
            for certificate in chain
        )


class Bench:
    """Hosts in the order in which they were first named, each once."""

    def __init__(self, hosts: Sequence[HostToTest]) -> None:
        self.tests = [HostTest(host) for host in hosts]
        self.last: HostToTest | None = None
        self._generation = 0
        self._numbers = {host: number for number, host in enumerate(hosts)}

    def known(self, endpoint: Endpoint) -> HostToTest | None:
        """The host of the list at `endpoint`, with its options; None where there is none."""
        return next((test.host for test in self.tests if test.endpoint == endpoint), None)

    def number_of(self, host: HostToTest) -> int:
        """Its place in the list; it is added where it is new."""
        if host not in self._numbers:
            self._numbers[host] = len(self.tests)
            self.tests.append(HostTest(host))
        return self._numbers[host]

    def remove(self, host: HostToTest) -> None:
        """Have the host in the list no more."""
        self.tests = [test for test in self.tests if test.host != host]
        self._numbers = {test.host: number for number, test in enumerate(self.tests)}
        self.last = None if self.last == host else self.last

    @property
    def running(self) -> int:
        """How many tests are under way."""
        return sum(isinstance(state, Running) for test in self.tests for state in (test.as_is, test.as_staged))

    def begin(self, host: HostToTest, side: Side) -> int:
        """A test begins; return the generation that its answer must have."""
        self._generation += 1
        number = self.number_of(host)
        known = self.tests[number].side(side)
        before = known.before if isinstance(known, Running) else known
        self.tests[number] = self.tests[number].with_side(side, Running(self._generation, before))
        return self._generation

    def finish(self, host: HostToTest, side: Side, generation: int, state: Finished | Waiting) -> bool:
        """Take an answer; False where it is of an older question, or the host is gone."""
        if host not in self._numbers:
            return False
        number = self.number_of(host)
        running = self.tests[number].side(side)
        if not (isinstance(running, Running) and running.generation == generation):
            return False
        self.tests[number] = self.tests[number].with_side(side, state)
        return True

    def stop(self) -> int:
        """Nobody waits for the tests under way any more: what was known before stays. Return how many there
        were."""
        count = self.running
        for number, test in enumerate(self.tests):
            for side in Side:
                if isinstance(state := test.side(side), Running):
                    test = self.tests[number] = test.with_side(side, state.before)
        return count

    def restaged(self, names: Collection[bytes]) -> None:
        """Something else is staged: the answers of the staged store are of another one. Those of hosts that the
        difference, certificates of these names, cannot touch stay."""
        self.tests = [
            test
            if isinstance(test.as_staged, Finished) and not test.is_touched_by(names)
            else test._replace(as_staged=Waiting())
            for test in self.tests
        ]

    def applied(self) -> None:
        """What was staged is written: the staged store's answers are the store's own now, all others of before."""
        self.tests = [
            test._replace(as_is=_after_change(test.as_is, test.as_staged), as_staged=Waiting())
            for test in self.tests
        ]

    def changed(self) -> None:
        """The store has been changed: what is known is of before."""
        self.tests = [test._replace(as_is=_after_change(test.as_is, test.as_is)) for test in self.tests]

    @property
    def used_roots(self) -> dict[str, list[str]]:
        """The hosts that each trust anchor (SHA-256) carried, as it is or as staged."""
        used: dict[str, list[str]] = {}
        for test in self.tests:
            for state in (test.as_is, test.as_staged):
                anchor = (
                    state.result.verification.anchor if isinstance(state, Finished) and state.verified else None
                )
                if anchor is not None:
                    hosts = used.setdefault(anchor.certificate.sha256, [])
                    if test.endpoint.text not in hosts:
                        hosts.append(test.endpoint.text)
        return used

    def with_outlook(self, outlook: Outlook) -> list[HostTest]:
        """The hosts that staging does this to."""
        return [test for test in self.tests if test.outlook is outlook]


def _after_change(as_is: State, as_staged: State) -> State:
    if isinstance(as_staged, Finished) and as_staged is not as_is:
        return as_staged._replace(store_name="the store as it is")
    return as_is._replace(before_change=True) if isinstance(as_is, Finished) else as_is
