"""What a plan says of a directory that another tool owns."""

from __future__ import annotations

from capath.change.plan import Plan
from capath.store.owner import Managed, managed_by


def owner_note(managed: Managed) -> str:
    """Who owns the directory, and what that would do to a change."""
    return f"{managed.owner.value} owns this directory: {managed.undone_by}"


def with_owner_notes(plan: Plan, root: str = "/") -> Plan:
    """Return `plan` with what its directory's owner would do to it, and the owner's own way; the same where the
    directory has none. `root` is where the system's tree begins."""
    managed = managed_by(plan.before.directory, root)
    if managed is None or not plan.operations:
        return plan
    return plan.with_notes(owner_note(managed), f"to change it permanently: {managed.durable}")
