"""`openssl rehash`, planned: the links a directory should have, and the steps there (openssl-rehash(1))."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from capath.change.assign import HashStyle, Passed, assign, rows_of, verbose_lines
from capath.change.operation import MakeLink, Operation, RemoveLink
from capath.change.plan import Plan, Refusal, identities, row_slots
from capath.change.row_order import Blocked, FixedSlot, LinkSlot, Wanted, lay_out, row_operations
from capath.errors import ChangeError
from capath.pki.found import NotSingle, Single, has_rehash_extension
from capath.store.entry import (
    Entry,
    Loaded,
    load_slot,
    symlink_target,
)
from capath.store.link_name import LinkKind, LinkName, Row, resembles_link
from capath.store.single import single_entry
from capath.store.snapshot import Snapshot

__all__ = ["HashStyle", "Passed", "Rehash", "RowPlan", "plan_rehash", "plan_row"]


@dataclass(frozen=True, slots=True)
class Rehash:
    """The plan for one directory, the links it should end with, and the files that get none."""

    plan: Plan
    links: tuple[tuple[str, str], ...]
    passed: tuple[Passed, ...]
    style: HashStyle = HashStyle.NEW

    @property
    def error_count(self) -> int:
        return len(self.plan.refusals) + sum(passed.is_error for passed in self.passed)

    def verbose_lines(self) -> Iterator[str]:
        """The lines that ``-v`` prints behind ``Doing DIR``, as upstream does. Names are raw."""
        snapshot = self.plan.before
        removed = [
            (operation.name, operation.was.target)
            for operation in self.plan.operations
            if isinstance(operation, RemoveLink) and operation.name in snapshot.entries
        ]
        return verbose_lines(_entries(snapshot, self.style), dict(self.links), removed)


@dataclass(frozen=True, slots=True)
class RowPlan:
    """One row: the steps, its links at the end, and what stands in the way."""

    operations: tuple[Operation, ...]
    links: tuple[tuple[str, str], ...]
    refusals: tuple[Refusal, ...] = ()


def plan_rehash(snapshot: Snapshot, style: HashStyle = HashStyle.NEW, *, remove: bool = True) -> Rehash:
    """Plan the links of `snapshot`. Without `remove` (``-n``) no link is taken away."""
    assignment = assign(_files(snapshot), style)
    wanted = {row_of(start): files for start, files in assignment.rows.items()}
    plans = [
        plan_row(snapshot, row, wanted.get(row, ()), remove=remove)
        for row in sorted(snapshot.rows.keys() | wanted.keys())
    ]
    plan = Plan(
        snapshot,
        f"rehash ({style.value} hashes)",
        tuple(operation for plan in plans for operation in plan.operations),
        tuple(refusal for plan in plans for refusal in plan.refusals),
    )
    return Rehash(plan, tuple(link for plan in plans for link in plan.links), tuple(assignment.passed), style)


def plan_row(snapshot: Snapshot, row: Row, files: Sequence[str], *, remove: bool) -> RowPlan:
    """Plan one row, in which `files` are to be linked; of `snapshot` their entries and the row's are read."""
    slots = row_slots(snapshot, row)
    served = {sha for there in slots.values() if isinstance(there, FixedSlot) for sha in there.serves}
    every = [Wanted(name, _serves(snapshot.entries[name], row.kind)) for name in files]
    wanted = [item for item in every if not item.serves or not served.issuperset(item.serves)]
    layout = lay_out(slots, wanted, keep_places=True)
    if isinstance(layout, Blocked):
        reason = f"it is no link and does not load, so the {len(wanted)} behind it are out of reach"
        return RowPlan((), (), (Refusal(row.name(layout.slot), reason, "move it away, then rehash again"),))
    going = [slot for slot, there in slots.items() if isinstance(there, LinkSlot)] if remove else []
    try:
        operations = tuple(row_operations(row, slots, layout, going))
    except ChangeError as error:
        name, _, reason = str(error).partition(": ")
        return RowPlan((), (), (Refusal(name, reason, "then rehash again"),))
    return RowPlan(operations, tuple((row.name(slot), item.target) for slot, item in sorted(layout.items())))


def new_links(rows: Sequence[tuple[str, Sequence[str]]]) -> tuple[MakeLink, ...]:
    """The steps that fill rows in which nothing stands."""
    from capath.change.operation import Absent

    absent = Absent()
    return tuple(
        MakeLink(f"{start}{slot}", file, absent) for start, files in rows for slot, file in enumerate(files)
    )


def row_of(start: str) -> Row:
    """The row whose slot names start so."""
    return Row(start[:8], LinkKind.CRL if start.endswith("r") else LinkKind.CERTIFICATE)


def _serves(entry: Entry, kind: LinkKind) -> tuple[str, ...]:
    loaded = load_slot(entry, kind)
    return identities(loaded) if isinstance(loaded, Loaded) else ()


def _files(snapshot: Snapshot) -> Iterator[tuple[str, Single | NotSingle]]:
    """The files that upstream looks at, in its order."""
    for name in snapshot.names:
        if not resembles_link(name) and has_rehash_extension(name):
            yield name, single_entry(snapshot.entries[name])


def _entries(snapshot: Snapshot, style: HashStyle) -> Iterator[tuple[str, str]]:
    """Rows and files in the order in which upstream enters them into its hash table."""
    for name in snapshot.names:
        entry = snapshot.entries[name]
        link = LinkName.parse(name)
        if link is not None and (target := symlink_target(entry)) is not None:
            yield link.row.name(0)[:-1], target
        elif not resembles_link(name) and has_rehash_extension(name):
            found = single_entry(entry)
            if isinstance(found, Single):
                for row in rows_of(found, style):
                    yield row, name
