"""The health of hash links: the state of each, and the sentence that says why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from capath.errors import StrEnum, assert_never
from capath.store.entry import DanglingEntry, Entry, symlink_target
from capath.store.link_name import LinkName, Row, resembles_link
from capath.store.lookup import BlockedRow, EndOfRow, Walk, walk
from capath.store.slot import DoesNotLoad, Loaded, load_slot
from capath.store.snapshot import Snapshot


class LinkState(StrEnum):
    """A link is one of these; the first that applies, in this order, ``ok`` last."""

    DANGLING = "dangling"
    NOT_A_CERTIFICATE = "not-a-certificate"
    WRONG_HASH = "wrong-hash"
    UNREACHABLE = "unreachable"
    DUPLICATE = "duplicate"
    MULTIPLE = "multiple"
    OK = "ok"


class LinkReport(NamedTuple):
    """One entry with a hash link's name. `target` is None for a regular file or directory."""

    name: str
    target: str | None
    state: LinkState
    why: str
    certificates: tuple[str, ...]
    """The SHA-256 of each certificate (or CRL) behind it."""


def report_links(snapshot: Snapshot, walks: Iterable[Walk] | None = None) -> tuple[LinkReport, ...]:
    """Return the state of every hash link in `snapshot`, by name. `walks` are those of all its rows."""
    reports = []
    for row, _, end in [walk(snapshot, row) for row in snapshot.rows] if walks is None else walks:
        reports.extend(_report_row(snapshot, row, end))
    for name in snapshot.entries:
        if resembles_link(name) and LinkName.parse(name) is None:
            why = "lookup asks for lowercase names without leading zeros only"
            target = symlink_target(snapshot.entries[name])
            reports.append(LinkReport(name, target, LinkState.UNREACHABLE, why, ()))
    return tuple(sorted(reports, key=lambda report: report.name))


def _report_row(snapshot: Snapshot, row: Row, end: EndOfRow | BlockedRow) -> list[LinkReport]:
    beyond = frozenset(end.beyond)
    first_slot_of: dict[tuple[str, ...], int] = {}
    reports = []
    for slot, entry in snapshot.rows[row].items():
        name = entry.name
        loaded = load_slot(entry, row.kind)
        identities = tuple([held.sha256 for held in loaded.held]) if isinstance(loaded, Loaded) else ()
        state, why = _state(entry, loaded, row)
        if state is LinkState.OK and name in beyond:
            state, why = LinkState.UNREACHABLE, _end_text(end)
        if identities and state is LinkState.OK:
            first = first_slot_of.setdefault(identities, slot)
            if first != slot:
                state, why = LinkState.DUPLICATE, f"the same {row.kind} is at {row.name(first)} already"
            elif len(identities) > 1:
                state = LinkState.MULTIPLE
                why = f"it points to {len(identities)} {row.kind}s, and one lookup trusts all of them"
        reports.append(LinkReport(name, symlink_target(entry), state, why, identities))
    return reports


def _state(entry: Entry, loaded: Loaded | DoesNotLoad, row: Row) -> tuple[LinkState, str]:
    if isinstance(entry, DanglingEntry):
        return LinkState.DANGLING, entry.reason
    if isinstance(loaded, DoesNotLoad):
        return LinkState.NOT_A_CERTIFICATE, loaded.reason
    if any(held.subject_hash == row.hash for held in loaded.held):
        return LinkState.OK, "lookup finds it"
    if any(held.old_hash == row.hash for held in loaded.held):
        return LinkState.OK, "named by the old hash, for OpenSSL before 1.0; later versions do not ask for it"
    return LinkState.WRONG_HASH, f"its {row.kind} belongs under {loaded.held[0].subject_hash}"


def _end_text(end: EndOfRow | BlockedRow) -> str:
    match end:
        case EndOfRow(name=name):
            return f"lookup stops at {name}, which is missing"
        case BlockedRow(name=name, reason=reason):
            return f"lookup stops at {name}, which does not load ({reason}); newer versions step over it"
        case _:
            assert_never(end)
