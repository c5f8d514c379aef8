"""Whether a certificate's signature is a certain key's: its issuer's, or its own, where a forged root is found so.

The certificate is taken apart by capath and only the signature is left to `cryptography`, so one that its parser
refuses is checked all the same, and SHA-1, which its certificate API refuses, is no failure.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from capath.errors import ParseError
from capath.pki import der
from capath.pki.certificate import Certificate

if TYPE_CHECKING:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

# Signature algorithms by kind of key, with the hash (RFC 3279, 4055, 5758, and NIST's arc for SHA-3).
_RSA = {
    "1.2.840.113549.1.1.4": "MD5",
    "1.2.840.113549.1.1.5": "SHA1",
    "1.3.14.3.2.29": "SHA1",
    "1.2.840.113549.1.1.14": "SHA224",
    "1.2.840.113549.1.1.11": "SHA256",
    "1.2.840.113549.1.1.12": "SHA384",
    "1.2.840.113549.1.1.13": "SHA512",
    "2.16.840.1.101.3.4.3.13": "SHA3_224",
    "2.16.840.1.101.3.4.3.14": "SHA3_256",
    "2.16.840.1.101.3.4.3.15": "SHA3_384",
    "2.16.840.1.101.3.4.3.16": "SHA3_512",
}
_EC = {
    "1.2.840.10045.4.1": "SHA1",
    "1.2.840.10045.4.3.1": "SHA224",
    "1.2.840.10045.4.3.2": "SHA256",
    "1.2.840.10045.4.3.3": "SHA384",
    "1.2.840.10045.4.3.4": "SHA512",
    "2.16.840.1.101.3.4.3.9": "SHA3_224",
    "2.16.840.1.101.3.4.3.10": "SHA3_256",
    "2.16.840.1.101.3.4.3.11": "SHA3_384",
    "2.16.840.1.101.3.4.3.12": "SHA3_512",
}
_DSA = {
    "1.2.840.10040.4.3": "SHA1",
    "2.16.840.1.101.3.4.3.1": "SHA224",
    "2.16.840.1.101.3.4.3.2": "SHA256",
    "2.16.840.1.101.3.4.3.3": "SHA384",
    "2.16.840.1.101.3.4.3.4": "SHA512",
}
_RSA_PSS = "1.2.840.113549.1.1.10"
_KNOWN = frozenset({*_RSA, *_EC, *_DSA, _RSA_PSS})


@dataclass(frozen=True, slots=True)
class Good:
    """The signature is the key's."""


@dataclass(frozen=True, slots=True)
class Bad:
    """The signature is not the key's."""


@dataclass(frozen=True, slots=True)
class NotChecked:
    """The library at hand cannot check this kind of signature or key."""

    reason: str
    of_key: bool = False
    """Whether it is the key that does not load."""


SignatureCheck = Good | Bad | NotChecked


def check_signature(certificate: Certificate, public_key_info: bytes) -> SignatureCheck:
    """Check the signature of `certificate` with the key of `public_key_info` (a SubjectPublicKeyInfo in DER)."""
    return _check(certificate.der, public_key_info, certificate.signature_oid)


def signs(issuer: Certificate, child: Certificate) -> bool:
    """Whether the key of `issuer` verifies the signature of `child`. Names are not compared."""
    return isinstance(check_signature(child, issuer.public_key_info), Good)


@lru_cache(maxsize=32768)
def _check(encoded: bytes, public_key_info: bytes, oid: str) -> SignatureCheck:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        start, end = der.expect(encoded, 0, len(encoded), der.SEQUENCE, "certificate")
        _, tbs_end = der.expect(encoded, start, end, der.SEQUENCE, "tbsCertificate")
        _, _, algorithm_end = der.header(encoded, tbs_end, end)
        at, stop = der.expect(encoded, algorithm_end, end, der.BIT_STRING, "signature")
    except ParseError as error:
        return NotChecked(str(error))
    try:
        key = load_der_public_key(public_key_info)
    except (ValueError, UnsupportedAlgorithm) as error:
        return NotChecked(f"its key does not load: {error}", of_key=True)
    try:
        return _verify(key, oid, encoded[at + 1 : stop], encoded[start:tbs_end], encoded)
    except InvalidSignature:
        return Bad()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        return NotChecked(str(error))


def _verify(key: object, oid: str, signature: bytes, signed: bytes, encoded: bytes) -> SignatureCheck:
    """Raises InvalidSignature, and what `cryptography` raises for what it does not support."""
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa

    match key:
        case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
            key.verify(signature, signed)
        case rsa.RSAPublicKey() if oid == _RSA_PSS:
            scheme, digest = _pss(encoded)
            key.verify(signature, signed, scheme, digest)
        case rsa.RSAPublicKey() if oid in _RSA:
            key.verify(signature, signed, padding.PKCS1v15(), _hash(_RSA[oid]))
        case ec.EllipticCurvePublicKey() if oid in _EC:
            key.verify(signature, signed, ec.ECDSA(_hash(_EC[oid])))
        case dsa.DSAPublicKey() if oid in _DSA:
            key.verify(signature, signed, _hash(_DSA[oid]))
        case rsa.RSAPublicKey() | ec.EllipticCurvePublicKey() | dsa.DSAPublicKey() if oid in _KNOWN:
            return Bad()  # another kind of key made it
        case _:
            return NotChecked("this kind of signature is not checked")
    return Good()


def _pss(encoded: bytes) -> tuple[padding.PSS, hashes.HashAlgorithm]:
    """The parameters of RSASSA-PSS, which `cryptography` reads (RFC 4055 §3.1). Raises ValueError."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import padding

    try:
        certificate = x509.load_der_x509_certificate(encoded)
    except x509.InvalidVersion as error:
        raise ValueError(str(error)) from None
    scheme, digest = certificate.signature_algorithm_parameters, certificate.signature_hash_algorithm
    if not isinstance(scheme, padding.PSS) or digest is None:
        raise ValueError("its RSASSA-PSS parameters do not decode")
    return scheme, digest


def _hash(name: str) -> hashes.HashAlgorithm:
    from cryptography.hazmat.primitives import hashes

    algorithm: hashes.HashAlgorithm = getattr(hashes, name)()
    return algorithm
