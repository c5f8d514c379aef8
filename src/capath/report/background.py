"""Background of a root, as JSON and as lines for people."""

from __future__ import annotations

from collections.abc import Sequence

from capath.diagnosis.background import (
    Background,
    Distrusted,
    Included,
    MozillaStanding,
    NeverIncluded,
    Removed,
)
from capath.errors import assert_never
from capath.pki.visible import visible, visible_name
from capath.report.document import Json, moment
from capath.store import CertificateRow


def background_json(known: Background) -> Json:
    """For ``capath show --json``."""
    return {
        "organisation": known.organisation,
        "children": _shas(known.children),
        "reissues": _shas(known.reissues),
        "cross_signs": _shas(known.cross_signs),
        "namesakes": _shas(known.namesakes),
        "issuers": _shas(known.issuers),
        "mozilla": _standing_json(known.mozilla),
        "distrust_after": moment(known.limits.distrust_after),
        "constraints": known.limits.constraints or None,
        "lists": list(known.lists),
    }


def background_lines(known: Background) -> list[tuple[str, str]]:
    """Pairs of a heading and a text, every value visible; what there is nothing of is left out."""
    lines = [("Operator", visible(known.organisation)), ("Mozilla", standing_text(known.mozilla))]
    limits = known.limits
    if limits.distrust_after is not None:
        date = f"{limits.distrust_after:%Y-%m-%d}"
        lines.append(("Limit", f"only leaves issued until {date} ({visible(limits.source)})"))
    if limits.constraints:
        lines.append(("Limit", f"only names under {visible(limits.constraints)} ({visible(limits.source)})"))
    if known.lists:
        lines.append(("In", visible(", ".join(known.lists))))
    for heading, rows in (
        ("Signed here", known.children),
        ("Signed by", known.issuers),
        ("Same key", known.reissues),
        ("Cross-signed", known.cross_signs),
        ("Other key", known.namesakes),
    ):
        if rows:
            lines.append((heading, ", ".join(_row_text(row) for row in rows)))
    return lines


def standing_text(standing: MozillaStanding) -> str:
    """What Mozilla makes of it, with the date of the list."""
    told = f"(list of {standing.list_date})"
    match standing:
        case NeverIncluded():
            return f"never in its list {told}"
        case Included(since=since, for_servers=True):
            return f"trusted for TLS servers, included since {since} {told}"
        case Included(since=since):
            return f"included since {since}, not trusted for TLS servers {told}"
        case Removed(since=since, on=on, reason=reason):
            return f"included from {since} to {on}{f': {reason}' if reason else ''} {told}"
        case Distrusted(reason=reason):
            return f"actively distrusted{f': {reason}' if reason else ''} {told}"
        case _:
            assert_never(standing)


def _standing_json(standing: MozillaStanding) -> Json:
    told = {"list_date": standing.list_date.isoformat()}
    match standing:
        case NeverIncluded():
            return {"state": "never-included", **told}
        case Included(since=since, for_servers=for_servers):
            return {"state": "included", "since": since.isoformat(), "for_servers": for_servers, **told}
        case Removed(since=since, on=on, reason=reason):
            dates = {"since": since.isoformat(), "removed": on.isoformat()}
            return {"state": "removed", **dates, "reason": reason or None, **told}
        case Distrusted(since=since, reason=reason):
            return {"state": "distrusted", "since": since.isoformat(), "reason": reason or None, **told}
        case _:
            assert_never(standing)


def _row_text(row: CertificateRow) -> str:
    return (
        f"{visible_name(row.certificate.subject.title)} ({visible(row.file)}, "
        f"{'trusted' if row.trusted else 'off'})"
    )


def _shas(rows: Sequence[CertificateRow]) -> list[str]:
    return [row.certificate.sha256 for row in rows]
