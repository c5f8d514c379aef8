"""Whether a self-signed certificate's signature is its own key's: a forged or damaged root is found so.

The certificate is taken apart by capath and only the signature is left to `cryptography`, so one that its
parser refuses is checked all the same, and SHA-1, which its certificate API refuses, is no failure.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from typing_extensions import assert_never

from capath.errors import ParseError
from capath.pki import der
from capath.pki.certificate import Certificate

if TYPE_CHECKING:
    from cryptography.hazmat.primitives import hashes

_HASHES = {
    "1.2.840.113549.1.1.4": "MD5",
    "1.2.840.113549.1.1.5": "SHA1",
    "1.3.14.3.2.29": "SHA1",
    "1.2.840.113549.1.1.11": "SHA256",
    "1.2.840.113549.1.1.12": "SHA384",
    "1.2.840.113549.1.1.13": "SHA512",
    "1.2.840.113549.1.1.14": "SHA224",
    "1.2.840.10045.4.1": "SHA1",
    "1.2.840.10045.4.3.2": "SHA256",
    "1.2.840.10045.4.3.3": "SHA384",
    "1.2.840.10045.4.3.4": "SHA512",
    "1.2.840.10040.4.3": "SHA1",
    "2.16.840.1.101.3.4.3.2": "SHA256",
}


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


SelfSignature = Good | Bad | NotChecked


def check_self_signature(certificate: Certificate) -> SelfSignature:
    """Check the signature of `certificate` with its own key."""
    return _check(certificate.der, certificate.public_key_info, certificate.signature_oid)


@lru_cache(maxsize=32768)
def _check(encoded: bytes, public_key_info: bytes, oid: str) -> SelfSignature:
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
        return NotChecked(f"its key does not load: {error}")
    try:
        return _verify(key, encoded[at + 1 : stop], encoded[start:tbs_end], _HASHES.get(oid, ""))
    except InvalidSignature:
        return Bad()
    except (ValueError, UnsupportedAlgorithm) as error:
        return NotChecked(str(error))


def _verify(key: object, signature: bytes, signed: bytes, hash_name: str) -> SelfSignature:
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa

    match key:
        case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
            key.verify(signature, signed)
            return Good()
        case rsa.RSAPublicKey() if hash_name:
            key.verify(signature, signed, padding.PKCS1v15(), _hash(hash_name))
            return Good()
        case ec.EllipticCurvePublicKey() if hash_name:
            key.verify(signature, signed, ec.ECDSA(_hash(hash_name)))
            return Good()
        case dsa.DSAPublicKey() if hash_name:
            key.verify(signature, signed, _hash(hash_name))
            return Good()
        case _:
            return NotChecked("this kind of signature is not checked")


def _hash(name: str) -> hashes.HashAlgorithm:
    from cryptography.hazmat.primitives import hashes

    algorithm: hashes.HashAlgorithm = getattr(hashes, name)()
    return algorithm


def is_bad(signature: SelfSignature) -> bool:
    """Whether the signature is known not to be the key's."""
    match signature:
        case Bad():
            return True
        case Good() | NotChecked():
            return False
        case _:
            assert_never(signature)
