"""Certificates that no library mints: one element of a good one replaced, and the whole signed again."""

from __future__ import annotations

import subprocess

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from capath.demo.authority import Identity, PrivateKey
from capath.pki import tlv
from tests.minting import pem

ECDSA_WITH_SHA256 = bytes.fromhex("2a8648ce3d040302")
ECDSA_WITH_SHA384 = bytes.fromhex("2a8648ce3d040303")
UNKNOWN_SIGNATURE = bytes.fromhex("2a8648ce3d040377")


def remade(identity: Identity, issuer: Identity, *changes: tuple[bytes, bytes]) -> bytes:
    """`identity` in PEM with each of `changes` (an element of its tbsCertificate, and what is put there)."""
    signed = identity.certificate.tbs_certificate_bytes
    _, start, end = tlv.header(signed, 0, len(signed))
    content = signed[start:end]
    for old, new in changes:
        assert content.count(old) == 1
        content = content.replace(old, new)
    return _signed(content, issuer)


def as_version_1(identity: Identity, issuer: Identity) -> bytes:
    """`identity` in PEM without version and extensions (RFC 5280 §4.1.2.1)."""
    signed = identity.certificate.tbs_certificate_bytes
    _, start, end = tlv.header(signed, 0, len(signed))
    elements = tlv.elements(signed, start, end)
    return _signed(b"".join(signed[at:stop] for tag, at, _, stop in elements if tag not in (0xA0, 0xA3)), issuer)


def with_unknown_signature(identity: Identity) -> bytes:
    """`identity` in PEM, signed by an algorithm that nobody defined."""
    encoded = identity.certificate.public_bytes(serialization.Encoding.DER)
    assert encoded.count(ECDSA_WITH_SHA256) == 2
    return pem("CERTIFICATE", encoded.replace(ECDSA_WITH_SHA256, UNKNOWN_SIGNATURE))


def algorithm(oid: bytes) -> bytes:
    """An AlgorithmIdentifier without parameters."""
    return tlv.encode(tlv.SEQUENCE, tlv.encode(tlv.OID, oid))


def key_info(key: PrivateKey) -> bytes:
    """The subjectPublicKeyInfo."""
    public = key.public_key()
    return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def explicit_key_info(identity: Identity) -> bytes:
    """The same key with the parameters of its curve spelled out, as openssl writes them."""
    command = ["openssl", "ec", "-pubout", "-outform", "DER", "-param_enc", "explicit"]
    return subprocess.run(command, input=identity.key_pem, capture_output=True, check=True).stdout


def off_curve(info: bytes) -> bytes:
    """A P-256 key whose point is not on the curve: it does not load."""
    return info[:-65] + b"\x04" + b"\x01" * 64


def _signed(content: bytes, issuer: Identity) -> bytes:
    assert isinstance(issuer.key, ec.EllipticCurvePrivateKey)
    body = tlv.encode(tlv.SEQUENCE, content)
    signature = tlv.encode(tlv.BIT_STRING, b"\0" + issuer.key.sign(body, ec.ECDSA(hashes.SHA256())))
    return pem("CERTIFICATE", tlv.encode(tlv.SEQUENCE, body + algorithm(ECDSA_WITH_SHA256) + signature))
