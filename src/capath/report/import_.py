"""What an import does, thing by thing: ``capath import``."""

from __future__ import annotations

from capath.change.import_ import Added, AlreadyHere, Entry, Import, LeftOut
from capath.errors import assert_never
from capath.pki.claims import Item, Refused
from capath.pki.visible import visible
from capath.report.change import plan_json
from capath.report.document import Json, moment


def import_json(planned: Import, applied: bool) -> Json:
    """The object of ``capath import --json``: the plan, and what becomes of each thing in the sources."""
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


def import_text(planned: Import, *, everything: bool) -> str:
    """What comes in, on and off, and what does not and why. `everything`: also what is here already."""
    lines = [_entry_text(entry) for entry in planned.entries if everything or _is_news(entry)]
    for kept in planned.kept:
        limits = [f"not for leaves issued after {kept.distrust_after:%Y-%m-%d}"] if kept.distrust_after else []
        limits += [f"only for {visible(kept.constraints)}"] if kept.constraints else []
        lines.append(f"! limit      {visible(kept.label)}: {', '.join(limits)} (kept in capath-constraints.json)")
    lines.append(summary_text(planned))
    return "\n".join(lines)


def summary_text(planned: Import) -> str:
    """The counts, in one line."""
    on = sum(isinstance(entry, Added) and not entry.why_off for entry in planned.entries)
    off = sum(isinstance(entry, Added) and bool(entry.why_off) for entry in planned.entries)
    here = sum(isinstance(entry, AlreadyHere) for entry in planned.entries)
    left = sum(isinstance(entry, LeftOut) for entry in planned.entries)
    refused = sum(isinstance(entry, Refused) for entry in planned.entries)
    counted = [
        (on, "new, trusted"),
        (off, "new, off"),
        (here, "here already"),
        (left, "left out"),
        (refused, "refused"),
        (planned.repeats, "repeated in the sources"),
    ]
    return " · ".join(f"{count:,} {text}" for count, text in counted if count) or "the sources hold nothing"


def _is_news(entry: Entry) -> bool:
    match entry:
        case AlreadyHere():
            return False
        case Added() | LeftOut() | Refused():
            return True
        case _:
            assert_never(entry)


def _entry_text(entry: Entry) -> str:
    match entry:
        case Added(item=item, file=file, why_off=""):
            return f"● new        {visible(file)}{_remarks(item)}"
        case Added(item=item, file=file, why_off=why):
            return f"○ new, off   {visible(file)}: {visible(why)}{_remarks(item)}"
        case AlreadyHere(file=file, trusted=trusted):
            return f"= here       {visible(file)}, {'trusted' if trusted else 'off'}"
        case LeftOut(item=item, reason=reason):
            return f"– left out   {visible(_name(item))}: {visible(reason)}"
        case Refused(origin=origin, reason=reason):
            return f"✗ refused    {visible(origin)}: {visible(reason)}"
        case _:
            assert_never(entry)


def _remarks(item: Item) -> str:
    return f"  ({visible('; '.join(item.notes))})" if item.notes else ""


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
