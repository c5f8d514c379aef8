"""Jumps from one row to what it is related to, in whichever mode that is, and back. No Textual here."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from capath.tui.actions import Mode
from capath.tui.bench import Finished
from capath.tui.session import Tone
from capath.tui.text import hint

if TYPE_CHECKING:
    from capath.tui.explorer import Explorer

_PLACES = 32


class Place(NamedTuple):
    """Where a jump began."""

    mode: Mode
    filter: str
    key: str
    top: int


class Jumps:
    """The places that were left, the last one last."""

    def __init__(self, explorer: Explorer) -> None:
        self._explorer = explorer
        self._places: list[Place] = []

    def leave_place(self) -> None:
        """Keep where the cursor is, for Backspace."""
        rows = self._explorer.pane.rows
        key = "" if rows.current is None else rows.key_of(rows.current)
        self._places = [
            *self._places[-_PLACES + 1 :],
            Place(self._explorer.mode, self._explorer.pane.rows.query, key, rows.top),
        ]

    def back(self) -> None:
        """Go back to where the last jump began: mode, filter, cursor and scroll."""
        if not self._places:
            self._explorer.session.say(Tone.INFO, "No jump to go back from.")
            return
        place = self._places.pop()
        self._explorer.go_to_mode(place.mode)
        self._explorer.pane.rows.query = place.filter
        self._explorer.pane.rows.go_to(place.key)
        self._explorer.pane.rows.top = place.top
        self._explorer.pane.rows.keep_in_sight()

    def to(self, mode: Mode, key: str, *, filter_text: str | None = None) -> bool:
        """Go to the row `key` of a mode; a filter that hides it is cleared, and said. False where it is not
        there."""
        pane = self._explorer.pane_of(mode)
        before = pane.rows.query
        if filter_text is not None:
            pane.rows.query = filter_text
        pane.reveal(key)
        found = not key or pane.rows.position_of(key) is not None
        if not found and pane.rows.query:
            pane.rows.query = ""
            pane.reveal(key)
            found = pane.rows.position_of(key) is not None
            if found:
                self._explorer.session.say(
                    Tone.INFO, "The filter was cleared.  ", *hint("Backspace", "brings it back", "backspace")
                )
        if not found:
            pane.rows.query = before
            return False
        after, pane.rows.query = pane.rows.query, before
        self.leave_place()
        pane.rows.query = after
        self._explorer.go_to_mode(mode)
        if key:
            pane.rows.go_to(key)
        else:
            pane.rows.move_to(0)
        self._explorer.show_details(now=True)
        return True

    def along(self, name: str) -> None:
        """Go from the certificate under the cursor to what `name` (an action, ``go_issuer`` …) says."""
        session, item = self._explorer.session, self._explorer.pane.item()
        store = session.store
        if item is None or store is None:
            session.say(Tone.INFO, "There is no certificate of this directory under the cursor.")
            return
        match name:
            case "go_issuer":
                issuer = store.issuer_of(item)
                if issuer is not None:
                    self.to(Mode.CERTIFICATES, issuer.sha256)
                elif item.row.certificate.self_issued and self._explorer.mode is not Mode.CERTIFICATES:
                    self.to(Mode.CERTIFICATES, item.sha256)
                else:
                    itself = item.row.certificate.self_issued
                    session.say(Tone.INFO, "Its issuer is itself." if itself else "Its issuer is not here.")
            case "go_children":
                children = store.children_of(item)
                if len(children) == 1:
                    self.to(Mode.CERTIFICATES, children[0].sha256)
                elif children:
                    self.to(Mode.CERTIFICATES, "", filter_text=f'issuer:"{item.title.lower()}"')
                else:
                    session.say(Tone.INFO, "It signed no certificate here.")
            case "go_link":
                link = item.link if item.row.links else ""
                if not link or not self.to(Mode.LINKS, link):
                    session.say(Tone.INFO, "It has no hash link.")
            case "go_hosts":
                hosts = session.bench.used_roots.get(item.sha256, [])
                if not hosts or not self.to(Mode.CONNECTIONS, hosts[0]):
                    tested = sum(isinstance(test.latest, Finished) for test in session.bench.tests)
                    session.say(Tone.INFO, f"It carries none of the {tested:,} tested hosts.")
            case "go_findings":
                findings = store.findings_by_sha256.get(item.sha256, ())
                if not findings or not self.to(Mode.FINDINGS, "", filter_text=f'"{item.title.lower()}"'):
                    session.say(Tone.INFO, "No finding concerns it.")
