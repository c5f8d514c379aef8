"""Running the tests of hosts: off the screen's thread, a few at once, on the store as it is and as staged."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from capath.tui.bench import Bench, Finished, HostTest, Side, Waiting
from capath.tui.jobs import Crew, StagedDirectories, TestJob, test_host
from capath.tui.model import Staged, Store

if TYPE_CHECKING:
    from capath.tls.network.connect import Resolver
    from capath.tls.test_options import HostToTest


class Testing:
    """Starts tests and takes their answers into the bench. `post` hands a call to the screen's thread;
    `answered` is called there for each answer that somebody still waits for."""

    __test__ = False  # no test of pytest's

    def __init__(
        self,
        bench: Bench,
        resolver: Resolver | None,
        post: Callable[[Callable[[], None]], None],
        answered: Callable[[HostTest, Finished | Waiting], None],
    ) -> None:
        self._bench = bench
        self._resolver = resolver
        self._post = post
        self._answered = answered
        self._crew = Crew()
        self._directories = StagedDirectories()
        self._over = threading.Event()
        self.asked = 0
        self.done = 0

    def start(self, host: HostToTest, store: Store, staged: Staged, *, fetch_intermediates: bool = False) -> None:
        """Test `host` with what is staged, and with the store as it is where that is not known yet.

        `fetch_intermediates`: the user has agreed that what the server did not send is fetched from where its
        certificates say it is.
        """
        self._bench.last = host
        if staged:
            self._start(host, store, staged, fetch_intermediates)
        if not staged or isinstance(self._bench.tests[self._bench.number_of(host)].as_is, Waiting):
            self._start(host, store, Staged(), fetch_intermediates)

    def start_all(self, tests: Iterable[HostTest], store: Store, staged: Staged) -> None:
        """Test several; which host is the last one stays."""
        last = self._bench.last
        for test in list(tests):
            self.start(test.host, store, staged)
        self._bench.last = last or self._bench.last

    def stop(self) -> int:
        """Give up the tests under way; return how many there were."""
        self._over.set()
        self._over = threading.Event()
        self.asked = self.done = 0
        return self._bench.stop()

    def end(self) -> None:
        """Nobody wants an answer any more: running tests give up, staged directories go."""
        self._over.set()
        self._directories.remove()

    def _start(self, host: HostToTest, store: Store, staged: Staged, fetch: bool) -> None:
        side = Side.AS_STAGED if staged else Side.AS_IS
        generation = self._bench.begin(host, side)
        over = self._over
        job = TestJob(host, store, staged, self._resolver, generation, over.is_set, fetch)
        self.asked += 1

        def run() -> None:
            state = test_host(job, self._directories)
            self._post(lambda: self._take(job, over, state))

        self._crew.take(run)

    def _take(self, job: TestJob, over: threading.Event, state: Finished | Waiting) -> None:
        if over.is_set():
            return
        self.done += 1
        if self.done >= self.asked:
            self.asked = self.done = 0
        if self._bench.finish(job.host, job.side, job.generation, state):
            self._answered(self._bench.tests[self._bench.number_of(job.host)], state)
