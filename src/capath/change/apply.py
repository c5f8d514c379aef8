"""Carrying out a plan: the only place that changes a CApath.

Under a lock, written down first, one atomic step after another; what fails half-way is undone, and what
was killed half-way is undone at the next start.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone

from capath.change.expectations import first_changed_file, first_difference, is_done, steps_done
from capath.change.file_system import Directory, open_locked
from capath.change.journal import Change, Journal, Progress, unwritten
from capath.change.operation import Operation, Wait, inverse
from capath.change.plan import Plan
from capath.change.steps import carry_out, settle
from capath.change.undo import undo_plan
from capath.errors import ChangeError, InterruptedChangeError
from capath.files import new_stem
from capath.pki.visible import visible

AfterStep = Callable[[int], None]


def apply_plan(plan: Plan, after_step: AfterStep | None = None, *, history: bool = True) -> Change | None:
    """Carry out `plan`; return the change as the journal has it, None where there is nothing to do.

    Raises ChangeError and leaves the directory as it was where the plan has refusals, where the directory is
    not as the plan found it, and where a step fails. `after_step` is called with the number of steps done. Without
    `history` nothing is written down: the change cannot be undone, and a kill half-way is not recovered from.
    """
    if plan.refusals:
        first = plan.refusals[0]
        raise ChangeError(f"{visible(first.name)}: {visible(first.reason)}", hint=visible(first.remedy))
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
        raise ChangeError("a change of this directory was interrupted", hint="run the command again to undo it")
    _check_all(directory, plan)
    arguments = plan.summary, plan.operations, plan.before, _now(), undoes, new_stem()
    change = unwritten(*arguments) if journal is None else journal.begin(*arguments)
    _run(directory, journal, change, after_step)
    return change


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
                    f"{visible(directory_path)}: a change was interrupted ({visible(change.summary)}), and "
                    f"undoing it fails: {error.strerror}",
                    hint="fix that, then run the command again",
                ) from None
    return "; ".join(said)


def _recover(directory: Directory, journal: Journal, change: Change) -> str:
    began = f"a change was interrupted ({visible(change.summary)})"
    directory.stem = change.temporary
    unknown = settle(directory, change.operations)
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
        settle(directory, change.operations)
        journal.mark(change.number, Progress.ABANDONED)
        return f"{began}, and not all of it could be undone: {error}; capath check shows the directory's health"
    journal.mark(change.number, Progress.TAKEN_BACK)
    return f"{began}: " + (f"its {done} finished steps were undone" if done else "no step of it was done")


def _run(directory: Directory, journal: Journal | None, change: Change, after_step: AfterStep | None) -> None:
    done = 0
    directory.stem = change.temporary
    try:
        for operation in change.operations:
            carry_out(directory, operation, done)
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
        unknown = settle(directory, operations)
        if done < len(operations) and not isinstance(error, ChangeError):
            done += is_done(directory, operations[done])  # it was interrupted after its effect
        _take_back(directory, operations[:done])
        if unknown:
            raise ChangeError(f"{', '.join(map(visible, unknown))} has what was found in the way")
    except (OSError, ChangeError) as second:
        why = second.strerror if isinstance(second, OSError) else str(second)
        raise InterruptedChangeError(
            f"{name}: {reason}; then undoing the {done} steps before it failed too ({why}): the directory is "
            "half changed, with no root out of reach that should be in it",
            hint="run the command again: the next capath here undoes it",
        ) from error
    with contextlib.suppress(ChangeError):
        if journal is not None:
            journal.mark(change.number, Progress.TAKEN_BACK)
    if isinstance(error, OSError | ChangeError):
        taken_back = f"the {done} steps before it were undone" if done else "nothing was changed"
        if isinstance(error, ChangeError):
            raise ChangeError(f"{error.text}; {taken_back}", hint=error.hint) from None
        raise ChangeError(f"{name}: {reason}; {taken_back}") from None


def _take_back(directory: Directory, operations: Sequence[Operation]) -> None:
    for number in reversed(range(len(operations))):
        if not isinstance(operations[number], Wait):
            carry_out(directory, inverse(operations[number]), number, back=True)


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
            f"{visible(name)}: something else has changed it since the plan was made; nothing was changed",
            hint="look again",
        )


def _now() -> datetime:
    return datetime.now(timezone.utc)
