"""Mode 5: this store beside another, by certificate: what only one has, and what they judge differently."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from capath.errors import StrEnum
from capath.pki.visible import visible, visible_name
from capath.store.diff import Comparison, Member
from capath.tui.actions import Mode
from capath.tui.model import Item
from capath.tui.pane import Details, Hint
from capath.tui.rows import Cell, Column, Group, Rows, grouped, key_of
from capath.tui.session import Compared, Session, Tone
from capath.tui.text import EMPTY, Line, Page, hint, line

MOZILLA = "mozilla"


class Difference(StrEnum):
    """What a row of the comparison says, in the order of the groups."""

    ONLY_THERE = "Only there"
    TRUST = "Other state"
    ONLY_HERE = "Only here"
    LIMITS = "Other limits"


class Compare(NamedTuple):
    """One difference. Where a store lacks the certificate, its member is None."""

    difference: Difference
    here: Member | None
    there: Member | None
    note: str = ""

    @property
    def member(self) -> Member:
        member = self.here or self.there
        assert member is not None
        return member


class Offer(NamedTuple):
    """A store that can be compared with, while nothing is."""

    text: str
    label: str


_OFFERS = (
    Offer(MOZILLA, "Mozilla’s list, as it came with capath"),
    Offer("certifi", "certifi, which requests uses"),
    Offer("system", "this machine’s own store"),
    Offer("", "another: a directory, a bundle, a Java keystore …"),
)


class ComparePane:
    """Rows are differences in groups; before anything is compared, the stores that could be."""

    mode = Mode.COMPARE
    share = 0.6
    summary_height = 5

    def __init__(self, session: Session) -> None:
        self._session = session
        self.rows: Rows[Group | str] = Rows(key_of, self.refill)
        self._compared: Compared | None = None
        self._by_sha: dict[str, Compare] = {}
        self.refill()

    def refresh(self) -> None:
        if self._session.compared is self._compared:
            self.rows.version += 1
            return
        self._compared = self._session.compared
        if self._compared is not None:
            self._by_sha = {row.member.sha256: row for row in _rows(self._compared.comparison)}
            self.rows.marks &= self._by_sha.keys()
        self.refill()

    def refill(self) -> None:
        if self._compared is None:
            self.rows.show([offer.text for offer in _OFFERS])
            return
        groups = []
        for difference in Difference:
            found = [
                sha
                for sha, row in self._by_sha.items()
                if row.difference is difference
                and self.rows.asks_for(f"{row.member.label} {difference.value} {sha}")
            ]
            groups.append((Group(difference.name, difference.value, 0), found))
        self.rows.show(grouped(groups, self.rows.folded))

    @property
    def current(self) -> Compare | None:
        """The difference under the cursor."""
        row = self.rows.current
        return None if row is None or isinstance(row, Group) else self._by_sha.get(row)

    def item(self) -> Item | None:
        store, row = self._session.store, self.current
        return None if store is None or row is None else store.item(row.member.sha256)

    def reveal(self, key: str) -> None:
        """Nothing jumps here."""

    # --- drawing ---

    def columns(self) -> Sequence[Column]:
        if self._compared is None:
            return (Column("store", "", 0),)
        return (
            Column("name", "Name", 0, middle=True),
            Column("here", "Here", 5),
            Column("there", "There", 5),
            Column("until", "Until", 10, drop=1),
        )

    def lead(self, row: Group | str) -> Line:
        marked = "■ " if row in self.rows.marks else "  "
        item = None if self._session.store is None else self._session.store.item(str(row))
        stage = " " if item is None else self._session.staged.stage_of(item.sha256).value
        return line((f" {marked}{stage} ", "staged!"))

    def cells(self, row: Group | str) -> Sequence[Cell]:
        if self._compared is None:
            return (Cell(next(offer.label for offer in _OFFERS if offer.text == row)),)
        assert isinstance(row, str)
        found = self._by_sha[row]
        item = None if self._session.store is None else self._session.store.item(row)
        until = "" if item is None else item.until
        return (
            Cell(visible_name(found.member.label), "staged" if row in self.rows.marks else ""),
            _state(found.here),
            _state(found.there),
            Cell(until, "bad" if until == "expired" else "muted"),
        )

    def title(self) -> Line:
        if self._compared is None:
            return line("Compare with")
        comparison = self._compared.comparison
        marked = line((f"   ■ {len(self.rows.marks):,} marked", "staged!")) if self.rows.marks else EMPTY
        told = f"  {comparison.same:,} the same"
        name = os.path.basename(comparison.right.title.rstrip("/")) or comparison.right.title
        return (*line(f"Compare with {visible(name)}", (told, "muted")), *marked)

    def corner(self) -> Line:
        return EMPTY if self._compared is None else hint("c", "other")

    def empty(self) -> Line:
        return line(("✓ No difference.", "good"))

    def is_notable(self, row: Group | str) -> bool:
        return not isinstance(row, Group)

    def details(self, width: int, height: int) -> Details:
        page, row = Page(width), self.current
        if self._compared is None:
            page.flow("Which roots does this store trust that another does not, and the other way round?")
            page.blank()
            page.add(*hint("Enter", "compares with the store under the cursor", "enter"))
            page.add(*hint("c", "compares with one that you name: a directory, a bundle, a path"))
            return Details(line("What is compared"), tuple(page.lines))
        if row is None:
            return Details()
        for label, member in (("here", row.here), ("there", row.there)):
            state = _state(member)
            words = "not there" if member is None else "trusted" if member.trusted else "off"
            page.field(label.capitalize(), f"{state.text} {words}", state.role)
            if member is not None and (member.distrust_after or member.constraints):
                limits = (
                    [f"leaves issued until {member.distrust_after:%Y-%m-%d} only"] if member.distrust_after else []
                )
                limits += [f"names under {member.constraints} only"] if member.constraints else []
                page.field("", visible("; ".join(limits)), "warn")
        page.blank()
        digits = row.member.sha256.upper()
        groups = [digits[at : at + 8] for at in range(0, 64, 8)]
        page.field("SHA-256", " ".join(groups[:4]))
        page.field("", " ".join(groups[4:]))
        item = self.item()
        if item is not None:
            page.field("Key", item.key)
            page.field("Until", item.until, "bad" if item.until == "expired" else "")
            page.add(*hint("Enter", "shows the certificate", "enter"))
        if row.note:
            page.blank()
            page.flow(visible(row.note), "muted")
        return Details(line(visible_name(row.member.label)), tuple(page.lines))

    # --- acting ---

    @property
    def _importable(self) -> list[str]:
        """What I would import: of the marked, or under the cursor, what is only there."""
        chosen = self.rows.marks or ({self.current.member.sha256} if self.current is not None else set())
        return [
            sha for sha in chosen if (row := self._by_sha.get(sha)) and row.difference is Difference.ONLY_THERE
        ]

    def hints(self) -> Sequence[Hint]:
        if self._compared is None:
            return (Hint("open", "compare"), Hint("compare", "another store"), Hint("filter"))
        row = self.current
        hints: list[Hint] = [Hint("mark"), Hint("mark_all", "mark group")]
        if self._importable and self._compared.text != MOZILLA:
            count = len(self._importable)
            hints.append(Hint("import", f"import {count:,} marked" if self.rows.marks else "import"))
        if row is not None and row.here is not None:
            hints.append(Hint("flip", "here as there"))
        review = [Hint("review")] if self._session.staged else []
        return (*hints, *review, Hint("compare", "other store"), Hint("next"), Hint("filter"))

    def act(self, action: str) -> bool:
        session, row = self._session, self.current
        match action:
            case "open" if self._compared is None:
                text = self.rows.current
                if text and isinstance(text, str):
                    session.compare(text)
                elif session.stage is not None:
                    session.stage.run("compare")
            case "open" if row is not None and session.stage is not None:
                if row.here is None or not session.stage.jump_to(Mode.CERTIFICATES, row.member.sha256):
                    session.say(Tone.INFO, "This certificate is only there, not in this directory.")
            case "mark" if row is not None:
                self.rows.toggle_mark([row.member.sha256])
                self.rows.move_to(self.rows.cursor + 1)
            case "mark_all":
                self.rows.toggle_mark(self._group_of_cursor())
            case "flip" if row is not None:
                self._as_there(row)
            case "import" if self._compared is not None:
                self._import(self._compared.text)
            case _:
                return False
        return True

    def _group_of_cursor(self) -> list[str]:
        current = self.rows.current
        key = current.key if isinstance(current, Group) else self.current.difference.name if self.current else ""
        return [sha for sha, row in self._by_sha.items() if row.difference.name == key]

    def _as_there(self, row: Compare) -> None:
        """Stage "here as it is there"."""
        session, item = self._session, self.item()
        trusted_there = row.there is not None and row.there.trusted
        if item is None:
            self._import(self._compared.text if self._compared is not None else "")
        elif session.will_be_trusted(item) == trusted_there:
            session.unstage([item.sha256])
        else:
            session.stage_certificates([item.sha256], trust=trusted_there)

    def _import(self, text: str) -> None:
        session, chosen = self._session, self._importable
        if text == MOZILLA:
            session.say(
                Tone.WARNING,
                "Mozilla’s list holds no certificates, only fingerprints: capath import fetches them.",
            )
        elif not chosen:
            session.say(Tone.WARNING, "Only what is there and not here can be imported.")
        else:
            session.import_from(text, chosen)


def _state(member: Member | None) -> Cell:
    if member is None:
        return Cell("–", "muted")
    return Cell("●", "good") if member.trusted else Cell("○", "muted")


def _rows(comparison: Comparison) -> list[Compare]:
    rows = [
        Compare(Difference.ONLY_THERE, None, only.member, _same_key(only.same_key_there, "here"))
        for only in comparison.only_right
    ]
    rows += [Compare(Difference.TRUST, pair.left, pair.right) for pair in comparison.trust]
    rows += [
        Compare(Difference.ONLY_HERE, only.member, None, _same_key(only.same_key_there, "there"))
        for only in comparison.only_left
    ]
    known = {row.member.sha256 for row in rows}
    return rows + [
        Compare(Difference.LIMITS, pair.left, pair.right)
        for pair in comparison.limits
        if pair.left.sha256 not in known
    ]


def _same_key(members: Sequence[Member], where: str) -> str:
    if not members:
        return ""
    return f"The same name and key is {where} in {members[0].label} ({members[0].sha256[:16]})."
