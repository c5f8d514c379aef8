"""What the explorer knows, as values: the store, what is staged, and what the tables show.

No Textual here. Every text is visible already (`capath.pki.visible`), so it only has to be laid out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from sys import intern
from typing import TYPE_CHECKING, NamedTuple

from capath.errors import StrEnum
from capath.pki.visible import visible, visible_name
from capath.report.standing import Mark, mark_of
from capath.store import CertificateRow, Listing
from capath.store.standing import Trusted, is_meant_to_be_trusted

if TYPE_CHECKING:
    from capath.audit import Finding
    from capath.pki.certificate import Certificate
    from capath.pki.key import PublicKey


class Stage(StrEnum):
    """What is staged for a certificate."""

    NONE = " "
    IN = "+"
    OUT = "−"


class Item(NamedTuple):
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


class OtherFile(NamedTuple):
    """A file of the directory that lookup gets no certificate from: its name, what it is in a word or two, why it
    is skipped, and whether importing it would help. A private key is dangerous here."""

    file: str
    title: str
    kind: str
    reason: str
    importable: bool
    is_key: bool
    links: str = ""

    @property
    def search(self) -> str:
        return f"{self.title}\n{self.kind}\n{self.reason}\nskipped".lower()


class Staged(NamedTuple):
    """The certificates (SHA-256) to be trusted, and those to be distrusted."""

    trust: frozenset[str] = frozenset()
    distrust: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.trust or self.distrust)

    @property
    def text(self) -> str:
        """``+1 −2``, or nothing."""
        parts = [f"+{len(self.trust):,}"] if self.trust else []
        if self.distrust:
            parts.append(f"−{len(self.distrust):,}")
        return " ".join(parts)

    def stage_of(self, sha256: str) -> Stage:
        if sha256 in self.trust:
            return Stage.IN
        return Stage.OUT if sha256 in self.distrust else Stage.NONE

    def toggled(self, items: Iterable[Item]) -> Staged:
        """The same with each of `items` staged to change, or no longer."""
        trust, distrust = set(self.trust), set(self.distrust)
        for item in items:
            (distrust if item.trusted else trust).symmetric_difference_update({item.sha256})
        return Staged(frozenset(trust), frozenset(distrust))

    def kept(self, store: Store) -> Staged:
        """What still makes sense in a store that has changed: the certificate is there, in its old state."""
        return Staged(
            frozenset(sha for sha in self.trust if (item := store.item(sha)) and not item.trusted),
            frozenset(sha for sha in self.distrust if (item := store.item(sha)) and item.trusted),
        )


class Store:
    """A listing made ready to be shown. `items` are in the order of their titles.

    `findings` come after the certificates (`take_findings`): the audit of a large store takes longer than
    reading it.
    """

    def __init__(self, listing: Listing, items: tuple[Item, ...], others: tuple[OtherFile, ...]) -> None:
        self.listing = listing
        self.items = items
        self.others = others
        self.numbers = {item.sha256: number for number, item in enumerate(items)}
        self.trusted_count = sum(item.trusted for item in items)
        self.skipped_count = sum(other.kind != "CRL" for other in others)
        self.error_count = 0
        self.findings: tuple[Finding, ...] | None = None
        self.findings_by_sha256: Mapping[str, Sequence[Finding]] = {}

    def item(self, sha256: str) -> Item | None:
        """The certificate of that fingerprint."""
        number = self.numbers.get(sha256)
        return None if number is None else self.items[number]

    def take_findings(self, findings: Sequence[Finding]) -> None:
        """Know what the audit found."""
        grouped: dict[str, list[Finding]] = {}
        for finding in findings:
            if finding.sha256:
                grouped.setdefault(finding.sha256, []).append(finding)
        self.findings, self.findings_by_sha256 = tuple(findings), grouped
        self.error_count = sum(finding.severity.value == "error" for finding in findings)

    @cached_property
    def by_subject(self) -> Mapping[bytes, Sequence[Item]]:
        """Certificates by their subject's canonical name."""
        return _grouped((item.row.certificate.subject.canonical, item) for item in self.items)

    @cached_property
    def by_issuer(self) -> Mapping[bytes, Sequence[Item]]:
        """Certificates that others signed, by their issuer's canonical name."""
        return _grouped(
            (item.row.certificate.issuer.canonical, item)
            for item in self.items
            if not item.row.certificate.self_issued
        )

    def relatives(self, item: Item) -> Listing:
        """A listing of the certificates that share a name with `item` alone: its issuers, children and twins."""
        certificate = item.row.certificate
        subject, issuer = certificate.subject.canonical, certificate.issuer.canonical
        family = {
            other.sha256: other
            for other in (
                item,
                *self.by_subject.get(subject, ()),
                *self.by_subject.get(issuer, ()),
                *self.by_issuer.get(subject, ()),
            )
        }
        rows = tuple(row for other in family.values() for row in other.rows)
        return Listing(self.listing.snapshot, rows, (), (), ())

    def issuer_of(self, item: Item) -> Item | None:
        """The certificate here that signed it; None where that is itself, or not here."""
        from capath.pki.signature import signs

        certificate = item.row.certificate
        if certificate.self_issued:
            return None
        named = self.by_subject.get(certificate.issuer.canonical, ())
        return next((other for other in named if signs(other.row.certificate, certificate)), None)

    def children_of(self, item: Item) -> list[Item]:
        """The certificates here that it signed."""
        from capath.pki.signature import signs

        certificate = item.row.certificate
        named = self.by_issuer.get(certificate.subject.canonical, ())
        return [other for other in named if signs(certificate, other.row.certificate)]


def _grouped(pairs: Iterable[tuple[bytes, Item]]) -> dict[bytes, list[Item]]:
    groups: dict[bytes, list[Item]] = {}
    for key, item in pairs:
        groups.setdefault(key, []).append(item)
    return groups


def make_store(listing: Listing, now: datetime) -> Store:
    """Prepare `listing` for the screen."""
    from capath.pki.key import public_key

    items = [_item(rows, now, public_key) for rows in listing.by_sha256.values()]
    items.sort(key=lambda item: (item.title.casefold(), item.sha256))
    others = [_skipped(listing, skipped.file, skipped.reason) for skipped in listing.skipped]
    for row in listing.crls:
        issuer, links = visible_name(row.crl.issuer.title), visible(" ".join(row.links))
        told = f"a CRL of “{issuer}”; {f'linked as {links}' if links else 'no link serves it'}"
        others.append(OtherFile(row.file, visible(row.file), "CRL", told, False, False, links))
    return Store(listing, tuple(items), tuple(others))


def _skipped(listing: Listing, file: str, reason: str) -> OtherFile:
    from capath.store.content import readable

    entry = listing.snapshot.entries.get(file)
    content = None if entry is None else readable(entry)
    kind, importable, is_key = "", False, False
    if content is not None:
        count = len(content.certificates)
        importable, is_key = bool(count), bool(content.keys)
        kind = f"{count} certs" if count > 1 else "DER" if content.is_der else "key" if is_key else ""
    return OtherFile(file, visible(file), kind, visible(reason), importable, is_key)


def _item(rows: tuple[CertificateRow, ...], now: datetime, public_key: Callable[[Certificate], PublicKey]) -> Item:
    # The copy that counts is the one that is trusted, then the one that is meant to be.
    ordered = tuple(
        sorted(rows, key=lambda row: (not row.trusted, not is_meant_to_be_trusted(row.standing), row.file))
    )
    row = ordered[0]
    certificate = row.certificate
    standing = row.standing
    title = visible_name(certificate.subject.title)
    organisation = intern(visible_name(certificate.subject.organisation))
    key = intern(visible(public_key(certificate).text))
    until = "unreadable"
    if certificate.not_after is not None:
        until = f"{certificate.not_after:%Y-%m-%d}"
        if certificate.not_after < now:
            until = "expired"
    links = visible(" ".join(row.links))
    files = visible(" ".join(other.file for other in ordered))
    search = "\n".join((title, organisation, links, files, certificate.sha256, certificate.sha1, key)).lower()
    link = visible(standing.link) if isinstance(standing, Trusted) else visible(next(iter(row.links), "–"))
    return Item(ordered, title, organisation, link, key, until, certificate.not_after, mark_of(standing), search)
