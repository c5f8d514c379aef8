"""Two stores compared: ``capath diff``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from capath.pki.visible import visible, visible_name
from capath.report.document import Json, moment
from capath.report.layout import Line, Span, Style, plural, wrapped
from capath.store.diff import Comparison, LimitsDiffer, Member, OnlyHere, Side

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Beyond:
    """What one side trusts and the reference does not."""

    side: Side
    reference: Side
    members: tuple[Member, ...]


def diff_json(found: Comparison, beyond: Sequence[Beyond]) -> Json:
    """The object of ``capath diff --json``."""
    return {
        "left": _side_json(found.left),
        "right": _side_json(found.right),
        "equal": found.equal,
        "same": found.same,
        "only_left": [_only_json(item) for item in found.only_left],
        "only_right": [_only_json(item) for item in found.only_right],
        "trust_differs": [
            {**_member_json(item.left), "trusted": {"left": item.left.trusted, "right": item.right.trusted}}
            for item in found.trust
        ],
        "limits_differ": [
            {
                "sha256": item.left.sha256,
                "label": item.left.label,
                "left": _limits_json(item.left),
                "right": _limits_json(item.right),
            }
            for item in found.limits
        ],
        "beyond": [
            {
                "store": item.side.title,
                "reference": item.reference.title,
                "certificates": [_member_json(member) for member in item.members],
            }
            for item in beyond
        ],
    }


def diff_lines(
    found: Comparison, beyond: Sequence[Beyond], *, hints: Sequence[str], everything: bool, width: int | None
) -> list[Line]:
    """The counts, the differences kind by kind, and commands that remove them (`hints`).

    Of each kind ten are shown on a terminal (`width` is not None) unless `everything` is asked for.
    """
    left, right = visible(found.left.title), visible(found.right.title)
    shown = None if everything or width is None else _SHOWN
    lines = _verdict(found, width)
    sections: list[tuple[str, list[Line]]] = [
        (f"only in {left}", [_only_line(item) for item in found.only_left]),
        (f"only in {right}", [_only_line(item) for item in found.only_right]),
        (f"trusted only in {left}", [_member_line(item.left) for item in found.trust if item.left.trusted]),
        (f"trusted only in {right}", [_member_line(item.right) for item in found.trust if item.right.trusted]),
        ("different limits", [_limits_line(item, left, right) for item in found.limits]),
    ]
    for item in beyond:
        heading = f"trusted in {visible(item.side.title)} and not in {visible(item.reference.title)}"
        sections.append((heading, [_member_line(member) for member in item.members]))
    untrusted = {
        f"only in {visible(side.title)}": sum(not item.member.trusted for item in only)
        for side, only in ((found.left, found.only_left), (found.right, found.only_right))
    }
    for heading, members in sections:
        if members:
            of_them = f", {untrusted[heading]:,} of them not trusted" if untrusted.get(heading) else ""
            lines += ["", (Span(heading, Style.BOLD), f" ({len(members):,}{of_them})"), *members[:shown]]
            if len(members[:shown]) < len(members):
                lines.append(f"  … and {len(members) - len(members[:shown]):,} more (-v shows all)")
    return [*lines, *([""] if hints else []), *(f"→ {hint}" for hint in hints)]


def _verdict(found: Comparison, width: int | None) -> list[Line]:
    if found.equal:
        return [(Span("✓", Style.GOOD), f" equal: {plural(found.same, 'certificate')}")]
    counted = (
        (found.same, "the same"),
        (len(found.only_left), f"only in {visible(found.left.title)}"),
        (len(found.only_right), f"only in {visible(found.right.title)}"),
        (len(found.trust), "trusted in only one"),
        (len(found.limits), "with different limits"),
    )
    text = " · ".join(f"{count:,} {what}" for count, what in counted if count)
    first, *others = wrapped(text, width, "  ", first="  ")
    return [(Span("≠", Style.WARNING), first[1:]), *others]


def _only_line(item: OnlyHere) -> Line:
    line = _member_line(item.member)
    if not item.same_key_there:
        return line
    twins = ", ".join(twin.sha256[:16] for twin in item.same_key_there)
    return (*line, Span(f"  (same key as {twins})", Style.DIM))


def _member_line(member: Member) -> tuple[str | Span, ...]:
    mark = Span("  ●", Style.GOOD) if member.trusted else Span("  ○", Style.DIM)
    return (mark, f" {member.sha256[:16]}  {visible_name(member.label)}")


def _limits_line(item: LimitsDiffer, left: str, right: str) -> Line:
    told = f": {_limits_text(item.left)} in {left}, {_limits_text(item.right)} in {right}"
    return (*_member_line(item.left), told)


def _limits_text(member: Member) -> str:
    parts = [] if member.distrust_after is None else [f"leaves until {member.distrust_after:%Y-%m-%d}"]
    parts += [f"names under {visible(member.constraints)}"] if member.constraints else []
    return " and ".join(parts) or "no limit"


def _side_json(side: Side) -> Json:
    trusted = sum(member.trusted for member in side.members.values())
    return {"title": side.title, "certificates": len(side.members), "trusted": trusted}


def _only_json(only: OnlyHere) -> Json:
    return {**_member_json(only.member), "same_key_there": [member.sha256 for member in only.same_key_there]}


def _member_json(member: Member) -> Json:
    return {"sha256": member.sha256, "label": member.label, "trusted": member.trusted, **_limits_json(member)}


def _limits_json(member: Member) -> Json:
    return {"distrust_after": moment(member.distrust_after), "constraints": member.constraints or None}
