"""Certificates in words: every extension for itself, and names for what the world uses."""

from __future__ import annotations

import ipaddress
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import cryptography_vectors
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from capath.diagnosis.path_rules import is_strong, serves_tls_servers
from capath.errors import ParseError
from capath.pki import tlv as reader
from capath.pki.certificate import Certificate
from capath.pki.describe import DecodedExtension, describe_extensions, use_name
from capath.pki.key import public_key
from capath.pki.key_identifiers import is_self_signed
from capath.pki.load import read_certificate
from capath.pki.name import Name
from capath.pki.pem import PemBlock, read_pem
from capath.pki.signature import _ALGORITHMS, signature_algorithm
from tests.audit.worlds import Spec
from tests.minting import name_of, raw_attribute, raw_certificate, raw_name, tlv
from tests.oracle.openssl import needs_openssl, openssl

_NAME = raw_name((raw_attribute(0x0C, b"Root A"),))
_VECTORS = Path(os.path.dirname(cryptography_vectors.__file__)) / "x509"


def _with(*extensions: tuple[str, bytes]) -> Certificate:
    """A certificate with these extensions: dotted type and encoded value."""
    encoded = b"".join(tlv(0x30, reader.encode_oid(oid), tlv(0x04, value)) for oid, value in extensions)
    return read_certificate(raw_certificate(_NAME, extra=tlv(0xA3, tlv(0x30, encoded))))[0]


def _lines(oid: str, value: bytes) -> tuple[str, ...]:
    (extension,) = describe_extensions(_with((oid, value)))
    return extension.lines


def _minted(*extensions: x509.ExtensionType) -> tuple[DecodedExtension, ...]:
    spec = Spec(extensions=[(extension, False) for extension in extensions])
    return describe_extensions(read_certificate(spec.mint().public_bytes(Encoding.DER))[0])


def test_one_that_does_not_decode_leaves_the_others_decoded() -> None:
    """It is shown as encoded, with the reason and the library that gives it."""
    found = describe_extensions(
        _with(("2.5.29.19", b"\x01\x01\x01"), ("2.5.29.37", bytes.fromhex("300a06082b06010505070301")))
    )
    assert [extension.name for extension in found] == ["Basic constraints", "Extended key usage"]
    octets, reason = found[0].lines
    assert octets == "01 01 01"
    assert reason.startswith("cryptography does not decode it: ValueError: ")
    assert found[1].lines == ("TLS server",)


def test_the_same_extension_twice_is_shown_twice() -> None:
    """`cryptography` refuses such a certificate's extensions as a whole."""
    use = bytes.fromhex("300a06082b06010505070301")
    found = describe_extensions(_with(("2.5.29.37", use), ("2.5.29.37", use)))
    assert [extension.lines for extension in found] == [("TLS server",)] * 2


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("030201 06", "signs certificates, signs CRLs"),
        ("030200 01", "encipher only"),
        ("030307 0880", "key agreement, decipher only"),
        ("030307 0080", "decipher only"),
        ("0301 00", "none"),
        ("030306 0040", "bit 9"),
    ],
)
def test_every_bit_of_key_usage_is_said(value: str, text: str) -> None:
    """Also encipherOnly and decipherOnly without keyAgreement, which a library hides."""
    assert _lines("2.5.29.15", bytes.fromhex(value)) == (text,)


def test_an_address_of_eight_bytes_is_not_a_network() -> None:
    """In subjectAltName it is a mistake; in name constraints it is an address and its mask."""
    assert _lines("2.5.29.17", tlv(0x30, tlv(0x87, b"\0\0\0\0\xff\xff\xff\0"))) == (
        "not an IP address: 00 00 00 00 FF FF FF 00",
    )
    network = x509.NameConstraints([x509.IPAddress(ipaddress.ip_network("10.0.0.0/8"))], None)
    assert _minted(network)[0].lines == ("only 10.0.0.0/8",)


def test_uses_policies_and_texts_have_names() -> None:
    """What is common in the world's roots is not shown as a number."""
    uses = "1.3.6.1.4.1.311.20.2.2", "1.3.6.1.5.5.7.3.17", "1.3.6.1.4.1.311.10.3.3", "1.2.3"
    found = _minted(
        x509.ExtendedKeyUsage([x509.ObjectIdentifier(oid) for oid in uses]),
        x509.InhibitAnyPolicy(0),
        x509.PolicyConstraints(1, None),
        x509.OCSPNoCheck(),
        x509.SubjectAlternativeName([x509.DirectoryName(name_of("Someone", "Org")), x509.DNSName("a.test")]),
        x509.UnrecognizedExtension(x509.ObjectIdentifier("2.16.840.1.113730.1.13"), tlv(0x16, b"a comment")),
        x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x04\x02ab"),
    )
    assert [extension.lines for extension in found] == [
        ("Microsoft smart card logon", "IPsec IKE", "Microsoft server gated crypto", "1.2.3"),
        ("“any policy” does not count, from 0 below it on",),
        ("an explicit policy is required, from 1 below it on",),
        ("present",),
        ("CN=Someone,O=Org", "a.test"),
        ("a comment",),
        ("04 02 61 62",),
    ]
    assert use_name("2.5.29.37.0") == "any use"


def _vectors() -> Iterator[bytes]:
    for path in (path for path in sorted(_VECTORS.rglob("*")) if path.is_file()):
        data = path.read_bytes()
        if data.startswith(b"\x30"):
            yield data
        for block in read_pem(data):
            if isinstance(block, PemBlock) and block.label == "CERTIFICATE":
                yield block.content


def test_nothing_of_the_vectors_raises_or_warns() -> None:
    """Every certificate of `cryptography`'s own corpus, odd ones above all, is described in full."""
    described = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for data in _vectors():
            try:
                certificate = read_certificate(data)[0]
            except ParseError:
                continue
            found = describe_extensions(certificate)
            assert len(found) == len(certificate.extensions)
            assert all(extension.lines for extension in found), certificate
            assert public_key(certificate).text
            assert signature_algorithm(certificate)
            assert not certificate.subject.text.startswith(",")
            _ = certificate.not_before, certificate.not_after, certificate.is_ca, certificate.serial
            described += 1
    assert described > 400


def test_an_rdn_without_attributes_leaves_no_comma() -> None:
    """OpenSSL loads such a name; RFC 4514 has no text for it."""
    attribute = raw_attribute(0x0C, b"Root A")
    for name in (raw_name((), (attribute,)), raw_name((attribute,), ()), raw_name((), (attribute,), ())):
        assert Name.decode(name).text == "CN=Root A"
    assert Name.decode(raw_name(())).text == ""
    assert Name.decode(raw_name(())).title == "(empty name)"


def test_a_time_of_the_wrong_type_is_not_a_date() -> None:
    """`badasn1time`: four digits of the year in a UTCTime. OpenSSL says “Bad time value”, and capath no date."""
    (block,) = read_pem((_VECTORS / "badasn1time.pem").read_bytes())
    assert isinstance(block, PemBlock)
    certificate = read_certificate(block.content)[0]
    assert certificate.not_before is not None
    assert certificate.not_after is None


def test_a_certificate_that_names_another_key_as_its_issuers_is_not_self_signed() -> None:
    """The same name above and below, and an authority key identifier that is not its own."""
    own, other = tlv(0x04, b"\x01" * 20), tlv(0x30, tlv(0x80, b"\x02" * 20))
    same = tlv(0x30, tlv(0x80, b"\x01" * 20))
    cross = _with(("2.5.29.14", own), ("2.5.29.35", other))
    assert cross.self_issued
    assert not is_self_signed(cross)
    assert is_self_signed(_with(("2.5.29.14", own), ("2.5.29.35", same)))
    assert is_self_signed(_with(("2.5.29.14", own)))
    assert not is_self_signed(_with(("2.5.29.35", tlv(0x30, tlv(0x82, b"\x7f")))))


@needs_openssl
def test_signature_algorithms_are_named_as_openssl_names_them(tmp_path: Path) -> None:
    """Each in the table, where the binary knows it; four keep the spelling that scripts know."""
    spelled = {"Ed25519": "ED25519", "Ed448": "ED448", "dsa-with-SHA1": "dsaWithSHA1"}
    spelled["dsa-with-SHA256"] = "dsa_with_SHA256"
    compared = 0
    for oid, (name, _, _) in _ALGORITHMS.items():
        printed = openssl("asn1parse", "-inform", "DER", stdin=reader.encode_oid(oid)).stdout.decode()
        theirs = printed.strip().partition("OBJECT            :")[2]
        if theirs and theirs != oid:
            assert theirs == spelled.get(name, name)
            compared += 1
    assert compared >= 35


_RSA_KEY = tlv(0x30, tlv(0x02, b"\0\x80" + b"\0" * 255), tlv(0x02, b"\x03"))


def _key_info(oid: str, parameters: bytes = b"", key: bytes = b"\0" * 33) -> bytes:
    return tlv(0x30, tlv(0x30, reader.encode_oid(oid), parameters), tlv(0x03, b"\0", key))


@pytest.mark.parametrize(
    ("info", "text"),
    [
        (_key_info("1.2.840.10045.2.1", reader.encode_oid("1.2.156.10197.1.301")), "EC SM2"),
        (_key_info("1.3.101.110"), "X25519"),
        (_key_info("1.3.101.111"), "X448"),
        (_key_info("1.3.101.113"), "Ed448"),
        (_key_info("1.2.643.7.1.1.1.1", b"\x30\x00"), "GOST R 34.10-2012"),
        (
            _key_info(
                "1.2.840.113549.1.1.10", b"", tlv(0x30, tlv(0x02, b"\0\x80" + b"\0" * 255), tlv(0x02, b"\x03"))
            ),
            "RSA-PSS 2048",
        ),
        (_key_info("1.2.3.4"), "1.2.3.4"),
    ],
)
def test_keys_have_names(info: bytes, text: str) -> None:
    """Also those that no library here loads."""
    encoded = raw_certificate(_NAME)
    old = read_certificate(encoded)[0].public_key_info
    _, start, _ = reader.header(encoded, 0, len(encoded))
    _, first, tbs_end = reader.header(encoded, start, len(encoded))
    signed = tlv(0x30, encoded[first:tbs_end].replace(old, info))
    certificate = read_certificate(tlv(0x30, signed, encoded[tbs_end:]))[0]
    assert public_key(certificate).text == text


def test_a_diagnosis_sees_an_extension_beside_one_that_does_not_decode() -> None:
    """A certificate for e-mail does not serve TLS servers, whatever else is wrong with it; and nothing warns."""
    email_only = bytes.fromhex("300a06082b06010505070304")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for others in ([], [("2.5.29.32", b"\x01\x01\x01")]):
            encoded = _with(("2.5.29.37", email_only), *others)
            assert not serves_tls_servers(encoded)
        zero = read_certificate(raw_certificate(_NAME, serial=0))[0]
        assert is_strong(zero, is_anchor=True)
