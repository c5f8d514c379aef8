"""The screen: its bars and panes, and moving about in them. What the user decides goes to the application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import Screen
from textual.widgets import ContentSwitcher, Footer, Input, Static

from capath.change.journal import Change
from capath.pki.visible import visible
from capath.tui.actions import ACTIONS, Mode, bindings, find, mode_actions
from capath.tui.bars import ModeBar, TopBar
from capath.tui.bench import Bench
from capath.tui.certificates_pane import CertificatesPane
from capath.tui.compare_pane import ComparePane
from capath.tui.connection import one_line
from capath.tui.connections_pane import ConnectionsPane
from capath.tui.findings_pane import FindingsPane
from capath.tui.history_pane import HistoryPane
from capath.tui.links_pane import LinksPane
from capath.tui.model import Item, Staged, Store
from capath.tui.pane import Details, FilterInput
from capath.tui.table import LineTable
from capath.tui.work import Clock

_HINT = "t tests a host with this store · ? shows all keys"


class MainScreen(Screen[None]):
    """Everything but the dialogs."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(ACTIONS),
        *bindings(mode_actions()),
        Binding("escape", "leave_pane", "Back", show=False),
    ]

    def __init__(self, path: str, read_only: str, bench: Bench, now: Clock) -> None:
        super().__init__()
        self.mode = Mode.CERTIFICATES
        self._path = path
        self._read_only = read_only
        self._bench = bench
        self._now = now
        self._said = ""
        self._warned = False

    def compose(self) -> ComposeResult:
        yield TopBar(self._path, self._read_only, id="top")
        yield ModeBar(id="modes")
        with ContentSwitcher(initial=Mode.CERTIFICATES.value.lower(), id="switcher"):
            yield CertificatesPane(self._now, id="certificates")
            yield LinksPane(id="links")
            yield ConnectionsPane(self._bench, id="connections")
            yield FindingsPane(id="findings")
            yield ComparePane(id="compare")
            yield HistoryPane(id="history")
        yield Static(id="status", markup=False)
        yield Footer(compact=True, show_command_palette=False)

    @dataclass
    class Ready(Message):
        """The screen is drawn: it can show a store now."""

    def on_mount(self) -> None:
        self.call_after_refresh(self._screen_ready)

    def _screen_ready(self) -> None:
        self.certificates.table.focus()
        self._show_status()
        self.post_message(self.Ready())

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
    def compare(self) -> ComparePane:
        return self.query_one(ComparePane)

    @property
    def history(self) -> HistoryPane:
        return self.query_one(HistoryPane)

    @property
    def pane(self) -> Vertical:
        """The pane of the mode that is on."""
        return self.query_one(f"#{self.mode.value.lower()}", Vertical)

    @property
    def current_item(self) -> Item | None:
        """The certificate that the cursor is on, in whichever mode has one."""
        match self.mode:
            case Mode.LINKS:
                return self.certificates.find(next(iter(self.links.current_certificates), ""))
            case Mode.FINDINGS:
                finding = self.findings.current
                return None if finding is None else self.certificates.find(finding.sha256)
            case Mode.COMPARE:
                row = self.compare.current
                return None if row is None else self.certificates.find(row.member.sha256)
            case _:
                return self.certificates.current

    # --- what is shown ---

    def show_store(self, store: Store, staged: Staged, changes: tuple[Change, ...]) -> None:
        """Show a newly read store."""
        self.certificates.show_store(store, staged)
        self.links.show_store(store)
        self.history.show_changes(changes)

    def show_audited(self, store: Store) -> None:
        """Show the same store with its findings."""
        self.certificates.show_audited(store)
        self.findings.show_findings(store.findings)

    def show_staged(self, store: Store | None, staged: Staged) -> None:
        """Show what is staged now."""
        self.certificates.show_staged(staged)
        self.connections.show_bench()
        self.query_one(TopBar).show(store, staged)
        self._show_status()
        self.refresh_bindings()

    def show_tests(self) -> None:
        """Show how far the tests are."""
        self.connections.show_bench(select=self._bench.last if self.mode is not Mode.CONNECTIONS else None)
        self.certificates.show_used(self._bench.used_roots)
        self._show_status()
        self.refresh_bindings()

    def say(self, text: str, *, warning: bool = False) -> None:
        """Say something in the status line, which is as high as it needs, until something else is to be said."""
        self._said, self._warned = visible(text), warning
        status = self.query_one("#status", Static)
        status.add_class("-said")
        status.update(Text(self._said, "bold yellow" if warning else ""))

    def hush(self) -> None:
        """What was said is of no interest any more."""
        self._said, self._warned = "", False
        self._show_status()

    @property
    def has_said_something(self) -> bool:
        return bool(self._said)

    def _show_status(self) -> None:
        if self._said:
            return
        test = self._bench.last_test
        status = self.query_one("#status", Static)
        status.remove_class("-said")
        status.update(Text(_HINT, "dim") if test is None else one_line(test))

    # --- moving about ---

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """An action is offered in the modes it is for."""
        known = find(action)
        if known is None:
            return True
        return self.app.screen is self and self.mode in known.modes

    def action_mode(self, name: str) -> None:
        self.mode = Mode[name]
        self.query_one(ContentSwitcher).current = self.mode.value.lower()
        self.query_one(ModeBar).show(self.mode)
        self.remove_class("-details-over")
        self._focus_table()
        self.refresh_bindings()
        if not self._warned:
            self.hush()

    def action_test(self) -> None:
        self.action_mode(Mode.CONNECTIONS.name)
        self.connections.input.focus()

    def action_compare(self) -> None:
        self.action_mode(Mode.COMPARE.name)
        self.compare.input.focus()

    def action_filter(self) -> None:
        for field in self.pane.query(FilterInput):
            field.focus()

    def action_leave_pane(self) -> None:
        """Esc: close the details, else clear the filter and what was said; then back to the table."""
        if self.has_class("-details-over"):
            self.remove_class("-details-over")
        else:
            for field in self.pane.query(FilterInput):
                field.value = ""
            self.hush()
        self._focus_table()

    def action_sort(self) -> None:
        self.certificates.sort_by_next()

    def action_reverse(self) -> None:
        self.certificates.reverse_order()

    def action_goto_issuer(self) -> None:
        item = self.certificates.current
        if item is not None and not self.certificates.go_to_issuer():
            self.say("its issuer is itself" if item.row.certificate.self_issued else "its issuer is not here")

    def action_reveal_key(self) -> None:
        self.connections.reveal_key()

    def go_to_certificate(self, sha256: str) -> None:
        """Show a certificate in mode 1, if the store has it."""
        if self.certificates.go_to(sha256):
            self.action_mode(Mode.CERTIFICATES.name)

    def open_details(self) -> None:
        """Put the focus on the details; on a narrow screen show them over the table."""
        if self.has_class("-narrow"):
            self.add_class("-details-over")
        for details in self.pane.query(Details):
            details.focus()

    def _focus_table(self) -> None:
        self.pane.query_one(LineTable).focus()

    @on(ModeBar.Chosen)
    def _mode_chosen(self, message: ModeBar.Chosen) -> None:
        self.action_mode(message.mode.name)

    @on(LineTable.Moved)
    def _moved(self) -> None:
        self.refresh_bindings()

    @on(FilterInput.Left)
    def _filter_left(self) -> None:
        self._focus_table()

    @on(Input.Changed)
    def _typing(self) -> None:
        if self._said:
            self.hush()

    @on(LineTable.Chosen, "#certificate-table")
    @on(LineTable.Chosen, "#history-table")
    def _details_wanted(self) -> None:
        self.open_details()

    @on(LineTable.Chosen, "#finding-table")
    def _finding_chosen(self) -> None:
        finding = self.findings.current
        if self.has_class("-narrow") or finding is None or not finding.sha256:
            self.open_details()
        else:
            self.go_to_certificate(finding.sha256)

    @on(LineTable.Chosen, "#compare-table")
    def _difference_chosen(self) -> None:
        if (row := self.compare.current) is None:
            return
        if self.certificates.find(row.member.sha256) is None:
            self.say("this certificate is only there, not in this directory")
        self.go_to_certificate(row.member.sha256)

    @on(LineTable.Chosen, "#link-table")
    def _link_chosen(self) -> None:
        for sha256 in self.links.current_certificates[:1]:
            self.go_to_certificate(sha256)
