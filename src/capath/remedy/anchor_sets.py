"""Which certificates of a store could carry a host: each path from what it sent to a root, proven by OpenSSL."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from capath.pki.certificate import Certificate
from capath.pki.objects import CertificateObject, CrlObject
from capath.pki.signature import signs
from capath.remedy.minimise import Alternative
from capath.store import Listing, scan
from capath.store.link_name import LinkKind
from capath.store.lookup import walk
from capath.tls.offline.verify import verify_offline
from capath.tls.test_options import VerifyFlags

_DEPTH_LIMIT = 12
_SETS_LIMIT = 64


@dataclass(frozen=True, slots=True)
class AnchorSet:
    """The certificates that a store trusts, by SHA-256, and the CRLs that lookup finds there."""

    certificates: Mapping[str, CertificateObject]
    crls: tuple[CrlObject, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """What a host sent, leaf first, and the time and the flags it is judged with."""

    sent: Sequence[Certificate]
    at: datetime
    flags: VerifyFlags


def trusted_objects(listing: Listing) -> AnchorSet:
    """What lookup finds in `listing`."""
    snapshot = listing.snapshot
    certificates = {
        row.certificate.sha256: CertificateObject(row.certificate, row.trust)
        for row in listing.certificates
        if row.trusted
    }
    crls = [
        item
        for row in snapshot.rows
        if row.kind is LinkKind.CRL
        for slot in walk(snapshot, row).served
        for item in slot.objects
        if isinstance(item, CrlObject)
    ]
    return AnchorSet(certificates, tuple(crls))


def anchor_sets(shown: Shown, trusted: AnchorSet) -> tuple[Alternative, ...]:
    """Return the smallest sets of `trusted` that each verify what the host sent, with nothing else trusted."""
    walk = _Walk(shown, trusted)
    walk.from_certificate(shown.sent[0], frozenset(), 0)
    proven: list[Alternative] = []
    for candidate in sorted(walk.found, key=lambda each: (len(each), sorted(each))):
        if not any(smaller <= candidate for smaller in proven) and carries(candidate, shown, trusted):
            proven.append(candidate)
    return tuple(proven)


def carries(roots: Collection[str], shown: Shown, trusted: AnchorSet) -> bool:
    """Whether what the host sent verifies where only `roots` are trusted. OpenSSL is asked."""
    with _directory_of(sorted(roots), trusted) as directory:
        result = verify_offline(
            shown.sent[0],
            directory,
            untrusted=shown.sent[1:],
            at=shown.at,
            flags=shown.flags,
            snapshot=scan(directory),
        )
    return not result.verification.errors


@dataclass
class _Walk:
    """Every way up from the leaf, by name and signature. `found` are the certificates of the store on each."""

    shown: Shown
    trusted: AnchorSet
    found: set[Alternative] = field(default_factory=set)
    _named: dict[bytes, list[Certificate]] = field(default_factory=dict)
    _path: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        unique = {certificate.sha256: certificate for certificate in self.shown.sent}
        unique.update({sha256: item.certificate for sha256, item in self.trusted.certificates.items()})
        for certificate in unique.values():
            self._named.setdefault(certificate.subject.canonical, []).append(certificate)

    def from_certificate(self, certificate: Certificate, used: frozenset[str], depth: int) -> None:
        """Go up from `certificate`, which is on the path; `used` are the certificates of the store so far."""
        if certificate.sha256 in self.trusted.certificates:
            used |= {certificate.sha256}
            if certificate.self_issued or self.shown.flags.partial_chain:
                self.found.add(used)
                return
        if depth >= _DEPTH_LIMIT or len(self.found) >= _SETS_LIMIT:
            return
        self._path.append(certificate.sha256)
        for issuer in self._named.get(certificate.issuer.canonical, ()):
            if issuer.sha256 not in self._path and signs(issuer, certificate):
                self.from_certificate(issuer, used, depth + 1)
        self._path.pop()


@contextlib.contextmanager
def _directory_of(roots: Sequence[str], trusted: AnchorSet) -> Iterator[str]:
    """A CApath that holds only `roots`, and all CRLs, in regular files named by their hashes."""
    directory = tempfile.mkdtemp(prefix="capath-roots-")
    slots: Counter[str] = Counter()

    def write(prefix: str, content: bytes) -> None:
        with open(os.path.join(directory, f"{prefix}{slots[prefix]}"), "wb") as file:
            file.write(content)
        slots[prefix] += 1

    try:
        for sha256 in roots:
            item = trusted.certificates[sha256]
            write(f"{item.certificate.subject_hash}.", item.pem)
        for crl in trusted.crls:
            write(f"{crl.crl.issuer.subject_hash}.r", crl.pem)
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
