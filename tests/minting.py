"""Certificates, CRLs and hand-built DER for tests. Keys are P-256: minting is faster than reading a fixture."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOT_BEFORE = datetime(2020, 1, 1, tzinfo=timezone.utc)
NOT_AFTER = datetime(2049, 1, 1, tzinfo=timezone.utc)
REVOKED_AT = datetime(2024, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Minted:
    """A certificate with its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @cached_property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @cached_property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.der).hexdigest()

    @cached_property
    def key_pem(self) -> bytes:
        """The key in the traditional format, which `openssl rehash` counts as an object of its own."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )


def name_of(common_name: str, organisation: str = "") -> x509.Name:
    """A name of one or two attributes."""
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organisation:
        attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    return x509.Name(attributes)


def mint_root(
    common_name: str = "Root A", *, not_before: datetime = NOT_BEFORE, not_after: datetime = NOT_AFTER
) -> Minted:
    """A self-signed root with a new key: two of the same name are different certificates."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = name_of(common_name)
    return Minted(_sign(name, name, key, key, ca=True, not_before=not_before, not_after=not_after), key)


def mint_intermediate(issuer: Minted, common_name: str = "Intermediate") -> Minted:
    """A certificate authority below `issuer`."""
    key = ec.generate_private_key(ec.SECP256R1())
    return Minted(_sign(name_of(common_name), issuer.certificate.subject, key, issuer.key, ca=True), key)


def mint_leaf(issuer: Minted, common_name: str = "leaf.test") -> Minted:
    """An end-entity certificate below `issuer`."""
    key = ec.generate_private_key(ec.SECP256R1())
    return Minted(_sign(name_of(common_name), issuer.certificate.subject, key, issuer.key, ca=False), key)


def mint_crl(issuer: Minted, revoked_serials: tuple[int, ...] = (), number: int = 1) -> bytes:
    """A CRL of `issuer` in PEM."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(NOT_BEFORE)
        .next_update(NOT_AFTER)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    for serial in revoked_serials:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(REVOKED_AT)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def pem(label: str, content: bytes) -> bytes:
    """`content` as a PEM block, encoded independently of capath."""
    text = base64.b64encode(content)
    lines = b"".join(text[at : at + 64] + b"\n" for at in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n".encode() + lines + f"-----END {label}-----\n".encode()


def tlv(tag: int, *content: bytes) -> bytes:
    """One DER element."""
    body = b"".join(content)
    if len(body) < 0x80:
        return bytes((tag, len(body))) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def raw_attribute(tag: int, value: bytes, oid: bytes = b"\x55\x04\x03") -> bytes:
    """An AttributeTypeAndValue with any tag and octets; the default type is commonName."""
    return tlv(0x30, tlv(0x06, oid), tlv(tag, value))


def raw_name(*rdns: tuple[bytes, ...]) -> bytes:
    """A name of RDNs, each a tuple of attributes, in the order given."""
    return tlv(0x30, *(tlv(0x31, *rdn) for rdn in rdns))


_ECDSA = tlv(0x30, tlv(0x06, bytes.fromhex("2a8648ce3d040302")))
_KEY = tlv(
    0x30,
    tlv(0x30, tlv(0x06, bytes.fromhex("2a8648ce3d0201")), tlv(0x06, bytes.fromhex("2a8648ce3d030107"))),
    tlv(
        0x03,
        b"\0",
        bytes.fromhex(
            "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
            "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
        ),
    ),
)


def raw_certificate(subject: bytes, serial: int = 1, extra: bytes = b"") -> bytes:
    """A certificate with this encoded subject as its issuer too, and a signature that verifies nothing."""
    octets = serial.to_bytes(serial.bit_length() // 8 + 1, "big")
    times = tlv(0x30, tlv(0x17, b"200101000000Z"), tlv(0x17, b"490101000000Z"))
    tbs = tlv(0x30, b"\xa0\x03\x02\x01\x02", tlv(0x02, octets), _ECDSA, subject, times, subject, _KEY, extra)
    return tlv(0x30, tbs, _ECDSA, tlv(0x03, b"\0\x30\x06\x02\x01\x01\x02\x01\x01"))


def _sign(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    ca: bool,
    not_before: datetime = NOT_BEFORE,
    not_after: datetime = NOT_AFTER,
) -> x509.Certificate:
    # Key identifiers, for OpenSSL tells roots of one name apart by them.
    subject_key = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(subject_key, critical=False)
        .add_extension(authority_key, critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
