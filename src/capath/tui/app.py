"""The explorer's application: it holds the state, and every decision that changes it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from textual import on
from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.screen import Screen

from capath.change.plan import Plan
from capath.errors import BadInputError
from capath.pki.visible import visible
from capath.store.watch import fingerprint
from capath.tls.many.host_list import parse_host
from capath.tls.many.host_to_test import HostToTest
from capath.tls.network.connect import Resolver, system_resolver
from capath.tls.test_options import ProbeOptions
from capath.tui import other_stores, work
from capath.tui.actions import ACTIONS, Mode, find, mode_actions
from capath.tui.bench import Bench, Finished
from capath.tui.compare_pane import ComparePane, Difference
from capath.tui.connection import key_remedy
from capath.tui.connections_pane import ConnectionsPane
from capath.tui.copying import certificate_choices, connection_choices
from capath.tui.dialogs import AskScreen, ConfirmScreen, Copyable, CopyScreen, HelpScreen
from capath.tui.main_screen import MainScreen
from capath.tui.review import ReviewScreen
from capath.tui.table import LineTable
from capath.tui.testing import Testing
from capath.tui.workspace import Workspace

WATCH_INTERVAL_S = 1.0


@dataclass(frozen=True)
class Exploration:
    """What the explorer is opened on. `read_only` says why nothing can be changed; empty where it can.

    `hosts` are offered for testing; `resolver` turns their names into addresses; `now` tells the time. Hosts that
    are typed go through the proxy that `environment` names for them.
    `system_root` is where the system's tree begins, in which a directory can have an owner.
    """

    directory: str
    read_only: str = ""
    hosts: tuple[HostToTest, ...] = ()
    resolver: Resolver = system_resolver
    now: work.Clock = work.now_utc
    welcome: str = ""
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    system_root: str = "/"


class CapathApp(App[None]):
    """Browse, stage, test, apply."""

    CSS_PATH = "capath.tcss"
    TITLE = "capath"
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, exploration: Exploration) -> None:
        super().__init__()
        self.exploration = exploration
        self.workspace = Workspace()
        self.bench = Bench(exploration.hosts)
        self.main = MainScreen(
            _short_path(exploration.directory), exploration.read_only, self.bench, exploration.now
        )
        self.audited = False
        self._testing = Testing(self, self.bench, exploration.resolver)
        self._generation = 0
        self._fingerprint = b""
        self._watching = False
        self._applied_something = False
        self._compared_with = ""

    def get_default_screen(self) -> Screen[None]:
        return self.main

    def on_mount(self) -> None:
        # A terminal that goes away, or a polite kill, leaves nothing behind: no mess on the screen, no demo.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            with contextlib.suppress(RuntimeError, ValueError):  # not the main thread: somebody else's program
                loop.add_signal_handler(number, self._leave)

    @on(MainScreen.Ready)
    def _screen_ready(self) -> None:
        if self.exploration.welcome:
            self.main.say(self.exploration.welcome)
        self._read(recover_first=not self.exploration.read_only)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """An action is offered where it does something: on the main screen, in its mode, with what it needs."""
        known = find(action)
        if known is None:
            return True
        if self.screen is not self.main or self.main.mode not in known.modes:
            return False
        if action == "review":
            return bool(self.workspace.staged)
        if action == "mend":
            return self._key_remedy() is not None
        return True

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        yield from super().get_system_commands(screen)
        for action in (*mode_actions(), *ACTIONS):
            if self.main.mode in action.modes:
                yield SystemCommand(action.label, action.text, self._runner(action.command))

    def _runner(self, command: str) -> Callable[[], object]:
        return lambda: self.call_later(self.run_action, command, self.main)

    # --- reading the directory, and noticing when something else changes it ---

    def action_reload(self) -> None:
        self._read()

    def _read(self, recover_first: bool = False) -> None:
        self._generation += 1
        generation, directory, now = self._generation, self.exploration.directory, self.exploration.now()
        work.start(self, lambda: work.read_store(directory, generation, now, recover_first=recover_first))

    @on(work.StoreRead)
    def _store_read(self, message: work.StoreRead) -> None:
        self._watch_later(WATCH_INTERVAL_S)
        if message.generation != self._generation:
            return
        first = self.workspace.store is None
        dropped = self.workspace.replace_store(message.store)
        self._fingerprint = message.fingerprint
        self.main.show_store(message.store, self.workspace.staged, message.changes)
        if message.recovered:
            self.main.say(message.recovered, warning=True)
        elif dropped:
            text = f"something else changed the directory: {dropped.text} staged made no sense any more"
            self.main.say(text, warning=True)
        elif not (first or self.main.has_said_something):
            self.main.say("the directory has changed and was read again")
        self._staging_changed()
        directory, now = self.exploration.directory, self.exploration.now()
        work.start(self, lambda: work.audit_store(message.store, directory, now))
        if self._compared_with:
            text = self._compared_with
            work.start(self, lambda: other_stores.compare_with(text, message.store))
        if self._applied_something:
            self._applied_something = False
            self._retest_last()

    @on(work.Audited)
    def _audited(self, message: work.Audited) -> None:
        if self.workspace.store is message.store:
            self.workspace.store = message.store.with_findings(message.findings)
            self.main.show_audited(self.workspace.store)
            self.audited = True

    def _watch(self) -> None:
        if self.workspace.store is None or self._watching:
            return
        self._watching = True
        directory, known, generation = self.exploration.directory, self._fingerprint, self._generation

        def look() -> work.Watched | work.StoreRead:
            started_s = time.monotonic()
            if fingerprint(directory) != known:
                return work.read_store(directory, generation, self.exploration.now(), recover_first=False)
            return work.Watched(time.monotonic() - started_s)

        work.start(self, look)

    @on(work.Watched)
    def _watched(self, message: work.Watched) -> None:
        # A directory that takes long to look at is looked at less often: a twentieth of the time at most.
        self._watch_later(max(WATCH_INTERVAL_S, 20 * message.took_s))

    def _watch_later(self, delay_s: float) -> None:
        self._watching = False
        self.set_timer(delay_s, self._watch)

    @on(work.Failed)
    def _failed(self, message: work.Failed) -> None:
        if self._watching:
            self._watch_later(WATCH_INTERVAL_S)
        self.main.say(message.text, warning=True)

    # --- staging ---

    def action_stage(self) -> None:
        item = self.main.certificates.current
        if item is not None:
            self.workspace.toggle([item])
            self._staging_changed()
            self.main.certificates.table.action_cursor(1)

    def action_stage_shown(self) -> None:
        items = self.main.certificates.shown_items
        if not items:
            self.main.say("no certificate is shown that could be staged")
            return
        self.workspace.toggle(items)
        self._staging_changed()
        self.main.say(f"{len(items):,} toggled; u takes it back")

    def action_undo(self) -> None:
        if self.workspace.staged:
            if not self.workspace.undo():
                self.workspace.clear()
            self._staging_changed()
            return
        directory = self.exploration.directory
        self._plan(lambda: work.plan_undo(directory))

    def action_redo(self) -> None:
        """Stage again what was unstaged; with nothing staged, make again the change that was undone."""
        store = self.workspace.store
        if self.workspace.redo():
            self._staging_changed()
        elif self.workspace.staged:
            self.main.say("nothing to stage again")
        elif store is not None:
            self._plan(lambda: work.plan_redo(store))

    def action_unstage_all(self) -> None:
        self.workspace.clear()
        self._staging_changed()

    def _staging_changed(self) -> None:
        self.bench.restaged()
        self.main.show_staged(self.workspace.store, self.workspace.staged)

    # --- reviewing and applying ---

    def action_review(self) -> None:
        store, staged = self.workspace.store, self.workspace.staged
        if store is not None and staged:
            root = self.exploration.system_root
            self._plan(lambda: work.plan_review(store, staged, root))

    def action_rehash(self) -> None:
        store = self.workspace.store
        if store is not None:
            snapshot = store.listing.snapshot
            self._plan(lambda: work.plan_mending(snapshot))

    def _plan(self, make: Callable[[], work.PlanMade]) -> None:
        """Have a plan made and reviewed. A large one takes seconds, so that is said."""
        self.main.say("making the plan …")
        work.start(self, lambda: work.with_outcome(make()))

    @on(work.PlanMade)
    def _plan_made(self, message: work.PlanMade) -> None:
        self.main.hush()
        store = self.workspace.store
        titles = {} if store is None else {item.sha256: item.title for item in store.items}
        titles.update(work.titles_of_new(message.plan))

        def answered(plan: Plan | None) -> None:
            if plan is not None:
                made = work.PlanMade(plan, message.change_number, message.of_staged)
                self.main.say(
                    f"applying {len(plan.operations):,} step{'' if len(plan.operations) == 1 else 's'} …"
                )
                work.start(self, lambda: work.carry_out(made))

        review = ReviewScreen(
            message.plan,
            titles,
            self.exploration.read_only,
            is_undo=bool(message.change_number),
            policy=message.policy,
        )
        self.push_screen(review, answered)

    @on(work.Applied)
    def _applied(self, message: work.Applied) -> None:
        back = "Ctrl-R makes it again" if message.made.change_number else "u takes it back"
        self.main.say(f"done: {message.made.plan.summary} · {back}")
        if message.made.of_staged:
            self.workspace.applied()
            self.bench.applied()
        self._applied_something = True
        self._read()

    # --- testing ---

    def action_retest(self) -> None:
        test = self.main.connections.current
        if test is not None:
            self._test(test.host)

    def action_test_all(self) -> None:
        for test in list(self.bench.tests):
            self._test(test.host)

    @on(ConnectionsPane.TestWanted)
    def _test_wanted(self, message: ConnectionsPane.TestWanted) -> None:
        try:
            typed = parse_host(message.text, ProbeOptions())
            listed = self.bench.known(typed.endpoint) if typed.options == ProbeOptions() else None
            host = listed or typed.behind_proxy(self.exploration.environment)
        except BadInputError as error:
            self.main.say(str(error), warning=True)
            return
        self.main.connections.typed_host_taken()
        self._test(host)
        self.main.connections.show_bench(select=host)

    @on(LineTable.Chosen, "#connection-table")
    def _host_chosen(self) -> None:
        test = self.main.connections.current
        if test is not None and isinstance(test.latest, Finished):
            self.main.open_details()
        elif test is not None:
            self._test(test.host)

    def _test(self, host: HostToTest) -> None:
        store = self.workspace.store
        if store is None:
            self.main.say("the directory is still being read", warning=True)
            return
        self._testing.start(host, store, self.workspace.staged)
        self.main.hush()
        self.main.show_tests()

    def action_fetch_intermediate(self) -> None:
        """Ask, then fetch what the server forgot to send, and test again."""
        test, store = self.main.connections.current, self.workspace.store
        url = test.latest.missing_issuer_url if test is not None and isinstance(test.latest, Finished) else ""
        if test is None or store is None or not url:
            self.main.say("nothing is missing in that chain that could be fetched")
            return
        host = test.host
        question = f"Fetch {visible(url)}? It is shown, not imported: the server should send it."

        def answered(fetch: bool | None) -> None:
            if fetch:
                self._testing.start(host, store, self.workspace.staged, fetch_intermediates=True)
                self.main.show_tests()

        self.push_screen(ConfirmScreen(question, "y", "Fetch"), answered)

    def _retest_last(self) -> None:
        store = self.workspace.store
        if self.bench.last is not None and store is not None:
            self._testing.start(self.bench.last, store, self.workspace.staged)
            self.main.show_tests()

    @on(work.HostTested)
    def _host_tested(self, message: work.HostTested) -> None:
        if self._testing.take(message):
            if message.said:
                self.main.say(message.said, warning=True)
            self.main.show_tests()

    def _key_remedy(self) -> tuple[str, str] | None:
        """The action and operand that `m` carries out: of the host shown, or of the last one tested."""
        in_sight = self.main.mode is Mode.CONNECTIONS
        test = self.main.connections.current if in_sight else self.bench.last_test
        if test is None or not isinstance(test.latest, Finished):
            return None
        known = () if self.workspace.store is None else self.workspace.store.by_sha256
        remedy = key_remedy(test.latest.diagnosis)
        if remedy is None or (remedy.action.value != "rehash" and remedy.operand not in known):
            return None
        return remedy.action.value, remedy.operand

    def action_mend(self) -> None:
        chosen, store = self._key_remedy(), self.workspace.store
        if chosen is None or store is None:
            return
        if self.main.mode is Mode.CONNECTIONS and (test := self.main.connections.current) is not None:
            self.bench.last = test.host
        action, operand = chosen
        item = store.by_sha256.get(operand)
        if action == "rehash":
            self.action_rehash()
        elif item is None:
            self.main.say("that certificate is not in this directory any more", warning=True)
        else:
            if action == "trust":
                self.workspace.stage_in([operand])
            elif item.trusted and operand not in self.workspace.staged.taken_out:
                self.workspace.toggle([item])
            self._staging_changed()
            self._retest_last()

    # --- other stores ---

    @on(ComparePane.CompareWanted)
    def _compare_wanted(self, message: ComparePane.CompareWanted) -> None:
        store = self.workspace.store
        if store is not None:
            self.main.say(f"comparing with {message.text} …")
            work.start(self, lambda: other_stores.compare_with(message.text, store))

    @on(other_stores.Compared)
    def _compared(self, message: other_stores.Compared) -> None:
        again = self._compared_with == message.text
        self._compared_with = message.text
        if not again:
            self.main.hush()
        importable = message.text != "mozilla"
        self.main.compare.show_comparison(message.comparison, focus=not again, importable=importable)

    def action_import_source(self) -> None:
        """Import what a source holds; in Compare the one certificate under the cursor."""
        if self.main.mode is Mode.COMPARE:
            row = self.main.compare.current
            if row is None or row.difference is not Difference.ONLY_THERE:
                self.main.say("only what is there and not here can be imported", warning=True)
            else:
                self._import(self._compared_with, row.member.sha256)
            return

        def answered(text: str | None) -> None:
            if text:
                self._import(text, "")

        self.push_screen(AskScreen("Import roots from", "certifi, system, a directory, or a file"), answered)

    def _import(self, text: str, sha256: str) -> None:
        store = self.workspace.store
        if store is not None:
            self._plan(lambda: other_stores.plan_import_from(text, sha256, store))

    # --- copying, help, leaving ---

    def action_copy(self) -> None:
        directory = self.exploration.directory
        choices: list[Copyable] = []
        if self.main.mode is Mode.CONNECTIONS:
            if (test := self.main.connections.current) is not None:
                snapshot = None if self.workspace.store is None else self.workspace.store.listing.snapshot
                choices = connection_choices(test, directory, snapshot)
        elif (item := self.main.current_item) is not None:
            choices = certificate_choices(item, directory)
        if choices:
            self.push_screen(CopyScreen(choices), self._copied)

    def _copied(self, choice: Copyable | None) -> None:
        if choice is not None:
            self.copy_to_clipboard(choice.text)
            self.main.say(f"copied: {choice.label}")

    def action_help(self) -> None:
        self.push_screen(HelpScreen())

    async def action_quit(self) -> None:
        if not self.workspace.staged:
            self._leave()
            return
        question = f"{self.workspace.staged.text} staged and not applied. Leave without applying?"

        def answered(leave: bool | None) -> None:
            if leave:
                self._leave()

        self.push_screen(ConfirmScreen(question, "y", "Leave"), answered)

    def _leave(self) -> None:
        self._testing.end()
        self.exit()

    def on_unmount(self) -> None:
        self._testing.end()


def _short_path(path: str) -> str:
    home = os.path.expanduser("~")
    real = os.path.abspath(path)
    return visible("~" + real[len(home) :] if real.startswith(home + os.sep) else real)
