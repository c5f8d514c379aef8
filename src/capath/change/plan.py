"""A plan: the operations that a change consists of, what they lead to, and what it could not include."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from capath.change.operation import Operation, Symlink
from capath.change.row_order import FixedSlot, LinkSlot, Slot
from capath.change.simulate import Simulated, simulate_rows
from capath.pki.objects import CertificateObject
from capath.store.entry import (
    DanglingEntry,
    DoesNotLoad,
    LinkEntry,
    Loaded,
    OtherEntry,
    load_slot,
)
from capath.store.link_name import Row
from capath.store.lookup import reachable
from capath.store.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Refusal:
    """A part of the request that the plan leaves out: which name, why, and what mends it."""

    name: str
    reason: str
    remedy: str


@dataclass(frozen=True)
class Plan:
    """What would be done to `before.directory`. Nothing has been done yet.

    `refusals` stop the plan from being applied; `notes` are said and do not.
    """

    before: Snapshot
    summary: str
    operations: tuple[Operation, ...]
    refusals: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def after(self) -> Snapshot:
        """The directory as it would be."""
        return self._simulated.snapshot

    @cached_property
    def gained(self) -> tuple[str, ...]:
        """The certificates (SHA-256) that lookup would find and does not find now."""
        return tuple(sha256 for sha256 in self.found_after if sha256 not in self.found_before)

    @cached_property
    def lost(self) -> tuple[str, ...]:
        """The certificates (SHA-256) that lookup finds now and would not find."""
        return tuple(sha256 for sha256 in self.found_before if sha256 not in self.found_after)

    @cached_property
    def found_before(self) -> Mapping[str, str]:
        """What lookup finds now in the rows that change: SHA-256 to link."""
        return reachable(self.before, self._simulated.rows)

    @cached_property
    def found_after(self) -> Mapping[str, str]:
        """What it would find in them."""
        return reachable(self.after, self._simulated.rows)

    @cached_property
    def _simulated(self) -> Simulated:
        return simulate_rows(self.before, self.operations)


def row_slots(snapshot: Snapshot, row: Row) -> dict[int, Slot]:
    """The slots of `row` as `row_operations` takes them."""
    slots: dict[int, Slot] = {}
    for slot, entry in snapshot.rows.get(row, {}).items():
        loaded = load_slot(entry, row.kind)
        whole = isinstance(loaded, Loaded)
        serves = identities(loaded) if whole else ()
        cut = () if whole else identities(loaded)
        match entry:
            case LinkEntry(target=target, mtime_ns=mtime_ns) | DanglingEntry(target=target, mtime_ns=mtime_ns):
                slots[slot] = LinkSlot(Symlink(target, mtime_ns), serves, cut)
            case OtherEntry(target=target, mtime_ns=mtime_ns) if target:
                slots[slot] = LinkSlot(Symlink(target, mtime_ns), serves, cut)
            case _:
                slots[slot] = FixedSlot(serves, cut)
    return slots


def identities(loaded: Loaded | DoesNotLoad) -> tuple[str, ...]:
    """The SHA-256 of each object that lookup takes in from a slot."""
    objects = loaded.objects if isinstance(loaded, Loaded) else loaded.before
    return tuple(
        item.certificate.sha256 if isinstance(item, CertificateObject) else item.crl.sha256 for item in objects
    )


def applicable(plan: Plan) -> Plan:
    """Return what of `plan` can be done: the same without its refusals."""
    return Plan(plan.before, plan.summary, plan.operations, (), plan.notes)
