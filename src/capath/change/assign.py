"""Which rows a directory's files belong in, as `openssl rehash` assigns them. Imports next to nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from capath.errors import StrEnum
from capath.pki.found import NotSingle, Single

COLLISIONS_LIMIT = 256
_BUCKETS = 257


class HashStyle(StrEnum):
    """Which hashes links are named by: ``-old`` and ``-compat`` of openssl-rehash(1)."""

    NEW = "new"
    OLD = "old"
    BOTH = "both"


class Passed:
    """A file that gets no link. `is_error` counts in the exit status, as upstream counts it."""

    __slots__ = ("file", "is_error", "reason")

    def __init__(self, file: str, reason: str, is_error: bool) -> None:
        self.file = file
        self.reason = reason
        self.is_error = is_error

    def __repr__(self) -> str:
        return f"Passed({self.file!r}, {self.reason!r}, is_error={self.is_error})"


class Assignment:
    """`rows`: for the start of each row's slot names (``HHHHHHHH.`` or ``HHHHHHHH.r``) its files, in order."""

    __slots__ = ("passed", "rows")

    def __init__(self) -> None:
        self.rows: dict[str, list[str]] = {}
        self.passed: list[Passed] = []


def assign(files: Iterable[tuple[str, Single | NotSingle]], style: HashStyle) -> Assignment:
    """Assign `files`, which come in byte order of their names."""
    result = Assignment()
    rows, passed = result.rows, result.passed
    first_of: dict[tuple[str, bytes], str] = {}
    for name, found in files:
        if isinstance(found, NotSingle):
            passed.append(Passed(name, found.reason, found.is_error))
            continue
        for row in rows_of(found, style):
            first = first_of.setdefault((row, found.sha256), name)
            if first != name:
                what = "CRL" if found.letter else "certificate"
                passed.append(Passed(name, f"it is the same {what} as {first}", is_error=False))
                continue
            members = rows.setdefault(row, [])
            if len(members) < COLLISIONS_LIMIT:
                members.append(name)
            else:
                reason = f"{COLLISIONS_LIMIT} others share the hash {row[:8]}"
                passed.append(Passed(name, reason, is_error=True))
        if found.remark:
            passed.append(Passed(name, found.remark, is_error=False))
    return result


def rows_of(found: Single, style: HashStyle) -> tuple[str, ...]:
    """The rows that an object is linked in."""
    new, old = f"{found.subject_hash}.{found.letter}", f"{found.old_hash}.{found.letter}"
    match style:
        case HashStyle.NEW:
            return (new,)
        case HashStyle.OLD:
            return (old,)
        case HashStyle.BOTH:
            return (new, old)


def verbose_lines(
    entries: Iterable[tuple[str, str]], links: Mapping[str, str], removed: Iterable[tuple[str, str]]
) -> Iterator[str]:
    """Yield the lines of ``-v`` in upstream's order, which is that of its hash table.

    `entries` are row and file (or link target) in byte order of the names they come from, `links` the slot
    names at the end with their targets, `removed` the slot names taken away with theirs.
    """
    rows: dict[str, dict[str, list[str]]] = {}
    for row, file in entries:
        rows.setdefault(row, {}).setdefault(file, [])
    for line, slots in (("link", links.items()), ("unlink", removed)):
        for name, target in slots:
            text = f"link {target} -> {name}" if line == "link" else f"unlink {name}"
            rows.setdefault(_row(name), {}).setdefault(target, []).append(text)
    buckets: dict[int, list[str]] = {}
    for row in rows:
        number = (int(row[:8], 16) + (len(row) > 9)) % 2**32 % _BUCKETS
        buckets.setdefault(number, []).append(row)
    for number in sorted(buckets):
        for row in reversed(buckets[number]):
            for lines in rows[row].values():
                yield from lines


def _row(slot_name: str) -> str:
    return slot_name[:10] if slot_name[9] == "r" else slot_name[:9]
