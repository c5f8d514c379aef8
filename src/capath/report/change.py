"""Plans and history, as JSON and as text."""

from __future__ import annotations

from capath.change.codec import to_json
from capath.change.journal import Change, Progress, current_changes
from capath.change.operation import describe
from capath.change.plan import Plan
from capath.pki.visible import shell_command
from capath.report.document import Json, moment
from capath.report.layout import Line, Span, Style, columns, plural


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


def change_lines(
    plan: Plan, *, applied: bool, reverse: str = "undo", undoable: bool = True, already: str = ""
) -> list[Line]:
    """What was changed and the command that reverses it; of a plan that was not applied, every step.

    `already` says why a plan without steps is one.
    """
    if not plan.operations:
        why = f": {already}" if already and not plan.refusals else ""
        return [f"nothing to do{why}", *_remark_lines(plan)]
    if not applied:
        return [f"would {plan.summary}:", *plan_lines(plan)]
    steps = plural(len(plan.operations), "step")
    return [
        (Span("✓", Style.GOOD), f" {plan.summary}", Span(f"  ({steps})", Style.DIM)),
        *_remark_lines(plan),
        *([undo_line(plan.before.directory, reverse)] if undoable else []),
    ]


def plan_lines(plan: Plan) -> list[Line]:
    """Every operation of the plan, one a line, and what it leaves out."""
    lines: list[Line] = [f"  {describe(operation)}" for operation in plan.operations]
    return [*lines, *_remark_lines(plan)] or ["  nothing to do"]


def undo_line(directory: str, reverse: str = "undo") -> Line:
    """The command that reverses the change just made, quoted for a shell."""
    return (Span(f"  {reverse}: ", Style.DIM), shell_command(["capath", reverse, directory]))


def _remark_lines(plan: Plan) -> list[Line]:
    lines: list[Line] = [
        (Span("  ✗ ", Style.BAD), f"{refusal.name}: {refusal.reason}; {refusal.remedy}")
        for refusal in plan.refusals
    ]
    lines.extend((Span("  note: ", Style.DIM), note) for note in plan.notes)
    return lines


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


def history_lines(changes: tuple[Change, ...], width: int | None) -> list[Line]:
    """The changes, newest first, one a line."""
    if not changes:
        return ["capath has made no changes here"]
    in_force = {change.number for change in current_changes(changes)}
    rows = [
        (
            f"{change.number:>4}",
            f"{change.at:%Y-%m-%d %H:%M:%S}Z",
            state_text(change, change.number in in_force),
            change.summary,
            plural(len(change.operations), "step"),
        )
        for change in reversed(changes)
    ]
    return ["  ".join(cells) for cells in columns(rows, width, flexible=3)]


def state_text(change: Change, in_force: bool) -> str:
    """What became of a change, in a word or two."""
    if change.progress is not Progress.DONE:
        return str(change.progress)
    if change.undoes:
        return f"undid {change.undoes}"
    return "done" if in_force else "undone"
