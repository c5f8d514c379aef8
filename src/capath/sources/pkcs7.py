"""PKCS#7 (RFC 2315, CMS): the certificates that a signed message carries, as ``.p7b`` files have them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

from capath.errors import ParseError
from capath.pki import tlv
from capath.sources.decode import item_from_der
from capath.sources.item import Reading, Refused

SIGNED_DATA = "1.2.840.113549.1.7.2"


@dataclass(frozen=True, slots=True)
class Pkcs7Source:
    """The certificates of a PKCS#7 file's content, in DER."""

    title: str
    data: bytes

    def read(self) -> Reading:
        yield from read_pkcs7(self.title, self.data)


def is_pkcs7(data: bytes) -> bool:
    """Whether `data` begins as a ContentInfo of signed data, in DER or BER."""
    return tlv.encode(tlv.OID, bytes.fromhex("2a864886f70d010702")) in data[:32]


def read_pkcs7(title: str, data: bytes) -> Reading:
    """Yield the certificates of a SignedData; each is decoded by itself: a bad one does not affect the others."""
    try:
        encoded = _certificates(data)
    except ParseError as error:
        yield from _read_with_library(title, data, str(error))
        return
    if not encoded:
        yield Refused(title, "the PKCS#7 message contains no certificate")
    for number, certificate in enumerate(encoded, 1):
        yield item_from_der(certificate, f"{title} certificate {number}")


def _certificates(data: bytes) -> list[bytes]:
    end = len(data)
    start, end = tlv.expect(data, 0, end, tlv.SEQUENCE, "PKCS#7")
    oid, oid_end = tlv.expect(data, start, end, tlv.OID, "content type")
    if tlv.oid_text(data[oid:oid_end]) != SIGNED_DATA:
        raise ParseError("the PKCS#7 message is not signed data")
    start, end = tlv.expect(data, oid_end, end, 0xA0, "content")
    start, end = tlv.expect(data, start, end, tlv.SEQUENCE, "signed data")
    for tag, _, content, stop in tlv.elements(data, start, end):
        if tag == 0xA0:
            return [data[at:until] for _, at, _, until in tlv.elements(data, content, stop)]
    return []


def _read_with_library(title: str, data: bytes, complaint: str) -> Reading:
    """What is not DER may still be BER, which `cryptography` reads."""
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.hazmat.primitives.serialization.pkcs7 import load_der_pkcs7_certificates

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            certificates = load_der_pkcs7_certificates(data)
    except Exception as error:  # its parser raises many types
        yield Refused(title, f"this PKCS#7 cannot be read: {complaint}; cryptography: {error}")
        return
    for number, certificate in enumerate(certificates, 1):
        yield item_from_der(certificate.public_bytes(Encoding.DER), f"{title} certificate {number}")
