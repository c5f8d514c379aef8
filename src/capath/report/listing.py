"""Whole directories: ``capath list`` and ``capath links``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from capath.audit import Finding
from capath.pki.key import public_key
from capath.pki.visible import visible
from capath.report.certificate import certificate_json, crl_json, date_text
from capath.report.document import Json
from capath.store import CertificateRow, Listing
from capath.store.links import LinkReport, LinkState
from capath.store.standing import TakenOut, Trusted, explain

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
    """One line a certificate, and what else is there; for people."""
    lines = [_certificate_line(row, now) for row in listing.certificates]
    lines.extend(
        f"▪ CRL       {visible(row.links[0]) if row.links else '–':<12} "
        f"until {date_text(row.crl.next_update)}  {row.crl.revoked_count} revoked  "
        f"{visible(row.crl.issuer.title)}  ({visible(row.file)})"
        for row in listing.crls
    )
    lines.extend(f"· skipped   {visible(item.file)}: {visible(item.reason)}" for item in listing.skipped)
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


def _certificate_line(row: CertificateRow, now: datetime) -> str:
    match row.standing:
        case Trusted():
            mark, word = "●", "trusted"
        case TakenOut():
            mark, word = "○", "off"
        case _:
            mark, word = "▲" if row.links else "○", "untrusted"
    certificate = row.certificate
    until = date_text(certificate.not_after)
    if certificate.not_after is not None and certificate.not_after < now:
        until += " expired"
    link = visible(row.links[0]) if row.links else "–"
    key = visible(public_key(certificate).text)
    line = f"{mark} {word:<9} {link:<12} {key:<10} {until:<10}  {visible(certificate.subject.title)}"
    if not isinstance(row.standing, Trusted | TakenOut) and row.links:
        line += f"\n            {visible(explain(row.standing))}"
    return f"{line}  ({visible(row.file)})" if "\n" not in line else line


def _link_line(link: LinkReport) -> str:
    target = "(a regular file)" if link.target is None else f"-> {visible(link.target)}"
    if link.state is LinkState.OK:
        return f"● {visible(link.name):<13} {target}"
    return f"▲ {visible(link.name):<13} {target}\n    {link.state.value}: {visible(link.why)}"


def _s(count: int) -> str:
    return "" if count == 1 else "s"
