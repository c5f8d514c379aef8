"""What an import does, item by item: ``capath import``."""

from __future__ import annotations

from collections.abc import Sequence

from capath.change.import_ import Added, AlreadyHere, Entry, Import, LeftOut
from capath.errors import assert_never
from capath.pki.claims import Item, Refused
from capath.pki.visible import visible, visible_name
from capath.report.certificate import fingerprint_text
from capath.report.change import plan_json, undo_line
from capath.report.document import Json, moment
from capath.report.layout import Line, Span, Style, wrapped
from capath.store.link_name import CONSTRAINTS_FILE

_SHOWN = 3


def import_json(planned: Import, applied: bool) -> Json:
    """The object of ``capath import --json``: the plan, and what becomes of each item in the sources."""
    return {
        **plan_json(planned.plan, applied),
        "entries": [_entry_json(entry) for entry in planned.entries],
        "repeats": planned.repeats,
        "limits": [
            {
                "sha256": kept.sha256,
                "label": kept.label,
                "distrust_after": moment(kept.distrust_after),
                "constraints": kept.constraints or None,
                "source": kept.source,
            }
            for kept in planned.kept
        ],
    }


def import_lines(
    planned: Import, *, applied: bool, everything: bool, width: int | None, undoable: bool = True
) -> list[Line]:
    """The counts, what is not plainly imported with its reason, and how it is undone.

    `everything`: each item on a line of its own, also what is already there. A few that become trusted are named
    with their fingerprints, to compare with what their CA publishes.
    """
    if all(isinstance(entry, Refused) for entry in planned.entries):
        mark: Span | str = Span("✗", Style.BAD)
    else:
        mark = Span("✓", Style.GOOD) if applied else "would import:"
    lines: list[Line] = [(mark, f" {summary_text(planned)}")]
    if everything:
        lines += [_entry_line(entry) for entry in planned.entries]
    else:
        lines += _reason_lines(planned.entries, width)
    lines += _fingerprint_lines(planned.entries)
    for kept in planned.kept:
        limits = [f"not for leaves issued after {kept.distrust_after:%Y-%m-%d}"] if kept.distrust_after else []
        limits += [f"only for {kept.constraints}"] if kept.constraints else []
        text = f"{visible_name(kept.label)}: {visible(', '.join(limits))} (kept in {CONSTRAINTS_FILE})"
        lines += wrapped(text, width, "    ", first="  ! limit: ")
    if applied and undoable and planned.plan.operations:
        lines.append(undo_line(planned.plan.before.directory))
    return lines


def summary_text(planned: Import) -> str:
    """The counts, in one line."""
    on = sum(isinstance(entry, Added) and not entry.why_off for entry in planned.entries)
    off = sum(isinstance(entry, Added) and bool(entry.why_off) for entry in planned.entries)
    here = sum(isinstance(entry, AlreadyHere) for entry in planned.entries)
    left = sum(isinstance(entry, LeftOut) for entry in planned.entries)
    refused = sum(isinstance(entry, Refused) for entry in planned.entries)
    counted = [
        (on, "new, trusted"),
        (off, "new, distrusted"),
        (here, "already here"),
        (left, "left out"),
        (refused, "rejected"),
        (planned.repeats, "repeated in the sources"),
    ]
    return " · ".join(f"{count:,} {text}" for count, text in counted if count) or "the sources are empty"


def _reason_lines(entries: Sequence[Entry], width: int | None) -> list[Line]:
    """What is not imported, or distrusted: a paragraph for each reason."""
    groups: dict[tuple[str, str], list[str]] = {}
    for entry in entries:
        match entry:
            case Added(file=file, why_off=why) if why:
                groups.setdefault(("○ new, distrusted", why), []).append(visible(file))
            case LeftOut(item=item, reason=reason):
                groups.setdefault(("– left out", reason), []).append(visible_name(_name(item)))
            case Refused(origin=origin, reason=reason):
                groups.setdefault(("✗ rejected", reason), []).append(visible(origin))
            case Added() | AlreadyHere():
                pass
            case _:
                assert_never(entry)
    lines: list[Line] = []
    for (what, reason), names in groups.items():
        more = f" and {len(names) - _SHOWN:,} more (-v shows all)" if len(names) > _SHOWN else ""
        text = f"{what} ({len(names):,}): {visible(reason)}: {', '.join(names[:_SHOWN])}{more}"
        lines += wrapped(text, width, "    ", first="  ")
    return lines


def _fingerprint_lines(entries: Sequence[Entry]) -> list[Line]:
    added = [entry.item for entry in entries if isinstance(entry, Added) and not entry.why_off]
    if len(added) > _SHOWN:
        return []
    return [
        line
        for item in added
        for line in (
            f"  ● {visible_name(item.certificate.subject.title)}",
            f"    SHA-256 {fingerprint_text(item.certificate.sha256)}",
        )
    ]


def _entry_line(entry: Entry) -> Line:
    match entry:
        case Added(item=item, file=file, why_off=""):
            return (Span("● new         ", Style.GOOD), f"{file}{_remarks(item)}")
        case Added(item=item, file=file, why_off=why):
            return f"○ distrusted  {file}: {why}{_remarks(item)}"
        case AlreadyHere(file=file, trusted=trusted):
            return (Span("= present     ", Style.DIM), f"{file}, {'trusted' if trusted else 'distrusted'}")
        case LeftOut(item=item, reason=reason):
            return f"– left out    {visible_name(_name(item))}: {reason}"
        case Refused(origin=origin, reason=reason):
            return (Span("✗ rejected    ", Style.BAD), f"{origin}: {reason}")
        case _:
            assert_never(entry)


def _remarks(item: Item) -> str:
    return f"  ({'; '.join(item.notes)})" if item.notes else ""


def _name(item: Item) -> str:
    return item.claims.label or item.certificate.subject.title


def _entry_json(entry: Entry) -> Json:
    match entry:
        case Added(item=item, file=file, why_off=why):
            outcome = "new-off" if why else "new"
            return {"outcome": outcome, "file": file, "reason": why or None, **_item_json(item)}
        case AlreadyHere(item=item, file=file, trusted=trusted):
            outcome = "already-on" if trusted else "already-off"
            return {"outcome": outcome, "file": file, "reason": None, **_item_json(item)}
        case LeftOut(item=item, reason=reason):
            return {"outcome": "left-out", "file": None, "reason": reason, **_item_json(item)}
        case Refused(origin=origin, reason=reason):
            return {"outcome": "refused", "file": None, "reason": reason, "origin": origin}
        case _:
            assert_never(entry)


def _item_json(item: Item) -> Json:
    return {
        "origin": item.origin,
        "sha256": item.certificate.sha256,
        "subject": item.certificate.subject.text,
        "label": item.claims.label or None,
        "servers": item.claims.servers.value,
        "distrust_after": moment(item.claims.distrust_after),
        "constraints": item.claims.constraints or None,
        "notes": list(item.notes),
    }
