"""Work off the screen: on daemon threads of our own, so that quitting never waits for a server or a disk.

A job is a function without arguments; what it returns, or the text of its failure, is handed back on the screen's
thread. What only jobs need is imported in them.
"""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import threading
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from capath.errors import ChangeError
from capath.pki.visible import visible, visible_name
from capath.store import Snapshot, list_store, scan
from capath.store.watch import fingerprint
from capath.tui.bench import Finished, Side, Waiting
from capath.tui.model import Staged, Store, make_store

if TYPE_CHECKING:
    from capath.audit import Finding
    from capath.change.journal import Change
    from capath.change.plan import Plan
    from capath.tls.network.connect import Resolver
    from capath.tls.test_options import HostToTest

T = TypeVar("T")


class Jobs(Protocol):
    """Runs a job, then `done` with its result or `failed` with a sentence, on the screen's thread."""

    def start(self, job: Callable[[], T], done: Callable[[T], None], failed: Callable[[str], None]) -> None: ...


class Threads:
    """`Jobs` on daemon threads. `post` hands a call to the screen's thread; it may be called from any."""

    def __init__(self, post: Callable[[Callable[[], None]], None]) -> None:
        self._post = post

    def start(self, job: Callable[[], T], done: Callable[[T], None], failed: Callable[[str], None]) -> None:
        threading.Thread(target=self.run, args=(job, done, failed), daemon=True).start()

    def run(self, job: Callable[[], T], done: Callable[[T], None], failed: Callable[[str], None]) -> None:
        """Run `job` here, off the screen's thread."""
        finish: Callable[[], None]
        try:
            result = job()
        except Exception as error:  # whatever fails is shown, and never ends the explorer
            text = str(error) or type(error).__name__
            finish = lambda: failed(text)  # noqa: E731
        else:
            finish = lambda: done(result)  # noqa: E731
        with contextlib.suppress(RuntimeError):  # the explorer has been left meanwhile
            self._post(finish)


class StoreRead(NamedTuple):
    """The directory as it was read, and what tells whether it has changed since."""

    store: Store
    fingerprint: bytes
    recovered: str = ""


class PlanMade(NamedTuple):
    """A plan ready to be reviewed: of what is staged, or of something else.

    `change_number` is the change it takes back, 0 if none. `policy` is the same as the directory's owner wants it.
    """

    plan: Plan
    change_number: int = 0
    of_staged: bool = False
    policy: Plan | None = None


def read_store(directory: str, now: datetime, *, recover_first: bool, title: str = "") -> StoreRead:
    """Read the directory, what a killed capath had begun there taken back first.

    `title` names the store that it is a copy of.
    """
    from capath.change.journal_file import JournalFile

    recovered = ""
    try:
        if recover_first and JournalFile(directory).unfinished():
            from capath.change.apply import recover

            recovered = recover(directory)
    except ChangeError as error:  # the store is shown without its history
        recovered = str(error)
    before = fingerprint(directory)
    listing = list_store(scan(directory, title))
    store = make_store(listing, now)
    return StoreRead(store, before, recovered)


def read_history(directory: str) -> tuple[Change, ...]:
    """The changes capath made here; none where they cannot be read."""
    from capath.change.journal import Journal

    try:
        return Journal(directory).changes()
    except ChangeError:
        return ()


def audit_store(store: Store, directory: str, now: datetime) -> tuple[Finding, ...]:
    """Run the audit's rules over a store that is shown already."""
    from capath.audit import audit
    from capath.store.constraints import read_constraints_file

    with contextlib.suppress(OSError):
        mode = os.stat(directory).st_mode
        return audit(store.listing, now, directory_mode=mode, kept=read_constraints_file(directory)).findings
    return ()


def plan_staged(store: Store, staged: Staged) -> Plan:
    """The plan that writes what is staged."""
    from capath.change.journal import Journal
    from capath.change.toggle import plan_toggle

    memory = Journal(store.listing.snapshot.directory).row_memory()
    return plan_toggle(store.listing, staged.trust, staged.distrust, memory)


def plan_review(store: Store, staged: Staged, system_root: str) -> PlanMade:
    """The plan that writes what is staged, with what the directory's owner would make of it and, where the owner
    is Debian's tool and its policy can say it all, the plan that changes the policy."""
    from capath.change.debian import plan_debian
    from capath.change.plan import with_owner_notes
    from capath.store.owner import DebianTree, Owner, managed_by

    plan = plan_staged(store, staged)
    managed = managed_by(plan.before.directory, system_root)
    if managed is not None and managed.owner is Owner.DEBIAN:
        tree = DebianTree.under(system_root)
        policy = plan_debian(store.listing, staged.trust, staged.distrust, tree)
        if policy.operations and not policy.refusals:
            plan = plan.with_notes(managed.note)
            return PlanMade(plan, of_staged=True, policy=policy)
    return PlanMade(with_owner_notes(plan, system_root), of_staged=True)


def with_outcome(made: PlanMade) -> PlanMade:
    """The same, and what it would change in trust is worked out here, not when it is drawn."""
    for plan in (made.plan, made.policy):
        if plan is not None:
            _ = plan.gained, plan.lost
    return made


class StagedDirectories:
    """Temporary CApaths of staged stores: made when first tested, removed at the end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: tuple[Store, Staged, Plan, str] | None = None
        self._old: list[str] = []

    def of(self, store: Store, staged: Staged) -> tuple[Plan, str]:
        """The plan of `staged`, and a directory that answers lookups as the store would after it."""
        with self._lock:
            if self._made is not None and self._made[0] is store and self._made[1] == staged:
                return self._made[2], self._made[3]
            from capath.change.staging import make_staged_directory

            plan = plan_staged(store, staged)
            path = make_staged_directory(plan)
            self._old.append(path)
            self._made = (store, staged, plan, path)
            return plan, path

    def remove(self) -> None:
        """Remove all of them."""
        with self._lock:
            for path in self._old:
                shutil.rmtree(path, ignore_errors=True)
            self._old.clear()
            self._made = None


def carry_out(made: PlanMade) -> PlanMade:
    """Apply a plan, or undo the change it takes back."""
    from capath.change.apply import apply_plan, undo_last

    if made.change_number:
        undo_last(made.plan.before.directory, made.change_number)
    else:
        apply_plan(made.plan)
    return made


class TestJob(NamedTuple):
    """One test of one host against the store as it is, or as it is staged. `cancelled` says whether anybody still
    waits for it."""

    host: HostToTest
    store: Store
    staged: Staged
    resolver: Resolver | None
    generation: int
    cancelled: Callable[[], bool]
    fetch_intermediates: bool = False

    @property
    def side(self) -> Side:
        return Side.AS_STAGED if self.staged else Side.AS_IS


class Crew:
    """A few daemon threads that take jobs in turn: as many hosts at once as a machine bears well."""

    SIZE = 8

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], Any]] = queue.SimpleQueue()
        self._started = 0

    def take(self, job: Callable[[], Any]) -> None:
        """Have `job` done when a thread is free."""
        self._jobs.put(job)
        if self._started < self.SIZE:
            self._started += 1
            threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while True:
            self._jobs.get()()


def test_host(job: TestJob, directories: StagedDirectories) -> Finished | Waiting:
    """Test a host and say why it failed; where it cannot be tested, say why. Nothing is written to the store."""
    try:
        return _test_host(job, directories)
    except Exception as error:  # a test that cannot be made must not stay running for ever
        return Waiting(str(error) or type(error).__name__)


def _test_host(job: TestJob, directories: StagedDirectories) -> Finished | Waiting:
    from capath.diagnosis.known_roots import usual_roots
    from capath.remedy.full_answer import Examiner
    from capath.remedy.missing_intermediate import missing_issuer_url
    from capath.store.constraints import read_constraints_file
    from capath.tls.network.connect import system_resolver
    from capath.tls.probe import probe
    from capath.tls.test_options import Client

    if job.cancelled():
        return Waiting()
    resolver = job.resolver or system_resolver
    snapshot = job.store.listing.snapshot
    directory, name = snapshot.directory, "the store as it is"
    if job.staged:
        plan, directory = directories.of(job.store, job.staged)
        if plan.refusals:
            refusal = plan.refusals[0]
            told = f"{visible(refusal.name)}: {visible(refusal.reason)}; {visible(refusal.remedy)}"
            return Waiting(f"what is staged cannot be done: {told}")
        snapshot, name = plan.after, f"the store as staged ({job.staged.text}), nothing written"
    result = probe(
        job.host.endpoint,
        directory,
        snapshot=snapshot,
        options=job.host.options,
        clients=(Client.REQUESTS,),
        resolver=resolver,
        cancelled=job.cancelled,
    )
    worked_on = job.store.listing.snapshot
    examiner = Examiner(
        worked_on.title,
        read_constraints_file(worked_on.directory),
        roots=usual_roots(),
        fetch_intermediates=job.fetch_intermediates,
        resolver=resolver,
        cancelled=job.cancelled,
    )
    answer = examiner.examine(result, snapshot)
    missing = missing_issuer_url(result) or ""
    return Finished(answer.result, answer.diagnosis, name, answer.beside, missing)


def plan_undo(directory: str, number: int = 0) -> PlanMade:
    """The plan that undoes a change in force: the last one, or `number`."""
    from capath.change.undo import undo_plan

    change, undo = undo_plan(directory, number)
    return PlanMade(undo, change.number)


def plan_redo(store: Store) -> PlanMade:
    """The plan that makes the change again that was undone last."""
    from capath.change.journal import Journal
    from capath.change.undo import redo_plan

    snapshot = store.listing.snapshot
    return PlanMade(redo_plan(snapshot, Journal(snapshot.directory).changes()))


def plan_mending(snapshot: Snapshot) -> PlanMade:
    """The plan that makes and mends the hash links, as far as it can be done."""
    from capath.change.plan import applicable
    from capath.change.rehash import plan_rehash

    return PlanMade(applicable(plan_rehash(snapshot).plan))


def titles_of_new(plan: Plan) -> dict[str, str]:
    """What the certificates that `plan` adds are called, by their SHA-256."""
    from capath.change.operation import AddFile
    from capath.pki.objects import CertificateObject, read_objects

    return {
        item.certificate.sha256: visible_name(item.certificate.subject.title)
        for operation in plan.operations
        if isinstance(operation, AddFile)
        for item in read_objects(operation.content)
        if isinstance(item, CertificateObject)
    }
