"""Whether a certificate's signature is a certain key's: its issuer's, or its own, which shows a forged root.

Only the key and the signature are left to `cryptography`, so a certificate that its parser refuses is checked all
the same, and SHA-1, which its certificate API refuses, is not a failure.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from capath.pki.certificate import Certificate
from capath.pki.decode import load_stand_in

if TYPE_CHECKING:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

# OID: OpenSSL's long name, and for those that are checked the kind of key and the hash (RFC 3279, 4055, 5758,
# 9881, NIST's arc for SHA-3, and what national standards name).
_ALGORITHMS = {
    "1.2.840.113549.1.1.2": ("md2WithRSAEncryption", "", ""),
    "1.2.840.113549.1.1.3": ("md4WithRSAEncryption", "", ""),
    "1.2.840.113549.1.1.4": ("md5WithRSAEncryption", "RSA", "MD5"),
    "1.2.840.113549.1.1.5": ("sha1WithRSAEncryption", "RSA", "SHA1"),
    "1.3.14.3.2.29": ("sha1WithRSA", "RSA", "SHA1"),
    "1.3.36.3.3.1.2": ("ripemd160WithRSA", "", ""),
    "1.2.840.113549.1.1.14": ("sha224WithRSAEncryption", "RSA", "SHA224"),
    "1.2.840.113549.1.1.11": ("sha256WithRSAEncryption", "RSA", "SHA256"),
    "1.2.840.113549.1.1.12": ("sha384WithRSAEncryption", "RSA", "SHA384"),
    "1.2.840.113549.1.1.13": ("sha512WithRSAEncryption", "RSA", "SHA512"),
    "1.2.840.113549.1.1.15": ("sha512-224WithRSAEncryption", "RSA", "SHA512_224"),
    "1.2.840.113549.1.1.16": ("sha512-256WithRSAEncryption", "RSA", "SHA512_256"),
    "2.16.840.1.101.3.4.3.13": ("RSA-SHA3-224", "RSA", "SHA3_224"),
    "2.16.840.1.101.3.4.3.14": ("RSA-SHA3-256", "RSA", "SHA3_256"),
    "2.16.840.1.101.3.4.3.15": ("RSA-SHA3-384", "RSA", "SHA3_384"),
    "2.16.840.1.101.3.4.3.16": ("RSA-SHA3-512", "RSA", "SHA3_512"),
    "1.2.840.113549.1.1.10": ("rsassaPss", "", ""),
    "1.2.840.10045.4.1": ("ecdsa-with-SHA1", "EC", "SHA1"),
    "1.2.840.10045.4.3.1": ("ecdsa-with-SHA224", "EC", "SHA224"),
    "1.2.840.10045.4.3.2": ("ecdsa-with-SHA256", "EC", "SHA256"),
    "1.2.840.10045.4.3.3": ("ecdsa-with-SHA384", "EC", "SHA384"),
    "1.2.840.10045.4.3.4": ("ecdsa-with-SHA512", "EC", "SHA512"),
    "2.16.840.1.101.3.4.3.9": ("ecdsa_with_SHA3-224", "EC", "SHA3_224"),
    "2.16.840.1.101.3.4.3.10": ("ecdsa_with_SHA3-256", "EC", "SHA3_256"),
    "2.16.840.1.101.3.4.3.11": ("ecdsa_with_SHA3-384", "EC", "SHA3_384"),
    "2.16.840.1.101.3.4.3.12": ("ecdsa_with_SHA3-512", "EC", "SHA3_512"),
    "1.2.840.10040.4.3": ("dsa-with-SHA1", "DSA", "SHA1"),
    "2.16.840.1.101.3.4.3.1": ("dsa_with_SHA224", "DSA", "SHA224"),
    "2.16.840.1.101.3.4.3.2": ("dsa-with-SHA256", "DSA", "SHA256"),
    "2.16.840.1.101.3.4.3.3": ("dsa_with_SHA384", "DSA", "SHA384"),
    "2.16.840.1.101.3.4.3.4": ("dsa_with_SHA512", "DSA", "SHA512"),
    "1.3.101.112": ("Ed25519", "Ed25519", ""),
    "1.3.101.113": ("Ed448", "Ed448", ""),
    "1.2.156.10197.1.501": ("SM2-with-SM3", "", ""),
    "1.2.643.2.2.3": ("GOST R 34.11-94 with GOST R 34.10-2001", "GOST", ""),
    "1.2.643.7.1.1.3.2": ("GOST R 34.10-2012 with GOST R 34.11-2012 (256 bit)", "GOST", ""),
    "1.2.643.7.1.1.3.3": ("GOST R 34.10-2012 with GOST R 34.11-2012 (512 bit)", "GOST", ""),
    "2.16.840.1.101.3.4.3.17": ("ML-DSA-44", "ML-DSA", ""),
    "2.16.840.1.101.3.4.3.18": ("ML-DSA-65", "ML-DSA", ""),
    "2.16.840.1.101.3.4.3.19": ("ML-DSA-87", "ML-DSA", ""),
}
_RSA_PSS = "1.2.840.113549.1.1.10"


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


def signature_algorithm(certificate: Certificate) -> str:
    """OpenSSL's long name of the signature algorithm, or its dotted OID."""
    oid = certificate.signature_oid
    return _ALGORITHMS[oid][0] if oid in _ALGORITHMS else oid


@lru_cache(maxsize=32768)
def check_signature(certificate: Certificate, public_key_info: bytes) -> SignatureCheck:
    """Check the signature of `certificate` with the key of `public_key_info` (a SubjectPublicKeyInfo in DER)."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key = load_der_public_key(public_key_info)
    except (ValueError, UnsupportedAlgorithm) as error:
        return NotChecked(f"its key does not load: {error}", of_key=True)
    try:
        return _verify(key, certificate)
    except InvalidSignature:
        return Bad()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        return NotChecked(str(error))


def signs(issuer: Certificate, child: Certificate) -> bool:
    """Whether the key of `issuer` verifies the signature of `child`. Names are not compared."""
    return isinstance(check_signature(child, issuer.public_key_info), Good)


def _verify(key: object, certificate: Certificate) -> SignatureCheck:
    """Raises InvalidSignature, and what `cryptography` raises for what it does not support."""
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa

    signed, signature, oid = certificate.signed_part, certificate.signature, certificate.signature_oid
    _, kind, digest = _ALGORITHMS.get(oid, ("", "", ""))
    match key:
        case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
            key.verify(signature, signed)
        case rsa.RSAPublicKey() if oid == _RSA_PSS:
            scheme, pss_digest = _pss(certificate.signature_algorithm)
            key.verify(signature, signed, scheme, pss_digest)
        case rsa.RSAPublicKey() if kind == "RSA":
            key.verify(signature, signed, padding.PKCS1v15(), _hash(digest))
        case ec.EllipticCurvePublicKey() if kind == "EC":
            key.verify(signature, signed, ec.ECDSA(_hash(digest)))
        case dsa.DSAPublicKey() if kind == "DSA":
            key.verify(signature, signed, _hash(digest))
        case rsa.RSAPublicKey() | ec.EllipticCurvePublicKey() | dsa.DSAPublicKey() if kind or oid == _RSA_PSS:
            return Bad()  # another kind of key made it
        case _:
            return NotChecked("this kind of signature is not checked")
    return Good()


def _pss(algorithm: bytes) -> tuple[padding.PSS, hashes.HashAlgorithm]:
    """The parameters of RSASSA-PSS, which `cryptography` decodes (RFC 4055 §3.1). Raises ValueError."""
    from cryptography.hazmat.primitives.asymmetric import padding

    stand_in = load_stand_in(algorithm=algorithm)
    scheme, digest = stand_in.signature_algorithm_parameters, stand_in.signature_hash_algorithm
    if not isinstance(scheme, padding.PSS) or digest is None:
        raise ValueError("its RSASSA-PSS parameters do not decode")
    return scheme, digest


def _hash(name: str) -> hashes.HashAlgorithm:
    from cryptography.hazmat.primitives import hashes

    algorithm: hashes.HashAlgorithm = getattr(hashes, name)()
    return algorithm
