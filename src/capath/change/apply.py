"""Carrying out a plan: the only place that changes a CApath.

Under a lock, written down first, one atomic step after another; what fails half-way is taken back, and what
was killed half-way is taken back at the next start.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone

from capath.change.expectations import first_changed_file, first_difference, is_done, steps_done
from capath.change.file_system import Directory, new_stem
from capath.change.grace import with_grace
from capath.change.journal import Change, Journal, Progress, current_changes, unwritten
from capath.change.lock import open_locked
from capath.change.operation import Absent, MakeLink, Operation, RemoveLink, Wait, changed_names, inverse, names_of
from capath.change.plan import Plan
from capath.errors import BadInputError, ChangeError, InterruptedChangeError
from capath.pki.visible import visible
from capath.store.link_name import IN_ASIDE, LinkName, resembles_link
from capath.store.snapshot import Snapshot
from capath.store.walk import scan, scan_names

AfterStep = Callable[[int], None]


def apply_plan(plan: Plan, after_step: AfterStep | None = None, *, history: bool = True) -> Change | None:
    """Carry out `plan`; return the change as the journal has it, None where there is nothing to do.

    Raises ChangeError and leaves the directory as it was where the plan has refusals, where the directory is
    not as the plan found it, and where a step fails. `after_step` is called with the number of steps done. Without
    `history` nothing is written down: the change cannot be undone, and a kill half-way is not recovered from.
    """
    if plan.refusals:
        first = plan.refusals[0]
        raise ChangeError(f"{visible(first.name)}: {visible(first.reason)}; {visible(first.remedy)}")
    if not plan.operations:
        return None
    directory_path = plan.before.directory
    journal = Journal(directory_path) if history else None
    with _locked(directory_path) as directory:
        return _make(directory, journal, plan, after_step)


def _make(
    directory: Directory, journal: Journal | None, plan: Plan, after_step: AfterStep | None = None, undoes: int = 0
) -> Change:
    """Check the plan against the directory, write it down, and do it."""
    if journal is not None and journal.unfinished():
        raise ChangeError("a change of this directory was interrupted; run the command again to take it back")
    _check_all(directory, plan)
    arguments = plan.summary, plan.operations, plan.before, _now(), undoes, new_stem()
    change = unwritten(*arguments) if journal is None else journal.begin(*arguments)
    _run(directory, journal, change, after_step)
    return change


def undo_plan(directory_path: str, number: int = 0) -> tuple[Change, Plan]:
    """Return a change in force, the last or `number`, and the plan that undoes it. Raises BadInputError."""
    changes = current_changes(Journal(directory_path).changes())
    if not changes:
        raise BadInputError(f"{visible(directory_path)}: capath has made no change here that could be undone")
    last = next((change for change in changes if change.number == number), None) if number else changes[-1]
    if last is None:
        known = ", ".join(str(change.number) for change in changes)
        raise BadInputError(
            f"{number}: there is no such change, or it is undone already", hint=f"changes: {known}"
        )
    operations = _without_copies([inverse(operation) for operation in reversed(last.operations)])
    snapshot = _scan_touched(directory_path, operations)
    return last, Plan(snapshot, f"undo: {last.summary}", with_grace(snapshot, operations))


def _without_copies(operations: Sequence[Operation]) -> list[Operation]:
    """Leave out links that are made and removed again: which copies are needed depends on the direction."""
    made: dict[str, MakeLink | None] = {}
    for operation in operations:
        if isinstance(operation, MakeLink) and operation.name not in made:
            made[operation.name] = operation if isinstance(operation.replaces, Absent) else None
        elif isinstance(operation, RemoveLink) and (first := made.get(operation.name)) is not None:
            if first.target != operation.was.target:
                made[operation.name] = None
        else:
            made.update(dict.fromkeys(changed_names(operation)))
    gone = {operation.name for operation in operations if isinstance(operation, RemoveLink)}
    copies = {name for name, first in made.items() if first is not None and name in gone}
    return [step for step in operations if not isinstance(step, MakeLink | RemoveLink) or step.name not in copies]


def _scan_touched(directory_path: str, operations: Sequence[Operation]) -> Snapshot:
    """Read what `operations` are about, and the rows they change; the rest of the directory stays unread."""
    names: set[str] = set()
    hashes: set[str] = set()
    for operation in operations:
        for name in names_of(operation):
            names.add(name)
            if LinkName.parse(name) is not None:
                hashes.add(name[:8])
    try:
        present = os.listdir(directory_path)
    except OSError:
        return scan(directory_path)  # which says what is wrong
    names.update(name for name in present if name[:8] in hashes and resembles_link(name))
    return scan_names(directory_path, sorted(name for name in names if "/" not in name.removeprefix(IN_ASIDE)))


def undo_last(directory_path: str, number: int = 0) -> Change:
    """Undo the last change in force, or `number`. Raises ChangeError where the directory was changed since."""
    journal = Journal(directory_path)
    with _locked(directory_path) as directory:
        last, plan = undo_plan(directory_path, number)
        return _make(directory, journal, plan, undoes=last.number)


def discard_history(directory_path: str) -> str:
    """Move the journal of the directory aside, whatever it is; return its new path, empty where there was none.

    Nothing that was done before can be undone after it. Raises ChangeError.
    """
    with _locked(directory_path):
        return Journal(directory_path).discard()


def recover(directory_path: str) -> str:
    """Take back what a killed capath had begun here; say what was done, or nothing where nothing was begun.

    Raises ChangeError, and touches nothing, where another capath is at work here: what it has begun is its own.
    """
    journal = Journal(directory_path)
    if not journal.unfinished():
        return ""
    said = []
    with _locked(directory_path) as directory:
        unfinished = journal.unfinished()  # again, for a living capath may have finished it meanwhile
        for change in reversed(unfinished):
            try:
                said.append(_recover(directory, journal, change))
            except OSError as error:
                raise InterruptedChangeError(
                    f"{visible(directory_path)}: a change was interrupted ({visible(change.summary)}), and taking "
                    f"it back fails: {error.strerror}; fix that, then run the command again"
                ) from None
    return "; ".join(said)


def _recover(directory: Directory, journal: Journal, change: Change) -> str:
    began = f"a change was interrupted ({visible(change.summary)})"
    directory.stem = change.temporary
    unknown = directory.settle(change.operations)
    done = steps_done(directory, change.operations)
    if done is None or unknown:
        journal.mark(change.number, Progress.ABANDONED)
        held = f"; {', '.join(map(visible, unknown))} has what was found in the way" if unknown else ""
        return (
            f"{began}, and something else has changed the directory since: it is left as it is{held}; capath "
            "check shows its health"
        )
    try:
        _take_back(directory, change.operations[:done])
    except ChangeError as error:  # a file that capath added has been edited
        directory.settle(change.operations)
        journal.mark(change.number, Progress.ABANDONED)
        return f"{began}, and not all of it could be undone: {error}; capath check shows the directory's health"
    journal.mark(change.number, Progress.TAKEN_BACK)
    return f"{began}: " + (f"its {done} finished steps were taken back" if done else "no step of it was done")


def _run(directory: Directory, journal: Journal | None, change: Change, after_step: AfterStep | None) -> None:
    done = 0
    directory.stem = change.temporary
    try:
        for operation in change.operations:
            directory.carry_out(operation, done)
            done += 1
            if after_step is not None:
                after_step(done)
        with contextlib.suppress(OSError):
            os.fsync(directory.descriptor)
        if journal is not None:
            journal.mark(change.number, Progress.DONE)
    except BaseException as error:
        _give_up(directory, journal, change, done, error)
        raise


def _give_up(
    directory: Directory, journal: Journal | None, change: Change, done: int, error: BaseException
) -> None:
    """Take back the `done` steps after `error`; where it is a failure of the change, raise what to say of it."""
    operations = change.operations
    name = visible(operations[min(done, len(operations) - 1)].name)
    reason = error.strerror if isinstance(error, OSError) else str(error)
    try:
        unknown = directory.settle(operations)
        if done < len(operations) and not isinstance(error, ChangeError):
            done += is_done(directory, operations[done])  # it was interrupted behind its effect
        _take_back(directory, operations[:done])
        if unknown:
            raise ChangeError(f"{', '.join(map(visible, unknown))} has what was found in the way")
    except (OSError, ChangeError) as second:
        why = second.strerror if isinstance(second, OSError) else str(second)
        raise InterruptedChangeError(
            f"{name}: {reason}; then taking back the {done} steps before it failed too ({why}): the directory is "
            "half changed, with no root out of reach that should be in it. The next capath here takes it back"
        ) from error
    with contextlib.suppress(ChangeError):
        if journal is not None:
            journal.mark(change.number, Progress.TAKEN_BACK)
    if isinstance(error, OSError | ChangeError):
        taken_back = f"the {done} steps before it were taken back" if done else "nothing was changed"
        raise ChangeError(f"{name}: {reason}; {taken_back}") from None


def _take_back(directory: Directory, operations: Sequence[Operation]) -> None:
    for number in reversed(range(len(operations))):
        if not isinstance(operations[number], Wait):
            directory.carry_out(inverse(operations[number]), number, back=True)


@contextlib.contextmanager
def _locked(path: str) -> Iterator[Directory]:
    """Hold the directory's lock."""
    directory = Directory(open_locked(path))
    try:
        yield directory
    finally:
        directory.close()


def _check_all(directory: Directory, plan: Plan) -> None:
    """Before anything is touched: is everything still what the plan found?"""
    try:
        name = first_difference(directory, plan.operations) or first_changed_file(
            directory, plan.operations, plan.before
        )
    except OSError as error:
        raise ChangeError(f"{visible(str(error.filename))}: {error.strerror}; nothing was changed") from None
    if name is not None:
        raise ChangeError(
            f"{visible(name)}: something else has changed it since the plan was made; nothing was changed, "
            "look again"
        )


def _now() -> datetime:
    return datetime.now(timezone.utc)
