"""What a diagnosis is made from: one test, the directory it was made against, and the time it was made."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from capath.diagnosis.cause import StoreCommand, TestAgain
from capath.diagnosis.deselected import deselected_roots
from capath.diagnosis.known_roots import NO_ROOTS, KnownRoot, KnownRoots, Place, file_shelves
from capath.diagnosis.paths import AtHand, Need, Path, find_paths
from capath.pki.certificate import Certificate
from capath.pki.name import Name
from capath.store import CertificateRow, Listing, Snapshot, list_store
from capath.store.link_name import has_rehash_extension
from capath.store.standing import NotLinked, is_meant_to_be_trusted
from capath.tls.handshake.verification import ChainElement, Verification, VerifyError
from capath.tls.network.endpoint import parse_endpoint
from capath.tls.result import Engine, ProbeResult
from capath.tls.test_options import Purpose, VerifyFlags

_NO_FLAGS = VerifyFlags()


@dataclass(frozen=True)
class Case:
    """`host` is what the leaf had to be for, empty where that was not asked. `live` is None for an offline test.

    `roots` is where to look for what the directory lacks; `engines` are the OpenSSLs that verified offline.

    `directory` is what commands name: the store the person works on, even where a copy of it was tested.
    """

    verification: Verification
    snapshot: Snapshot
    directory: str
    host: str
    now: datetime
    live: ProbeResult | None
    roots: KnownRoots = NO_ROOTS
    engines: tuple[Engine, ...] = ()
    flags: VerifyFlags = _NO_FLAGS
    purpose: Purpose | None = None
    """What was asked for offline; a live test asks for TLS servers."""
    refuted: frozenset[tuple[str, ...]] = frozenset()
    """Paths (`Path.key`) that OpenSSL was found not to accept."""

    @property
    def is_what_if(self) -> bool:
        """Whether a copy of the directory was tested, with changes that nobody has made."""
        return self.live is not None and self.live.directory not in (self.directory, self.snapshot.directory)

    @property
    def listing(self) -> Listing:
        return _store_of(self.snapshot).listing

    @cached_property
    def at_hand(self) -> AtHand:
        """The certificates that a path can be made of."""
        sent = self.verification.sent or tuple(element.certificate for element in self.verification.chain)
        return AtHand(
            sent,
            self.rows_named,
            need_of,
            self._known,
            self.now,
            partial_chain=self._flags.partial_chain,
            for_servers=self.live is not None or self.purpose is Purpose.SERVER,
            is_live=self.live is not None,
        )

    @cached_property
    def best_path(self) -> Path | None:
        """The path that should verify with the least change, other than the one that OpenSSL took."""
        taken = tuple(element.certificate.sha256 for element in self.verification.chain)
        return next(
            (path for path in find_paths(self.at_hand) if path.key not in self.refuted and path.key != taken), None
        )

    def first(self, *codes: int) -> VerifyError | None:
        """The first error that has one of `codes`."""
        return next((error for error in self.verification.errors if error.code in codes), None)

    def element(self, error: VerifyError) -> ChainElement | None:
        """The certificate that `error` is about."""
        chain = self.verification.chain
        return chain[error.depth] if 0 <= error.depth < len(chain) else None

    def rows_named(self, subject: Name) -> tuple[CertificateRow, ...]:
        """The directory's certificates of that subject, whatever their state."""
        return _store_of(self.snapshot).by_name.get(subject.canonical, ())

    def rows_of(self, certificate: Certificate) -> tuple[CertificateRow, ...]:
        return self.listing.by_sha256.get(certificate.sha256, ())

    def certificate(self, sha256: str) -> Certificate | None:
        """One that was sent, is a root of another store, or is in a file of this one that lookup does not read."""
        sent = (*self.verification.sent, *(element.certificate for element in self.verification.chain))
        path = () if self.best_path is None else self.best_path.certificates
        for certificate in (*sent, *path):
            if certificate.sha256 == sha256:
                return certificate
            if (known := self.roots.by_sha256(certificate.issuer, sha256)) is not None:
                return known.certificate
        return None

    @property
    def _flags(self) -> VerifyFlags:
        return self.flags if self.live is None else self.live.options.flags

    def _known(self, subject: Name) -> Sequence[KnownRoot]:
        return (*_store_of(self.snapshot).not_read(subject), *self.roots.named(subject))

    def on_store(self, verb: str, *operands: str) -> StoreCommand:
        """A command of capath on the directory; on DIR, a directory to be made, where the store is none."""
        is_copy = self.snapshot.title != self.snapshot.directory
        return StoreCommand(verb, "DIR" if is_copy else self.directory, operands)

    def again(self, **changes: object) -> TestAgain | None:
        """The same test with other options (of ProbeOptions); None for an offline test."""
        if self.live is None:
            return None
        options = replace(self.live.options, **changes)  # type: ignore[arg-type]
        return TestAgain(replace(self.live.asked, options=options), self.directory)

    def again_at(self, host: str) -> TestAgain | None:
        """The same test of `host`, on the same port, by its own name."""
        same = self.again(servername=None)
        if same is None:
            return None
        where = f"[{host}]" if ":" in host else host
        endpoint = parse_endpoint(f"{where}:{same.asked.endpoint.port}")
        return replace(same, asked=replace(same.asked, endpoint=endpoint))

    def again_fetching(self) -> TestAgain | None:
        """The same test, with missing intermediates fetched."""
        same = self.again()
        return None if same is None else replace(same, fetches_intermediates=True)


def need_of(row: CertificateRow) -> Need:
    """What it takes until lookup gives the certificate."""
    if row.trusted:
        return Need.NOTHING
    if is_meant_to_be_trusted(row.standing):
        return Need.REHASH
    if isinstance(row.standing, NotLinked):
        return Need.REHASH if has_rehash_extension(row.file) else Need.CONVERT
    return Need.TRUST


@dataclass(frozen=True)
class _Store:
    """A snapshot's listing, by subject."""

    listing: Listing

    @cached_property
    def by_name(self) -> Mapping[bytes, tuple[CertificateRow, ...]]:
        rows: dict[bytes, list[CertificateRow]] = {}
        for row in self.listing.certificates:
            rows.setdefault(row.certificate.subject.canonical, []).append(row)
        return {name: tuple(group) for name, group in rows.items()}

    @cached_property
    def _shelves(self) -> KnownRoots:
        directory = self.listing.snapshot.directory
        paths = [os.path.join(directory, skipped.file) for skipped in self.listing.skipped]
        misplaced = file_shelves(paths, Place.MISPLACED)
        return KnownRoots((*misplaced.shelves, *deselected_roots(directory).shelves))

    def not_read(self, subject: Name) -> Sequence[KnownRoot]:
        """Roots in files that lookup does not read (DER, PKCS#7, several in one), and deselected ones."""
        return self._shelves.named(subject)


_last_store: list[_Store] = []


def _store_of(snapshot: Snapshot) -> _Store:
    """What is read of `snapshot`; many hosts that fail are explained from one, so the last one made is kept."""
    for store in _last_store:
        if store.listing.snapshot is snapshot:
            return store
    store = _Store(list_store(snapshot))
    _last_store[:] = [store]
    return store
