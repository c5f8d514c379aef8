"""The state of an explorer, and every decision that changes it. No Textual here: it can be driven without a
screen.

Panes read it and are told when it has changed; what takes time runs as a job.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from capath.errors import BadInputError, StrEnum
from capath.pki.visible import visible
from capath.store.watch import fingerprint
from capath.tui import jobs
from capath.tui.actions import Mode
from capath.tui.bench import Bench, Finished, HostTest, Outlook, Waiting
from capath.tui.explore import Exploration
from capath.tui.model import Item, Staged, Store
from capath.tui.testing import Testing
from capath.tui.text import EMPTY, Line, Part, hint, line
from capath.tui.workspace import Workspace

if TYPE_CHECKING:
    from capath.change.journal import Change
    from capath.change.plan import Plan
    from capath.store.diff import Comparison
    from capath.tls.test_options import HostToTest

T = TypeVar("T")
WATCH_INTERVAL_S = 1.0
ASKS_ABOVE = 20


class Tone(StrEnum):
    """What a message is: its glyph. Done and info go at the next key, the others stay until Esc or until
    settled."""

    INFO = " "
    DONE = "✓"
    WARNING = "!"
    FAILED = "✗"
    RUNNING = "…"


class Message(NamedTuple):
    tone: Tone = Tone.INFO
    words: Line = EMPTY


class Compared(NamedTuple):
    """This directory (left) beside the store that `text` names."""

    text: str
    comparison: Comparison


class Stage(Protocol):
    """What the session needs of whoever shows it."""

    def session_changed(self) -> None:
        """What is shown may be of before."""

    def review(self, made: jobs.PlanMade) -> None:
        """A plan is to be reviewed."""

    def ask(self, question: str, label: str, then: Callable[[], None]) -> None:
        """Ask something that may cost; `then` where the answer is yes."""

    def jump_to(self, mode: Mode, key: str) -> bool:
        """Go to the row `key` of a mode; False where it is not there."""

    def run(self, name: str) -> None:
        """Do the action of that name."""


class Session:
    """The store, what is staged, the hosts and their tests, the history, and another store to compare with."""

    def __init__(
        self,
        exploration: Exploration,
        runner: jobs.Jobs,
        post: Callable[[Callable[[], None]], None],
        later: Callable[[float, Callable[[], None]], None],
    ) -> None:
        self.exploration = exploration
        self.workspace = Workspace()
        self.bench = Bench(exploration.hosts)
        self.testing = Testing(self.bench, exploration.resolver, post, self._answered)
        self.changes: tuple[Change, ...] = ()
        self.compared: Compared | None = None
        self.message = Message()
        self.version = 0
        self.stage: Stage | None = None
        self._jobs, self._later = runner, later
        self._generation = 0
        self._fingerprint = b""
        self._watching = False
        self._after_change: Callable[[], None] | None = None
        self.asked_host: HostToTest | None = None
        """The host that the programs of this machine are asked about."""
        self.at_end: list[Callable[[], None]] = []
        """What is to be stopped when the explorer is left."""

    @property
    def store(self) -> Store | None:
        return self.workspace.store

    @property
    def staged(self) -> Staged:
        return self.workspace.staged

    # --- telling ---

    def say(self, tone: Tone, *parts: Part) -> None:
        """Say something in the message line, until something else is to be said."""
        self.message = Message(tone, line(*parts))
        self._changed()

    def hush(self, *, all_of_it: bool = False) -> None:
        """What was said is of no interest any more; warnings stay but for `all_of_it`."""
        if all_of_it or self.message.tone in (Tone.INFO, Tone.DONE):
            self.message = Message()

    def _failed(self, text: str) -> None:
        self.say(Tone.FAILED, visible(text))

    def _changed(self) -> None:
        self.version += 1
        if self.stage is not None:
            self.stage.session_changed()

    def in_background(
        self, job: Callable[[], T], done: Callable[[T], None], failed: Callable[[str], None]
    ) -> None:
        """Run `job` off the screen's thread, then `done` or `failed` on it."""
        self._jobs.start(job, done, failed)

    def end(self) -> None:
        """The explorer is left: stop what runs."""
        self.testing.end()
        for stop in self.at_end:
            stop()

    # --- reading the directory, and noticing when something else changes it ---

    def read(self, *, recover_first: bool = False) -> None:
        """Read the directory, in the background."""
        self._generation += 1
        generation, directory, now = self._generation, self.exploration.directory, self.exploration.now()
        title = self.exploration.title

        def done(read: jobs.StoreRead) -> None:
            if generation == self._generation:
                self._take_store(read)

        self._jobs.start(
            lambda: jobs.read_store(directory, now, recover_first=recover_first, title=title),
            done,
            self._read_failed,
        )

    def open(self, exploration: Exploration) -> None:
        """Show another store; what is staged is dropped."""
        self.stop_tests()
        self.exploration = exploration
        self.workspace, self.changes, self.compared = Workspace(), (), None
        self.bench.tests = [HostTest(test.host) for test in self.bench.tests]
        self.read(recover_first=not exploration.read_only)

    def _read_failed(self, text: str) -> None:
        """Say why, and try again: a file may have changed while it was read."""
        self._failed(text)
        self._later(WATCH_INTERVAL_S, self.read)

    def _take_store(self, read: jobs.StoreRead) -> None:
        first = self.store is None
        dropped = self.workspace.replace_store(read.store)
        self._fingerprint = read.fingerprint
        if read.recovered:
            self.say(Tone.WARNING, visible(read.recovered))
        elif dropped:
            self.say(
                Tone.WARNING, f"Another program changed the directory: {dropped.text} staged no longer applies."
            )
        elif not first and self._after_change is None and not self.message.words:
            self.say(Tone.INFO, "The directory has changed and was read again.")
        self._watch_later(WATCH_INTERVAL_S)
        self._changed()
        store, directory, now = read.store, self.exploration.directory, self.exploration.now()

        def audited(findings: Sequence[object]) -> None:
            store.take_findings(findings)  # type: ignore[arg-type]
            self._changed()

        def history(changes: tuple[Change, ...]) -> None:
            if directory != self.exploration.directory:
                return
            self.changes = changes
            self._changed()
            # The audit comes last: what it takes longest for is what is asked for last.
            self._jobs.start(lambda: jobs.audit_store(store, directory, now), audited, self._failed)

        self._jobs.start(lambda: jobs.read_history(directory), history, self._failed)
        if self.compared is not None:
            self.compare(self.compared.text)
        then, self._after_change = self._after_change, None
        if then is not None:
            then()

    def _watch(self) -> None:
        if self.store is None or self._watching:
            return
        self._watching = True
        directory, known = self.exploration.directory, self._fingerprint

        def look() -> tuple[bool, float]:
            started_s = time.monotonic()
            return fingerprint(directory) != known, time.monotonic() - started_s

        def looked(answer: tuple[bool, float]) -> None:
            has_changed, took_s = answer
            if has_changed and known == self._fingerprint:
                self._watching = False
                self.read()
            else:
                # A directory that takes long to look at is looked at less often: a twentieth of the time at most.
                self._watch_later(max(WATCH_INTERVAL_S, 20 * took_s))

        self._jobs.start(look, looked, lambda _: self._watch_later(WATCH_INTERVAL_S))

    def _watch_later(self, delay_s: float) -> None:
        self._watching = False
        self._later(delay_s, self._watch)

    # --- staging ---

    def flip(self, items: Iterable[Item]) -> None:
        """Stage the opposite state for each of `items`; where several are of both states, all are staged off."""
        chosen = list(items)
        staged, to_off = self.staged, [item for item in chosen if self.will_be_trusted(item)]
        if len(chosen) > 1:
            if to_off:
                self._stage(lambda: self.workspace.stage_out_or_back(to_off), len(to_off), "off")
            else:
                self._stage(lambda: self.workspace.stage_in_or_back(chosen), len(chosen), "on")
        elif chosen:
            self.workspace.toggle(chosen)
            self.restaged(staged)

    def will_be_trusted(self, item: Item) -> bool:
        """Whether `item` is trusted once what is staged is applied."""
        return (item.trusted and item.sha256 not in self.staged.distrust) or item.sha256 in self.staged.trust

    def _stage(self, act: Callable[[], None], count: int, word: str) -> None:
        def go() -> None:
            before = self.staged
            act()
            self.restaged(before)
            self.say(Tone.DONE, f"{count:,} staged {word}.  ", *hint("u", "takes it back"))

        if count > ASKS_ABOVE and self.stage is not None:
            self.stage.ask(f"Stage {count:,} certificates {word}?", "Stage them", go)
        else:
            go()

    def stage_certificates(self, sha256s: Collection[str], *, trust: bool) -> None:
        """Stage certificates by fingerprint, as a remedy wants them."""
        before = self.staged
        (self.workspace.stage_in if trust else self.workspace.stage_out)(sha256s)
        self.restaged(before)

    def unstage(self, sha256s: Collection[str]) -> None:
        """Leave certificates as they are."""
        before = self.staged
        self.workspace.unstage(sha256s)
        self.restaged(before)

    def undo(self) -> None:
        """Take the last staging step back; with nothing staged, review the undoing of the last change."""
        before = self.staged
        if before:
            if not self.workspace.undo():
                self.workspace.clear()
            self.restaged(before)
        else:
            directory = self.exploration.directory
            self.plan(lambda: jobs.plan_undo(directory))

    def undo_change(self, number: int) -> None:
        """Review the undoing of a change in force, whatever came after it."""
        directory = self.exploration.directory
        self.plan(lambda: jobs.plan_undo(directory, number))

    def redo(self) -> None:
        """Stage again what was unstaged; with nothing staged, review making an undone change again."""
        before, store = self.staged, self.store
        if self.workspace.redo():
            self.restaged(before)
        elif before:
            self.say(Tone.INFO, "Nothing to stage again.")
        elif store is not None:
            self.plan(lambda: jobs.plan_redo(store))

    def unstage_all(self) -> None:
        """Unstage everything."""
        before = self.staged
        self.workspace.clear()
        self.restaged(before)

    def restaged(self, before: Staged) -> None:
        """Something else is staged: hosts that it can touch are tested again, in the background."""
        now, store = self.staged, self.store
        if now == before or store is None:
            return
        differing = (now.trust ^ before.trust) | (now.distrust ^ before.distrust)
        names = {item.row.certificate.subject.canonical for sha in differing if (item := store.item(sha))}
        self.bench.restaged(names)
        if now:
            self._test_touched(names)
        self._changed()

    def _test_touched(self, names: Collection[bytes]) -> None:
        store = self.store
        known = [test for test in self.bench.tests if isinstance(test.as_is, Finished)]
        touched = [test for test in known if test.is_touched_by(names)]
        if touched and store is not None:
            self.testing.start_all(touched, store, self.staged)

    # --- planning and applying ---

    def review_staged(self) -> None:
        """Have the plan of what is staged made and reviewed."""
        store, staged, root = self.store, self.staged, self.exploration.system_root
        if store is None or not staged:
            self.say(Tone.INFO, "Nothing is staged:  ", *hint("Space", "stages the certificate", "space"))
        else:
            self.plan(lambda: jobs.plan_review(store, staged, root))

    def rehash(self) -> None:
        """Have the plan that recreates the hash links made and reviewed."""
        if (store := self.store) is not None:
            self.plan(lambda: jobs.plan_mending(store.listing.snapshot))

    def plan(self, make: Callable[[], jobs.PlanMade]) -> None:
        """Have a plan made and reviewed. A large one takes seconds, so that is said."""
        self.say(Tone.RUNNING, "making the plan …")

        def done(made: jobs.PlanMade) -> None:
            self.hush(all_of_it=True)
            if self.stage is not None:
                self.stage.review(made)

        self._jobs.start(lambda: jobs.with_outcome(make()), done, self._failed)

    def apply(self, made: jobs.PlanMade, plan: Plan) -> None:
        """Carry out a plan that was reviewed."""
        chosen = jobs.PlanMade(plan, made.change_number, made.of_staged)
        count = len(plan.operations)
        self.say(Tone.RUNNING, f"applying {count:,} step{'' if count == 1 else 's'} …")
        self._jobs.start(lambda: jobs.carry_out(chosen), self._applied, self._failed)

    def _applied(self, made: jobs.PlanMade) -> None:
        back = hint("Ctrl-R", "redoes it", "ctrl+r") if made.change_number else hint("u", "undoes it")
        if made.of_staged:
            self.workspace.applied()
            self.bench.applied()
        else:
            self.bench.changed()
        self.say(Tone.DONE, f"{visible(made.plan.summary)}.  ", *back)

        def retest() -> None:
            old = [test for test in self.bench.tests if isinstance(test.as_is, Finished)]
            stale = [test for test in old if isinstance(test.as_is, Finished) and test.as_is.before_change]
            if stale and self.store is not None:
                self.testing.start_all(stale, self.store, self.staged)
                self._changed()

        self._after_change = retest
        self.read()

    # --- testing ---

    def test_typed(self, text: str) -> HostToTest | None:
        """Test a host as typed; None where it is not one, which is said."""
        from capath.tls.many.host_list import parse_host
        from capath.tls.test_options import ProbeOptions

        try:
            typed = parse_host(text, ProbeOptions())
            listed = self.bench.known(typed.endpoint) if typed.options == ProbeOptions() else None
            host = listed or typed.behind_proxy(self.exploration.environment)
        except BadInputError as error:
            self.say(Tone.FAILED, str(error))
            return None
        self.test(host)
        return host

    def test(self, host: HostToTest, *, fetch_intermediates: bool = False) -> None:
        """Test a host, with what is staged."""
        if self.store is None:
            self.say(Tone.WARNING, "The directory is still being read.")
            return
        self.testing.start(host, self.store, self.staged, fetch_intermediates=fetch_intermediates)
        self.hush(all_of_it=True)
        self._changed()

    def test_untested(self) -> None:
        """Test all hosts that have no answer yet; where all have one, all."""
        if self.store is None or not self.bench.tests:
            return
        waiting = [
            test for test in self.bench.tests if isinstance(test.as_staged if self.staged else test.as_is, Waiting)
        ]
        self.testing.start_all(waiting or self.bench.tests, self.store, self.staged)
        self.hush(all_of_it=True)
        self._changed()

    def stop_tests(self) -> bool:
        """Give up the tests under way; False where there are none."""
        count = self.testing.stop()
        if count:
            self.say(Tone.INFO, f"{count:,} test{'' if count == 1 else 's'} stopped; what is done stays.")
        return bool(count)

    def _answered(self, test: HostTest, state: Finished | Waiting) -> None:
        if isinstance(state, Waiting) and state.reason:
            self.say(Tone.WARNING, visible(f"{test.endpoint.text}: {state.reason}"))
        self._changed()

    def broken(self) -> list[HostTest]:
        """The hosts that what is staged would break, as far as tested."""
        return self.bench.with_outlook(Outlook.BREAKS) if self.staged else []

    # --- other stores ---

    def compare(self, text: str) -> None:
        """Compare with the store that `text` names, in the background."""
        store = self.store
        if store is None:
            return
        again = self.compared is not None and self.compared.text == text
        if not again:
            self.say(Tone.RUNNING, f"comparing with {visible(text)} …")

        def job() -> Comparison:
            from capath.tui.sources import compare_with

            return compare_with(text, store)

        def done(comparison: Comparison) -> None:
            self.compared = Compared(text, comparison)
            if not again:
                self.hush(all_of_it=True)
            self._changed()

        self._jobs.start(job, done, self._failed)

    def import_from(self, text: str, chosen: Collection[str] = ()) -> None:
        """Have the plan made and reviewed that imports what the source `text` holds, or of it the `chosen`."""
        if (store := self.store) is not None:
            wanted = frozenset(chosen)

            def make() -> jobs.PlanMade:
                from capath.tui.sources import plan_import_from

                return plan_import_from(text, wanted, store)

            self.plan(make)
