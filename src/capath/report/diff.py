"""Two stores compared: ``capath diff``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from capath.pki.visible import visible
from capath.report.document import Json, moment
from capath.store.diff import Comparison, Member, OnlyHere, Side


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


def diff_text(found: Comparison, beyond: Sequence[Beyond]) -> str:
    """The differences, kind by kind, and the counts."""
    left, right = visible(found.left.title), visible(found.right.title)
    lines: list[str] = []
    lines += _only_lines(f"only in {left}", found.only_left)
    lines += _only_lines(f"only in {right}", found.only_right)
    for heading, pairs in (
        (f"trusted in {left}, not in {right}", [item for item in found.trust if item.left.trusted]),
        (f"trusted in {right}, not in {left}", [item for item in found.trust if item.right.trusted]),
    ):
        lines += _section(heading, [_member_line(item.left) for item in pairs])
    lines += _section(
        "limits differ",
        [
            f"{_member_line(item.left)}: {_limits_text(item.left)} in {left}, "
            f"{_limits_text(item.right)} in {right}"
            for item in found.limits
        ],
    )
    for item in beyond:
        heading = f"trusted in {visible(item.side.title)} and not in {visible(item.reference.title)}"
        lines += _section(heading, [_member_line(member) for member in item.members])
    lines.append(
        f"{found.same:,} the same · {len(found.only_left):,} only in {left} · {len(found.only_right):,} only in "
        f"{right} · {len(found.trust):,} with other trust · {len(found.limits):,} with other limits"
    )
    return "\n".join(lines)


def _only_lines(heading: str, only: Sequence[OnlyHere]) -> list[str]:
    lines = []
    for item in only:
        line = _member_line(item.member)
        if item.same_key_there:
            twins = ", ".join(f"{visible(twin.label)} {twin.sha256[:16]}" for twin in item.same_key_there)
            line += f"  (the same key is over there: {twins})"
        lines.append(line)
    return _section(heading, lines)


def _section(heading: str, lines: Sequence[str]) -> list[str]:
    return [f"{heading} ({len(lines)})", *(f"  {line}" for line in lines), ""] if lines else []


def _member_line(member: Member) -> str:
    return f"{'●' if member.trusted else '○'} {member.sha256[:16]}  {visible(member.label)}"


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
