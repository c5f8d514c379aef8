"""Whole directories: ``capath list`` and ``capath links``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from capath.pki.visible import shell_command, visible, visible_name
from capath.report.layout import Line, Span, Style, columns, plural
from capath.report.standing import STYLES, Mark, mark_of
from capath.store import CertificateRow, Listing
from capath.store.link_health import LinkReport, LinkState
from capath.store.standing import why_standing

if TYPE_CHECKING:
    from capath.audit import Finding
    from capath.report.document import Json

_WIDE = 110
"""The columns that a terminal has to have for the files' names to be shown in it."""


def listing_json(listing: Listing, findings: Mapping[str, Sequence[Finding]]) -> Json:
    """The object of ``capath list --json``. `findings` are those about each certificate, by its SHA-256."""
    from capath.report.certificate import certificate_json, crl_json

    return {
        "directory": listing.snapshot.title,
        "certificates": [
            certificate_json(row, findings.get(row.certificate.sha256, ())) for row in listing.certificates
        ],
        "crls": [crl_json(row) for row in listing.crls],
        "skipped": [{"file": item.file, "reason": item.reason} for item in listing.skipped],
    }


def listing_lines(listing: Listing, now: datetime, width: int | None) -> list[Line]:
    """One line a certificate under the columns' titles, and what else is there; cut to `width` cells."""
    from capath.report.certificate import date_text

    lines = _certificate_lines(listing.certificates, now, width)
    for row in listing.crls:
        told = f"until {date_text(row.crl.next_update)}  {row.crl.revoked_count} revoked  "
        link = row.links[0] if row.links else "–"
        lines.append(f"▪ CRL         {link:<12} {told}{visible_name(row.crl.issuer.title)}  ({visible(row.file)})")
    lines.extend((Span("· skipped     ", Style.DIM), f"{item.file}: {item.reason}") for item in listing.skipped)
    lines.append(summary_text(listing))
    return lines


def summary_text(listing: Listing) -> str:
    """The counts, in one line."""
    total = len(listing.by_sha256)
    parts = [
        plural(total, "certificate"),
        f"{listing.trusted_count:,} trusted",
        f"{total - listing.trusted_count:,} not",
    ]
    some = len({row.held.sha256 for row in listing.certificates if row.readers.disagree})
    if some:
        parts.append(f"{some:,} trusted by some programs only (capath check)")
    if listing.crls:
        parts.append(plural(len(listing.crls), "CRL"))
    if listing.defects:
        parts.append(f"{plural(len(listing.defects), 'link')} with a defect (capath links --defects)")
    return " · ".join(parts)


def links_json(listing: Listing, *, only_defects: bool = False) -> Json:
    """The object of ``capath links --json``."""
    return {
        "links": [
            {"name": link.name, "target": link.target, "state": link.state.value, "why": link.why}
            for link in (listing.defects if only_defects else listing.links)
        ]
    }


def links_lines(listing: Listing, *, only_defects: bool = False) -> list[Line]:
    """One line a link, defects with their reason; for people."""
    shown = listing.defects if only_defects else listing.links
    lines = [line for link in shown for line in _link_lines(link)]
    lines.append(f"{plural(len(listing.links), 'hash link')}, {len(listing.defects):,} with a defect")
    if listing.defects:
        command = shell_command(["capath", "rehash", "--dry-run", listing.snapshot.title])
        lines.append(f"capath rehash fixes what can be fixed; see how with: {command}")
    return lines


def _certificate_lines(rows: Sequence[CertificateRow], now: datetime, width: int | None) -> list[Line]:
    """The titles of the columns and a line a certificate; where a defect is in the way, also which.

    On a narrow terminal the file is left out: the link names the certificate as well.
    """
    if not rows:
        return []
    with_file = width is None or width >= _WIDE
    titles = ("State", "Link", "Key", "Until", "Certificate  (File)" if with_file else "Certificate")
    cells = columns(
        [titles, *(_cells(row, now, with_file=with_file) for row in rows)], _less(width, 2), flexible=4
    )
    lines: list[Line] = [(Span(f"  {'  '.join(next(cells))}", Style.DIM),)]
    for row, found in zip(rows, cells, strict=True):
        mark = mark_of(row.standing)
        lines.append((Span(mark.value, STYLES[mark]), f" {'  '.join(found)}"))
        if mark is Mark.DEFECT:
            lines.append(f"  {'':<{len(found[0])}}  {visible(why_standing(row.standing))}")
    return lines


def _cells(row: CertificateRow, now: datetime, *, with_file: bool) -> tuple[str, ...]:
    from capath.pki.key import public_key
    from capath.report.certificate import date_text

    certificate = row.certificate
    until = date_text(certificate.not_after)
    if certificate.not_after is not None and certificate.not_after < now:
        until += " expired"
    link = row.links[0] if row.links else "–"
    title = visible_name(certificate.subject.title)
    name = f"{title}  ({visible(row.file)})" if with_file else title
    return mark_of(row.standing).word, link, public_key(certificate).text, until, name


def _less(width: int | None, cells: int) -> int | None:
    return None if width is None else width - cells


def _link_lines(link: LinkReport) -> list[Line]:
    target = "(a regular file)" if link.target is None else f"-> {visible(link.target)}"
    name = f" {visible(link.name):<13} {target}"
    if link.state is LinkState.OK:
        return [(Span("●", Style.GOOD), name)]
    return [(Span("▲", Style.WARNING), name), f"    {link.state.value}: {link.why}"]
