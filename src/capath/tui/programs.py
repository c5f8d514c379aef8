"""Mode 7: the programs of this machine, the trust store that each one reads, and why; on request, whether they
accept a host. The table of ``capath doctor``."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from capath.pki.visible import visible
from capath.tui.actions import Mode
from capath.tui.examining import Examining, Program, find_programs, open_exploration
from capath.tui.explore import Exploration
from capath.tui.model import Item
from capath.tui.pane import Details, Hint
from capath.tui.rows import Cell, Column, Rows
from capath.tui.session import Session, Tone
from capath.tui.text import EMPTY, Line, Page, Span, hint, line

if TYPE_CHECKING:
    from capath.doctor.examine import Doctor, Judged, Verdict
    from capath.doctor.read_place import StoreRead
    from capath.tls.test_options import HostToTest

_MARK_ROLES = ("good", "bad", "warn", "warn")


class ProgramsPane:
    """Rows are keys of programs. No program is run before the pane is made."""

    mode = Mode.PROGRAMS
    share = 0.7
    summary_height = 7

    def __init__(self, session: Session) -> None:
        self._session = session
        self.rows: Rows[str] = Rows(str, self.refill)
        self._programs: dict[str, Program] = {}
        self._titles: dict[str, str] = {}
        self._verdicts: dict[str, Verdict] = {}
        self._host: HostToTest | None = None
        self._is_asked = True
        self._before: list[Exploration] = []
        self._examining = Examining(session, self._took)
        session.at_end.append(lambda: self._examining.end())
        self._examine()

    # --- examining ---

    def refresh(self) -> None:
        host = self._session.asked_host
        if host is not self._host:
            self._host, self._is_asked = host, False
            self._verdicts.clear()
            if self._examining.is_stopped:
                self._examine()
            self._took()
        self.rows.version += 1

    def _examine(self) -> None:
        """Find the clients of this machine, each in the background."""
        exploration = self._session.exploration
        self._examining.stop()
        self._examining = examining = Examining(self._session, self._took)
        self._programs.clear()
        self._verdicts.clear()
        self._is_asked = self._host is None
        self.refill()

        def make() -> Doctor:
            from capath.doctor.examine import Doctor
            from capath.doctor.machine import Machine
            from capath.doctor.registry import CLIENTS

            machine = Machine(dict(exploration.environment), os.getcwd())
            return Doctor(
                machine, exploration.now(), CLIENTS if exploration.clients is None else exploration.clients
            )

        def made(doctor: Doctor) -> None:
            examining.doctor = doctor
            for number, client in enumerate(doctor.clients):
                examining.add(partial(find_programs, doctor, number, client), self._take)

        examining.add(make, made)

    def _take(self, found: Iterable[Program]) -> None:
        self._programs.update((program.key, program) for program in found)

    def _took(self) -> None:
        """Something has been found; where everything has, the programs are asked about the host."""
        examining, doctor, host = self._examining, self._examining.doctor, self._host
        if doctor is not None and host is not None and not (self._is_asked or examining.is_running):
            self._is_asked = True
            rows = [program.row for program in self._programs.values() if program.row is not None]
            if self._session.exploration.resolver is not None or host.options.starttls is not None:
                self._session.say(
                    Tone.WARNING, "Programs are asked over HTTPS, by their own name lookup: not here."
                )
            else:
                examining.add(partial(doctor.judge_all, rows, host.endpoint), self._take_judged)
        self._session.version += 1
        was_first = self.rows.cursor == 0
        self.refill()
        if was_first:  # rows come in any order: the cursor stays at the top until it is moved
            self.rows.move_to(0)

    def _take_judged(self, judged: Iterable[Judged]) -> None:
        assert self._examining.doctor is not None
        for one in judged:
            self._examining.add(partial(self._examining.doctor.verdict, one), self._take_verdict)

    def _take_verdict(self, verdict: Verdict) -> None:
        self._verdicts[" ".join(verdict.row.program.key)] = verdict

    def refill(self) -> None:
        programs = sorted(self._programs.values(), key=lambda program: program.order)
        count = Counter(program.title for program in programs)
        self._titles = {
            p.key: p.title.replace("(Python ", "(py ") if count[p.title] == 1 else f"{p.title} {p.executable}"
            for p in programs
        }
        self.rows.show([p.key for p in programs if self.rows.asks_for(self._search(p))])

    def _search(self, program: Program) -> str:
        stores = () if program.row is None else program.row.stores
        return " ".join((program.key, program.title, self._state(program)[1], *(s.place.path for s in stores)))

    @property
    def current(self) -> Program | None:
        """The program under the cursor."""
        return None if self.rows.current is None else self._programs.get(self.rows.current)

    def item(self) -> Item | None:
        return None

    def reveal(self, key: str) -> None:
        """Nothing is folded here."""

    # --- drawing ---

    def columns(self) -> Sequence[Column]:
        programs = self._programs.values()
        titles = min(27 if self._host is None else 20, max(map(len, self._titles.values()), default=8))
        states = min(17, max((len(self._state(p)[1]) for p in programs), default=0))
        whys = min(22, max((len(_why(p.store)) for p in programs), default=4))
        return (
            Column("title", "Program", titles, middle=True),
            Column("reads", "Reads", 0, middle=True),
            Column("roots", "Roots", 5, drop=2, right=True),
            Column("state", "Problem" if self._host is None else "Verdict", max(7, states), drop=1),
            Column("why", "Why", whys, drop=3, middle=True),
        )

    def lead(self, row: str) -> Line:
        mark, _, role = self._state(self._programs[row])
        return line((f" {mark} ", role))

    def cells(self, row: str) -> Sequence[Cell]:
        program, store = self._programs[row], self._programs[row].store
        _, word, role = self._state(program)
        if program.row is None or store is None:
            return (
                Cell(self._titles[row], "muted"),
                Cell(program.reason, "muted"),
                Cell(""),
                Cell(word, role),
                Cell(""),
            )
        more = f" +{len(program.row.stores) - 1}" if len(program.row.stores) > 1 else ""
        return (
            Cell(self._titles[row]),
            Cell(_path(store) + more),
            Cell(_roots(store), "" if store.root_count else "warn"),
            Cell(word, role),
            Cell(_why(store), "muted"),
        )

    def _state(self, program: Program) -> tuple[str, str, str]:
        """Glyph, word and role: the worst problem, or what the program makes of the host."""
        from capath.doctor.place import NO_ERRORS, ProblemKind
        from capath.doctor.program import Accepts, Refuses

        if program.row is None:
            return "?", "not understood", "warn"
        if self._host is not None:
            verdict = self._verdicts.get(program.key)
            match None if verdict is None else verdict.opinion:
                case None:
                    return ("…" if self._examining.is_running else "·"), "", "muted"
                case Accepts():
                    return "✓", "accepts", "good"
                case Refuses(cause=cause):
                    return "✗", cause or "refuses", "bad"
                case _:
                    return "?", "not known", "warn"
        worst = next((p for p in program.problems if p.kind is not ProblemKind.NOT_USED), None)
        if worst is None:
            return " ", "", "muted"
        bad = worst.kind not in NO_ERRORS
        return ("✗" if bad else "!"), worst.kind.value, "bad" if bad else "warn"

    def title(self) -> Line:
        examining, marks = self._examining, Counter(self._state(p)[0] for p in self._programs.values())
        about = EMPTY if self._host is None else line((f" and {visible(self._host.endpoint.text)}", "strong!"))
        told = [
            (f"  {mark} {marks[mark]}", role)
            for mark, role in zip("✓✗!?", _MARK_ROLES, strict=True)
            if marks[mark]
        ]
        running: Line = EMPTY
        if examining.is_running:
            running = (
                Span(f"  … asking {examining.done} of {examining.total}  ", "muted"),
                *hint("Esc", "stops", "escape"),
            )
        return (Span("Programs"), *about, *line(*told), *running)

    def corner(self) -> Line:
        return hint("/", "filter", "slash")

    def empty(self) -> Line:
        if self._examining.is_running:
            return line(("asking the TLS clients of this machine …", "muted"))
        if self._examining.is_stopped:
            return (*line("Stopped.  "), *hint("r", "asks the programs again"))
        return line("No TLS client that capath knows was found on the PATH.")

    def is_notable(self, row: str) -> bool:
        return self._state(self._programs[row])[0] in "✗!?"

    def details(self, width: int, height: int) -> Details:
        from capath.doctor.read_place import why_text
        from capath.report.doctor import SHAPES

        program, page = self.current, Page(width, compact=height < 12)
        if program is None:
            return Details()
        if program.row is None:
            page.flow(program.reason, first=line(("? ", "warn!")))
        verdict = self._verdicts.get(program.key)
        if verdict is not None:
            self._verdict(page, verdict)
        nowhere = [problem for problem in program.problems if problem.leads_nowhere]
        for problem in nowhere:
            page.flow(visible(problem.text), first=line(("✗ ", "bad!")))
        for number, store in enumerate(() if program.row is None else program.row.stores):
            if number or nowhere or verdict is not None:
                page.blank()
            page.field("Reads", f"{_path(store)}{SHAPES[store.place.shape] if store.place.path else ''}", "strong")
            page.field("Why", why_text(store.place.why))
            changed = "" if store.changed_at is None else f", changed {store.changed_at:%Y-%m-%d}"
            page.field("Roots", f"{_roots(store)}{changed}")
        notes = [problem for problem in program.problems if not problem.leads_nowhere]
        if notes:
            page.section("Notes")
        for problem in notes:
            page.flow(visible(problem.text), first=line(("· ", "muted")))
        page.section("Program")
        page.flow(visible(program.executable))
        return Details(line(program.title), tuple(page.lines))

    def _verdict(self, page: Page, verdict: Verdict) -> None:
        from capath.doctor.program import Accepts
        from capath.report.doctor import reasons

        mark, _, role = self._state(self._programs[" ".join(verdict.row.program.key)])
        word = {"✓": "accepts", "✗": "refuses"}.get(mark, "no verdict on")
        page.flow(f"{word} {verdict.endpoint.text}", f"{role}!", first=line((f"{mark} ", f"{role}!")))
        if not isinstance(verdict.opinion, Accepts) or verdict.differs:
            for text in reasons(verdict):
                page.flow(visible(text), indent=2)
        if (remedy := verdict.remedy) is not None:
            page.flow(visible(remedy.text), "good!", first=line(("Fix  ", "muted")))
            if remedy.command:
                page.flow(visible(remedy.command), "strong", first=line(("     $ ", "muted")))
            if remedy.fixes is not None:
                how = "tried without changing anything" if remedy.ran else "judged by capath, not tried"
                told = (
                    "the program accepts the host"
                    if remedy.fixes
                    else f"this is not enough: {visible(remedy.said)}"
                )
                page.flow(f"{how}: {told}", "good" if remedy.fixes else "muted", indent=5)
        page.blank()

    # --- acting ---

    def hints(self) -> Sequence[Hint]:
        program = self.current
        store = None if program is None else program.store
        hints = []
        if store is not None and store.place.path:
            hints = [Hint("open", "open store"), Hint("compare", "compare")]
        back = [Hint("back", "former store")] if self._before else []
        return (*hints, *back, Hint("ask_again"), Hint("next", "next problem"), Hint("filter"), Hint("copy"))

    def act(self, action: str) -> bool:
        session, program = self._session, self.current
        store = None if program is None else program.store
        match action:
            case "escape" if self._examining.is_running:
                self._examining.stop()
                session.say(Tone.INFO, "Stopped; what was found stays.  ", *hint("r", "asks again"))
                self.refill()
            case "ask_again":
                self._examine()
            case "open" if store is not None:
                self._open(store.place.path)
            case "compare" if store is not None and store.place.path and session.stage is not None:
                session.stage.jump_to(Mode.COMPARE, "")
                session.compare(store.place.path)
            case "back" if self._before:
                self._switch(self._before.pop())
            case _:
                return False
        return True

    def _open(self, path: str) -> None:
        """Show the store that a program reads; a store that is not a directory is shown as a temporary copy."""
        session, now = self._session, self._session.exploration

        def opened(found: Exploration) -> None:
            self._switch(found, now)

        if not path:
            session.say(Tone.INFO, "Its roots are inside the program: there is no store to open.")
        elif os.path.abspath(path) == os.path.abspath(now.title or now.directory):
            session.say(Tone.INFO, "The explorer shows this store already:  ", *hint("1", "its certificates"))
        else:
            session.say(Tone.RUNNING, f"opening {visible(path)} …")
            session.in_background(
                lambda: open_exploration(path, now, session.at_end),
                opened,
                lambda text: session.say(Tone.FAILED, visible(text)),
            )

    def _switch(self, found: Exploration, before: Exploration | None = None) -> None:
        """Show another store; `before` is gone back to."""
        session, name = self._session, visible(found.title or found.directory)

        def go() -> None:
            session.open(found)
            if before is not None and session.stage is not None:
                self._before.append(before)
                session.stage.jump_to(Mode.CERTIFICATES, "")
            back = EMPTY if before is None else hint("Backspace", "goes back", "backspace")
            session.say(Tone.INFO, f"{name} is open.  ", *back)

        session.hush(all_of_it=True)
        if session.staged and session.stage is not None:
            session.stage.ask(f"{session.staged.text} staged and not applied. Open {name}?", "Open", go)
        else:
            go()


def _path(store: StoreRead) -> str:
    return visible(store.place.path) or "built in"


def _roots(store: StoreRead) -> str:
    return "?" if store.root_count is None else f"{store.root_count:,}"


def _why(store: StoreRead | None) -> str:
    if store is None:
        return ""
    from capath.doctor.read_place import why_text

    return why_text(store.place.why)
