"""Carrying out a plan: the only place that changes a CApath.

Under a lock, written down first, one atomic step after another; what fails half-way is taken back, and what
was killed half-way is taken back at the next start.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone

from capath.change.file_system import Directory
from capath.change.journal import Change, Journal, Progress, current_changes
from capath.change.operation import (
    Absent,
    AddFile,
    MakeLink,
    Operation,
    RemoveAddedFile,
    RemoveLink,
    RenameFile,
    ReplaceFile,
    RestoreFile,
    Symlink,
    inverse,
)
from capath.change.plan import Plan
from capath.errors import BadInputError, ChangeError
from capath.pki.visible import visible
from capath.store.scan import scan

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
        _check_all(directory, plan.operations)
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
    return last, Plan(scan(directory_path), f"undo: {last.summary}", operations)


def undo_last(directory_path: str) -> Change:
    """Take back the last change in force. Raises ChangeError where the directory has moved on since."""
    journal = Journal(directory_path)
    with _locked(directory_path) as directory:
        _refuse_unfinished(journal)
        last, plan = undo_plan(directory_path)
        _check_all(directory, plan.operations)
        change = journal.begin(plan.summary, plan.operations, plan.before, _now(), undoes=last.number)
        _run(directory, journal, change, None)
    return change


def recover(directory_path: str) -> str:
    """Take back what a killed capath had begun here; say what was done, or nothing where nothing was begun."""
    journal = Journal(directory_path)
    if not _unfinished(journal):
        return ""
    said = []
    with _locked(directory_path) as directory:
        unfinished = _unfinished(journal)  # again, for a living capath may have finished it meanwhile
        for change in reversed(unfinished):
            _finish_rename(directory, change.operations)
            done = _steps_done(directory, change.operations)
            if done is None:
                journal.mark(change.number, Progress.ABANDONED)
                said.append(
                    f"a change was interrupted ({change.summary}), and the directory was changed by something else "
                    "since: it is left as it is; capath check tells its health"
                )
                continue
            _take_back(directory, change.operations[:done])
            directory.remove_leftovers()
            journal.mark(change.number, Progress.TAKEN_BACK)
            said.append(f"a change was interrupted ({change.summary}): its {done} finished steps were taken back")
    return "; ".join(said)


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
    except (OSError, ChangeError) as error:
        _take_back(directory, change.operations[:done])
        with contextlib.suppress(ChangeError):
            journal.mark(change.number, Progress.TAKEN_BACK)
        text = error.strerror if isinstance(error, OSError) else str(error)
        name = visible(change.operations[done].name)
        raise ChangeError(f"{name}: {text}; all {done} steps before it were taken back") from None
    journal.mark(change.number, Progress.DONE)


def _take_back(directory: Directory, operations: Sequence[Operation]) -> None:
    for operation in reversed(operations):
        directory.carry_out(inverse(operation))


@contextlib.contextmanager
def _locked(path: str) -> Iterator[Directory]:
    """Hold the directory's lock (flock(2) on the directory itself: nothing is left behind, whatever happens)."""
    try:
        directory = Directory(path)
    except OSError as error:
        raise BadInputError(f"{visible(path)}: the directory cannot be opened: {error.strerror}") from None
    try:
        try:
            fcntl.flock(directory.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ChangeError(
                f"{visible(path)}: another capath is changing this directory now; wait for it, then try again"
            ) from None
        except OSError:
            pass  # no locks on this file system; each step still checks what it finds
        if not os.access(path, os.W_OK | os.X_OK):
            raise ChangeError(f"{visible(path)}: no permission to change this directory; try as its owner")
        yield directory
    finally:
        directory.close()


def _refuse_unfinished(journal: Journal) -> None:
    if _unfinished(journal):
        raise ChangeError("a change of this directory was interrupted; run the command again to take it back")


def _unfinished(journal: Journal) -> list[Change]:
    return [change for change in journal.changes() if change.progress is Progress.BEGUN]


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _expected_before(operations: Sequence[Operation]) -> dict[str, object]:
    """What each name must be before the first step: True for taken, or the exact link or absence."""
    expected: dict[str, object] = {}
    for operation in operations:
        match operation:
            case MakeLink(name=name, replaces=replaces):
                expected.setdefault(name, replaces)
            case RemoveLink(name=name, was=was):
                expected.setdefault(name, was)
            case RenameFile(name=name, new_name=new_name):
                expected.setdefault(name, True)
                expected.setdefault(new_name, Absent())
            case ReplaceFile(name=name, new_name=new_name):
                expected.setdefault(name, True)
                expected.setdefault(new_name, Absent())
            case RestoreFile(name=name, file_name=file_name, was=was):
                expected.setdefault(name, was)
                expected.setdefault(file_name, True)
            case AddFile(name=name):
                expected.setdefault(name, Absent())
            case RemoveAddedFile(name=name):
                expected.setdefault(name, True)
    return expected


def _check_all(directory: Directory, operations: Sequence[Operation]) -> None:
    """Before anything is touched: is every name still what the plan found?"""
    for name, expected in _expected_before(operations).items():
        if not _is(directory, name, expected):
            raise ChangeError(
                f"{visible(name)}: something else has changed it since the plan was made; nothing was changed, "
                "look again"
            )


def _is(directory: Directory, name: str, expected: object) -> bool:
    if expected is True:
        return directory.exists(name)
    found = directory.link_at(name)
    if isinstance(expected, Symlink):
        return isinstance(found, Symlink) and found.target == expected.target
    return isinstance(found, Absent)


def _steps_done(directory: Directory, operations: Sequence[Operation]) -> int | None:
    """How many steps had been done: the first number that fits everything that stands there now."""
    state = _expected_before(operations)
    wrong = {name for name, expected in state.items() if not _is(directory, name, expected)}
    if not wrong:
        return 0
    for done, operation in enumerate(operations, 1):
        for name, expected in _effect(operation):
            if _is(directory, name, expected):
                wrong.discard(name)
            else:
                wrong.add(name)
        if not wrong:
            return done
    return None


def _effect(operation: Operation) -> tuple[tuple[str, object], ...]:
    match operation:
        case MakeLink(name=name, target=target, mtime_ns=mtime_ns):
            return ((name, Symlink(target, mtime_ns)),)
        case RemoveLink(name=name) | RemoveAddedFile(name=name):
            return ((name, Absent()),)
        case RenameFile(name=name, new_name=new_name):
            return ((name, Absent()), (new_name, True))
        case ReplaceFile(name=name, new_name=new_name, target=target):
            return ((name, Symlink(target, 0)), (new_name, True))
        case RestoreFile(name=name, file_name=file_name):
            return ((name, True), (file_name, Absent()))
        case AddFile(name=name):
            return ((name, True),)


def _finish_rename(directory: Directory, operations: Sequence[Operation]) -> None:
    """A rename killed between its two system calls leaves one file with two names: take the new one away."""
    for operation in operations:
        if isinstance(operation, RenameFile | ReplaceFile) and directory.same_file(
            operation.name, operation.new_name
        ):
            directory.unlink(operation.new_name)
