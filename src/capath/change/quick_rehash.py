"""`capath rehash` of one directory, reading and importing no more than the directory needs.

What most runs find, rows that are right and rows in which nothing stands yet, is done here. A row with anything
else in it is planned by `capath.change.rehash`, as everywhere in capath, from its own names alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from capath.change.assign import Assignment, HashStyle, Passed, assign, rows_of, verbose_lines
from capath.change.journal_file import DONE, TAKEN_BACK, JournalFile
from capath.change.lock import open_locked
from capath.change.survey import Survey, survey
from capath.errors import ChangeError, InterruptedChangeError
from capath.pki.found import Single

TYPE_CHECKING = False
if TYPE_CHECKING:
    from capath.change.plan import Refusal


class Rehashed:
    """What was done. `lines` are those of ``-v``, their names raw, and empty unless they were asked for."""

    __slots__ = ("lines", "passed", "refusals", "step_count")

    def __init__(
        self, passed: Sequence[Passed], refusals: Sequence[Refusal], lines: Sequence[str], step_count: int
    ) -> None:
        self.passed = passed
        self.refusals = refusals
        self.lines = lines
        self.step_count = step_count

    @property
    def error_count(self) -> int:
        """What counts in the exit status."""
        return len(self.refusals) + sum(passed.is_error for passed in self.passed)


def rehash_directory(
    directory: str, style: HashStyle = HashStyle.NEW, *, remove: bool = True, verbose: bool = False
) -> Rehashed:
    """Rehash `directory`. Raises ChangeError where nothing could be done, and BadInputError.

    A change that was interrupted here before must have been recovered.
    """
    how = f"{style.value} {remove}"
    found = survey(directory, how="" if verbose else how)
    if found.is_right:
        return Rehashed((), (), (), 0)
    assigned = assign(found.files.items(), style)
    fresh = [(row, files) for row, files in assigned.rows.items() if row not in found.slots]
    odd = [row for row, slots in found.slots.items() if not _is_right(slots, assigned.rows.get(row, ()))]
    if odd:
        found.remember(how, {}, is_right=False)
        return _with_planner(found, assigned, fresh, odd, style, remove, verbose)
    links = {f"{row}{slot}": file for row, files in fresh for slot, file in enumerate(files)}
    if links:
        _make_links(directory, links, f"rehash ({style.value} hashes)")
    found.remember(how, links, is_right=not assigned.passed)
    lines = list(_lines(found, assigned, style, {**_standing(found, ()), **links}, ())) if verbose else []
    return Rehashed(assigned.passed, (), lines, len(links))


def _is_right(slots: Mapping[int, str | None], files: Sequence[str]) -> bool:
    """Whether each file has one link, dense from 0, and nothing else is there; or nothing but files of others."""
    if not files and set(slots.values()) == {None}:
        return True
    return len(slots) == len(files) and max(slots) == len(slots) - 1 and set(slots.values()) == set(files)


def _with_planner(
    found: Survey,
    assigned: Assignment,
    fresh: Sequence[tuple[str, Sequence[str]]],
    odd: Sequence[str],
    style: HashStyle,
    remove: bool,
    verbose: bool,
) -> Rehashed:
    from capath.change.apply import apply_plan
    from capath.change.operation import RemoveLink
    from capath.change.plan import Plan
    from capath.change.rehash import new_links, plan_row, row_of
    from capath.store.scan import scan_names

    names = {f"{row}{slot}" for row in odd for slot in found.slots[row]}
    names.update(file for row in odd for file in assigned.rows.get(row, ()))
    snapshot = scan_names(found.directory, sorted(names))
    plans = [plan_row(snapshot, row_of(row), assigned.rows.get(row, ()), remove=remove) for row in sorted(odd)]
    operations = (*new_links(fresh), *(step for plan in plans for step in plan.operations))
    apply_plan(Plan(snapshot, f"rehash ({style.value} hashes)", operations))
    lines: list[str] = []
    if verbose:
        links = _standing(found, odd)
        links.update((f"{row}{slot}", file) for row, files in fresh for slot, file in enumerate(files))
        links.update(link for plan in plans for link in plan.links)
        removed = [(step.name, step.was.target) for step in operations if isinstance(step, RemoveLink)]
        standing = {f"{row}{slot}" for row in odd for slot in found.slots[row]}
        lines.extend(_lines(found, assigned, style, links, [pair for pair in removed if pair[0] in standing]))
    refusals = [refusal for plan in plans for refusal in plan.refusals]
    return Rehashed(assigned.passed, refusals, lines, len(operations))


def _make_links(directory: str, links: Mapping[str, str], summary: str) -> None:
    """Make links where nothing stands: under the lock, written down first, and all or none."""
    journal = JournalFile(directory)
    descriptor = open_locked(directory)
    try:
        if journal.unfinished():
            raise ChangeError("a change of this directory was interrupted; run the command again to take it back")
        number, _ = journal.begin(summary, [{"op": "links", "links": links}], {})
        made: list[str] = []
        try:
            for name, target in links.items():
                os.symlink(target, name, dir_fd=descriptor)
                made.append(name)
            os.fsync(descriptor)
            journal.mark(number, DONE)
        except BaseException as error:
            _take_back(descriptor, made, error)
            journal.mark(number, TAKEN_BACK)
            if not isinstance(error, OSError):
                raise
            failed = list(links)[min(len(made), len(links) - 1)]
            taken_back = f"the {len(made)} links before it were taken back" if made else "nothing was changed"
            raise ChangeError(f"{failed}: {error.strerror}; {taken_back}") from None
    finally:
        os.close(descriptor)


def _take_back(descriptor: int, made: Sequence[str], error: BaseException) -> None:
    try:
        for name in reversed(made):
            os.unlink(name, dir_fd=descriptor)
    except OSError as second:
        raise InterruptedChangeError(
            f"{error}; then taking back the {len(made)} links before it failed too ({second.strerror}). "
            "The next capath here takes them back"
        ) from error


def _standing(found: Survey, but_for: Sequence[str]) -> dict[str, str]:
    """The links that stand and stay."""
    left_out = set(but_for)
    return {
        f"{row}{slot}": target
        for row, slots in found.slots.items()
        if row not in left_out
        for slot, target in slots.items()
        if target is not None
    }


def _lines(
    found: Survey,
    assigned: Assignment,
    style: HashStyle,
    links: Mapping[str, str],
    removed: Sequence[tuple[str, str]],
) -> Iterator[str]:
    """The lines of ``-v``: rows are entered in byte order of the names they come from, links and files alike."""
    entered: list[tuple[bytes, str, str]] = [
        (f"{row}{slot}".encode(), row, target)
        for row, slots in found.slots.items()
        for slot, target in slots.items()
        if target is not None
    ]
    for name, one in found.files.items():
        if isinstance(one, Single):
            entered.extend((os.fsencode(name), row, name) for row in rows_of(one, style))
    entered.sort(key=lambda entry: entry[0])
    return verbose_lines(((row, file) for _, row, file in entered), links, removed)
