"""What a plan says of a directory that another tool owns."""

from __future__ import annotations

import os

from capath.change.operation import RenameFile
from capath.change.plan import Plan
from capath.store.entry import LinkEntry
from capath.store.owner import lasting_way, owner_of, undone_by


def with_owner_notes(plan: Plan, root: str = "/") -> Plan:
    """Return `plan` with what its directory's owner would do to it, and the owner's own way; the same where the
    directory has none. `root` is where the system's tree begins."""
    directory = plan.before.directory
    owner = owner_of(directory, root)
    if owner is None or not plan.operations:
        return plan
    entries = (plan.before.entries.get(step.name) for step in plan.operations if isinstance(step, RenameFile))
    sources = tuple(os.path.join(directory, entry.target) for entry in entries if isinstance(entry, LinkEntry))
    notes = (*plan.notes, undone_by(owner), lasting_way(owner, sources))
    return Plan(plan.before, plan.summary, plan.operations, plan.refusals, notes)
