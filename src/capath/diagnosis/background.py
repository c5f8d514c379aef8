"""What is known of a root besides its certificate: its CA, its family here, the lists that have it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from capath.pki.certificate import Certificate
from capath.pki.signature import signs
from capath.sources.mozilla_roots import Limits, MozillaList, MozillaRoot, TlsTrust, limits_of, mozilla_roots
from capath.store import CertificateRow, Listing
from capath.store.constraints import Kept

_NOTHING_KEPT: Mapping[str, Kept] = {}


@dataclass(frozen=True, slots=True)
class NeverIncluded:
    """Mozilla has not had it, up to `list_date`."""

    list_date: date


@dataclass(frozen=True, slots=True)
class Included:
    """Mozilla has it since `since`; `for_servers` is its trust bit for TLS servers."""

    since: date
    for_servers: bool
    list_date: date


@dataclass(frozen=True, slots=True)
class Removed:
    """Mozilla had it, and removed it on `on`. `reason` is empty where none is known."""

    since: date
    on: date
    reason: str
    list_date: date


@dataclass(frozen=True, slots=True)
class Distrusted:
    """Mozilla distrusted it actively."""

    since: date
    reason: str
    list_date: date


MozillaStanding = NeverIncluded | Included | Removed | Distrusted


@dataclass(frozen=True, slots=True)
class Background:
    """`organisation` is its CA, by its own word. Of the other certificates in the directory: `children` are
    signed by it, `reissues` have its name and key and signed themselves, `cross_signs` have its name and key and
    another issuer, `namesakes` have its name and another key, `issuers` signed it.

    `lists` names the lists that have it."""

    organisation: str
    children: tuple[CertificateRow, ...]
    reissues: tuple[CertificateRow, ...]
    cross_signs: tuple[CertificateRow, ...]
    namesakes: tuple[CertificateRow, ...]
    issuers: tuple[CertificateRow, ...]
    mozilla: MozillaStanding
    limits: Limits
    lists: tuple[str, ...]


def background_of(
    listing: Listing,
    certificate: Certificate,
    *,
    kept: Mapping[str, Kept] = _NOTHING_KEPT,
    mozilla: MozillaList | None = None,
    lists: Mapping[str, Collection[str]] | None = None,
) -> Background:
    """Return what `listing` and the lists have on `certificate`.

    `kept` is what is kept beside the directory, `mozilla` capath's own table where None, `lists` the SHA-256 that
    other lists hold, by their names.
    """
    table = mozilla or mozilla_roots()
    others = [rows[0] for sha256, rows in listing.by_sha256.items() if sha256 != certificate.sha256]
    name, key = certificate.subject.canonical, certificate.public_key_info
    own_hash = certificate.subject_hash
    named = [
        row for row in others if row.held.subject_hash == own_hash and row.certificate.subject.canonical == name
    ]
    family = [row for row in named if row.certificate.public_key_info == key]
    return Background(
        certificate.subject.organisation or certificate.subject.title,
        _children([row for row in others if row.held.issuer_hash == own_hash], certificate, name),
        tuple(row for row in family if row.certificate.self_issued),
        tuple(row for row in family if not row.certificate.self_issued),
        tuple(row for row in named if row.certificate.public_key_info != key),
        _issuers(others, certificate),
        _standing(table.roots.get(certificate.sha256), table.date),
        limits_of(certificate.sha256, kept, table),
        tuple(title for title, held in (lists or {}).items() if certificate.sha256 in held),
    )


def _children(rows: list[CertificateRow], parent: Certificate, name: bytes) -> tuple[CertificateRow, ...]:
    return tuple(
        row
        for row in rows
        if row.certificate.issuer.canonical == name
        and not row.certificate.self_issued
        and signs(parent, row.certificate)
    )


def _issuers(rows: list[CertificateRow], child: Certificate) -> tuple[CertificateRow, ...]:
    if child.self_issued:
        return ()
    wanted, wanted_hash = child.issuer.canonical, child.issuer.subject_hash
    return tuple(
        row
        for row in rows
        if row.held.subject_hash == wanted_hash
        and row.certificate.subject.canonical == wanted
        and signs(row.certificate, child)
    )


def _standing(root: MozillaRoot | None, list_date: date) -> MozillaStanding:
    if root is None:
        return NeverIncluded(list_date)
    if root.tls is TlsTrust.DISTRUSTED:
        return Distrusted(root.included, root.reason, list_date)
    if root.removed is not None:
        return Removed(root.included, root.removed, root.reason, list_date)
    return Included(root.included, root.tls is TlsTrust.YES, list_date)
