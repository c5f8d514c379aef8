"""`openssl rehash`, planned: the links a directory should have, and the steps there (openssl-rehash(1))."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from capath.change.aside import Places, is_off_by_suffix, left_by_suffix, move
from capath.change.grace import with_grace
from capath.change.operation import Absent, MakeLink, Operation, RemoveLink
from capath.change.plan import Plan, Refusal, is_unknown_slot, row_slots
from capath.change.row_order import Blocked, FixedSlot, LinkSlot, Wanted, lay_out, row_operations
from capath.errors import RowError, StrEnum, assert_never
from capath.store.entry import (
    DanglingEntry,
    Entry,
    FileEntry,
    LinkEntry,
    OtherEntry,
    is_unknown,
    symlink_target,
)
from capath.store.held import NOT_ONE_TEXT, Held, Linkable, NotLinkable
from capath.store.link_name import ASIDE, LinkKind, LinkName, Row, has_rehash_extension, resembles_link
from capath.store.slot import Loaded, load_slot
from capath.store.snapshot import Snapshot
from capath.store.walk import no_collection

COLLISIONS_LIMIT = 256
_BUCKETS = 257
_NOUN = {LinkKind.CERTIFICATE: "certificate", LinkKind.CRL: "CRL"}


class HashStyle(StrEnum):
    """Which hashes links are named by: ``-old`` and ``-compat`` of openssl-rehash(1)."""

    NEW = "new"
    OLD = "old"
    BOTH = "both"


class Passed(NamedTuple):
    """A file that gets no link. `is_error` counts in the exit status, as `openssl rehash` counts it."""

    file: str
    reason: str
    is_error: bool


class Rehash(NamedTuple):
    """The plan for one directory, and the files that get no link. `right_rows` are those left as they are, and
    `new_links` the links that the others should end with."""

    plan: Plan
    passed: tuple[Passed, ...]
    style: HashStyle
    right_rows: Sequence[Row]
    new_links: Sequence[tuple[str, str]]

    @property
    def links(self) -> tuple[tuple[str, str], ...]:
        """All links that the directory should end with: name to target."""
        rows = self.plan.before.rows
        entries = [entry for row in self.right_rows for entry in rows[row].values()]
        there = [(entry.name, target) for entry in entries if (target := symlink_target(entry)) is not None]
        return (*there, *self.new_links)

    @property
    def error_count(self) -> int:
        return len(self.plan.refusals) + sum(passed.is_error for passed in self.passed)

    def verbose_lines(self) -> Iterator[str]:
        """The lines that ``-v`` prints after ``Doing DIR``, in the order of `openssl rehash`. Names are raw."""
        snapshot = self.plan.before
        removed = [
            (operation.name, operation.was.target)
            for operation in self.plan.operations
            if isinstance(operation, RemoveLink) and operation.name in snapshot.entries
        ]
        return _verbose_lines(_entered(snapshot, self.style), dict(self.links), removed)


class RowPlan(NamedTuple):
    """One row: the steps, its links at the end, and what is in the way."""

    operations: Sequence[Operation]
    links: Sequence[tuple[str, str]]
    refusals: Sequence[Refusal] = ()


@no_collection()
def plan_rehash(snapshot: Snapshot, style: HashStyle = HashStyle.NEW, *, remove: bool = True) -> Rehash:
    """Plan the links of `snapshot`. Without `remove` (``-n``) no link is taken away."""
    wanted, passed = _assign(_files(snapshot), style)
    operations: list[Operation] = []
    links: list[tuple[str, str]] = []
    refusals: list[Refusal] = []
    right: list[Row] = []
    for row in sorted(snapshot.rows.keys() | wanted.keys()):
        files = wanted.get(row, ())
        if _is_right(snapshot.rows.get(row), files):
            right.append(row)
            continue
        row_plan = plan_row(snapshot, row, files, remove=remove)
        operations += row_plan.operations
        links += row_plan.links
        refusals += row_plan.refusals
        passed += _unknown(snapshot, row)
    if remove:
        operations += _put_aside(snapshot)
    plan = Plan(snapshot, f"rehash ({style.value} hashes)", with_grace(snapshot, operations), tuple(refusals))
    return Rehash(plan, tuple(passed), style, right, links)


def plan_row(snapshot: Snapshot, row: Row, files: Sequence[str], *, remove: bool) -> RowPlan:
    """Plan one row, in which `files` are to be linked."""
    there = snapshot.rows.get(row)
    if there is None:
        start, absent = row.start, Absent()
        links = [(f"{start}{slot}", name) for slot, name in enumerate(files)]
        return RowPlan([MakeLink(name, target, absent) for name, target in links], links)
    slots = row_slots(snapshot, row)
    served = {sha for there in slots.values() if isinstance(there, FixedSlot) for sha in there.serves}
    every = [Wanted(name, _serves(snapshot.entries[name], row.kind)) for name in files]
    # What cannot be read now is not known to be bad: its link stays.
    unknown = {slot.link.target: slot for slot in slots.values() if is_unknown_slot(slot)}
    every += [Wanted(target, slot.serves) for target, slot in unknown.items()]
    wanted = [item for item in every if not item.serves or not served.issuperset(item.serves)]
    layout = lay_out(slots, wanted, keep_places=True)
    if isinstance(layout, Blocked):
        reason = f"it is not a link and does not load, so the {len(wanted)} after it are out of reach"
        return RowPlan((), (), [Refusal(row.name(layout.slot), reason, "move it away, then rehash again")])
    going = [slot for slot, there in slots.items() if isinstance(there, LinkSlot)] if remove else []
    try:
        operations = row_operations(row, slots, layout, going)
    except RowError as error:
        return RowPlan((), (), [Refusal(error.name, error.reason, f"{error.remedy}, then rehash again")])
    return RowPlan(operations, [(row.name(slot), item.target) for slot, item in sorted(layout.items())])


def _put_aside(snapshot: Snapshot) -> Iterator[Operation]:
    """What earlier versions of capath left beside the others, and programs that read every file still trust."""
    if any(map(is_off_by_suffix, snapshot.entries)) and ASIDE not in snapshot.entries:
        places = Places(snapshot)
        moves = {name: places.aside(name) for name in left_by_suffix(snapshot)}
        for name, place in moves.items():
            yield from move(snapshot, name, place, moves)


def _is_right(slots: Mapping[int, Entry] | None, files: Sequence[str]) -> bool:
    """Whether each file has one link, dense from 0, and nothing else is there."""
    if slots is None or len(slots) != len(files) or max(slots) != len(files) - 1:
        return False
    if len(files) == 1:
        entry = slots[0]
        return isinstance(entry, LinkEntry) and entry.target == files[0]
    return {entry.target for entry in slots.values() if isinstance(entry, LinkEntry)} == set(files)


def _serves(entry: Entry, kind: LinkKind) -> tuple[str, ...]:
    loaded = load_slot(entry, kind)
    return tuple(held.sha256 for held in loaded.held) if isinstance(loaded, Loaded) else ()


def _unknown(snapshot: Snapshot, row: Row) -> Iterator[Passed]:
    """The links that are kept though what they lead to cannot be read, but for those to files named already."""
    for entry in snapshot.rows.get(row, {}).values():
        target = symlink_target(entry)
        if target and is_unknown(entry) and not (target in snapshot.entries and has_rehash_extension(target)):
            loaded = load_slot(entry, row.kind)
            reason = "it cannot be read" if isinstance(loaded, Loaded) else loaded.reason
            yield Passed(entry.name, f"{reason}; the link is kept", is_error=True)


def _files(snapshot: Snapshot) -> Iterator[tuple[str, Linkable | NotLinkable]]:
    """The files that `openssl rehash` looks at, in its order."""
    for name in snapshot.names:
        if has_rehash_extension(name) and "/" not in name and not resembles_link(name):
            yield name, _linkable(snapshot.entries[name])


def _linkable(entry: Entry) -> Linkable | NotLinkable:
    match entry:
        case FileEntry(file=file) | LinkEntry(file=file):
            return file.linkable
        case DanglingEntry(reason=reason):
            return NotLinkable(reason, is_error=True)
        case OtherEntry(kind=kind):
            return NotLinkable(f"{NOT_ONE_TEXT}: it is {kind.value}")
        case _:
            assert_never(entry)


def _assign(
    files: Iterable[tuple[str, Linkable | NotLinkable]], style: HashStyle
) -> tuple[dict[Row, list[str]], list[Passed]]:
    """The files of each row, in order, and those that get no link. `files` come in byte order of their names."""
    rows: dict[Row, dict[bytes, str]] = {}
    passed: list[Passed] = []
    for name, found in files:
        if isinstance(found, NotLinkable):
            passed.append(Passed(name, found.reason, found.is_error))
            continue
        held = found.held
        for row in _rows_of(held, style):
            members = rows.get(row)
            if members is None:
                rows[row] = {held.packed: name}
            elif held.packed in members:
                reason = f"it is the same {_NOUN[row.kind]} as {members[held.packed]}"
                passed.append(Passed(name, reason, is_error=False))
            elif len(members) < COLLISIONS_LIMIT:
                members[held.packed] = name
            else:
                reason = f"{COLLISIONS_LIMIT} others share the hash {row.hash}"
                passed.append(Passed(name, reason, is_error=True))
        if found.remark:
            passed.append(Passed(name, found.remark, is_error=False))
    return {row: list(members.values()) for row, members in rows.items()}, passed


def _rows_of(held: Held, style: HashStyle) -> tuple[Row, ...]:
    """The rows that an object is linked in."""
    kind = LinkKind.CRL if held.is_crl else LinkKind.CERTIFICATE
    match style:
        case HashStyle.NEW:
            return (Row(held.subject_hash, kind),)
        case HashStyle.OLD:
            return (Row(held.old_hash, kind),)
        case HashStyle.BOTH:
            return Row(held.subject_hash, kind), Row(held.old_hash, kind)
        case _:
            assert_never(style)


def _entered(snapshot: Snapshot, style: HashStyle) -> Iterator[tuple[Row, str]]:
    """Rows and files in the order in which `openssl rehash` enters them into its hash table."""
    for name in snapshot.names:
        entry = snapshot.entries[name]
        link = LinkName.parse(name)
        if link is not None and (target := symlink_target(entry)) is not None:
            yield link.row, target
        elif has_rehash_extension(name) and "/" not in name and not resembles_link(name):
            found = _linkable(entry)
            if isinstance(found, Linkable):
                for row in _rows_of(found.held, style):
                    yield row, name


def _verbose_lines(
    entered: Iterable[tuple[Row, str]], links: Mapping[str, str], removed: Iterable[tuple[str, str]]
) -> Iterator[str]:
    """Yield the lines of ``-v`` in the order of `openssl rehash`, which is that of its hash table.

    `entered` are row and file (or link target) in byte order of the names they come from, `links` the slot
    names at the end with their targets, `removed` the slot names taken away with theirs.
    """
    rows: dict[Row, dict[str, list[str]]] = {}
    for row, file in entered:
        rows.setdefault(row, {}).setdefault(file, [])
    for line, slots in (("link", links.items()), ("unlink", removed)):
        for name, target in slots:
            text = f"link {target} -> {name}" if line == "link" else f"unlink {name}"
            if (parsed := LinkName.parse(name)) is not None:
                rows.setdefault(parsed.row, {}).setdefault(target, []).append(text)
    buckets: dict[int, list[Row]] = {}
    for row in rows:
        number = (int(row.hash, 16) + (row.kind is LinkKind.CRL)) % 2**32 % _BUCKETS
        buckets.setdefault(number, []).append(row)
    for number in sorted(buckets):
        for row in reversed(buckets[number]):
            for lines in rows[row].values():
                yield from lines
