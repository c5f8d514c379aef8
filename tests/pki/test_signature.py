"""Signatures are checked by the algorithm that the certificate names, as cryptography checks what it can parse."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime

import cryptography_vectors
import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from capath.errors import ParseError
from capath.pki.certificate import Certificate
from capath.pki.load import read_certificate
from capath.pki.signature import Bad, Good, NotChecked, check_signature, signs
from tests.minting import name_of

_RSA = rsa.generate_private_key(65537, 2048)
_EC = ec.generate_private_key(ec.SECP256R1())
_DSA = dsa.generate_private_key(2048)
_PSS = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
_KINDS = [
    *(
        pytest.param(_RSA, digest, None, id=f"rsa-{digest.name}")
        for digest in (hashes.SHA224(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512(), hashes.SHA3_256())
    ),
    pytest.param(_RSA, hashes.SHA256(), _PSS, id="rsa-pss"),
    *(
        pytest.param(_EC, digest, None, id=f"ec-{digest.name}")
        for digest in (hashes.SHA224(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512(), hashes.SHA3_384())
    ),
    pytest.param(_DSA, hashes.SHA256(), None, id="dsa"),
    pytest.param(ed25519.Ed25519PrivateKey.generate(), None, None, id="ed25519"),
    pytest.param(ed448.Ed448PrivateKey.generate(), None, None, id="ed448"),
]


def _self_signed(key: object, digest: hashes.HashAlgorithm | None, scheme: padding.PSS | None) -> Certificate:
    name = name_of("Root")
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())  # type: ignore[attr-defined]
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1))
        .not_valid_after(datetime(2040, 1, 1))
    )
    signed = builder.sign(key, digest, rsa_padding=scheme)  # type: ignore[arg-type]
    return read_certificate(signed.public_bytes(Encoding.DER))[0]


@pytest.mark.parametrize(("key", "digest", "scheme"), _KINDS)
def test_a_signature_is_its_keys_and_nobody_elses(
    key: object, digest: hashes.HashAlgorithm | None, scheme: padding.PSS | None
) -> None:
    certificate = _self_signed(key, digest, scheme)
    assert check_signature(certificate, certificate.public_key_info) == Good()
    assert signs(certificate, certificate)
    damaged = read_certificate(certificate.der[:-1] + bytes((certificate.der[-1] ^ 1,)))[0]
    assert check_signature(damaged, certificate.public_key_info) == Bad()
    for other in (_RSA, _EC, _DSA):
        if other is not key:
            info = other.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            assert check_signature(certificate, info) == Bad()


def test_a_key_that_does_not_load_is_not_held_against_it() -> None:
    certificate = _self_signed(_EC, hashes.SHA256(), None)
    answer = check_signature(certificate, b"\x30\x00")
    assert isinstance(answer, NotChecked)
    assert "does not load" in answer.reason


def _vectors() -> Iterator[bytes]:
    base = os.path.join(os.path.dirname(cryptography_vectors.__file__), "x509")
    for place, _, files in sorted(os.walk(base)):
        for name in sorted(files):
            with open(os.path.join(place, name), "rb") as file:
                content = file.read()
            if b"-----BEGIN CERTIFICATE-----" not in content:
                continue
            try:
                yield x509.load_pem_x509_certificate(content).public_bytes(Encoding.DER)
            except (ValueError, x509.InvalidVersion):
                continue


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_it_agrees_with_cryptography_on_its_own_certificates() -> None:
    compared = 0
    for encoded in _vectors():
        try:
            ours, _ = read_certificate(encoded)
            wanted = _by_cryptography(x509.load_der_x509_certificate(encoded))
        except (ParseError, ValueError, UnsupportedAlgorithm):
            continue
        assert signs(ours, ours) == wanted, ours.subject.text
        compared += 1
    assert compared > 100


def _by_cryptography(certificate: x509.Certificate) -> bool:
    """Whether a certificate's own key verifies it, all of it as cryptography reads it."""
    key = certificate.public_key()
    signature, data = certificate.signature, certificate.tbs_certificate_bytes
    digest = certificate.signature_hash_algorithm
    try:
        match key, certificate.signature_algorithm_parameters:
            case rsa.RSAPublicKey(), (padding.PSS() | padding.PKCS1v15()) as scheme if digest is not None:
                key.verify(signature, data, scheme, digest)
            case ec.EllipticCurvePublicKey(), ec.ECDSA() as scheme:
                key.verify(signature, data, scheme)
            case dsa.DSAPublicKey(), None if digest is not None:
                key.verify(signature, data, digest)
            case ((ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey()), None):
                key.verify(signature, data)
            case _:
                return False
    except InvalidSignature:
        return False
    return True
