"""The objects in a file's bytes, in order: what OpenSSL would load from it, and what it would fail on."""

from __future__ import annotations

from collections.abc import Iterator

from capath.errors import ParseError
from capath.pki import tlv
from capath.pki.certificate import Certificate
from capath.pki.crl import CertificateList
from capath.pki.load import read_certificate, read_crl
from capath.pki.pem import PemBlock, PemFault, encode_pem, read_pem
from capath.pki.trust_attributes import TrustAttributes, read_trust_attributes
from capath.values import value_class

CERTIFICATE_LABELS = frozenset({"CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"})
CRL_LABELS = frozenset({"X509 CRL"})
# What follows the version in each kind of key (RFC 5915, RFC 8017, RFC 5958).
_SECOND_TAG_OF_KEY = {
    "EC PRIVATE KEY": tlv.OCTET_STRING,
    "RSA PRIVATE KEY": tlv.INTEGER,
    "DSA PRIVATE KEY": tlv.INTEGER,
    "PRIVATE KEY": tlv.SEQUENCE,
}


@value_class
class CertificateObject:
    """A certificate and, for a ``TRUSTED CERTIFICATE``, the uses it is trusted for and rejected for."""

    __slots__ = ("certificate", "trust")

    def __init__(self, certificate: Certificate, trust: TrustAttributes) -> None:
        self.certificate = certificate
        self.trust = trust

    @property
    def pem(self) -> bytes:
        """One PEM block that keeps the trust attributes (openssl-x509(1), -trustout)."""
        label = "TRUSTED CERTIFICATE" if self.trust.encoded else "CERTIFICATE"
        return encode_pem(label, self.certificate.der + self.trust.encoded)


@value_class
class CrlObject:
    __slots__ = ("crl",)

    def __init__(self, crl: CertificateList) -> None:
        self.crl = crl

    @property
    def pem(self) -> bytes:
        return encode_pem("X509 CRL", self.crl.der)


@value_class
class KeyObject:
    """A private key. No more of it is read than tells whether `openssl rehash` would: `problem`, or nothing."""

    __slots__ = ("label", "problem")

    def __init__(self, label: str, problem: str = "") -> None:
        self.label = label
        self.problem = problem


@value_class
class ForeignObject:
    """A block of another type: a certificate request, PKCS#7, parameters."""

    __slots__ = ("label",)

    def __init__(self, label: str) -> None:
        self.label = label


@value_class
class BrokenObject:
    """A block that does not decode. A fault of the PEM itself ends the reading, whatever comes after it."""

    __slots__ = ("ends_reading", "label", "reason")

    def __init__(self, label: str, reason: str, ends_reading: bool) -> None:
        self.label = label
        self.reason = reason
        self.ends_reading = ends_reading


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
                yield BrokenObject(block.label, "it begins with a header such as Proc-Type", ends_reading=False)
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
        raise ParseError(f"the bytes after the certificate are not trust attributes ({error})") from None


def _key_problem(block: PemBlock) -> str:
    if block.label == "ENCRYPTED PRIVATE KEY" or (block.header and block.label != "PRIVATE KEY"):
        return ""
    if block.header:
        return "it begins with a header such as Proc-Type"
    data = block.content
    try:
        start, end = tlv.expect(data, 0, len(data), tlv.SEQUENCE, "key")
        _, second = tlv.expect(data, start, end, tlv.INTEGER, "version of the key")
        tlv.expect(data, second, end, _SECOND_TAG_OF_KEY.get(block.label, 0), "key")
    except ParseError as error:
        return str(error)
    return ""
