"""The objects in a file's bytes, in order: what OpenSSL would load from it, and what it would fail on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from capath.errors import ParseError
from capath.pki import der
from capath.pki.certificate import Certificate, CertificateList, read_certificate, read_crl
from capath.pki.pem import PemBlock, PemFault, read_pem
from capath.pki.trust_attributes import TrustAttributes, read_trust_attributes

CERTIFICATE_LABELS = frozenset({"CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"})
CRL_LABELS = frozenset({"X509 CRL"})
# What follows the version in each kind of key (RFC 5915, RFC 8017, RFC 5958).
_SECOND_TAG_OF_KEY = {
    "EC PRIVATE KEY": der.OCTET_STRING,
    "RSA PRIVATE KEY": der.INTEGER,
    "DSA PRIVATE KEY": der.INTEGER,
    "PRIVATE KEY": der.SEQUENCE,
}


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
    """A private key. No more of it is read than tells whether `openssl rehash` would: `problem`, or nothing."""

    label: str
    problem: str = ""


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
            if block.header and block.label in CERTIFICATE_LABELS | CRL_LABELS:
                yield BrokenObject(block.label, "a header such as Proc-Type stands before it", ends_reading=False)
            elif block.label in CERTIFICATE_LABELS:
                yield _certificate(block)
            elif block.label in CRL_LABELS:
                yield CrlObject(read_crl(block.content))
            elif block.label.endswith("PRIVATE KEY"):
                yield KeyObject(block.label, _key_problem(block))
            else:
                yield ForeignObject(block.label)
        except ParseError as error:
            yield BrokenObject(block.label, str(error), ends_reading=False)


def _certificate(block: PemBlock) -> CertificateObject:
    certificate, rest = read_certificate(block.content)
    try:
        return CertificateObject(certificate, read_trust_attributes(rest))
    except ParseError as error:
        # `openssl rehash` links such a file, and lookup then stops at it (d2i_X509 against d2i_X509_AUX).
        raise ParseError(f"what follows the certificate in its block is no trust attributes ({error})") from None


def _key_problem(block: PemBlock) -> str:
    if block.label == "ENCRYPTED PRIVATE KEY" or (block.header and block.label != "PRIVATE KEY"):
        return ""
    if block.header:
        return "a header such as Proc-Type stands before it"
    data = block.content
    try:
        start, end = der.expect(data, 0, len(data), der.SEQUENCE, "key")
        _, second = der.expect(data, start, end, der.INTEGER, "version of the key")
        der.expect(data, second, end, _SECOND_TAG_OF_KEY.get(block.label, 0), "key")
    except ParseError as error:
        return str(error)
    return ""
