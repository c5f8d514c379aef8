"""Mode 1: who is trusted. The certificates, and after them the files that lookup gets none from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from capath.tui.actions import Mode
from capath.tui.details import (
    MARK_ROLES,
    certificate_lines,
    other_file_lines,
    summary,
)
from capath.tui.model import Item, OtherFile, Stage, Store
from capath.tui.pane import Details, Hint
from capath.tui.rows import Cell, Column, Rows
from capath.tui.search import (
    Filter,
    Order,
    Orders,
    excluding_word,
    matching,
    matching_others,
    parse_filter,
)
from capath.tui.session import Message, Session, Tone
from capath.tui.settings import COLUMNS
from capath.tui.text import EMPTY, Line, Span, hint, line

_KEPT_DETAILS = 200


class CertificatesPane:
    """Rows are numbers: of the store's certificates, then of its other files."""

    mode = Mode.CERTIFICATES
    share = 0.54
    summary_height = 2

    def __init__(self, session: Session) -> None:
        self._session = session
        self.rows: Rows[int] = Rows(self._key, self.refill, self._number)
        self.rows.sort = Order.NAME.value
        self._store: Store | None = None
        self._orders = Orders(())
        self._all: list[int] = []
        self._told = False
        self._last = Filter((), ())
        self._last_numbers: tuple[str, list[int]] | None = None
        self._columns: tuple[Column, ...] = ()
        self.chosen_columns: Sequence[str] = COLUMNS
        """Which columns there are, in their order; the name is always among them."""
        self._used: Mapping[str, Sequence[str]] = {}
        self._kept: dict[tuple[object, ...], Details] = {}

    # --- rows ---

    def refresh(self) -> None:
        store = self._session.store
        self._used = self._session.bench.used_roots
        if store is not self._store and store is not None:
            self._store, self._last_numbers = store, None
            self._orders, self._all = Orders(store.items), list(range(len(store.items)))
            columns = {column.key: column for column in _columns(store)}
            chosen = dict.fromkeys((*self.chosen_columns, Order.NAME))
            self._columns = tuple(columns[name] for name in chosen if name in columns)
            self._kept.clear()
            known = {item.sha256 for item in store.items}
            self.rows.marks &= known
            self.refill()
        elif "is:staged" in self.rows.query or "rule:" in self.rows.query:
            self._last_numbers = None
            self.refill()
        else:
            self.rows.version += 1

    def refill(self) -> None:
        store = self._store
        if store is None:
            return
        chosen = parse_filter(self.rows.query, self._session.staged, self._session.exploration.now(), store)
        among = None
        if self._last_numbers is not None and _narrows(self._last_numbers[0], self.rows.query):
            among = self._last_numbers[1]
        numbers = matching(store.items, chosen, among) if chosen.tests else self._all
        self._last, self._last_numbers = chosen, (self.rows.query, numbers)
        view = self._orders.sorted(numbers, Order(self.rows.sort), self.rows.reverse)
        count = len(store.items)
        others = [count + number for number in matching_others(store.others, chosen)]
        if chosen.problem:
            self._session.message = Message(Tone.WARNING, line(chosen.problem))
        elif self._told:
            self._session.hush(all_of_it=True)
        self._told = bool(chosen.problem)
        self.rows.show([*view, *others] if others else view)

    def _key(self, number: int) -> str:
        entry = self._entry(number)
        return entry.sha256 if isinstance(entry, Item) else f"file {entry.file}"

    def _number(self, key: str) -> int | None:
        if self._store is None:
            return None
        number = self._store.numbers.get(key)
        if number is None and key.startswith("file "):
            files = [f"file {other.file}" for other in self._store.others]
            return len(self._store.items) + files.index(key) if key in files else None
        return number

    def _entry(self, number: int) -> Item | OtherFile:
        assert self._store is not None
        count = len(self._store.items)
        return self._store.items[number] if number < count else self._store.others[number - count]

    @property
    def current(self) -> Item | OtherFile | None:
        number = self.rows.current
        return None if number is None else self._entry(number)

    def item(self) -> Item | None:
        current = self.current
        return current if isinstance(current, Item) else None

    @property
    def shown_items(self) -> list[Item]:
        """The certificates that the filter lets through."""
        return [entry for number in self.rows.view if isinstance(entry := self._entry(number), Item)]

    @property
    def marked(self) -> list[Item]:
        """The certificates that are marked, in the store's order."""
        store, marks = self._store, self.rows.marks
        return [] if store is None or not marks else [item for sha in marks if (item := store.item(sha))]

    def reveal(self, key: str) -> None:
        """Nothing is folded here."""

    # --- drawing ---

    def columns(self) -> Sequence[Column]:
        return self._columns

    def lead(self, row: int) -> Line:
        entry = self._entry(row)
        if isinstance(entry, OtherFile):
            return line(
                "   ", ("⊘ ", "warn" if entry.is_key else "muted") if entry.kind != "CRL" else ("· ", "muted")
            )
        stage = self._session.staged.stage_of(entry.sha256)
        marked = "■" if entry.sha256 in self.rows.marks else " "
        return (
            Span(f"{marked}{stage.value} ", "staged!"),
            Span(f"{entry.mark.value} ", MARK_ROLES[entry.mark]),
        )

    def cells(self, row: int) -> Sequence[Cell]:
        entry = self._entry(row)
        if isinstance(entry, OtherFile):
            role = "warn" if entry.is_key else "muted"
            word = "" if entry.kind == "CRL" else "skipped"
            return self._in_columns(
                entry.title, entry.links, entry.kind, word, "", role=role, until=role, name=role
            )
        staged = self._session.staged.stage_of(entry.sha256) is not Stage.NONE
        role = "staged" if staged else "" if entry.trusted else MARK_ROLES[entry.mark]
        quiet = role or "muted"
        until = "bad" if entry.until.startswith("expired") else quiet
        return self._in_columns(
            entry.title, entry.link, entry.key, entry.until, entry.organisation, role=quiet, until=until, name=role
        )

    def _in_columns(
        self, title: str, link: str, key: str, end: str, organisation: str, *, role: str, until: str, name: str
    ) -> Sequence[Cell]:
        """The cells of a row in the order of the columns."""
        cells = {
            Order.NAME: Cell(title, name),
            Order.LINK: Cell(link, role),
            Order.KEY: Cell(key, role),
            Order.UNTIL: Cell(end, until),
            Order.ORGANISATION: Cell(organisation, role),
        }
        return [cells[Order(column.key)] for column in self._columns]

    def title(self) -> Line:
        store = self._store
        if store is None:
            return line("Certificates")
        total, shown = len(store.items) + len(store.others), len(self.rows.view)
        told = f"  {shown:,} of {total:,}" if self.rows.query else f"  all {total:,}"
        marked = line(("   ", ""), (f"■ {len(self.rows.marks):,} marked", "staged!")) if self.rows.marks else EMPTY
        return (*line("Certificates", (told, "muted")), *marked)

    def corner(self) -> Line:
        return hint("/", "filter", "slash")

    def empty(self) -> Line:
        store = self._store
        if store is None:
            return line(("reading the directory …", "muted"))
        if not store.items and not store.others:
            return (
                *line("No certificates here yet:  "),
                *hint("I", "imports some, or copy .pem files in and "),
                *hint("R", "links them"),
            )
        word = excluding_word(store.items, self._last)
        told = f"Nothing matches: “{word}” excludes the most.  " if word else "Nothing matches.  "
        return (*line(told), *hint("Esc", "clears the filter", "escape"))

    def is_notable(self, row: int) -> bool:
        entry = self._entry(row)
        if isinstance(entry, OtherFile):
            return entry.is_key
        return MARK_ROLES[entry.mark] == "warn" or self._session.staged.stage_of(entry.sha256) is not Stage.NONE

    def details(self, width: int, height: int) -> Details:
        current, session, store = self.current, self._session, self._store
        if current is None or store is None:
            return Details()
        if isinstance(current, OtherFile):
            return Details(line(current.title), tuple(other_file_lines(current, width)))
        staged = session.staged.stage_of(current.sha256)
        used = tuple(self._used.get(current.sha256, ()))
        known = store.findings is not None
        key = (current.sha256, width, height <= 3, staged, used, known)
        if key not in self._kept:
            if len(self._kept) >= _KEPT_DETAILS:
                self._kept.pop(next(iter(self._kept)))
            now = session.exploration.now()
            lines = (
                summary(current, session.staged, used, now, width)
                if height <= 3
                else certificate_lines(current, store, session.staged, used, now, width)
            )
            self._kept[key] = Details(line(current.title), tuple(lines))
        return self._kept[key]

    # --- acting ---

    def hints(self) -> Sequence[Hint]:
        current, marked = self.current, self.marked
        review = (Hint("review"),) if self._session.staged else ()
        if marked:
            off = any(self._session.will_be_trusted(item) for item in marked)
            verb = f"{len(marked):,} {'off' if off else 'on'}"
            return (
                Hint("flip", verb),
                Hint("mark"),
                *review,
                Hint("escape", "unmark"),
                Hint("filter"),
                Hint("mark_all"),
            )
        more = (Hint("test"), Hint("go", "go to…"), Hint("filter"), Hint("sort"), Hint("copy"))
        if isinstance(current, OtherFile):
            return (*((Hint("fix", "import"),) if current.importable else ()), *review, *more)
        if current is None:
            return (Hint("import"), Hint("rehash"), *more)
        word = "off" if self._session.will_be_trusted(current) else "on"
        fix = (Hint("fix"),) if MARK_ROLES[current.mark] == "warn" else ()
        return (Hint("flip", word), *fix, Hint("mark"), *review, *more)

    def act(self, action: str) -> bool:
        current, session = self.current, self._session
        match action:
            case "flip":
                if marked := self.marked:
                    session.flip(marked)
                elif isinstance(current, Item):
                    session.flip([current])
                    self.rows.move_to(self.rows.cursor + 1)
                elif current is not None:
                    session.say(Tone.INFO, "Lookup skips this file; there is nothing to stage.")
            case "mark" if isinstance(current, Item):
                self.rows.toggle_mark([current.sha256])
                self.rows.move_to(self.rows.cursor + 1)
            case "mark_all":
                self.rows.toggle_mark(item.sha256 for item in self.shown_items)
            case "fix" if isinstance(current, OtherFile) and current.importable:
                directory = session.exploration.directory
                session.import_from(f"{directory}/{current.file}")
            case "fix" if isinstance(current, Item) and MARK_ROLES[current.mark] == "warn":
                session.rehash()
            case "sort":
                orders = [order.value for order in Order]
                self.rows.sort, self.rows.reverse = orders[(orders.index(self.rows.sort) + 1) % len(orders)], False
                self.refill()
            case "reverse":
                self.rows.reverse = not self.rows.reverse
                self.refill()
            case _:
                return False
        return True


def _narrows(before: str, now: str) -> bool:
    """Whether whatever matches `now` matched `before`: letters were added to words that are asked for."""
    is_text = not any(sign in now for sign in ("-", '"', ":", "<", ">", "~", "@", "expires"))
    return bool(before) and now.startswith(before) and is_text


def _columns(store: Store) -> tuple[Column, ...]:
    """Widths come from the longest value there is, capped."""

    def width(texts: Sequence[str], least: int, most: int) -> int:
        return max(least, min(most, max(map(len, texts), default=0)))

    items, others = store.items, store.others
    return (
        Column(Order.NAME, "Name", 0, middle=True),
        Column(
            Order.LINK,
            "Link",
            width([*(item.link for item in items), *(other.links for other in others)], 4, 12),
            drop=3,
        ),
        Column(Order.KEY, "Key", width([*(item.key for item in items), *(o.kind for o in others)], 3, 12), drop=2),
        Column(Order.UNTIL, "Until", width([item.until for item in items], 10, 12), drop=1),
        Column(Order.ORGANISATION, "Organisation", width([item.organisation for item in items], 12, 36), drop=4),
    )
