"""What the rules ask of a certificate, decoded once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from capath.change.toggle import has_rehash_extension
from capath.errors import ParseError
from capath.pki import der
from capath.pki.certificate import (
    AUTHORITY_KEY_IDENTIFIER,
    BASIC_CONSTRAINTS,
    KEY_USAGE,
    SUBJECT_KEY_IDENTIFIER,
    BasicConstraints,
    Certificate,
    Extension,
)
from capath.pki.key import PublicKey, public_key
from capath.store import CertificateRow
from capath.store.standing import NotLinked, is_meant_to_be_trusted

_KEY_CERT_SIGN = 0x04


@dataclass(frozen=True)
class Facts:
    """One certificate of the store, however many files hold it. `row` is the one that lookup finds, if any.

    `in_force`: it is trusted, or is not for want of a link; false where it was taken out on purpose.
    """

    row: CertificateRow
    certificate: Certificate
    in_force: bool
    extensions: dict[str, Extension]
    constraints: BasicConstraints | None
    not_before: datetime | None
    not_after: datetime | None
    key: PublicKey
    subject_key: bytes
    authority_key: bytes

    @cached_property
    def title(self) -> str:
        """What a person calls it."""
        return self.certificate.subject.title

    @property
    def signs_certificates(self) -> bool:
        """Whether keyUsage, where there is one, has keyCertSign."""
        usage = self.extensions.get(KEY_USAGE)
        return usage is None or bool(_first_key_usage_octet(usage.value) & _KEY_CERT_SIGN)

    @property
    def is_root(self) -> bool:
        """Whether it says it signed itself: the same name, and no other key named (as OpenSSL's EXFLAG_SS)."""
        return self.certificate.self_issued and self.authority_key in (b"", self.subject_key)


def read_facts(rows: tuple[CertificateRow, ...]) -> Facts:
    """Decode what the rules ask. `rows` are the copies of one certificate."""
    row = next((row for row in rows if row.trusted), rows[0])
    certificate = row.certificate
    extensions: dict[str, Extension] = {}
    for extension in certificate.extensions:
        extensions.setdefault(extension.oid, extension)
    subject_key = extensions.get(SUBJECT_KEY_IDENTIFIER)
    authority_key = extensions.get(AUTHORITY_KEY_IDENTIFIER)
    return Facts(
        row,
        certificate,
        any(_in_force(row) for row in rows),
        extensions,
        certificate.basic_constraints if BASIC_CONSTRAINTS in extensions else None,
        certificate.not_before,
        certificate.not_after,
        public_key(certificate),
        b"" if subject_key is None else _content(subject_key.value, der.OCTET_STRING),
        b"" if authority_key is None else _key_identifier(authority_key.value),
    )


def _in_force(row: CertificateRow) -> bool:
    if row.trusted or is_meant_to_be_trusted(row.standing):
        return True
    return isinstance(row.standing, NotLinked) and has_rehash_extension(row.file)


def _first_key_usage_octet(value: bytes) -> int:
    content = _content(value, der.BIT_STRING)
    return content[1] if len(content) > 1 else 0


def _content(value: bytes, tag: int) -> bytes:
    try:
        start, end = der.expect(value, 0, len(value), tag, "extension")
    except ParseError:
        return b""
    return value[start:end]


def _key_identifier(value: bytes) -> bytes:
    try:
        start, end = der.expect(value, 0, len(value), der.SEQUENCE, "authorityKeyIdentifier")
        for tag, _, content, stop in der.elements(value, start, end):
            if tag == 0x80:
                return value[content:stop]
    except ParseError:
        pass
    return b""
