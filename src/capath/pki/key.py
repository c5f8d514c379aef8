"""The public key of a certificate, for people and rules: what kind and how strong (RFC 3279, 5480, 8410)."""

from __future__ import annotations

from dataclasses import dataclass

from capath.errors import ParseError
from capath.pki import der
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
}
_FIXED = {
    "1.3.101.112": ("Ed25519", 256),
    "1.3.101.113": ("Ed448", 456),
    "2.16.840.1.101.3.4.3.17": ("ML-DSA-44", 10496),
    "2.16.840.1.101.3.4.3.18": ("ML-DSA-65", 15616),
    "2.16.840.1.101.3.4.3.19": ("ML-DSA-87", 20736),
}
_RSA = frozenset({"1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10", "2.5.8.1.1"})
_SIGNATURES = {
    "1.2.840.113549.1.1.2": "md2WithRSAEncryption",
    "1.2.840.113549.1.1.4": "md5WithRSAEncryption",
    "1.2.840.113549.1.1.5": "sha1WithRSAEncryption",
    "1.2.840.113549.1.1.10": "rsassaPss",
    "1.2.840.113549.1.1.11": "sha256WithRSAEncryption",
    "1.2.840.113549.1.1.12": "sha384WithRSAEncryption",
    "1.2.840.113549.1.1.13": "sha512WithRSAEncryption",
    "1.2.840.113549.1.1.14": "sha224WithRSAEncryption",
    "1.2.840.10040.4.3": "dsa-with-SHA1",
    "2.16.840.1.101.3.4.3.2": "dsa-with-SHA256",
    "1.2.840.10045.4.1": "ecdsa-with-SHA1",
    "1.2.840.10045.4.3.2": "ecdsa-with-SHA256",
    "1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
    "1.2.840.10045.4.3.4": "ecdsa-with-SHA512",
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
}


@dataclass(frozen=True, slots=True)
class PublicKey:
    """`type` is RSA, EC, DSA, Ed25519, … or a dotted OID; `bits` 0 and `curve` "" where they do not apply."""

    type: str
    bits: int
    curve: str
    exponent: int = 0

    @property
    def text(self) -> str:
        """As a table shows it: ``RSA 4096``, ``EC P-256``."""
        if self.curve:
            return f"{self.type} {self.curve}"
        return f"{self.type} {self.bits}" if self.bits and self.type in ("RSA", "DSA") else self.type


def public_key(certificate: Certificate) -> PublicKey:
    """Return the key of `certificate`; a key that does not decode has its OID and no bits."""
    data = certificate.public_key_info
    try:
        start, end = der.expect(data, 0, len(data), der.SEQUENCE, "subjectPublicKeyInfo")
        algorithm, algorithm_end = der.expect(data, start, end, der.SEQUENCE, "algorithm")
        oid_start, oid_end = der.expect(data, algorithm, algorithm_end, der.OID, "algorithm")
        oid = der.oid_text(data[oid_start:oid_end])
        key, key_end = der.expect(data, algorithm_end, end, der.BIT_STRING, "key")
    except ParseError:
        return PublicKey("unknown", 0, "")
    try:
        return _decode(oid, data[oid_end:algorithm_end], data[key + 1 : key_end])
    except ParseError:
        return PublicKey(oid, 0, "")


def signature_algorithm(certificate: Certificate) -> str:
    """OpenSSL's long name of the signature algorithm, or its dotted OID."""
    return _SIGNATURES.get(certificate.signature_oid, certificate.signature_oid)


def _decode(oid: str, parameters: bytes, key: bytes) -> PublicKey:
    if oid in _RSA:
        start, end = der.expect(key, 0, len(key), der.SEQUENCE, "RSA key")
        modulus, modulus_end = der.expect(key, start, end, der.INTEGER, "modulus")
        exponent, exponent_end = der.expect(key, modulus_end, end, der.INTEGER, "exponent")
        bits = int.from_bytes(key[modulus:modulus_end], "big").bit_length()
        return PublicKey("RSA", bits, "", int.from_bytes(key[exponent:exponent_end], "big"))
    if oid == "1.2.840.10045.2.1":
        tag, start, end = der.header(parameters, 0, len(parameters))
        if tag != der.OID:
            return PublicKey("EC", (len(key) - 1) // 2 * 8, "explicit parameters")
        curve = der.oid_text(parameters[start:end])
        name, bits = _CURVES.get(curve, (curve, (len(key) - 1) // 2 * 8))
        return PublicKey("EC", bits, name)
    if oid == "1.2.840.10040.4.1":
        start, end = der.expect(parameters, 0, len(parameters), der.SEQUENCE, "DSA parameters")
        prime, prime_end = der.expect(parameters, start, end, der.INTEGER, "p")
        return PublicKey("DSA", int.from_bytes(parameters[prime:prime_end], "big").bit_length(), "")
    name, bits = _FIXED.get(oid, (oid, 0))
    return PublicKey(name, bits, "")
