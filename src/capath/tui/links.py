"""Mode 2: the hash links as lookup walks them: a title a hash, its slots below in the order they are asked for."""

from __future__ import annotations

from collections.abc import Sequence

from capath.pki.visible import visible
from capath.store.link_health import LinkReport, LinkState
from capath.store.link_name import LinkName
from capath.store.lookup import EndOfRow, walk
from capath.tui.actions import Mode
from capath.tui.model import Item, Store
from capath.tui.pane import Details, Hint
from capath.tui.rows import Cell, Column, Group, Rows, grouped, key_of
from capath.tui.session import Session
from capath.tui.text import EMPTY, Line, Page, Span, hint, line

_NOT_ASKED = "names that lookup never asks for"


class LinksPane:
    """Rows are the names of links; a row of slots is a group, folded where it is healthy."""

    mode = Mode.LINKS
    share = 0.54
    summary_height = 5

    def __init__(self, session: Session) -> None:
        self._session = session
        self.rows: Rows[Group | str] = Rows(key_of, self.refill)
        self._store: Store | None = None
        self._links: dict[str, LinkReport] = {}
        self._hashes: dict[str, list[str]] = {}

    def refresh(self) -> None:
        store = self._session.store
        if store is self._store or store is None:
            self.rows.version += 1
            return
        self._store = store
        self._links = {link.name: link for link in store.listing.links}
        self._hashes = {}
        for name in self._links:
            parsed = LinkName.parse(name)
            kind = "r" if parsed is not None and ".r" in name else ""
            key = _NOT_ASKED if parsed is None else f"{parsed.row.hash}{kind}"
            self._hashes.setdefault(key, []).append(name)
        for names in self._hashes.values():
            names.sort(key=lambda name: int(name[9:].lstrip("rR") or 0))
        self.rows.folded = {key for key, names in self._hashes.items() if not self._is_bad(names)}
        self.refill()

    def refill(self) -> None:
        groups: list[tuple[Group, Sequence[str]]] = []
        for key, names in self._hashes.items():
            text = " ".join(
                f"{name} {self._links[name].target or ''} {self._links[name].state.value}" for name in names
            )
            titles = self._titles(names)
            if self.rows.asks_for(f"{text} {titles}"):
                groups.append((self._group(key, names, titles), names))
        groups.sort(key=lambda group: (not self._is_bad(group[1]), group[0].key))
        folded = set() if self.rows.query else self.rows.folded
        self.rows.show(grouped(groups, folded))

    def _group(self, key: str, names: Sequence[str], titles: str) -> Group:
        marks = tuple(
            Span(f".{name[9:]} {'✓' if self._is_ok(name) else '▲'} ", "good" if self._is_ok(name) else "warn")
            for name in names[:4]
        )
        bad = self._is_bad(names)
        return Group(key, key.rstrip("r"), 0, "warn!" if bad else "strong", marks, titles)

    def _titles(self, names: Sequence[str]) -> str:
        found = dict.fromkeys(self._title(sha) for name in names for sha in self._links[name].certificates)
        return ", ".join(found) or "nothing"

    def _title(self, sha256: str) -> str:
        item = None if self._store is None else self._store.item(sha256)
        return "a CRL" if item is None else item.title

    def _is_ok(self, name: str) -> bool:
        return self._links[name].state is LinkState.OK

    def _is_bad(self, names: Sequence[str]) -> bool:
        return not all(map(self._is_ok, names))

    @property
    def _current_names(self) -> Sequence[str]:
        row = self.rows.current
        if row is None:
            return ()
        return self._hashes.get(row.key, ()) if isinstance(row, Group) else (row,)

    def item(self) -> Item | None:
        shas = [sha for name in self._current_names for sha in self._links[name].certificates]
        return None if self._store is None or not shas else self._store.item(shas[0])

    def reveal(self, key: str) -> None:
        for hash_key, names in self._hashes.items():
            if key in names and self.rows.fold(hash_key, False):
                self.refill()

    # --- drawing ---

    def columns(self) -> Sequence[Column]:
        return (Column("name", "", 12), Column("state", "", 17, drop=1), Column("target", "", 0, middle=True))

    def lead(self, row: Group | str) -> Line:
        assert isinstance(row, str)
        ok = self._is_ok(row)
        return line("   ", ("✓ " if ok else "▲ ", "good" if ok else "warn"))

    def cells(self, row: Group | str) -> Sequence[Cell]:
        assert isinstance(row, str)
        link = self._links[row]
        ok = self._is_ok(row)
        target = "a regular file" if link.target is None else f"→ {visible(link.target)}"
        return (
            Cell(visible(link.name), "" if ok else "warn"),
            Cell(link.state.value, "muted" if ok else "warn"),
            Cell(target, "" if ok else "muted"),
        )

    def title(self) -> Line:
        defects = sum(not self._is_ok(name) for name in self._links)
        told = f"  {len(self._links):,} hash links"
        bad = line((f"   ▲ {defects:,} with a defect", "warn!")) if defects else EMPTY
        return (*line("Links", (told, "muted")), *bad)

    def corner(self) -> Line:
        return hint("/", "filter", "slash")

    def empty(self) -> Line:
        if self._store is None:
            return line(("reading the directory …", "muted"))
        return (*line("No hash links, so lookup finds nothing here.  "), *hint("R", "makes them"))

    def is_notable(self, row: Group | str) -> bool:
        return isinstance(row, str) and not self._is_ok(row)

    def details(self, width: int, height: int) -> Details:
        names = self._current_names
        store = self._store
        if not names or store is None:
            return Details()
        page = Page(width)
        current = self.rows.current
        bad = [name for name in names if not self._is_ok(name)]
        for name in bad or names[:1]:
            link = self._links[name]
            role = "warn" if bad else "good"
            page.flow(
                visible(link.why), "", first=line((f"{'▲' if bad else '✓'} {link.state.value}  ", f"{role}!"))
            )
        if bad:
            page.flow("Recreate the hash links", "good!", first=line(("Fix  ", "muted"), *hint("m", "")[:1], " "))
        parsed = LinkName.parse(names[0])
        if parsed is not None:
            self._walk(page, store, parsed)
        for name in names:
            link = self._links[name]
            page.section(name)
            page.field(
                "Leads to", "nothing: it is a regular file" if link.target is None else visible(link.target)
            )
            for sha in link.certificates:
                page.field("Serves", self._title(sha))
        title = current.title if isinstance(current, Group) else str(current)
        return Details(line(visible(title)), tuple(page.lines))

    def _walk(self, page: Page, store: Store, link: LinkName) -> None:
        """What lookup does, step by step."""
        page.section("What lookup does")
        step = walk(store.listing.snapshot, link.row)
        for slot in step.served:
            titles = ", ".join(
                self._title(item.certificate.sha256) if hasattr(item, "certificate") else "a CRL"
                for item in slot.objects
            )
            page.flow(f"finds {titles}", first=line((f"✓ {slot.name}  ", "good")))
        end = step.end
        if isinstance(end, EndOfRow):
            page.flow("is not there: lookup stops here", "muted", first=line((f"· {end.name}  ", "muted")))
        else:
            page.flow(
                f"does not load ({visible(end.reason)}): lookup stops here",
                first=line((f"▲ {end.name}  ", "warn")),
            )
        for name in end.beyond:
            page.flow("is never asked for", "warn", first=line((f"▲ {name}  ", "warn")))

    # --- acting ---

    def hints(self) -> Sequence[Hint]:
        review = (Hint("review"),) if self._session.staged else ()
        fix = (Hint("fix"),) if self._is_bad(self._current_names) else ()
        item = self.item()
        flip = () if item is None else (Hint("flip", "off" if self._session.will_be_trusted(item) else "on"),)
        return (
            *fix,
            Hint("open", "certificate"),
            *flip,
            *review,
            Hint("unfold", "unfold"),
            Hint("filter"),
            Hint("next", "next defect"),
            Hint("copy"),
        )

    def act(self, action: str) -> bool:
        session, item = self._session, self.item()
        match action:
            case "fix":
                session.rehash()
            case "flip" if item is not None:
                session.flip([item])
            case "open" if item is not None and session.stage is not None:
                session.stage.jump_to(Mode.CERTIFICATES, item.sha256)
            case _:
                return False
        return True
