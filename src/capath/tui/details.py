"""The details of one certificate, as styled text. Certificate text is made visible and is never markup."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.text import Text

from capath.audit import Severity
from capath.diagnosis.background import background_of
from capath.pki.describe import describe_extensions
from capath.pki.key import public_key
from capath.pki.signature import signature_algorithm
from capath.pki.visible import visible
from capath.report.background import background_lines
from capath.report.certificate import date_text, remaining_text, serial_text
from capath.store.standing import explain
from capath.tui.flow import flow
from capath.tui.model import Item, Stage, Staged, Store

_STAGE_TEXT = {
    Stage.IN: "staged: will be trusted (w reviews)",
    Stage.OUT: "staged: will be taken out (w reviews)",
}
SEVERITY_MARKS = {Severity.ERROR: "✗", Severity.WARNING: "!", Severity.INFO: "·"}
SEVERITY_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "dim"}


def certificate_details(
    item: Item, store: Store, staged: Staged, used_by: Sequence[str], now: datetime, width: int
) -> Text:
    """All there is to say of one certificate, in lines of at most `width` cells where they can be cut."""
    row = item.row
    certificate = row.certificate
    text = Text(no_wrap=False)
    text.append(item.title, "bold")
    style = "green" if item.trusted else ("yellow" if item.state_word == "link broken" else "dim")
    state = f"{item.mark.value} {item.state_word}"
    told = flow(f"{state} · {visible(explain(row.standing))}", width - 2, "  ")
    text.append(f"\n{told[: len(state)]}", style)
    text.append(f"{told[len(state) :]}\n")
    stage = staged.stage_of(item.sha256)
    if stage is not Stage.NONE:
        text.append(f"{stage.value} {_STAGE_TEXT[stage]}\n", "bold yellow")
    for finding in store.findings_by_sha256.get(item.sha256, ()):
        mark = SEVERITY_MARKS[finding.severity]
        text.append(f"{mark} {flow(visible(finding.text), width - 2, '  ')}\n", SEVERITY_STYLES[finding.severity])
    text.append("\n")
    for other in item.rows:
        _field(text, "File", visible(other.file))
    _field(text, "Links", visible(", ".join(row.links)) or "none")
    _field(text, "Issuer", "itself" if certificate.self_issued else visible(certificate.issuer.title))
    _field(text, "Serial", serial_text(certificate))
    _field(text, "Valid", f"{date_text(certificate.not_before)} … {date_text(certificate.not_after)}")
    _field(text, "", _lifetime(item, now, min(width - 10, 44)))
    key = public_key(certificate)
    _field(text, "Key", visible(key.text) + (f", e {key.exponent}" if key.exponent else ""))
    _field(text, "Signed", visible(signature_algorithm(certificate)))
    _field(text, "Hashes", f"{certificate.subject_hash}  old {certificate.subject.old_hash}")
    text.append("\nSHA-256", "dim")
    text.append("  y f copies\n", "dim")
    for line in _fingerprint(certificate.sha256, width):
        text.append(f"{line}\n")
    text.append("SHA-1\n", "dim")
    for line in _fingerprint(certificate.sha1, width):
        text.append(f"{line}\n")
    text.append("\nSubject\n", "dim")
    _name(text, certificate.subject.rdns)
    if not certificate.self_issued:
        text.append("Issuer\n", "dim")
        _name(text, certificate.issuer.rdns)
    _background(text, item, store, used_by, width)
    _extensions(text, item)
    return text


def _field(text: Text, label: str, value: str) -> None:
    text.append(f"{label:<8} ", "dim")
    text.append(f"{value}\n")


def _name(text: Text, rdns: object) -> None:
    for rdn in rdns if isinstance(rdns, tuple) else ():
        for attribute in rdn:
            text.append(f"  {attribute.label:<5} ", "dim")
            text.append(f"{visible(attribute.text)}\n")


def _lifetime(item: Item, now: datetime, width: int) -> str:
    """A bar from notBefore to notAfter with today on it, and what is left in words."""
    certificate = item.row.certificate
    words = remaining_text(certificate, now)
    start, end = certificate.not_before, certificate.not_after
    cells = width - len(words) - 3
    if start is None or end is None or end <= start or cells < 8:
        return words
    at = int((now - start) / (end - start) * cells)
    at = max(0, min(cells - 1, at))
    return f"├{'─' * at}●{'─' * (cells - 1 - at)}┤ {words}"


def _fingerprint(digits: str, width: int) -> list[str]:
    groups = [digits[at : at + 8].upper() for at in range(0, len(digits), 8)]
    a_line = max(1, min(4, (width + 1) // 9))
    return [" ".join(groups[at : at + a_line]) for at in range(0, len(groups), a_line)]


def _background(text: Text, item: Item, store: Store, used_by: Sequence[str], width: int) -> None:
    """Who runs it, what Mozilla's list says of it, and its family in the directory."""
    known = background_of(store.listing, item.row.certificate)
    text.append("\nKnown of it\n", "dim")
    for heading, words in background_lines(known):
        text.append(f"  {heading:<12} ", "dim")
        text.append(f"{flow(words, width - 15, ' ' * 15)}\n")
    if used_by:
        text.append("  Used by      ", "dim")
        more = f" and {len(used_by) - 6} more" if len(used_by) > 6 else ""
        text.append(f"{flow(', '.join(used_by[:6]) + more, width - 15, ' ' * 15)}\n", "green")


def _extensions(text: Text, item: Item) -> None:
    for extension in describe_extensions(item.row.certificate):
        text.append(f"\n{extension.name}", "dim")
        text.append("  critical\n" if extension.critical else "\n", "yellow" if extension.critical else "dim")
        for line in extension.lines[:40]:
            text.append(f"  {visible(line)}\n")
        if len(extension.lines) > 40:
            text.append(f"  … and {len(extension.lines) - 40} more\n", "dim")
