"""The objects in a file's bytes, in order: what OpenSSL would load from it, and what it would fail on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from capath.errors import ParseError
from capath.pki.certificate import Certificate, CertificateList, read_certificate, read_crl
from capath.pki.pem import PemFault, read_pem
from capath.pki.trust_attributes import TrustAttributes, read_trust_attributes

CERTIFICATE_LABELS = frozenset({"CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"})
CRL_LABELS = frozenset({"X509 CRL"})


@dataclass(frozen=True, slots=True)
class CertificateObject:
    """A certificate and, for a ``TRUSTED CERTIFICATE``, the uses it is trusted for and rejected for."""

    certificate: Certificate
    trust: TrustAttributes


@dataclass(frozen=True, slots=True)
class CrlObject:
    crl: CertificateList


@dataclass(frozen=True, slots=True)
class KeyObject:
    """A private key. It is never decoded."""

    label: str


@dataclass(frozen=True, slots=True)
class ForeignObject:
    """A block of another type: a certificate request, PKCS#7, parameters."""

    label: str


@dataclass(frozen=True, slots=True)
class BrokenObject:
    """A block that does not decode. A fault of the PEM itself ends the reading, whatever is behind it."""

    label: str
    reason: str
    ends_reading: bool


PkiObject = CertificateObject | CrlObject | KeyObject | ForeignObject | BrokenObject


def read_objects(data: bytes) -> tuple[PkiObject, ...]:
    """Return the PEM objects of a file's content, in order."""
    return tuple(_objects(data))


def is_der(data: bytes) -> bool:
    """Whether `data` is one certificate or CRL in DER, which a CApath cannot serve."""
    if not data.startswith(b"\x30"):
        return False
    for read in (read_certificate, read_crl):
        try:
            read(data)
        except ParseError:
            continue
        return True
    return False


def _objects(data: bytes) -> Iterator[PkiObject]:
    for block in read_pem(data):
        if isinstance(block, PemFault):
            yield BrokenObject(block.label, block.reason, ends_reading=True)
            return
        try:
            if block.label in CERTIFICATE_LABELS:
                certificate, rest = read_certificate(block.content)
                yield CertificateObject(certificate, read_trust_attributes(rest))
            elif block.label in CRL_LABELS:
                yield CrlObject(read_crl(block.content))
            elif block.label.endswith("PRIVATE KEY"):
                yield KeyObject(block.label)
            else:
                yield ForeignObject(block.label)
        except ParseError as error:
            yield BrokenObject(block.label, str(error), ends_reading=False)
