"""The public key of a certificate, for people and rules: what kind and how strong (RFC 3279, 5480, 8410)."""

from __future__ import annotations

from dataclasses import dataclass

from capath.errors import ParseError
from capath.pki import tlv
from capath.pki.certificate import Certificate

_CURVES = {
    "1.2.840.10045.3.1.1": ("P-192", 192),
    "1.3.132.0.33": ("P-224", 224),
    "1.2.840.10045.3.1.7": ("P-256", 256),
    "1.3.132.0.34": ("P-384", 384),
    "1.3.132.0.35": ("P-521", 521),
    "1.3.132.0.10": ("secp256k1", 256),
    "1.3.36.3.3.2.8.1.1.7": ("brainpoolP256r1", 256),
    "1.3.36.3.3.2.8.1.1.11": ("brainpoolP384r1", 384),
    "1.3.36.3.3.2.8.1.1.13": ("brainpoolP512r1", 512),
    "1.2.156.10197.1.301": ("SM2", 256),
}
_FIXED = {
    "1.3.101.112": ("Ed25519", 256),
    "1.3.101.113": ("Ed448", 456),
    "1.3.101.110": ("X25519", 256),
    "1.3.101.111": ("X448", 448),
    "1.2.643.2.2.19": ("GOST R 34.10-2001", 256),
    "1.2.643.7.1.1.1.1": ("GOST R 34.10-2012", 256),
    "1.2.643.7.1.1.1.2": ("GOST R 34.10-2012", 512),
    "2.16.840.1.101.3.4.3.17": ("ML-DSA-44", 10496),
    "2.16.840.1.101.3.4.3.18": ("ML-DSA-65", 15616),
    "2.16.840.1.101.3.4.3.19": ("ML-DSA-87", 20736),
}
_RSA = {"1.2.840.113549.1.1.1": "RSA", "2.5.8.1.1": "RSA", "1.2.840.113549.1.1.10": "RSA-PSS"}


@dataclass(frozen=True, slots=True)
class PublicKey:
    """`type` is RSA, RSA-PSS, EC, DSA, Ed25519, … or a dotted OID.

    `bits` is 0 and `curve` empty where they do not apply.
    """

    type: str
    bits: int
    curve: str
    exponent: int = 0

    @property
    def text(self) -> str:
        """As a table shows it: ``RSA 4096``, ``EC P-256``."""
        if self.curve:
            return f"{self.type} {self.curve}"
        return f"{self.type} {self.bits}" if self.bits and self.type in ("RSA", "RSA-PSS", "DSA") else self.type


def public_key(certificate: Certificate) -> PublicKey:
    """Return the key of `certificate`; a key that does not decode has its OID and no bits."""
    data = certificate.public_key_info
    try:
        start, end = tlv.expect(data, 0, len(data), tlv.SEQUENCE, "subjectPublicKeyInfo")
        algorithm, algorithm_end = tlv.expect(data, start, end, tlv.SEQUENCE, "algorithm")
        oid_start, oid_end = tlv.expect(data, algorithm, algorithm_end, tlv.OID, "algorithm")
        oid = tlv.oid_text(data[oid_start:oid_end])
        key, key_end = tlv.expect(data, algorithm_end, end, tlv.BIT_STRING, "key")
    except ParseError:
        return PublicKey("unknown", 0, "")
    try:
        return _decode(oid, data[oid_end:algorithm_end], data[key + 1 : key_end])
    except ParseError:
        return PublicKey(oid, 0, "")


def _decode(oid: str, parameters: bytes, key: bytes) -> PublicKey:
    if oid in _RSA:
        start, end = tlv.expect(key, 0, len(key), tlv.SEQUENCE, "RSA key")
        modulus, modulus_end = tlv.expect(key, start, end, tlv.INTEGER, "modulus")
        exponent, exponent_end = tlv.expect(key, modulus_end, end, tlv.INTEGER, "exponent")
        bits = int.from_bytes(key[modulus:modulus_end], "big").bit_length()
        return PublicKey(_RSA[oid], bits, "", int.from_bytes(key[exponent:exponent_end], "big"))
    if oid == "1.2.840.10045.2.1":
        tag, start, end = tlv.header(parameters, 0, len(parameters))
        if tag != tlv.OID:
            return PublicKey("EC", (len(key) - 1) // 2 * 8, "explicit parameters")
        curve = tlv.oid_text(parameters[start:end])
        name, bits = _CURVES.get(curve, (curve, (len(key) - 1) // 2 * 8))
        return PublicKey("EC", bits, name)
    if oid == "1.2.840.10040.4.1":
        start, end = tlv.expect(parameters, 0, len(parameters), tlv.SEQUENCE, "DSA parameters")
        prime, prime_end = tlv.expect(parameters, start, end, tlv.INTEGER, "p")
        return PublicKey("DSA", int.from_bytes(parameters[prime:prime_end], "big").bit_length(), "")
    name, bits = _FIXED.get(oid, (oid, 0))
    return PublicKey(name, bits, "")
