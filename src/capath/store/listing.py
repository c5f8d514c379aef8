"""Every certificate and CRL of a directory, with its state as lookup sees it, and every file that has none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from capath.errors import BadInputError, assert_never
from capath.pki.visible import visible
from capath.store.entry import DanglingEntry, Entry, File, FileEntry, LinkEntry, OtherEntry
from capath.store.held import Held
from capath.store.link_health import LinkReport, LinkState, report_links
from capath.store.link_name import CONSTRAINTS_FILE, IN_ASIDE, LinkName, resembles_link
from capath.store.lookup import BlockedRow, EndOfRow, found_in, walk
from capath.store.readers import ReaderIndex, Readers
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
    UsesRejected,
    WrongHash,
)
from capath.store.walk import no_collection, scan

__all__ = ["CertificateRow", "CrlRow", "Listing", "Skipped", "Snapshot", "list_store", "scan"]

TYPE_CHECKING = False  # typing's, which mypy knows
if TYPE_CHECKING:
    from capath.pki.certificate import Certificate
    from capath.pki.crl import CertificateList
    from capath.pki.objects import CertificateObject
    from capath.pki.trust_attributes import TrustAttributes
    from capath.store.content import Content, Readable


class CertificateRow:
    """One certificate under one file name. `links`: all hash links that serve it, whatever name they lead to.

    The `certificate` itself is read when it is asked for, unless the whole listing was.
    """

    __slots__ = ("_file", "_index", "_number", "file", "held", "links", "standing")

    def __init__(
        self,
        file: str,
        held: Held,
        links: tuple[str, ...],
        standing: Standing,
        source: tuple[File, int],
        index: ReaderIndex,
    ) -> None:
        self.file = file
        self.held = held
        self.links = links
        self.standing = standing
        self._file, self._number = source
        self._index = index

    def __repr__(self) -> str:
        return f"<CertificateRow {self.file!r} {self.held.sha256[:16]} {type(self.standing).__name__}>"

    @property
    def trusted(self) -> bool:
        return isinstance(self.standing, Trusted)

    @property
    def readers(self) -> Readers:
        """Which programs take it for a root."""
        return self._index.readers(self.held.sha256, trusted=self.trusted)

    @property
    def certificate(self) -> Certificate:
        """Raises BadInputError where its file has changed since the directory was read."""
        return self._object.certificate

    @property
    def trust(self) -> TrustAttributes:
        """The uses that it is trusted for and rejected for. Raises as `certificate` does."""
        return self._object.trust

    @property
    def _object(self) -> CertificateObject:
        return _readable(self.file, self._file.content).certificates[self._number]


class CrlRow:
    """One CRL under one file name, and the links that serve it."""

    __slots__ = ("_file", "_number", "file", "links")

    def __init__(self, file: str, links: tuple[str, ...], source: File, number: int) -> None:
        self.file = file
        self.links = links
        self._file = source
        self._number = number

    @property
    def crl(self) -> CertificateList:
        """Raises BadInputError where its file has changed since the directory was read."""
        return _readable(self.file, self._file.content).crls[self._number].crl


class Skipped(NamedTuple):
    """An entry that adds nothing to the store, and why. The reason is for people."""

    file: str
    reason: str


class Listing:
    """A snapshot by its certificates. Rows are in byte order of their file names."""

    def __init__(
        self,
        snapshot: Snapshot,
        certificates: tuple[CertificateRow, ...],
        crls: tuple[CrlRow, ...],
        skipped: tuple[Skipped, ...],
        links: tuple[LinkReport, ...],
    ) -> None:
        self.snapshot = snapshot
        self.certificates = certificates
        self.crls = crls
        self.skipped = skipped
        self.links = links

    def __repr__(self) -> str:
        count = len(self.by_sha256)
        certificates = f"{count:,} certificate{'' if count == 1 else 's'}"
        return f"<Listing {self.snapshot.directory!r}: {certificates}, {self.trusted_count:,} trusted>"

    @cached_property
    def by_sha256(self) -> Mapping[str, tuple[CertificateRow, ...]]:
        """All rows of each certificate."""
        rows: dict[str, list[CertificateRow]] = {}
        for row in self.certificates:
            rows.setdefault(row.held.sha256, []).append(row)
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
        return len({row.held.sha256 for row in self.certificates if row.trusted})

    @cached_property
    def defects(self) -> tuple[LinkReport, ...]:
        """The links that are not well."""
        return tuple(link for link in self.links if link.state is not LinkState.OK)


def list_store(snapshot: Snapshot, *, read: bool = True) -> Listing:
    """List the certificates, CRLs and skipped files of `snapshot`.

    `read`: every certificate is read now; otherwise each when it is asked for, and one whose file has changed by
    then raises BadInputError.
    """
    with no_collection():
        return _Lister(snapshot, read).listing()


class _Lister:
    """A listing while it is made."""

    def __init__(self, snapshot: Snapshot, read: bool) -> None:
        self._snapshot = snapshot
        self._read = read
        walks = [walk(snapshot, row) for row in snapshot.rows]
        self._links = report_links(snapshot, walks)
        self._links_of: dict[str, list[LinkReport]] = {}
        for link in self._links:
            for sha256 in link.certificates:
                self._links_of.setdefault(sha256, []).append(link)
        self._found = found_in(walks)
        self._index = ReaderIndex(snapshot)
        self._linked = {_identity(snapshot.entries[link.name]) for link in self._links}
        self._certificates: list[CertificateRow] = []
        self._crls: list[CrlRow] = []
        self._skipped: list[Skipped] = []

    def listing(self) -> Listing:
        for name in _owners(self._snapshot):
            if name != CONSTRAINTS_FILE:
                self._add(name, self._snapshot.entries[name])
        return Listing(
            self._snapshot, tuple(self._certificates), tuple(self._crls), tuple(self._skipped), self._links
        )

    def _add(self, name: str, entry: Entry) -> None:
        match entry:
            case FileEntry(file=file) | LinkEntry(file=file):
                held = file.held
                if held is None or (self._read and file.content.held is None):
                    self._add_content(name, file)
                elif held.is_crl:
                    self._add_crl(name, held, file, 0)
                else:
                    self._add_certificate(name, held, file, 0)
            case DanglingEntry(reason=reason):
                self._skipped.append(Skipped(name, reason))
            case OtherEntry(kind=kind):
                self._skipped.append(Skipped(name, f"it is {kind}"))
            case _:
                assert_never(entry)

    def _add_content(self, name: str, file: File) -> None:
        """Add what is in a file that is not plainly one certificate or CRL."""
        from capath.pki.objects import BrokenObject
        from capath.store.content import Unreadable, held_of

        content = file.content
        if isinstance(content, Unreadable):
            self._skipped.append(Skipped(name, content.reason))
            return
        count = len(content.certificates)
        if count > 1 and file.stat.identity not in self._linked:
            reason = f"it holds {count} certificates; a CApath serves single ones (capath import splits it)"
            self._skipped.append(Skipped(name, reason))
            return
        for number, item in enumerate(content.certificates):
            self._add_certificate(name, held_of(item), file, number)
        for number, crl in enumerate(content.crls):
            self._add_crl(name, held_of(crl), file, number)
        if not count and not content.crls:
            self._skipped.append(Skipped(name, _empty_reason(content)))
        elif broken := [item for item in content.objects if isinstance(item, BrokenObject)]:
            self._skipped.append(Skipped(name, f"a part of it does not decode: {broken[0].reason}"))

    def _add_certificate(self, name: str, held: Held, file: File, number: int) -> None:
        reports = self._links_of.get(held.sha256, ())
        standing = self._standing(name, held, reports)
        links = tuple([link.name for link in reports])
        self._certificates.append(CertificateRow(name, held, links, standing, (file, number), self._index))

    def _standing(self, name: str, held: Held, reports: Sequence[LinkReport]) -> Standing:
        link = self._found.get(held.sha256)
        if link is None:
            return _untrusted(self._snapshot, name, held, reports)
        entry = self._snapshot.entries[link]
        if isinstance(entry, FileEntry | LinkEntry) and entry.file.held is None:
            from capath.store.content import certificates_of

            served = next(item for item in certificates_of(entry) if item.certificate.sha256 == held.sha256)
            if not served.trust.allows_servers:
                return UsesRejected(link)
        return Trusted(link)

    def _add_crl(self, name: str, held: Held, file: File, number: int) -> None:
        links = tuple([link.name for link in self._links_of.get(held.sha256, ())])
        self._crls.append(CrlRow(name, links, file, number))


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


def _readable(name: str, content: Content) -> Readable:
    from capath.store.content import Unreadable

    if isinstance(content, Unreadable):
        raise BadInputError(f"{visible(name)}: {content.reason}")
    return content


def _empty_reason(content: Readable) -> str:
    from capath.pki.objects import BrokenObject, ForeignObject

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


def _untrusted(snapshot: Snapshot, name: str, held: Held, reports: Sequence[LinkReport]) -> Standing:
    if not reports:
        is_off = name.startswith(IN_ASIDE) or name.endswith(UNTRUSTED_SUFFIX)
        return TakenOut(name) if is_off else NotLinked(name)
    own_hash = held.subject_hash
    own = [report for report in reports if report.name.startswith(own_hash)]
    if not own:
        first = reports[0]
        if first.name.startswith(held.old_hash):
            return OldHashOnly(first.name, own_hash)
        return WrongHash(first.name, own_hash)
    parsed = LinkName.parse(own[0].name)
    assert parsed is not None  # lookup asks for the names of the links that serve a certificate
    end = walk(snapshot, parsed.row).end
    match end:
        case EndOfRow(name=missing):
            return BehindGap(own[0].name, missing)
        case BlockedRow(name=blocked, reason=reason) if blocked == own[0].name:
            return DoesNotServe(blocked, reason)
        case BlockedRow(name=blocked, reason=reason):
            return BehindBroken(own[0].name, blocked, reason)
        case _:
            assert_never(end)
