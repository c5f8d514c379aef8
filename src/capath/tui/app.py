"""The explorer: it holds the state, and every handler that changes it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import ContentSwitcher, Footer, Input, Static
from typing_extensions import assert_never

from capath.errors import BadInputError
from capath.pki.visible import visible
from capath.tls.address import Resolver, system_resolver
from capath.tls.endpoint import parse_endpoint
from capath.tls.host_to_test import HostToTest
from capath.tui import work
from capath.tui.actions import ACTIONS, Mode, bindings, find, mode_actions
from capath.tui.bars import ModeBar, TopBar
from capath.tui.bench import Bench, Finished, Side, Waiting
from capath.tui.connection import key_remedy, one_line
from capath.tui.connections_pane import ConnectionsPane
from capath.tui.copying import certificate_choices, connection_choices
from capath.tui.dialogs import ConfirmScreen, Copyable, CopyScreen, HelpScreen, ReviewScreen
from capath.tui.findings_pane import FindingsPane
from capath.tui.model import Item, Staged, Store
from capath.tui.panes import CertificatesPane, FilterInput, HistoryPane, LinksPane
from capath.tui.table import LineTable
from capath.tui.workspace import Workspace

WATCH_INTERVAL_S = 1.0


@dataclass(frozen=True)
class Exploration:
    """What the explorer is opened on. `read_only` says why nothing can be changed; empty where it can.

    `hosts` are offered for testing; `resolver` turns their names into addresses; `now` tells the time.
    """

    directory: str
    read_only: str = ""
    hosts: tuple[HostToTest, ...] = ()
    resolver: Resolver = system_resolver
    now: Callable[[], datetime] = work.now_utc
    welcome: str = ""


class CapathApp(App[None]):
    """Browse, stage, test, apply."""

    CSS_PATH = "capath.tcss"
    TITLE = "capath"
    ENABLE_COMMAND_PALETTE = True
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(ACTIONS),
        *bindings(mode_actions()),
        Binding("escape", "leave_pane", "Back", show=False),
    ]

    def __init__(self, exploration: Exploration) -> None:
        super().__init__()
        self.exploration = exploration
        self.workspace = Workspace()
        self.mode = Mode.CERTIFICATES
        self._generation = 0
        self._fingerprint: object = None
        self._leaving = False
        self._watching = False
        self.audited = False
        self.bench = Bench(exploration.hosts)
        self._crew = work.Crew()
        self._staged_directories = work.StagedDirectories()
        self._said = exploration.welcome
        self._retest_after_apply = False

    # --- layout ---

    def compose(self) -> ComposeResult:
        yield TopBar(id="top")
        yield ModeBar(id="modes")
        with ContentSwitcher(initial="certificates", id="switcher"):
            yield CertificatesPane(self.exploration.now(), id="certificates")
            yield LinksPane(id="links")
            yield ConnectionsPane(self.bench, id="connections")
            yield FindingsPane(id="findings")
            yield HistoryPane(id="history")
        yield Static(id="status", markup=False)
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.certificates.table.focus()
        self._show_top()
        if self.exploration.welcome:
            self._say(self.exploration.welcome)
        self._show_status()
        self._read(recover_first=not self.exploration.read_only)

    @property
    def certificates(self) -> CertificatesPane:
        return self.query_one(CertificatesPane)

    @property
    def links(self) -> LinksPane:
        return self.query_one(LinksPane)

    @property
    def connections(self) -> ConnectionsPane:
        return self.query_one(ConnectionsPane)

    @property
    def findings(self) -> FindingsPane:
        return self.query_one(FindingsPane)

    @property
    def history(self) -> HistoryPane:
        return self.query_one(HistoryPane)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """An action is offered where it does something: in its mode, and with what it needs."""
        if action == "mode":
            return True
        known = find(action)
        if known is None:
            return True
        if self.screen.is_modal:
            return False
        if self.mode not in known.modes:
            return False
        if action == "review":
            return bool(self.workspace.staged)
        if action == "mend":
            return self._key_remedy() is not None
        return True

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        yield from super().get_system_commands(screen)
        for action in (*mode_actions(), *ACTIONS):
            if self.check_action(action.name, ()):
                yield SystemCommand(action.label, action.text, self._runner(action.name))

    def _runner(self, name: str) -> Callable[[], object]:
        return lambda: self.call_later(self.run_action, name)

    # --- reading the directory ---

    def _read(self, recover_first: bool = False) -> None:
        self._generation += 1
        generation, directory = self._generation, self.exploration.directory
        work.start(self, lambda: work.read_store(directory, generation, recover_first))

    @on(work.StoreRead)
    def _store_read(self, message: work.StoreRead) -> None:
        self._watching = False
        self.set_timer(WATCH_INTERVAL_S, self._watch)
        if message.generation != self._generation:
            return
        first = self.workspace.store is None
        dropped = self.workspace.replace_store(message.store)
        self._fingerprint = message.fingerprint
        self.certificates.show_store(message.store, self.workspace.staged)
        self.links.show_store(message.store)
        self.history.show_changes(message.changes)
        if message.recovered:
            self._say(message.recovered, warning=True)
        elif dropped:
            self._say(f"something else changed the directory: {dropped.text} staged made no sense any more", True)
        elif not (first or self._said):
            self._say("the directory has changed and was read again")
        self._staging_changed()
        work.start(self, lambda: work.audit_store(message.store, self.exploration.directory))
        if self._retest_after_apply:
            self._retest_after_apply = False
            self._retest_last()

    @on(work.Audited)
    def _audited(self, message: work.Audited) -> None:
        if self.workspace.store is message.store:
            audited = message.store.with_findings(message.findings)
            self.workspace.store = audited
            self.certificates.show_audited(audited)
            self.findings.show_findings(audited.findings)
            self.audited = True

    def _watch(self) -> None:
        if self.workspace.store is None or self._watching:
            return
        self._watching = True
        directory, known, generation = self.exploration.directory, self._fingerprint, self._generation

        def look() -> work.Watched | work.StoreRead:
            started_s = time.monotonic()
            if work.fingerprint_of(directory) != known:
                return work.read_store(directory, generation, recover_first=False)
            return work.Watched(time.monotonic() - started_s)

        work.start(self, look)

    @on(work.Watched)
    def _watched(self, message: work.Watched) -> None:
        # A directory that takes long to look at is looked at less often: a twentieth of the time at most.
        self._watching = False
        self.set_timer(max(WATCH_INTERVAL_S, 20 * message.took_s), self._watch)

    @on(work.Failed)
    def _failed(self, message: work.Failed) -> None:
        if self._watching:
            self._watching = False
            self.set_timer(WATCH_INTERVAL_S, self._watch)
        self._say(message.text, warning=True)

    # --- staging ---

    def action_stage(self) -> None:
        item = self.certificates.current
        if item is not None:
            self.workspace.toggle([item])
            self._staging_changed()
            self.certificates.table.action_cursor(1)

    def action_stage_shown(self) -> None:
        items = self.certificates.shown_items
        self.workspace.toggle(items)
        self._staging_changed()
        self._say(f"{len(items):,} toggled; u takes it back")

    def action_undo(self) -> None:
        if self.workspace.undo():
            self._staging_changed()
            return
        if self.workspace.staged:
            self.workspace.clear()
            self._staging_changed()
            return
        directory = self.exploration.directory

        def plan() -> work.PlanMade:
            from capath.change.apply import undo_plan

            change, undo = undo_plan(directory)
            return work.PlanMade(undo, change.number)

        work.start(self, plan)

    def action_redo(self) -> None:
        if self.workspace.redo():
            self._staging_changed()
        else:
            self._say("nothing to stage again")

    def action_unstage_all(self) -> None:
        self.workspace.clear()
        self._staging_changed()

    def _staging_changed(self) -> None:
        self.bench.restaged()
        self.connections.show_bench()
        self.certificates.show_staged(self.workspace.staged)
        self._show_top()
        self._show_status()
        self.refresh_bindings()

    # --- reviewing and applying ---

    def action_review(self) -> None:
        store, staged = self.workspace.store, self.workspace.staged
        if store is not None and staged:
            work.start(self, lambda: work.PlanMade(work.plan_staged(store, staged), of_staged=True))

    def action_rehash(self) -> None:
        store = self.workspace.store
        if store is None:
            return
        snapshot = store.listing.snapshot

        def plan() -> work.PlanMade:
            from capath.change.plan import applicable
            from capath.change.rehash import plan_rehash

            return work.PlanMade(applicable(plan_rehash(snapshot).plan))

        work.start(self, plan)

    @on(work.PlanMade)
    def _plan_made(self, message: work.PlanMade) -> None:
        store = self.workspace.store
        titles = {} if store is None else {item.sha256: item.title for item in store.items}

        def answered(apply: bool | None) -> None:
            if apply:
                work.start(self, lambda: work.carry_out(message))

        self.push_screen(ReviewScreen(message.plan, titles, self.exploration.read_only), answered)

    @on(work.Applied)
    def _applied(self, message: work.Applied) -> None:
        self._say(f"done: {visible(message.made.plan.summary)} · u takes it back")
        if message.made.of_staged:
            self.workspace.applied()
            self.bench.applied()
        self._retest_after_apply = self.bench.last is not None
        self._read()

    # --- testing ---

    def action_test(self) -> None:
        self.action_mode(Mode.CONNECTIONS.name)
        self.connections.input.focus()

    def action_retest(self) -> None:
        test = self.connections.current
        if test is not None:
            self._test(test.host)

    def action_test_all(self) -> None:
        for test in list(self.bench.tests):
            self._test(test.host, select=False)

    def action_reveal_key(self) -> None:
        self.connections.reveal_key()

    @on(ConnectionsPane.TestWanted)
    def _test_wanted(self, message: ConnectionsPane.TestWanted) -> None:
        try:
            endpoint = parse_endpoint(message.text)
        except BadInputError as error:
            self._say(str(error), warning=True)
            return
        self.connections.input.value = ""
        self.connections.table.focus()
        self._test(self.bench.known(endpoint))

    def _test(self, host: HostToTest, *, select: bool = True) -> None:
        store, staged = self.workspace.store, self.workspace.staged
        if store is None:
            self._say("the directory is still being read", warning=True)
            return
        self.bench.last = host
        sides = [staged] if staged else []
        if not staged or isinstance(self.bench.tests[self.bench.number_of(host)].as_is, Waiting):
            sides.append(Staged())
        for side in sides:
            self._start_test(host, store, side)
        self._said = ""
        self._tests_changed(select=host if select else None)

    def _start_test(self, host: HostToTest, store: Store, staged: Staged) -> None:
        side = Side.AS_STAGED if staged else Side.AS_IS
        job = work.TestJob(host, store, staged, self.exploration.resolver, self.bench.begin(host, side))
        directories = self._staged_directories
        self._crew.take(
            lambda: work.run_and_post(self, lambda: work.test_host(job, directories, lambda: self._leaving))
        )

    @on(work.HostTested)
    def _host_tested(self, message: work.HostTested) -> None:
        job = message.job
        if self.bench.finish(job.host, job.side, job.generation, message.state):
            if message.said:
                self._say(message.said, warning=True)
            self._tests_changed()

    def _tests_changed(self, select: HostToTest | None = None) -> None:
        self.connections.show_bench(select=select)
        self._show_status()
        self.refresh_bindings()

    def _retest_last(self) -> None:
        if self.bench.last is not None:
            self._test(self.bench.last, select=False)

    def _key_remedy(self) -> tuple[str, str] | None:
        """The action and operand that `m` carries out: of the host shown, or of the last one tested."""
        test = self.connections.current if self.mode is Mode.CONNECTIONS else self.bench.last_test
        if test is None or not isinstance(test.latest, Finished):
            return None
        remedy = key_remedy(test.latest.diagnosis)
        return None if remedy is None else (remedy.action.value, remedy.operand)

    def action_mend(self) -> None:
        chosen = self._key_remedy()
        if chosen is None or self.workspace.store is None:
            return
        if self.mode is Mode.CONNECTIONS and (test := self.connections.current) is not None:
            self.bench.last = test.host
        action, operand = chosen
        if action == "rehash":
            self.action_rehash()
            return
        item = self.workspace.store.by_sha256.get(operand)
        if item is None:
            self._say("that certificate is not in this directory any more", warning=True)
            return
        if action == "trust":
            self.workspace.stage_in([operand])
        elif item.trusted and operand not in self.workspace.staged.taken_out:
            self.workspace.toggle([item])
        self._staging_changed()
        self._retest_last()

    # --- moving about ---

    def action_mode(self, name: str) -> None:
        self.mode = Mode[name]
        self.query_one(ContentSwitcher).current = self.mode.value.lower()
        self.query_one(ModeBar).show(self.mode)
        self.screen.remove_class("-details-over")
        self._focus_table()
        self.refresh_bindings()
        self._show_status()

    @on(ModeBar.Chosen)
    def _mode_chosen(self, message: ModeBar.Chosen) -> None:
        self.action_mode(message.mode.name)

    def _focus_table(self) -> None:
        match self.mode:
            case Mode.CERTIFICATES:
                self.certificates.table.focus()
            case Mode.LINKS:
                self.links.table.focus()
            case Mode.CONNECTIONS:
                self.connections.table.focus()
            case Mode.FINDINGS:
                self.findings.table.focus()
            case Mode.HISTORY:
                self.history.table.focus()

    def action_filter(self) -> None:
        if (field := self._filter_input()) is not None:
            field.focus()

    def _filter_input(self) -> FilterInput | None:
        match self.mode:
            case Mode.CERTIFICATES:
                return self.certificates.filter
            case Mode.LINKS:
                return self.links.filter
            case Mode.FINDINGS:
                return self.findings.filter
            case Mode.CONNECTIONS | Mode.HISTORY:
                return None
            case _:
                assert_never(self.mode)

    def action_leave_pane(self) -> None:
        """Esc: close the details, clear the filter, back to the table, in this order."""
        if self.screen.has_class("-details-over"):
            self.screen.remove_class("-details-over")
        elif (field := self._filter_input()) is not None:
            field.value = ""
        self._focus_table()

    @on(LineTable.Moved)
    def _moved(self) -> None:
        self.refresh_bindings()

    @on(FilterInput.Left)
    def _filter_left(self) -> None:
        self._focus_table()

    @on(LineTable.Chosen, "#certificate-table")
    @on(LineTable.Chosen, "#history-table")
    def _details_wanted(self, event: LineTable.Chosen) -> None:
        self._open_details(event.table)

    @on(LineTable.Chosen, "#connection-table")
    def _host_chosen(self, event: LineTable.Chosen) -> None:
        test = self.connections.current
        if test is None:
            return
        if isinstance(test.latest, Finished):
            self._open_details(event.table)
        else:
            self._test(test.host)

    @on(LineTable.Chosen, "#finding-table")
    def _finding_chosen(self, event: LineTable.Chosen) -> None:
        finding = self.findings.current
        if self.screen.has_class("-narrow") or finding is None or not finding.sha256:
            self._open_details(event.table)
        elif self.certificates.go_to(finding.sha256):
            self.action_mode(Mode.CERTIFICATES.name)

    @on(LineTable.Chosen, "#link-table")
    def _link_chosen(self) -> None:
        link = self.links.current
        if link is not None and link.certificates and self.certificates.go_to(link.certificates[0]):
            self.action_mode(Mode.CERTIFICATES.name)

    def _open_details(self, table: LineTable) -> None:
        if self.screen.has_class("-narrow"):
            self.screen.add_class("-details-over")
        details = table.parent.query_one("Details") if table.parent is not None else None
        if details is not None:
            details.focus()

    def action_sort(self) -> None:
        self.certificates.sort_by_next()

    def action_reverse(self) -> None:
        self.certificates.reverse_order()

    def action_goto_issuer(self) -> None:
        item, store = self.certificates.current, self.workspace.store
        if item is None or store is None:
            return
        wanted = item.row.certificate.issuer.canonical
        for other in store.items:
            if other.row.certificate.subject.canonical == wanted and other.sha256 != item.sha256:
                self.certificates.go_to(other.sha256)
                return
        self._say("its issuer is itself" if item.row.certificate.self_issued else "its issuer is not here")

    # --- copying, help, leaving ---

    def action_copy(self) -> None:
        choices: list[Copyable] = []
        if self.mode is Mode.CONNECTIONS:
            if (test := self.connections.current) is not None:
                choices = connection_choices(test, self.exploration.directory)
        elif (item := self._item_to_copy()) is not None:
            choices = certificate_choices(item, self.exploration.directory)
        if choices:
            self.push_screen(CopyScreen(choices), self._copied)

    def _item_to_copy(self) -> Item | None:
        store = self.workspace.store
        if self.mode is Mode.LINKS and store is not None and (link := self.links.current) is not None:
            return next((store.by_sha256[sha] for sha in link.certificates if sha in store.by_sha256), None)
        return self.certificates.current

    def _copied(self, choice: Copyable | None) -> None:
        if choice is not None:
            self.copy_to_clipboard(choice.text)
            self._say(f"copied: {choice.label}")

    def action_reload(self) -> None:
        self._read()

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
        self._leaving = True
        self._staged_directories.remove()
        self.exit()

    def on_unmount(self) -> None:
        self._leaving = True
        self._staged_directories.remove()

    # --- what is said ---

    def _say(self, text: str, warning: bool = False) -> None:
        self._said = text
        self.query_one("#status", Static).update(
            Text(visible(text), "bold yellow" if warning else "", no_wrap=True, overflow="ellipsis")
        )
        if warning and len(text) > max(20, self.size.width - 4):
            self.notify(visible(text), severity="warning", markup=False, timeout=12)

    def _show_status(self) -> None:
        if self._said:
            return
        status = self.query_one("#status", Static)
        if self.bench.last_test is not None:
            status.update(one_line(self.bench.last_test))
        else:
            status.update(Text("t tests a host with this store · ? shows all keys", "dim"))

    def _show_top(self) -> None:
        store, staged = self.workspace.store, self.workspace.staged
        self.query_one(TopBar).show(
            _short_path(self.exploration.directory), store, staged, self.exploration.read_only
        )

    @on(Input.Changed)
    def _typing(self) -> None:
        self._said = ""


def _short_path(path: str) -> str:
    home = os.path.expanduser("~")
    real = os.path.abspath(path)
    return visible("~" + real[len(home) :] if real.startswith(home + os.sep) else real)
