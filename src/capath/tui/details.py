"""The details of one certificate as lines: what a person asks first stands first. Every text is made visible."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from capath.pki.key import public_key
from capath.pki.signature import signature_algorithm
from capath.pki.visible import visible, visible_name
from capath.report.certificate import date_text, remaining_text, serial_text
from capath.report.standing import Mark
from capath.store.standing import why_standing
from capath.tui.model import Item, OtherFile, Stage, Staged, Store
from capath.tui.text import LABEL_WIDTH, Line, Page, Span, hint, line

MARK_ROLES = {Mark.TRUSTED: "good", Mark.OFF: "muted", Mark.NOT_LINKED: "muted", Mark.DEFECT: "warn"}
SEVERITY_ROLES = {"error": "bad", "warning": "warn", "info": "muted"}
SEVERITY_MARKS = {"error": "✗", "warning": "!", "info": "·"}
_STAGED = {
    Stage.IN: "staged: it will be trusted",
    Stage.OUT: "staged: it will no longer be trusted",
}


def summary(item: Item, staged: Staged, used_by: Sequence[str], now: datetime, width: int) -> list[Line]:
    """The certificate in two lines, for a screen without room for more."""
    page = Page(width)
    stage = staged.stage_of(item.sha256)
    expired = item.not_after is not None and item.not_after < now
    left = remaining_text(item.row.certificate, now)
    first = [
        Span(f"{item.mark.value} {item.state_word}", f"{MARK_ROLES[item.mark]}!"),
        Span(f"  {item.link}", "muted"),
    ]
    if stage is not Stage.NONE:
        first.append(Span(f"  {stage.value} {_STAGED[stage]}", "staged!"))
    first.append(Span(f"  {item.key}  "))
    bar = _bar(item, now, 14)
    page.add(*first, *bar, (f" {left}", "bad" if expired else "good"), (_used(used_by, short=True), "muted"))
    groups = _fingerprint(item.sha256, width)
    keys = (*hint("gi", "issuer  ", "g i"), *hint("gh", "hosts  ", "g h"), *hint("gf", "findings", "g f"))
    page.add(("SHA-256 ", "muted"), f"{groups[0][:26]} …   ", *keys)
    return page.lines


def certificate_lines(
    item: Item, store: Store, staged: Staged, used_by: Sequence[str], now: datetime, width: int
) -> list[Line]:
    """Everything about one certificate, in lines of at most `width` cells."""
    page = Page(width)
    certificate = item.row.certificate
    _verdict(page, item, staged)
    for finding in store.findings_by_sha256.get(item.sha256, ()):
        severity = finding.severity.value
        page.flow(
            visible(finding.text),
            SEVERITY_ROLES[severity],
            first=line((f"{SEVERITY_MARKS[severity]} ", SEVERITY_ROLES[severity])),
        )
    page.blank()
    _validity(page, item, now)
    key = public_key(certificate)
    exponent = f", e {key.exponent}" if key.exponent else ""
    page.field("Key", f"{visible(key.text)}{exponent}")
    page.field("Signed", visible(signature_algorithm(certificate)))
    page.field("Serial", serial_text(certificate))
    page.blank()
    digits = _fingerprint(item.sha256, page.width - LABEL_WIDTH)
    for number, text in enumerate(digits):
        last = number == len(digits) - 1
        page.field("SHA-256" if number == 0 else "", text, tail=hint("y", "copy") if last else ())
    page.blank()
    _relations(page, item, store, used_by)
    _background(page, item, store)
    _names(page, item)
    _extensions(page, item)
    return page.lines


def _verdict(page: Page, item: Item, staged: Staged) -> None:
    role = MARK_ROLES[item.mark]
    page.flow(
        visible(why_standing(item.row.standing)),
        "muted",
        first=line((f"{item.mark.value} {item.state_word}  ", f"{role}!")),
    )
    stage = staged.stage_of(item.sha256)
    if stage is not Stage.NONE:
        page.add((f"{stage.value} {_STAGED[stage]}   ", "staged!"), *hint("w", "review"))
    country = next((a.text for rdn in item.row.certificate.subject.rdns for a in rdn if a.label == "C"), "")
    page.flow(
        ", ".join(part for part in (item.organisation, visible(country)) if part) or "no organisation in its name"
    )


def _validity(page: Page, item: Item, now: datetime) -> None:
    certificate = item.row.certificate
    start, end = date_text(certificate.not_before), date_text(certificate.not_after)
    bar = _bar(item, now, min(26, page.width - LABEL_WIDTH - len(start) - len(end) - 2))
    page.add((f"{'Valid':<{LABEL_WIDTH}}", "muted"), f"{start} ", *(bar or line("… ")), f" {end}")
    expired = certificate.not_after is not None and certificate.not_after < now
    page.field("", remaining_text(certificate, now), "bad" if expired else "good")


def _bar(item: Item, now: datetime, cells: int) -> Line:
    """A bar from notBefore to notAfter with today on it."""
    start, end = item.row.certificate.not_before, item.row.certificate.not_after
    if start is None or end is None or end <= start or cells < 5:
        return ()
    at = max(0, min(cells - 1, int((now - start) / (end - start) * cells)))
    return line(("━" * at, "good"), ("●", "strong"), ("━" * (cells - 1 - at), "line"))


def _fingerprint(digits: str, width: int) -> list[str]:
    groups = [digits[at : at + 8].upper() for at in range(0, len(digits), 8)]
    a_line = 4 if width >= 35 else max(1, (width + 1) // 9)
    return [" ".join(groups[at : at + a_line]) for at in range(0, len(groups), a_line)]


def _used(used_by: Sequence[str], *, short: bool = False) -> str:
    if not used_by:
        return ""
    if short:
        return f"   used by {len(used_by):,} host{'' if len(used_by) == 1 else 's'}"
    more = f" and {len(used_by) - 3:,} more" if len(used_by) > 3 else ""
    return ", ".join(used_by[:3]) + more


def _relations(page: Page, item: Item, store: Store, used_by: Sequence[str]) -> None:
    certificate = item.row.certificate
    if certificate.self_issued:
        page.field("Issuer", "itself")
    else:
        here = store.issuer_of(item)
        name = visible_name(certificate.issuer.title)
        page.field("Issuer", name if here else f"{name}, not here", tail=hint("gi", "go", "g i") if here else ())
    children = store.children_of(item)
    if children:
        count = len(children)
        page.field(
            "Signs", f"{count:,} certificate{'' if count == 1 else 's'} here", tail=hint("gc", "them", "g c")
        )
    if used_by:
        page.field("Used by", f"✓ {_used(used_by)}", "good", tail=hint("gh", "them", "g h"))
    for number, row in enumerate(item.rows):
        page.field("File" if number == 0 else "", visible(row.file))
    links = visible(", ".join(item.row.links))
    page.field("Links", links or "none", tail=hint("gl", "go", "g l") if links else ())


def _background(page: Page, item: Item, store: Store) -> None:
    """The operator, what Mozilla's list says of it, and its family in the directory."""
    from capath.diagnosis.background import background_of
    from capath.report.background import background_lines

    page.section("Known of it")
    for heading, words in background_lines(background_of(store.relatives(item), item.row.certificate)):
        page.field(heading, words)


def _names(page: Page, item: Item) -> None:
    certificate = item.row.certificate
    names = [("Subject", certificate.subject.rdns)]
    if not certificate.self_issued:
        names.append(("Issuer", certificate.issuer.rdns))
    for heading, rdns in names:
        page.section(heading)
        for rdn in rdns:
            for attribute in rdn:
                page.field(attribute.label, visible(attribute.text))
    hashes = f"{certificate.subject_hash}, old {certificate.subject.old_hash}"
    page.section("Hashes")
    page.field("Subject", hashes)
    for number, text in enumerate(_fingerprint(certificate.sha1, page.width - LABEL_WIDTH)):
        page.field("SHA-1" if number == 0 else "", text)


def _extensions(page: Page, item: Item) -> None:
    from capath.pki.describe import describe_extensions

    page.section("Extensions")
    for extension in describe_extensions(item.row.certificate):
        page.add(visible(extension.name), (" critical" if extension.critical else "", "warn"))
        for text in extension.lines[:40]:
            page.flow(visible(text), "muted", indent=2, first=line("  "))
        if len(extension.lines) > 40:
            page.add((f"  … and {len(extension.lines) - 40} more", "muted"))


def other_file_lines(other: OtherFile, width: int) -> list[Line]:
    """A file that lookup gets no certificate from: why, and what to do about it."""
    page = Page(width)
    page.add(("⊘ skipped  ", "warn!"), (other.kind, "strong")) if other.kind != "CRL" else page.add(
        ("· CRL", "muted!")
    )
    page.flow(other.reason)
    page.blank()
    if other.is_key:
        page.flow("A private key does not belong in a directory that others read: move it elsewhere.", "warn!")
    if other.importable:
        page.flow(
            "Import its certificates as files of their own, with hash links",
            first=(*hint("Fix", ""), *hint("m", " ")),
        )
    elif other.kind != "CRL" and not other.is_key:
        page.flow("Nothing here can be fixed with a key: replace the file, or remove it.", "muted")
    page.blank()
    page.field("File", other.title)
    return page.lines
