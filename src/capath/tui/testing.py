"""Running the tests of hosts: off the screen's thread, a few at once, on the store as it is and as staged."""

from __future__ import annotations

from textual.message_pump import MessagePump

from capath.tls.many.host_to_test import HostToTest
from capath.tls.network.connect import Resolver
from capath.tui import work
from capath.tui.bench import Bench, Side, Waiting
from capath.tui.model import Staged, Store


class Testing:
    """Starts tests and takes their answers into the bench. `owner` gets a `work.HostTested` for each."""

    __test__ = False  # no test of pytest's

    def __init__(self, owner: MessagePump, bench: Bench, resolver: Resolver) -> None:
        self._owner = owner
        self._bench = bench
        self._resolver = resolver
        self._crew = work.Crew()
        self._directories = work.StagedDirectories()
        self._over = False

    def start(self, host: HostToTest, store: Store, staged: Staged, *, fetch_intermediates: bool = False) -> None:
        """Test `host` with what is staged, and with the store as it is where that is not known yet.

        `fetch_intermediates`: the user has agreed that what the server forgot is fetched from where its
        certificates say it is.
        """
        self._bench.last = host
        if staged:
            self._start(host, store, staged, Side.AS_STAGED, fetch_intermediates)
        if not staged or isinstance(self._bench.tests[self._bench.number_of(host)].as_is, Waiting):
            self._start(host, store, Staged(), Side.AS_IS, fetch_intermediates)

    def take(self, message: work.HostTested) -> bool:
        """Take an answer; False where nobody waits for it any more."""
        job = message.job
        return self._bench.finish(job.host, job.side, job.generation, message.state)

    def end(self) -> None:
        """Nobody wants an answer any more: running tests give up, staged directories go."""
        self._over = True
        self._directories.remove()

    def _start(self, host: HostToTest, store: Store, staged: Staged, side: Side, fetch: bool) -> None:
        job = work.TestJob(host, store, staged, self._resolver, self._bench.begin(host, side), fetch)
        self._crew.take(
            lambda: work.run_and_post(
                self._owner, lambda: work.test_host(job, self._directories, lambda: self._over)
            )
        )
