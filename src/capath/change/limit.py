"""Limits on roots, kept in ``capath-constraints.json``: planned as any other change of the directory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from capath.change.operation import AddFile, Operation, RemoveAddedFile
from capath.change.plan import Plan, Refusal
from capath.pki.visible import visible_name
from capath.store.constraints import Kept, KeptConstraints, render_constraints
from capath.store.link_name import CONSTRAINTS_FILE
from capath.store.snapshot import Snapshot

_NOT_ENFORCED = "OpenSSL and other programs do not know this limit: capath test and verify report what it rejects"


def plan_limits(
    snapshot: Snapshot, constraints: KeptConstraints, changed: Iterable[Kept], removed: Iterable[str] = ()
) -> Plan:
    """Plan to keep the limits `changed` beside the roots, and those of `removed` (SHA-256) no longer."""
    new = {kept.sha256: kept for kept in changed}
    gone = [sha256 for sha256 in removed if sha256 in constraints.by_sha256]
    wanted = {sha256: kept for sha256, kept in constraints.by_sha256.items() if sha256 not in gone} | new
    roots = list(new.values()) or [constraints.by_sha256[sha256] for sha256 in gone]
    word = "limit" if new else "remove the limits of"
    summary = f"{word} {visible_name(roots[0].label) if len(roots) == 1 else f'{len(roots)} roots'}"
    if constraints.fault:
        return Plan(snapshot, summary, (), (faulty(constraints),), ())
    if wanted == constraints.by_sha256:
        return Plan(snapshot, summary, (), (), ())
    return Plan(snapshot, summary, limit_operations(constraints, wanted), (), (_NOT_ENFORCED,) if new else ())


def limit_operations(constraints: KeptConstraints, wanted: Mapping[str, Kept]) -> tuple[Operation, ...]:
    """What writes the file anew for `wanted`; without any, the file goes."""
    operations: list[Operation] = []
    if constraints.octets is not None:
        operations.append(RemoveAddedFile(CONSTRAINTS_FILE, constraints.octets))
    if wanted:
        operations.append(AddFile(CONSTRAINTS_FILE, render_constraints(wanted)))
    return tuple(operations)


def faulty(constraints: KeptConstraints) -> Refusal:
    """Why limits cannot be kept: the file there cannot be read."""
    return Refusal(CONSTRAINTS_FILE, constraints.fault, "fix it or move it away, then try again")
