"""The health of hash links: the state of each, and the sentence that says why."""

from __future__ import annotations

from dataclasses import dataclass

from capath.errors import StrEnum
from capath.pki.objects import CertificateObject
from capath.store.entry import (
    DanglingEntry,
    DoesNotLoad,
    Entry,
    Loaded,
    load_slot,
    symlink_target,
)
from capath.store.link_name import LinkKind, LinkName, Row, resembles_link
from capath.store.lookup import BlockedRow, EndOfRow, walk
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


@dataclass(frozen=True, slots=True)
class LinkReport:
    """One entry with a hash link's name. `target` is None for a regular file or directory."""

    name: str
    target: str | None
    state: LinkState
    why: str
    certificates: tuple[str, ...]
    """The SHA-256 of each certificate (or CRL) behind it."""


def report_links(snapshot: Snapshot) -> tuple[LinkReport, ...]:
    """Return the state of every hash link in `snapshot`, by name."""
    reports = []
    for row in snapshot.rows:
        reports.extend(_report_row(snapshot, row))
    for name in snapshot.entries:
        if resembles_link(name) and LinkName.parse(name) is None:
            why = "lookup asks for lowercase names without leading zeros only"
            target = symlink_target(snapshot.entries[name])
            reports.append(LinkReport(name, target, LinkState.UNREACHABLE, why, ()))
    return tuple(sorted(reports, key=lambda report: report.name))


def _report_row(snapshot: Snapshot, row: Row) -> list[LinkReport]:
    end = walk(snapshot, row).end
    slots = snapshot.rows[row]
    first_slot_of: dict[tuple[str, ...], int] = {}
    reports = []
    for slot, entry in slots.items():
        name = row.name(slot)
        loaded = load_slot(entry, row.kind)
        identities = _identities(loaded)
        state, why = _state(entry, loaded, row)
        if state is LinkState.OK and name in end.beyond:
            state, why = LinkState.UNREACHABLE, _end_text(end)
        if identities and state is LinkState.OK:
            first = first_slot_of.setdefault(identities, slot)
            if first != slot:
                state, why = LinkState.DUPLICATE, f"the same {row.kind} is at {row.name(first)} already"
            elif len(identities) > 1:
                state = LinkState.MULTIPLE
                why = f"{len(identities)} {row.kind}s stand behind it, and one lookup takes in all of them"
        reports.append(LinkReport(name, symlink_target(entry), state, why, identities))
    return reports


def _state(entry: Entry, loaded: Loaded | DoesNotLoad, row: Row) -> tuple[LinkState, str]:
    if isinstance(entry, DanglingEntry):
        return LinkState.DANGLING, entry.reason
    if isinstance(loaded, DoesNotLoad):
        return LinkState.NOT_A_CERTIFICATE, loaded.reason
    names = [
        item.certificate.subject if isinstance(item, CertificateObject) else item.crl.issuer
        for item in loaded.objects
    ]
    if any(name.subject_hash == row.hash for name in names):
        return LinkState.OK, "lookup finds it"
    if any(name.old_hash == row.hash for name in names):
        return LinkState.OK, "named by the old hash, for OpenSSL before 1.0; later versions do not ask for it"
    return LinkState.WRONG_HASH, f"its {row.kind} belongs under {names[0].subject_hash}"


def _identities(loaded: Loaded | DoesNotLoad) -> tuple[str, ...]:
    match loaded:
        case DoesNotLoad():
            return ()
        case Loaded(objects=objects):
            return tuple(
                item.certificate.sha256 if isinstance(item, CertificateObject) else item.crl.sha256
                for item in objects
            )


def _end_text(end: EndOfRow | BlockedRow) -> str:
    match end:
        case EndOfRow(name=name):
            return f"lookup stops at {name}, which is missing"
        case BlockedRow(name=name, reason=reason):
            return f"lookup stops at {name}, which does not load ({reason}); newer versions step over it"


def kind_of(report: LinkReport) -> LinkKind:
    """Whether `report` is of a certificate's or a CRL's link."""
    return LinkKind.CRL if ".r" in report.name.lower() else LinkKind.CERTIFICATE
