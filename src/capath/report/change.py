"""Plans and history, as JSON and as text."""

from __future__ import annotations

from capath.change.codec import to_json
from capath.change.journal import Change, Progress, current_changes
from capath.change.operation import describe
from capath.change.plan import Plan
from capath.pki.visible import visible
from capath.report.document import Json, moment


def plan_json(plan: Plan, applied: bool) -> Json:
    """The object of ``trust``, ``distrust``, ``rehash`` and ``undo`` with ``--json``."""
    return {
        "directory": plan.before.directory,
        "summary": plan.summary,
        "applied": applied,
        "operations": [to_json(operation) for operation in plan.operations],
        "gained": list(plan.gained),
        "lost": list(plan.lost),
        "refusals": [
            {"name": refusal.name, "reason": refusal.reason, "remedy": refusal.remedy} for refusal in plan.refusals
        ],
        "notes": list(plan.notes),
    }


def plan_text(plan: Plan) -> str:
    """Every operation of the plan, one a line."""
    lines = [f"  {visible(describe(operation))}" for operation in plan.operations]
    lines.extend(
        f"  cannot: {visible(refusal.name)}: {visible(refusal.reason)}; {visible(refusal.remedy)}"
        for refusal in plan.refusals
    )
    lines.extend(f"  note: {visible(note)}" for note in plan.notes)
    return "\n".join(lines) or "  nothing to do"


def history_json(directory: str, changes: tuple[Change, ...]) -> Json:
    """The object of ``capath history --json``, newest first."""
    in_force = {change.number for change in current_changes(changes)}
    return {
        "directory": directory,
        "changes": [
            {
                "number": change.number,
                "at": moment(change.at),
                "summary": change.summary,
                "state": state_text(change, change.number in in_force),
                "undoes": change.undoes or None,
                "operations": [to_json(operation) for operation in change.operations],
            }
            for change in reversed(changes)
        ],
    }


def history_text(changes: tuple[Change, ...]) -> str:
    """The changes, newest first, one a line."""
    in_force = {change.number for change in current_changes(changes)}
    lines = [
        f"{change.number:>4}  {change.at:%Y-%m-%d %H:%M:%S}Z  {state_text(change, change.number in in_force):<10} "
        f"{visible(change.summary)}  ({len(change.operations)} steps)"
        for change in reversed(changes)
    ]
    return "\n".join(lines) or "capath has made no change here"


def state_text(change: Change, in_force: bool) -> str:
    """What became of a change, in a word or two."""
    if change.progress is not Progress.DONE:
        return str(change.progress)
    if change.undoes:
        return f"undid {change.undoes}"
    return "done" if in_force else "undone"
