"""The smallest set of roots: ``capath minimise``."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from capath.change.plan import Plan
from capath.errors import assert_never
from capath.pki.visible import visible, visible_name
from capath.remedy.host_needs import Carried, HostNeeds, NotReached, NotVerifying
from capath.remedy.minimise import Minimum
from capath.report.change import plan_json
from capath.report.document import Json
from capath.report.layout import Line, Span, Style, plural, wrapped
from capath.store import Listing

_STYLES = {"✓": Style.GOOD, "✗": Style.BAD, "∅": Style.WARNING}


def minimise_json(
    listing: Listing, hosts: Sequence[HostNeeds], minimum: Minimum, plan: Plan, applied: bool
) -> Json:
    """The object of ``capath minimise --json``."""
    return {
        "directory": listing.snapshot.title,
        "hosts": [_host_json(host, minimum, listing) for host in hosts],
        "roots": [_root_json(sha256, listing) for sha256 in _by_title(minimum.roots, listing)],
        "trusted_now": listing.trusted_count,
        "exact": minimum.exact,
        "plan": plan_json(plan, applied),
    }


def minimise_lines(
    listing: Listing, hosts: Sequence[HostNeeds], minimum: Minimum, width: int | None
) -> list[Line]:
    """How few roots are enough, which they are, and which host needs which."""
    number = len(minimum.roots)
    trusted = plural(listing.trusted_count, "trusted certificate")
    enough = f"{number} of {trusted} {'is' if number == 1 else 'are'} enough"
    carried = sum(isinstance(host, Carried) for host in hosts)
    if carried < len(hosts):
        enough += f" for {carried:,} of {plural(len(hosts), 'host')}"
    proof = "no smaller set is" if minimum.exact else "there may be a smaller set: the search was cut off"
    if number:
        lines: list[Line] = [(Span("✓ ", Style.GOOD), Span(enough, Style.BOLD), f"; {proof}")]
    else:
        lines = [(Span("✗ ", Style.BAD), "no host verifies with this directory, so no root is needed")]
    lines += [f"  ● {sha256[:16]}  {_title(sha256, listing)}" for sha256 in _by_title(minimum.roots, listing)]
    lines.append("")
    for host in hosts:
        first, *others = wrapped(_host_text(host, minimum, listing), width, "    ", first="")
        lines += [(Span(first[:1], _STYLES[first[:1]]), first[1:]), *others]
    return lines


def _host_text(host: HostNeeds, minimum: Minimum, listing: Listing) -> str:
    match host:
        case Carried(host=name, alternatives=alternatives):
            used = " and ".join(_title(sha256, listing) for sha256 in sorted(minimum.used.get(name, ())))
            more = len(alternatives) - 1
            other = f"  (or {plural(more, 'other set')} of roots)" if more else ""
            return f"✓ {visible_name(name)}: {used}{other}"
        case NotVerifying(host=name, reason=reason):
            return f"✗ {visible_name(name)}: it does not verify now: {visible(reason)}"
        case NotReached(host=name, reason=reason):
            return f"∅ {visible_name(name)}: {visible(reason)}"
        case _:
            assert_never(host)


def _host_json(host: HostNeeds, minimum: Minimum, listing: Listing) -> Json:
    match host:
        case Carried(host=name, alternatives=alternatives):
            used: Collection[str] = minimum.used.get(name, ())
            return {
                "host": name,
                "outcome": "verified",
                "roots": sorted(used),
                "alternatives": [sorted(alternative) for alternative in alternatives],
                "reason": None,
            }
        case NotVerifying(host=name, reason=reason):
            return {"host": name, "outcome": "rejected", "roots": [], "alternatives": [], "reason": reason}
        case NotReached(host=name, reason=reason):
            return {"host": name, "outcome": "unreachable", "roots": [], "alternatives": [], "reason": reason}
        case _:
            assert_never(host)


def _root_json(sha256: str, listing: Listing) -> Json:
    row = listing.by_sha256[sha256][0]
    return {"sha256": sha256, "title": row.certificate.subject.title, "file": row.file}


def _by_title(roots: Collection[str], listing: Listing) -> list[str]:
    return sorted(roots, key=lambda sha256: (_title(sha256, listing).casefold(), sha256))


def _title(sha256: str, listing: Listing) -> str:
    return visible_name(listing.by_sha256[sha256][0].certificate.subject.title)
