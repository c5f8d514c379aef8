"""The examination: every client of this machine, what it reads, and what it makes of hosts."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from capath.doctor.asking import find_programs, read_answer
from capath.doctor.judge import Judge, Judgement, Row, UnreachableError
from capath.doctor.machine import Machine
from capath.doctor.place import FromVariable, Problem, ProblemKind, Shape
from capath.doctor.program import Client, Opinion, Program, Refuses, Strange, Unknown
from capath.doctor.read_place import PlaceReader, StoreRead
from capath.doctor.registry import CLIENTS
from capath.tls.network.deadline import SLICE_S
from capath.tls.network.endpoint import Endpoint

_WELL_KNOWN = ("SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
NOT_RUN = Unknown("it was not run (--no-run)")
_JOBS = 4
_T = TypeVar("_T")
_R = TypeVar("_R")


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing to do. `command` is for a shell, empty where there is none; nothing was changed by trying it.

    `fixes` is whether the client accepts the host with it, None where that is not known; `said` is its answer
    where it does not, or why that is not known. With `ran` off that is capath's judgement: the client was not run.
    """

    text: str
    command: str = ""
    fixes: bool | None = None
    said: str = ""
    ran: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one client makes of one host: as capath judges it, and as the client itself showed when it ran."""

    row: Row
    endpoint: Endpoint
    judged: Opinion
    proved: Opinion
    remedy: Remedy | None = None

    @property
    def opinion(self) -> Opinion:
        """The client's own word where there is one, else capath's judgement."""
        if isinstance(self.proved, Unknown):
            return self.judged
        if isinstance(self.proved, Refuses) and isinstance(self.judged, Refuses):
            return self.judged  # it says why
        return self.proved

    @property
    def differs(self) -> bool:
        """Whether the client did not do what capath expected: an error in capath, or news."""
        if isinstance(self.judged, Unknown) or isinstance(self.proved, Unknown):
            return False
        return type(self.judged) is not type(self.proved)


@dataclass(frozen=True, slots=True)
class Judged:
    """What capath expects one client to make of one host; the client itself was not run."""

    row: Row
    endpoint: Endpoint
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class HostUnreachable:
    """No client can accept the host: it did not show a certificate."""

    endpoint: Endpoint
    reason: str


@dataclass(frozen=True, slots=True)
class Examination:
    """Everything that was found. `verdicts` are in the order of hosts, then of rows."""

    rows: tuple[Row, ...]
    strange: tuple[Strange, ...]
    verdicts: tuple[Verdict, ...] = ()
    unreachable: tuple[HostUnreachable, ...] = ()

    @property
    def is_bad(self) -> bool:
        """Whether a client refuses a host, or a variable or setting leads nowhere."""
        refused = any(isinstance(verdict.opinion, Refuses) for verdict in self.verdicts)
        return refused or any(problem.leads_nowhere for row in self.rows for problem in row.problems)


class Doctor:
    """Examines `machine` as of `now`."""

    def __init__(self, machine: Machine, now: datetime, clients: Sequence[Client] = CLIENTS) -> None:
        self._stop = threading.Event()
        self.machine = replace(machine, cancelled=self._stop.is_set)
        self.clients = clients
        self.judge = Judge(machine.environment, machine.timeout_s, self._stop.is_set)
        self._reader = PlaceReader(now)

    def examine(self, endpoints: Sequence[Endpoint] = ()) -> Examination:
        """Find the clients, read their stores, and have each asked about `endpoints`. Raises CancelledError."""
        found = [item for items in self._each(self.find, self.clients) for item in items]
        rows = tuple(item for item in found if isinstance(item, Row))
        strange = tuple(dict.fromkeys(item for item in found if isinstance(item, Strange)))
        verdicts: list[Verdict] = []
        unreachable: list[HostUnreachable] = []
        for endpoint in endpoints:
            try:
                judged = self.judge_all(rows, endpoint)
            except UnreachableError as error:
                unreachable.append(HostUnreachable(endpoint, str(error)))
                continue
            verdicts.extend(self._each(self.verdict, judged))
        return Examination(rows, strange, tuple(verdicts), tuple(unreachable))

    def find(self, client: Client) -> tuple[Row | Strange, ...]:
        """The programs of one client, and what each reads. Raises CancelledError."""
        found = tuple(find_programs(client, self.machine))
        return tuple(item if isinstance(item, Strange) else self._row(item, self.machine) for item in found)

    def judge_all(self, rows: Sequence[Row], endpoint: Endpoint) -> list[Judged]:
        """What capath expects each of `rows`, all there are, to make of `endpoint`. Raises UnreachableError."""
        stores = {store.place.path: store for row in rows for store in row.stores if _can_be_given(store)}
        self.judge.elsewhere = tuple(sorted(stores.values(), key=lambda store: -(store.root_count or 0)))
        return [Judged(row, endpoint, self.judge.judge(row, endpoint)) for row in rows]

    def verdict(self, judged: Judged) -> Verdict:
        """Have the program connect, and look for a remedy where it refuses. Raises CancelledError."""
        from capath.doctor.remedies import find_remedy

        proved = self.prove(judged.row.program, judged.endpoint, self.machine)
        cell = Verdict(judged.row, judged.endpoint, judged.judgement.opinion, proved)
        with contextlib.suppress(UnreachableError):  # it went away meanwhile
            if isinstance(cell.opinion, Refuses):
                return replace(cell, remedy=find_remedy(self, cell, judged.judgement))
        return cell

    def row_of(self, program: Program, machine: Machine) -> Row | None:
        """The same client in another environment; None where it is not there."""
        found = find_programs(program.client, machine)
        same = (item for item in found if isinstance(item, Program) and item.key == program.key)
        return next((self._row(item, machine) for item in same), None)

    def prove(
        self,
        program: Program,
        endpoint: Endpoint,
        machine: Machine,
        options: Sequence[str] = (),
        *,
        relaxed: bool = False,
    ) -> Opinion:
        """Have the program itself connect, in `machine`'s environment, with `options` besides, or `relaxed`."""
        if not machine.may_run:
            return NOT_RUN
        client = program.client
        if not client.can_ask(program.found):
            return Unknown("it cannot be run by itself: this Java has no compiler")
        question = ((relaxed and client.relaxed) or client.question).filled(endpoint)
        answer = machine.ask((program.executable, *options, *question.arguments), dict(question.environment))
        return read_answer(question, answer)

    def _each(self, work: Callable[[_T], _R], items: Iterable[_T]) -> list[_R]:
        """`work` of each item, several at a time, in the order of `items`. An interrupt stops every program."""
        with ThreadPoolExecutor(_JOBS, thread_name_prefix="doctor") as pool:
            try:
                futures = [pool.submit(work, item) for item in items]
                waiting = set(futures)
                while waiting:
                    # In slices: a signal that comes just before a wait begins is handled when that ends.
                    done, waiting = wait(waiting, SLICE_S, FIRST_EXCEPTION)
                    for future in done:
                        future.result()
                return [future.result() for future in futures]
            except BaseException:
                self.stop()
                raise

    def stop(self) -> None:
        """Stop every program that runs: `examine` raises CancelledError."""
        self._stop.set()

    def _row(self, program: Program, machine: Machine) -> Row:
        stores = self._reader.read(program.places)
        own = tuple(problem for store in stores for problem in store.problems)
        return Row(program, stores, (*own, *program.reads.notes, *_not_used(program, machine)))


def _can_be_given(store: StoreRead) -> bool:
    """Whether another client can be given it: a bundle, or a directory that capath export makes one of."""
    return bool(store.certificates) and store.place.shape in (Shape.BUNDLE, Shape.HASHED)


def _not_used(program: Program, machine: Machine) -> tuple[Problem, ...]:
    """One problem for all well-known variables that are set, and that make no difference to this program."""
    used = {place.why.name for place in program.places if isinstance(place.why, FromVariable)}
    names = [name for name in _WELL_KNOWN if machine.get(name) and name not in used]
    if not names:
        return ()
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return (Problem(ProblemKind.NOT_USED, f"not used, though set: {listed}"),)
