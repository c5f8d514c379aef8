"""Mode 3: where a connection failed, and what fixes it; with something staged, what that breaks and fixes
first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from capath.pki.visible import visible, visible_name
from capath.tui.actions import Mode
from capath.tui.bench import Finished, HostTest, Outlook, Running, State, Waiting
from capath.tui.model import Item
from capath.tui.pane import Details, Hint
from capath.tui.rows import Cell, Column, Group, Rows, grouped
from capath.tui.session import Session, Tone
from capath.tui.text import EMPTY, Line, Span, hint, line

if TYPE_CHECKING:
    from capath.tls.test_options import HostToTest

_CAUSE_WIDTH = 23
_SORTS = ("", "host", "code", "cause")


class ConnectionsPane:
    """Rows are numbers of hosts in the list."""

    mode = Mode.CONNECTIONS
    summary_height = 9

    def __init__(self, session: Session) -> None:
        self._session = session
        self.rows: Rows[Group | int] = Rows(self._key, self.refill)
        self._keys: list[str] = []
        self._cause_width, self._verdict_widths = 10, (20, 9)
        self._show_key_of: HostToTest | None = None
        self._shows_as_is = False

    @property
    def share(self) -> float:
        return 0.6 if self._session.staged else 0.52

    @property
    def _tests(self) -> list[HostTest]:
        return self._session.bench.tests

    def refresh(self) -> None:
        if not self._session.staged:
            self._shows_as_is = False
        self.refill()

    def refill(self) -> None:
        from capath.tui.connection_text import verdict_of

        seen: dict[str, int] = {}
        self._keys = []
        causes = [verdict_of(test.latest).cause for test in self._tests]
        self._cause_width = max(10, min(_CAUSE_WIDTH, max(map(len, causes), default=0)))
        staged = [
            verdict_of(t.as_staged).text for t in self._tests if t.outlook in (Outlook.BREAKS, Outlook.FIXED)
        ]
        self._verdict_widths = (min(20, self._cause_width + 3), max(9, min(20, max(map(len, staged), default=0))))
        for test in self._tests:
            text = test.endpoint.text
            seen[text] = seen.get(text, 0) + 1
            self._keys.append(text if seen[text] == 1 else f"{text} #{seen[text]}")
        numbers = [n for n in range(len(self._tests)) if self.rows.asks_for(self._search(n))]
        numbers = self._sorted(numbers)
        if not self._session.staged:
            self.rows.show(numbers)
            return
        by: dict[Outlook, list[int]] = {outlook: [] for outlook in Outlook}
        for number in numbers:
            by[self._tests[number].outlook].append(number)
        again = hint("T", "tests them")
        groups = (
            (Group("changed", "Changed", 0), [*by[Outlook.BREAKS], *by[Outlook.FIXED]]),
            (Group("untested", "Not tested as staged", 0, note=again), by[Outlook.UNTESTED]),
            (Group("same", "Same", 0), by[Outlook.SAME]),
        )
        self.rows.show(grouped(groups, self.rows.folded))

    def _sorted(self, numbers: list[int]) -> list[int]:
        from capath.tui.connection_text import verdict_of

        if self.rows.sort == "host":
            return sorted(numbers, key=lambda n: self._tests[n].endpoint.text, reverse=self.rows.reverse)
        if self.rows.sort in ("code", "cause"):
            verdicts = {n: verdict_of(self._tests[n].latest) for n in numbers}
            if self.rows.sort == "cause":
                return sorted(numbers, key=lambda n: verdicts[n].cause, reverse=self.rows.reverse)
            codes = {n: int(v.code) if v.code.isdigit() else -1 for n, v in verdicts.items()}
            return sorted(numbers, key=codes.__getitem__, reverse=self.rows.reverse)
        return numbers[::-1] if self.rows.reverse else numbers

    def _key(self, row: Group | int) -> str:
        return f"group {row.key}" if isinstance(row, Group) else self._keys[row]

    def _search(self, number: int) -> str:
        from capath.tui.connection_text import verdict_of

        test = self._tests[number]
        state = test.latest
        anchor = state.result.verification.anchor if isinstance(state, Finished) else None
        title = "" if anchor is None else visible_name(anchor.certificate.subject.title)
        verdict = verdict_of(state)
        return f"{test.endpoint.text} {verdict.mark} {verdict.text} {title}".lower()

    @property
    def current(self) -> HostTest | None:
        """The host under the cursor."""
        row = self.rows.current
        return None if row is None or isinstance(row, Group) else self._tests[row]

    def _shown(self, test: HostTest) -> State:
        """The test that the details are of."""
        return test.as_is if self._shows_as_is else test.latest

    def item(self) -> Item | None:
        """The anchor of the host's chain; where it has none, the certificate that its last issuer is called
        like."""
        test, store = self.current, self._session.store
        state = None if test is None else self._shown(test)
        if not isinstance(state, Finished) or store is None:
            return None
        verification = state.result.verification
        if verification.anchor is not None:
            return store.item(verification.anchor.certificate.sha256)
        chain = [element.certificate for element in verification.chain] or list(verification.sent)
        here = store.by_subject.get(chain[-1].issuer.canonical, ()) if chain else ()
        return here[0] if here else None

    def reveal(self, key: str) -> None:
        """Unfold all: hosts are few, and their groups change."""
        if key in self._keys and self.rows.folded:
            self.rows.folded.clear()
            self.refill()

    # --- drawing ---

    def columns(self) -> Sequence[Column]:
        tail = max((len(str(test.endpoint.port)) + 1 for test in self._tests), default=4)
        host = Column("host", "Host", 0, middle=True, tail=tail)
        if self._session.staged:
            as_is, staged = self._verdict_widths
            return (host, Column("as-is", "As it is", as_is), Column("as-staged", "As staged", staged))
        return (
            host,
            Column("code", "Code", 4, right=True),
            Column("cause", "Cause", self._cause_width, middle=True),
        )

    def lead(self, row: Group | int) -> Line:
        from capath.tui.connection_text import verdict_of

        assert isinstance(row, int)
        test = self._tests[row]
        before, verdict = verdict_of(test.as_is), verdict_of(test.latest)
        if not self._session.staged:
            return line((f" {verdict.mark} ", verdict.role))
        if test.outlook in (Outlook.BREAKS, Outlook.FIXED):
            return line((f" {test.outlook.value} ", "bad!" if test.outlook is Outlook.BREAKS else "good!"))
        if test.outlook is Outlook.SAME:
            return line("   ", (f"{verdict.mark} ", verdict.role))
        after = "…" if isinstance(test.as_staged, Running) else "?"
        return line((f" {before.mark}", before.role), (f"→{after} ", "warn"))

    def cells(self, row: Group | int) -> Sequence[Cell]:
        from capath.tui.connection_text import verdict_of

        assert isinstance(row, int)
        test = self._tests[row]
        as_is = verdict_of(test.as_is)
        name = Cell(visible_name(test.endpoint.text), "muted" if isinstance(test.latest, Waiting) else "")
        if not self._session.staged:
            verdict = verdict_of(test.latest)
            return (name, Cell(verdict.code, verdict.role), Cell(verdict.cause, verdict.role))
        staged = verdict_of(test.as_staged)
        match test.outlook:
            case Outlook.SAME:
                return (name, Cell(as_is.text, "muted"), Cell("=", "muted"))
            case Outlook.UNTESTED:
                told = "…" if isinstance(test.as_staged, Running) else "?"
                return (name, Cell(as_is.text, as_is.role), Cell(told, "warn"))
            case _:
                return (name, Cell(as_is.text, as_is.role), Cell(staged.text, staged.role))

    def title(self) -> Line:
        from capath.tui.connection_text import verdict_of

        tests = self._tests
        if not tests:
            return line("Hosts")
        if self._session.staged:
            counts = {outlook: sum(test.outlook is outlook for test in tests) for outlook in Outlook}
            tested = len(tests) - counts[Outlook.UNTESTED]
            return (
                *line("Hosts  ", ("as staged: ", "staged")),
                Span(f"breaks {counts[Outlook.BREAKS]}", "bad!" if counts[Outlook.BREAKS] else "muted"),
                Span(f"  fixes {counts[Outlook.FIXED]}", "good!" if counts[Outlook.FIXED] else "muted"),
                Span(f"  {tested} of {len(tests)} tested", "warn" if counts[Outlook.UNTESTED] else "muted"),
            )
        marks: dict[tuple[str, str], int] = {}
        for test in tests:
            verdict = verdict_of(test.latest)
            marks[verdict.mark, verdict.role] = marks.get((verdict.mark, verdict.role), 0) + 1
        order = "✓✗▲∅…·"
        found = sorted(marks.items(), key=lambda pair: order.index(pair[0][0]))
        return (*line("Hosts"), *(Span(f"  {mark} {count:,}", role) for (mark, role), count in found))

    def corner(self) -> Line:
        return hint("t", "test")

    def empty(self) -> Line:
        return (
            *line("No host yet.  "),
            *hint("t", "tests one: "),
            *line(("example.com, mail.example.com starttls=smtp, [2001:db8::1]:8443 …", "muted")),
        )

    def is_notable(self, row: Group | int) -> bool:
        if isinstance(row, Group):
            return False
        test = self._tests[row]
        if self._session.staged:
            return test.outlook in (Outlook.BREAKS, Outlook.FIXED)
        return isinstance(test.latest, Finished) and not test.latest.verified

    def details(self, width: int, height: int) -> Details:
        test = self.current
        if test is None:
            return Details()
        from capath.tui.connection_text import host_lines

        session = self._session
        show_key = self._show_key_of == test.host
        lines = host_lines(
            test,
            self._shown(test),
            session.store,
            session.staged,
            show_key=show_key,
            width=width,
            compact=height < 12,
        )
        corner: Line = EMPTY
        if session.staged:
            corner = hint("v", "as staged" if self._shows_as_is else "as it is")
        elif isinstance(test.latest, Finished):
            corner = hint("r", "again")
        return Details(line(visible_name(test.endpoint.text)), tuple(lines), corner)

    # --- acting ---

    def hints(self) -> Sequence[Hint]:
        test, staged = self.current, self._session.staged
        review = (Hint("review"),) if staged else ()
        hints: list[Hint] = []
        if test is not None and self._remedy(test) is not None:
            hints.append(Hint("fix"))
        if test is not None and isinstance(test.latest, Finished) and test.latest.missing_issuer_url:
            hints.append(Hint("fetch"))
        if staged:
            hints += [
                *review,
                Hint("test_all", "test untested"),
                Hint("side"),
                Hint("next", "next change"),
                Hint("undo", "unstage"),
            ]
        elif test is not None:
            hints += [Hint("test"), Hint("retest"), Hint("test_all"), Hint("programs")]
        else:
            hints += [Hint("test"), Hint("test_all")]
        return (*hints, Hint("filter"), Hint("copy"), Hint("master_key"))

    def _remedy(self, test: HostTest) -> tuple[str, str] | None:
        """The action and operand that `m` carries out."""
        from capath.tui.connection_text import key_remedy

        if not isinstance(test.latest, Finished):
            return None
        remedy = key_remedy(test.latest.diagnosis, self._session.store)
        return None if remedy is None else (remedy.action.value, remedy.operand)

    def act(self, action: str) -> bool:
        session, test = self._session, self.current
        match action:
            case "open" if test is not None and isinstance(test.latest, Waiting):
                session.test(test.host)
            case "retest" if test is not None:
                session.test(test.host)
            case "fix" if test is not None:
                self._fix(test)
            case "fetch":
                self._fetch(test)
            case "side":
                self._shows_as_is = not self._shows_as_is
                session.version += 1
            case "programs" if test is not None and session.stage is not None:
                session.asked_host = test.host
                session.stage.session_changed()
                session.stage.jump_to(Mode.PROGRAMS, "")
            case "master_key" if test is not None:
                self._show_key_of = None if self._show_key_of == test.host else test.host
                session.version += 1
            case "remove_host" if test is not None:
                session.bench.remove(test.host)
                self.refill()
            case "sort":
                self.rows.sort, self.rows.reverse = _SORTS[(_SORTS.index(self.rows.sort) + 1) % len(_SORTS)], False
                self.refill()
            case "reverse":
                self.rows.reverse = not self.rows.reverse
                self.refill()
            case _:
                return False
        return True

    def _fix(self, test: HostTest) -> None:
        session, chosen = self._session, self._remedy(test)
        if chosen is None:
            session.say(Tone.INFO, "No key fixes this: the details say what to do.")
            return
        session.bench.last = test.host
        action, operand = chosen
        if action == "rehash":
            session.rehash()
            return
        session.stage_certificates([operand], trust=action == "trust")
        session.test(test.host)

    def _fetch(self, test: HostTest | None) -> None:
        """Ask, then fetch what the server did not send, and test again."""
        session = self._session
        url = test.latest.missing_issuer_url if test is not None and isinstance(test.latest, Finished) else ""
        if test is None or not url or session.stage is None:
            session.say(Tone.INFO, "Nothing is missing in that chain that could be fetched.")
            return
        host = test.host
        question = f"Fetch {visible(url)}? It is shown, not imported: the server should send it."
        session.stage.ask(question, "Fetch", lambda: session.test(host, fetch_intermediates=True))
