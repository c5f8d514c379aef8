"""What the explorer knows, as values: the store, what is staged, and what the certificate table shows.

No Textual here. Every text is visible already (`capath.pki.visible`), so widgets only lay it out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from sys import intern

from capath.audit import Finding
from capath.errors import StrEnum
from capath.pki.key import public_key
from capath.pki.visible import visible
from capath.report.standing import Mark, mark_of
from capath.store import CertificateRow, Listing
from capath.store.standing import Trusted, is_meant_to_be_trusted


class Stage(StrEnum):
    """What is staged for a certificate."""

    NONE = " "
    IN = "+"
    OUT = "−"


@dataclass(frozen=True, slots=True)
class Item:
    """One certificate of the store, under however many names, as the table and the details show it."""

    rows: tuple[CertificateRow, ...]
    title: str
    organisation: str
    link: str
    key: str
    until: str
    not_after: datetime | None
    mark: Mark
    search: str

    @property
    def row(self) -> CertificateRow:
        return self.rows[0]

    @property
    def sha256(self) -> str:
        return self.rows[0].certificate.sha256

    @property
    def trusted(self) -> bool:
        return self.mark is Mark.TRUSTED

    @property
    def state_word(self) -> str:
        """The state in words."""
        return self.mark.word


@dataclass(frozen=True, slots=True)
class Staged:
    """The certificates (SHA-256) to be taken in and out."""

    taken_in: frozenset[str] = frozenset()
    taken_out: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.taken_in or self.taken_out)

    @property
    def text(self) -> str:
        """``+1 −2``, or nothing."""
        parts = [f"+{len(self.taken_in):,}"] if self.taken_in else []
        if self.taken_out:
            parts.append(f"−{len(self.taken_out):,}")
        return " ".join(parts)

    def stage_of(self, sha256: str) -> Stage:
        if sha256 in self.taken_in:
            return Stage.IN
        return Stage.OUT if sha256 in self.taken_out else Stage.NONE

    def toggled(self, items: Iterable[Item]) -> Staged:
        """The same with each of `items` staged to change, or no longer."""
        taken_in, taken_out = set(self.taken_in), set(self.taken_out)
        for item in items:
            (taken_out if item.trusted else taken_in).symmetric_difference_update({item.sha256})
        return Staged(frozenset(taken_in), frozenset(taken_out))

    def kept(self, items: Mapping[str, Item]) -> Staged:
        """What still makes sense in a store that has changed: the certificate is there, in its old state."""
        return Staged(
            frozenset(sha for sha in self.taken_in if sha in items and not items[sha].trusted),
            frozenset(sha for sha in self.taken_out if sha in items and items[sha].trusted),
        )


@dataclass(frozen=True)
class Store:
    """A listing made ready to be shown. `items` are in the order of their titles.

    `findings` come behind the certificates: the audit of a large store takes longer than reading it.
    """

    listing: Listing
    items: tuple[Item, ...]
    by_sha256: Mapping[str, Item] = field(repr=False)
    findings: tuple[Finding, ...] = ()
    findings_by_sha256: Mapping[str, Sequence[Finding]] = field(repr=False, default_factory=dict)

    def with_findings(self, findings: Sequence[Finding]) -> Store:
        """The same store with what the audit found."""
        grouped: dict[str, list[Finding]] = {}
        for finding in findings:
            if finding.sha256:
                grouped.setdefault(finding.sha256, []).append(finding)
        return replace(self, findings=tuple(findings), findings_by_sha256=grouped)


def make_store(listing: Listing, now: datetime) -> Store:
    """Prepare `listing` for the screen."""
    items = [_item(rows, now) for rows in listing.by_sha256.values()]
    items.sort(key=lambda item: (item.title.casefold(), item.sha256))
    return Store(listing, tuple(items), {item.sha256: item for item in items})


def _item(rows: tuple[CertificateRow, ...], now: datetime) -> Item:
    # The copy that counts is the one that is trusted, then the one that is meant to be.
    ordered = tuple(
        sorted(rows, key=lambda row: (not row.trusted, not is_meant_to_be_trusted(row.standing), row.file))
    )
    row = ordered[0]
    certificate = row.certificate
    standing = row.standing
    title = visible(certificate.subject.title)
    organisation = intern(visible(certificate.subject.organisation))
    key = intern(visible(public_key(certificate).text))
    until = "unreadable"
    if certificate.not_after is not None:
        until = f"{certificate.not_after:%Y-%m-%d}"
        if certificate.not_after < now:
            until = f"expired {certificate.not_after:%Y}"
    links = visible(" ".join(row.links))
    files = visible(" ".join(other.file for other in ordered))
    search = "\n".join((title, organisation, links, files, certificate.sha256, certificate.sha1, key)).lower()
    link = visible(standing.link) if isinstance(standing, Trusted) else visible(next(iter(row.links), "–"))
    return Item(ordered, title, organisation, link, key, until, certificate.not_after, mark_of(standing), search)
