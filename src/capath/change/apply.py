"""Carrying out a plan: the only place that changes a CApath.

Under a lock, written down first, one atomic step after another; what fails half-way is taken back, and what
was killed half-way is taken back at the next start.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone

from capath.change.expectations import finish_renames, first_changed_file, first_difference, steps_done
from capath.change.file_system import Directory
from capath.change.journal import Change, Journal, Progress, current_changes
from capath.change.lock import open_locked
from capath.change.operation import Operation, inverse, names_of
from capath.change.plan import Plan
from capath.errors import BadInputError, ChangeError, InterruptedChangeError
from capath.pki.visible import visible
from capath.store.link_name import LinkName, resembles_link
from capath.store.scan import scan, scan_names
from capath.store.snapshot import Snapshot

AfterStep = Callable[[int], None]


def apply_plan(plan: Plan, after_step: AfterStep | None = None) -> Change | None:
    """Carry out `plan`; return the change as the journal has it, None where there is nothing to do.

    Raises ChangeError and leaves the directory as it was where the plan has refusals, where the directory is
    not as the plan found it, and where a step fails. `after_step` is called with the number of steps done.
    """
    if plan.refusals:
        first = plan.refusals[0]
        raise ChangeError(f"{visible(first.name)}: {visible(first.reason)}; {visible(first.remedy)}")
    if not plan.operations:
        return None
    directory_path = plan.before.directory
    journal = Journal(directory_path)
    with _locked(directory_path) as directory:
        _refuse_unfinished(journal)
        _check_all(directory, plan)
        change = journal.begin(plan.summary, plan.operations, plan.before, _now())
        _run(directory, journal, change, after_step)
    return change


def undo_plan(directory_path: str) -> tuple[Change, Plan]:
    """Return the last change in force and the plan that takes it back. Raises BadInputError: nothing to undo."""
    changes = current_changes(Journal(directory_path).changes())
    if not changes:
        raise BadInputError(f"{visible(directory_path)}: capath has made no change here that could be undone")
    last = changes[-1]
    operations = tuple(inverse(operation) for operation in reversed(last.operations))
    return last, Plan(_scan_touched(directory_path, operations), f"undo: {last.summary}", operations)


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
    return scan_names(directory_path, sorted(name for name in names if "/" not in name))


def undo_last(directory_path: str) -> Change:
    """Take back the last change in force. Raises ChangeError where the directory has moved on since."""
    journal = Journal(directory_path)
    with _locked(directory_path) as directory:
        _refuse_unfinished(journal)
        last, plan = undo_plan(directory_path)
        _check_all(directory, plan)
        change = journal.begin(plan.summary, plan.operations, plan.before, _now(), undoes=last.number)
        _run(directory, journal, change, None)
    return change


def recover(directory_path: str) -> str:
    """Take back what a killed capath had begun here; say what was done, or nothing where nothing was begun.

    Raises ChangeError, and touches nothing, where another capath is at work here: what it has begun is its own.
    """
    journal = Journal(directory_path)
    if not _unfinished(journal):
        return ""
    said = []
    with _locked(directory_path) as directory:
        unfinished = _unfinished(journal)  # again, for a living capath may have finished it meanwhile
        for change in reversed(unfinished):
            try:
                said.append(_recover(directory, journal, change))
            except OSError as error:
                raise InterruptedChangeError(
                    f"{visible(directory_path)}: a change was interrupted ({visible(change.summary)}), and taking "
                    f"it back fails: {error.strerror}; mend that, then run the command again"
                ) from None
    return "; ".join(said)


def _recover(directory: Directory, journal: Journal, change: Change) -> str:
    began = f"a change was interrupted ({visible(change.summary)})"
    directory.remove_leftovers()
    finish_renames(directory, change.operations)
    done = steps_done(directory, change.operations)
    if done is None:
        journal.mark(change.number, Progress.ABANDONED)
        return (
            f"{began}, and something else has changed the directory since: it is left as it is; capath check "
            "tells its health"
        )
    _take_back(directory, change.operations[:done])
    journal.mark(change.number, Progress.TAKEN_BACK)
    return f"{began}: " + (f"its {done} finished steps were taken back" if done else "no step of it was done")


def _run(directory: Directory, journal: Journal, change: Change, after_step: AfterStep | None) -> None:
    done = 0
    try:
        for operation in change.operations:
            directory.carry_out(operation)
            done += 1
            if after_step is not None:
                after_step(done)
        with contextlib.suppress(OSError):
            os.fsync(directory.descriptor)
        journal.mark(change.number, Progress.DONE)
    except BaseException as error:
        _give_up(directory, journal, change, done, error)
        raise


def _give_up(directory: Directory, journal: Journal, change: Change, done: int, error: BaseException) -> None:
    """Take back the `done` steps after `error`; where it is a failure of the change, raise what to say of it."""
    name = visible(change.operations[min(done, len(change.operations) - 1)].name)
    reason = error.strerror if isinstance(error, OSError) else str(error)
    try:
        directory.remove_leftovers()
        finish_renames(directory, change.operations[done : done + 1])
        _take_back(directory, change.operations[:done])
    except (OSError, ChangeError) as second:
        why = second.strerror if isinstance(second, OSError) else str(second)
        raise InterruptedChangeError(
            f"{name}: {reason}; then taking back the {done} steps before it failed too ({why}): the directory is "
            "half changed, with no root out of reach that should be in it. The next capath here takes it back"
        ) from error
    with contextlib.suppress(ChangeError):
        journal.mark(change.number, Progress.TAKEN_BACK)
    if isinstance(error, OSError | ChangeError):
        taken_back = f"the {done} steps before it were taken back" if done else "nothing was changed"
        raise ChangeError(f"{name}: {reason}; {taken_back}") from None


def _take_back(directory: Directory, operations: Sequence[Operation]) -> None:
    for operation in reversed(operations):
        directory.carry_out(inverse(operation))


@contextlib.contextmanager
def _locked(path: str) -> Iterator[Directory]:
    """Hold the directory's lock."""
    directory = Directory(open_locked(path))
    try:
        yield directory
    finally:
        directory.close()


def _refuse_unfinished(journal: Journal) -> None:
    if _unfinished(journal):
        raise ChangeError("a change of this directory was interrupted; run the command again to take it back")


def _unfinished(journal: Journal) -> list[Change]:
    return [change for change in journal.changes() if change.progress is Progress.BEGUN]


def _check_all(directory: Directory, plan: Plan) -> None:
    """Before anything is touched: is everything still what the plan found?"""
    name = first_difference(directory, plan.operations) or first_changed_file(
        directory, plan.operations, plan.before
    )
    if name is not None:
        raise ChangeError(
            f"{visible(name)}: something else has changed it since the plan was made; nothing was changed, "
            "look again"
        )


def _now() -> datetime:
    return datetime.now(timezone.utc)
