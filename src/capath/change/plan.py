"""A plan: the operations that a change consists of, what they lead to, and what it could not include."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple, TypeGuard

from capath.change.operation import Operation, Symlink
from capath.change.row_order import FixedSlot, LinkSlot, Slot
from capath.store.entry import DanglingEntry, LinkEntry, OtherEntry, is_unknown
from capath.store.link_name import Row
from capath.store.slot import Loaded, load_slot
from capath.store.snapshot import Snapshot

TYPE_CHECKING = False  # typing's, which mypy knows
if TYPE_CHECKING:
    from capath.change.simulate import Simulated

_UNKNOWN = "unknown "


class Refusal(NamedTuple):
    """A part of the request that the plan leaves out: which name, why, and what fixes it."""

    name: str
    reason: str
    remedy: str


class Plan:
    """What would be done to `before.directory`. Nothing has been done yet.

    `refusals` stop the plan from being applied; `notes` are said and do not.
    """

    def __init__(
        self,
        before: Snapshot,
        summary: str,
        operations: tuple[Operation, ...],
        refusals: tuple[Refusal, ...] = (),
        notes: tuple[str, ...] = (),
    ) -> None:
        self.before = before
        self.summary = summary
        self.operations = operations
        self.refusals = refusals
        self.notes = notes

    def __repr__(self) -> str:
        steps = f"{len(self.operations):,} step{'' if len(self.operations) == 1 else 's'}"
        return f"<Plan {self.summary!r}: {steps}, {len(self.gained)} gained, {len(self.lost)} lost>"

    def with_notes(self, *notes: str) -> Plan:
        """The same plan with more to say."""
        return Plan(self.before, self.summary, self.operations, self.refusals, (*self.notes, *notes))

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
        from capath.store.lookup import reachable

        return reachable(self.before, self._simulated.rows)

    @cached_property
    def found_after(self) -> Mapping[str, str]:
        """What it would find in them."""
        from capath.store.lookup import reachable

        return reachable(self.after, self._simulated.rows)

    @cached_property
    def _simulated(self) -> Simulated:
        from capath.change.simulate import simulate_rows

        return simulate_rows(self.before, self.operations)


def row_slots(snapshot: Snapshot, row: Row) -> dict[int, Slot]:
    """The slots of `row` as `row_operations` takes them.

    A link to what cannot be read now serves something unknown: to other processes it may be a certificate.
    """
    slots: dict[int, Slot] = {}
    for slot, entry in snapshot.rows.get(row, {}).items():
        loaded = load_slot(entry, row.kind)
        digests = tuple(held.sha256 for held in loaded.held)
        serves, cut = (digests, ()) if isinstance(loaded, Loaded) else ((), digests)
        match entry:
            case LinkEntry(target=target, mtime_ns=mtime_ns) | DanglingEntry(target=target, mtime_ns=mtime_ns):
                if is_unknown(entry):
                    serves = (_UNKNOWN + target,)
                slots[slot] = LinkSlot(Symlink(target, mtime_ns), serves, cut)
            case OtherEntry(target=target, mtime_ns=mtime_ns) if target:
                slots[slot] = LinkSlot(Symlink(target, mtime_ns), serves, cut)
            case _:
                slots[slot] = FixedSlot(serves, cut)
    return slots


def is_unknown_slot(slot: Slot) -> TypeGuard[LinkSlot]:
    """Whether it is a link to what cannot be read now."""
    return isinstance(slot, LinkSlot) and bool(slot.serves) and slot.serves[0].startswith(_UNKNOWN)


def with_emptiness_note(plan: Plan) -> Plan:
    """Return `plan`, which says so where it leaves nothing trusted."""
    from capath.store.listing import list_store

    if not plan.lost or list_store(plan.after, read=False).trusted_count:
        return plan
    return plan.with_notes("nothing is trusted after this: programs that use the directory reject every server")


def with_owner_notes(plan: Plan, root: str = "/") -> Plan:
    """Return `plan` with what the owner of its directory would do to it, and the owner's own way; the same where
    the directory has none. `root` is where the system's tree begins."""
    from capath.store.owner import managed_by
    from capath.store.readers import ReaderIndex

    managed = managed_by(plan.before.directory, root)
    if managed is None or not plan.operations:
        return plan
    if any(ReaderIndex(plan.before, root).readers(sha256, trusted=False).bundle for sha256 in plan.lost):
        plan = plan.with_notes("ca-certificates.crt still has it: programs that read that file still trust it")
    return plan.with_notes(managed.note, f"to change it permanently: {managed.durable}")


def applicable(plan: Plan) -> Plan:
    """Return what of `plan` can be done: the same without its refusals."""
    return Plan(plan.before, plan.summary, plan.operations, (), plan.notes)
