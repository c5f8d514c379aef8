"""Every certificate and CRL of a directory, with its state as lookup sees it, and every file that has none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from capath.errors import assert_never
from capath.pki.certificate import Certificate
from capath.pki.crl import CertificateList
from capath.pki.objects import BrokenObject, CertificateObject, ForeignObject
from capath.pki.trust_attributes import TrustAttributes
from capath.store.constraints import CONSTRAINTS_FILE
from capath.store.entry import (
    DanglingEntry,
    Entry,
    FileEntry,
    LinkEntry,
    OtherEntry,
    Readable,
    Unreadable,
)
from capath.store.garbage import no_collection
from capath.store.link_name import LinkName, resembles_link
from capath.store.links import LinkReport, LinkState, report_links
from capath.store.lookup import BlockedRow, EndOfRow, reachable, walk
from capath.store.snapshot import Snapshot
from capath.store.standing import (
    UNTRUSTED_SUFFIX,
    BehindBroken,
    BehindGap,
    DoesNotServe,
    NotLinked,
    OldHashOnly,
    Standing,
    TakenOut,
    Trusted,
    WrongHash,
)


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """One certificate under one file name. `links`: all hash links that serve it, whatever name they lead to."""

    file: str
    certificate: Certificate
    trust: TrustAttributes
    links: tuple[str, ...]
    standing: Standing

    @property
    def trusted(self) -> bool:
        return isinstance(self.standing, Trusted)


@dataclass(frozen=True, slots=True)
class CrlRow:
    """One CRL under one file name, and the links that serve it."""

    file: str
    crl: CertificateList
    links: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Skipped:
    """An entry that adds nothing to the store, and why. The reason is for people."""

    file: str
    reason: str


@dataclass(frozen=True)
class Listing:
    """A snapshot, told by its certificates. Rows are in byte order of their file names."""

    snapshot: Snapshot
    certificates: tuple[CertificateRow, ...]
    crls: tuple[CrlRow, ...]
    skipped: tuple[Skipped, ...]
    links: tuple[LinkReport, ...]

    @cached_property
    def by_sha256(self) -> Mapping[str, tuple[CertificateRow, ...]]:
        """All rows of each certificate."""
        rows: dict[str, list[CertificateRow]] = {}
        for row in self.certificates:
            rows.setdefault(row.certificate.sha256, []).append(row)
        return {sha256: tuple(group) for sha256, group in rows.items()}

    @cached_property
    def certificates_in(self) -> Mapping[str, int]:
        """How many certificates each file holds."""
        return Counter(row.file for row in self.certificates)

    def is_trusted(self, sha256: str) -> bool:
        """Whether lookup finds this certificate."""
        return any(row.trusted for row in self.by_sha256.get(sha256, ()))

    @cached_property
    def trusted_count(self) -> int:
        """How many different certificates lookup finds."""
        return len({row.certificate.sha256 for row in self.certificates if row.trusted})

    @cached_property
    def defects(self) -> tuple[LinkReport, ...]:
        """The links that are not well."""
        return tuple(link for link in self.links if link.state is not LinkState.OK)


def list_store(snapshot: Snapshot) -> Listing:
    """Tell `snapshot` by its certificates, CRLs and skipped files."""
    with no_collection():
        return _list(snapshot)


def _list(snapshot: Snapshot) -> Listing:
    links = report_links(snapshot)
    links_of: dict[str, list[LinkReport]] = {}
    for link in links:
        for identity in link.certificates:
            links_of.setdefault(identity, []).append(link)
    found = reachable(snapshot)
    linked = {_identity(snapshot.entries[link.name]) for link in links}
    certificates: list[CertificateRow] = []
    crls: list[CrlRow] = []
    skipped: list[Skipped] = []
    for name in _owners(snapshot):
        if name == CONSTRAINTS_FILE:
            continue
        entry = snapshot.entries[name]
        content = _content(entry)
        if isinstance(content, Skipped):
            skipped.append(content)
            continue
        served = content.certificates
        if len(served) > 1 and _identity(entry) not in linked:
            reason = f"it holds {len(served)} certificates; a CApath serves single ones (capath import splits it)"
            skipped.append(Skipped(name, reason))
            continue
        for item in served:
            reports = links_of.get(item.certificate.sha256, [])
            standing = _standing(snapshot, name, item, reports, found)
            names = tuple(link.name for link in reports)
            certificates.append(CertificateRow(name, item.certificate, item.trust, names, standing))
        for crl in content.crls:
            names = tuple(link.name for link in links_of.get(crl.crl.sha256, []))
            crls.append(CrlRow(name, crl.crl, names))
        if not served and not content.crls:
            skipped.append(Skipped(name, _empty_reason(content)))
        elif broken := [item for item in content.objects if isinstance(item, BrokenObject)]:
            skipped.append(Skipped(name, f"a part of it does not decode: {broken[0].reason}"))
    return Listing(snapshot, tuple(certificates), tuple(crls), tuple(skipped), links)


def _owners(snapshot: Snapshot) -> list[str]:
    """The names under which certificates are listed: a hash link only where it leads to no other name here.

    A regular file is told by its own name, be it a hash link's.
    """
    owned = set()
    for name, entry in snapshot.entries.items():
        if isinstance(entry, FileEntry) or (isinstance(entry, LinkEntry) and not resembles_link(name)):
            owned.add(entry.stat.identity)
    owners = []
    for name in snapshot.names:
        entry = snapshot.entries[name]
        if resembles_link(name) and not isinstance(entry, FileEntry):
            if not isinstance(entry, LinkEntry) or entry.stat.identity in owned:
                continue
            owned.add(entry.stat.identity)
        owners.append(name)
    return owners


def _identity(entry: Entry) -> tuple[int, int] | None:
    return entry.stat.identity if isinstance(entry, FileEntry | LinkEntry) else None


def _content(entry: Entry) -> Readable | Skipped:
    match entry:
        case FileEntry(name=name, content=content) | LinkEntry(name=name, content=content):
            match content:
                case Readable():
                    return content
                case Unreadable(reason=reason):
                    return Skipped(name, reason)
                case _:
                    assert_never(content)
        case DanglingEntry(name=name, reason=reason):
            return Skipped(name, reason)
        case OtherEntry(name=name, kind=kind):
            return Skipped(name, f"it is {kind}")
        case _:
            assert_never(entry)


def _empty_reason(content: Readable) -> str:
    if content.is_der:
        return "it is DER, and a CApath serves PEM only (capath import converts it)"
    if content.keys:
        return f"it holds a private key ({content.keys[0].label}) and no certificate: it does not belong here"
    for item in content.objects:
        if isinstance(item, BrokenObject):
            return f"the {item.label} in it does not decode: {item.reason}"
        if isinstance(item, ForeignObject):
            return f"it holds no certificate or CRL, but {item.label}"
    return "it holds no PEM certificate or CRL"


def _standing(
    snapshot: Snapshot,
    name: str,
    item: CertificateObject,
    reports: list[LinkReport],
    found: Mapping[str, str],
) -> Standing:
    certificate = item.certificate
    if (link := found.get(certificate.sha256)) is not None:
        return Trusted(link)
    if not reports:
        return TakenOut(name) if name.endswith(UNTRUSTED_SUFFIX) else NotLinked(name)
    own_hash = certificate.subject_hash
    own = [report for report in reports if report.name.startswith(own_hash)]
    if not own:
        first = reports[0]
        if first.name.startswith(certificate.subject.old_hash):
            return OldHashOnly(first.name, own_hash)
        return WrongHash(first.name, own_hash)
    parsed = LinkName.parse(own[0].name)
    if parsed is None:
        return WrongHash(own[0].name, own_hash)
    match walk(snapshot, parsed.row).end:
        case EndOfRow(name=missing):
            return BehindGap(own[0].name, missing)
        case BlockedRow(name=blocked, reason=reason) if blocked == own[0].name:
            return DoesNotServe(blocked, reason)
        case BlockedRow(name=blocked, reason=reason):
            return BehindBroken(own[0].name, blocked, reason)
