"""What the rules ask of a certificate, decoded once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from capath.pki.certificate import Certificate
from capath.pki.extensions import BasicConstraints, Extension
from capath.pki.key import PublicKey, public_key
from capath.pki.key_identifiers import is_self_signed
from capath.store import CertificateRow
from capath.store.link_name import has_rehash_extension
from capath.store.standing import NotLinked, is_meant_to_be_trusted

_KEY_CERT_SIGN = 5


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the rules ask of a certificate itself."""

    title: str
    extensions: Mapping[str, Extension]
    constraints: BasicConstraints | None
    not_before: datetime | None
    not_after: datetime | None
    key: PublicKey
    key_info: bytes
    signs_certificates: bool
    """Whether keyUsage, where there is one, has keyCertSign."""
    is_root: bool
    """Whether it says that it signed itself (see `is_self_signed`)."""


@dataclass(frozen=True, slots=True)
class Facts:
    """One certificate of the store, however many files hold it. `row` is the one that lookup finds, if any.

    `in_force`: it is trusted, or is not for want of a link; false where it was taken out on purpose.
    """

    row: CertificateRow
    in_force: bool
    decoded: Decoded

    @property
    def certificate(self) -> Certificate:
        return self.row.certificate


def read_facts(rows: tuple[CertificateRow, ...]) -> Facts:
    """Return what the rules ask. `rows` are the copies of one certificate."""
    row = next((row for row in rows if row.trusted), rows[0])
    return Facts(row, any(_in_force(row) for row in rows), _decode(row.certificate))


@lru_cache(maxsize=32768)
def _decode(certificate: Certificate) -> Decoded:
    extensions: dict[str, Extension] = {}
    for extension in certificate.extensions:
        extensions.setdefault(extension.oid, extension)
    usage = certificate.key_usage
    return Decoded(
        certificate.subject.title,
        extensions,
        certificate.basic_constraints,
        certificate.not_before,
        certificate.not_after,
        public_key(certificate),
        certificate.public_key_info,
        usage is None or _KEY_CERT_SIGN in usage,
        is_self_signed(certificate),
    )


def _in_force(row: CertificateRow) -> bool:
    if row.trusted or is_meant_to_be_trusted(row.standing):
        return True
    return isinstance(row.standing, NotLinked) and has_rehash_extension(row.file)
