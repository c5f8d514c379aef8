"""Names and addresses of extensions: each read for itself, whatever else a certificate holds."""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from capath.pki.certificate import Certificate
from capath.pki.general_names import alternative_names, issuer_addresses, list_addresses
from capath.pki.load import read_certificate
from capath.tls.handshake.host_name import check_host
from tests.minting import tlv

SAN, POINTS, ACCESS = "2.5.29.17", "2.5.29.31", "1.3.6.1.5.5.7.1.1"
DNS, URI = tlv(0x82, b"host.test"), tlv(0x86, b"http://host.test/x")
EDI_PARTY = tlv(0xA5, tlv(0xA1, tlv(0x0C, b"party")))  # a name that cryptography refuses, and all others with it
KEY = ec.generate_private_key(ec.SECP256R1())
NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)


def certificate(*extensions: tuple[str, bytes]) -> Certificate:
    """A certificate with these extensions, whatever octets they hold."""
    name = x509.Name([])
    builder = x509.CertificateBuilder(name, name, KEY.public_key(), 1, NOW, NOW + timedelta(days=9))
    for oid, value in extensions:
        unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value)
        builder = builder.add_extension(unknown, critical=False)
    return read_certificate(builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER))[0]


def access(*locations: bytes) -> bytes:
    issuers = tlv(0x06, bytes.fromhex("2b06010505073002"))
    return tlv(0x30, *(tlv(0x30, issuers, location) for location in locations))


def points(*names: bytes) -> bytes:
    return tlv(0x30, tlv(0x30, tlv(0xA0, tlv(0xA0, *names))))


def test_what_is_there_is_read() -> None:
    names = tlv(0x30, DNS, tlv(0x87, b"\x7f\0\0\1"), tlv(0x87, b"\0" * 15 + b"\1"), tlv(0x86, b"https://x"))
    found = certificate((SAN, names), (ACCESS, access(URI)), (POINTS, points(URI)))
    assert alternative_names(found).dns == (b"host.test",)
    assert alternative_names(found).addresses == (ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1"))
    assert issuer_addresses(found) == ("http://host.test/x",)
    assert list_addresses(found) == ("http://host.test/x",)


@pytest.mark.parametrize(
    "names",
    [(EDI_PARTY, DNS), (tlv(0x87, b"\1"), DNS), (tlv(0x81, b"\xff@x"), DNS), (tlv(0x82, b"*.*."), DNS)],
    ids=["party", "short address", "mail", "no pattern"],
)
def test_an_odd_name_hides_no_other(names: tuple[bytes, ...]) -> None:
    found = certificate(
        (SAN, tlv(0x30, *names)), (ACCESS, access(EDI_PARTY, URI)), (POINTS, points(EDI_PARTY, URI))
    )
    assert alternative_names(found).dns[-1] == b"host.test"
    assert issuer_addresses(found) == ("http://host.test/x",)
    assert list_addresses(found) == ("http://host.test/x",)
    assert check_host(found.der, "host.test") is None
    assert check_host(found.der, "other.test") is not None


@pytest.mark.parametrize("oid", [ACCESS, POINTS, "2.5.29.32", "2.5.29.37", "1.3.6.1.4.1.11129.2.4.2"])
def test_an_extension_that_does_not_decode_is_no_other_host(oid: str) -> None:
    """A certificate for this host is for it, whatever is wrong with its policies, its uses or its timestamps."""
    found = certificate((SAN, tlv(0x30, DNS)), (oid, b"\x01"))
    assert check_host(found.der, "host.test") is None


def test_a_version_that_cryptography_refuses_is_for_its_host() -> None:
    """Version 2 has no extensions by the book; OpenSSL reads them all the same."""
    encoded = certificate((SAN, tlv(0x30, DNS))).der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x01", 1)
    assert read_certificate(encoded)[0].version == 2
    assert check_host(encoded, "host.test") is None


@given(st.binary(max_size=40))
def test_no_octets_raise(octets: bytes) -> None:
    found = certificate((SAN, octets), (ACCESS, octets), (POINTS, octets))
    alternative_names(found), issuer_addresses(found), list_addresses(found)
    check_host(found.der, "host.test")
