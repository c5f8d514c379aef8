"""Whole directories: ``capath list`` and ``capath links``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from capath.audit import Finding
from capath.pki.key import public_key
from capath.pki.visible import visible
from capath.report.certificate import certificate_json, crl_json, date_text
from capath.report.document import Json
from capath.report.standing import Mark, mark_of
from capath.store import CertificateRow, Listing
from capath.store.links import LinkReport, LinkState
from capath.store.standing import explain

FindingsOf = Mapping[str, Sequence[Finding]]
"""The findings about each certificate, by its SHA-256."""


def listing_json(listing: Listing, findings: FindingsOf) -> Json:
    """The object of ``capath list --json``."""
    return {
        "directory": listing.snapshot.directory,
        "certificates": [
            certificate_json(row, findings.get(row.certificate.sha256, ())) for row in listing.certificates
        ],
        "crls": [crl_json(row) for row in listing.crls],
        "skipped": [{"file": item.file, "reason": item.reason} for item in listing.skipped],
    }


def listing_text(listing: Listing, now: datetime) -> str:
    """One line a certificate under the columns' titles, and what else is there; for people."""
    lines = _certificate_lines(listing.certificates, now)
    lines.extend(
        f"▪ CRL         {visible(row.links[0]) if row.links else '–':<12} "
        f"until {date_text(row.crl.next_update)}  {row.crl.revoked_count} revoked  "
        f"{visible(row.crl.issuer.title)}  ({visible(row.file)})"
        for row in listing.crls
    )
    lines.extend(f"· skipped     {visible(item.file)}: {visible(item.reason)}" for item in listing.skipped)
    lines.append(summary_text(listing))
    return "\n".join(lines)


def summary_text(listing: Listing) -> str:
    """The counts, in one line."""
    total = len(listing.by_sha256)
    parts = [
        f"{total:,} certificate{_s(total)}",
        f"{listing.trusted_count:,} trusted",
        f"{total - listing.trusted_count:,} not",
    ]
    if listing.crls:
        parts.append(f"{len(listing.crls):,} CRL{_s(len(listing.crls))}")
    if listing.defects:
        parts.append(f"{len(listing.defects):,} link{_s(len(listing.defects))} with a defect (capath links)")
    return " · ".join(parts)


def links_json(listing: Listing) -> Json:
    """The object of ``capath links --json``."""
    return {
        "links": [
            {"name": link.name, "target": link.target, "state": link.state.value, "why": link.why}
            for link in listing.links
        ]
    }


def links_text(listing: Listing) -> str:
    """One line a link, defects with their reason; for people."""
    lines = [_link_line(link) for link in listing.links]
    lines.append(
        f"{len(listing.links):,} hash link{_s(len(listing.links))}, {len(listing.defects):,} with a defect"
    )
    if listing.defects:
        lines.append("capath rehash mends what can be mended; --dry-run shows how")
    return "\n".join(lines)


def _certificate_lines(rows: Sequence[CertificateRow], now: datetime) -> list[str]:
    """The titles of the columns and a line a certificate; where a defect is in the way, also which."""
    table = [_cells(row, now) for row in rows]
    if not table:
        return []
    titles = ("State", "Link", "Key", "Until")
    state, link, key, until = (
        max(len(title), *(len(cells[number]) for cells in table)) for number, title in enumerate(titles)
    )
    lines = [f"  {'State':<{state}}  {'Link':<{link}}  {'Key':<{key}}  {'Until':<{until}}  Certificate  (File)"]
    for row, cells in zip(rows, table, strict=True):
        mark = mark_of(row.standing)
        lines.append(
            f"{mark.value} {cells[0]:<{state}}  {cells[1]:<{link}}  {cells[2]:<{key}}  {cells[3]:<{until}}  "
            f"{visible(row.certificate.subject.title)}  ({visible(row.file)})"
        )
        if mark is Mark.DEFECT:
            lines.append(f"  {'':<{state}}  {visible(explain(row.standing))}")
    return lines


def _cells(row: CertificateRow, now: datetime) -> tuple[str, str, str, str]:
    certificate = row.certificate
    until = date_text(certificate.not_after)
    if certificate.not_after is not None and certificate.not_after < now:
        until += " expired"
    link = visible(row.links[0]) if row.links else "–"
    return mark_of(row.standing).word, link, visible(public_key(certificate).text), until


def _link_line(link: LinkReport) -> str:
    target = "(a regular file)" if link.target is None else f"-> {visible(link.target)}"
    if link.state is LinkState.OK:
        return f"● {visible(link.name):<13} {target}"
    return f"▲ {visible(link.name):<13} {target}\n    {link.state.value}: {visible(link.why)}"


def _s(count: int) -> str:
    return "" if count == 1 else "s"
