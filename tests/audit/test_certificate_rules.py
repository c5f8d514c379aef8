"""Each rule on certificates says its finding of the certificate that has the fault, and of no other."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from OpenSSL import crypto

from capath.audit import AboutCertificate, Severity
from tests.audit.worlds import (
    SIGNS,
    SIGNS_NOT,
    Spec,
    audit,
    good_extensions,
    identifier,
    make_store,
    sha256_of,
)
from tests.minting import pem, raw_attribute, raw_certificate, raw_name

KEY = ec.generate_private_key(ec.SECP256R1())
CA = x509.BasicConstraints(True, None)
FAULTS = {
    "expired": (Severity.ERROR, Spec(not_after=datetime(2026, 5, 31, tzinfo=timezone.utc))),
    "not-yet-valid": (Severity.ERROR, Spec(not_before=datetime(2026, 6, 2, tzinfo=timezone.utc))),
    "expires-soon": (Severity.INFO, Spec(not_after=datetime(2026, 7, 1, tzinfo=timezone.utc))),
    "long-validity": (Severity.INFO, Spec(not_after=datetime(2045, 1, 3, tzinfo=timezone.utc))),
    "weak-key": (Severity.ERROR, Spec(key=rsa.generate_private_key(65537, 1024))),
    "small-exponent": (Severity.INFO, Spec(key=rsa.generate_private_key(3, 2048))),
    "bad-self-signature": (Severity.ERROR, Spec(key=KEY, signer=ec.generate_private_key(ec.SECP256R1()))),
    "not-a-ca": (
        Severity.ERROR,
        Spec(key=KEY, extensions=[(x509.BasicConstraints(False, None), True), (SIGNS, True)]),
    ),
    "no-basic-constraints": (Severity.WARNING, Spec(key=KEY, extensions=[(SIGNS, True)])),
    "basic-constraints-not-critical": (
        Severity.INFO,
        Spec(key=KEY, extensions=[(CA, False), (SIGNS, True), (identifier(KEY), False)]),
    ),
    "key-usage": (Severity.INFO, Spec(key=KEY, extensions=[(CA, True), (identifier(KEY), False)])),
    "no-subject-key-identifier": (Severity.INFO, Spec(key=KEY, extensions=[(CA, True), (SIGNS, True)])),
    "path-length": (
        Severity.INFO,
        Spec(
            key=KEY,
            extensions=[(x509.BasicConstraints(True, 1), True), (SIGNS, True), (identifier(KEY), False)],
        ),
    ),
    "unknown-critical-extension": (
        Severity.WARNING,
        Spec(
            key=KEY,
            extensions=[
                *good_extensions(KEY),
                (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"), True),
            ],
        ),
    ),
    "name-constraints": (
        Severity.INFO,
        Spec(
            key=KEY,
            extensions=[
                *good_extensions(KEY),
                (x509.NameConstraints([x509.DNSName("example.org")], None), True),
            ],
        ),
    ),
    "intermediate-as-anchor": (
        Severity.WARNING,
        Spec(key=KEY, issuer="Another Root", signer=ec.generate_private_key(ec.SECP256R1())),
    ),
    "python-strict": (Severity.INFO, Spec(key=KEY, extensions=[(CA, True), (SIGNS, True)])),
}


@pytest.mark.parametrize("rule", FAULTS)
def test_a_fault_is_found_with_its_severity_evidence_and_source(tmp_path: Path, rule: str) -> None:
    """A root with one fault next to a good one: the rule names the faulty one, with all that a person needs."""
    severity, spec = FAULTS[rule]
    faulty = spec.pem()
    found = audit(make_store(tmp_path / "store", {"good.pem": Spec("Other").pem(), "faulty.pem": faulty}))
    (finding,) = found[rule]
    assert finding.severity is severity
    assert finding.subject == AboutCertificate("faulty.pem", sha256_of(faulty), "Good Root")
    assert finding.text
    assert finding.evidence
    assert finding.remedy
    assert finding.source


def test_a_good_root_has_nothing_to_be_said_of_it(tmp_path: Path) -> None:
    """A root as RFC 5280 wants it, in a good directory, has no finding at all."""
    assert audit(make_store(tmp_path / "store", {"good.pem": Spec().pem()})) == {}


def test_an_expired_root_with_a_valid_twin_is_a_warning(tmp_path: Path) -> None:
    """A reissued root of the same name and key keeps chains working, so the expired one does no harm."""
    old = Spec(key=KEY, not_after=datetime(2026, 5, 31, tzinfo=timezone.utc), serial=1)
    new = Spec(key=KEY, serial=2)
    found = audit(make_store(tmp_path / "store", {"old.pem": old.pem(), "new.pem": new.pem()}))
    assert "expired" not in found
    (finding,) = found["expired-with-valid-twin"]
    assert finding.severity is Severity.WARNING
    assert "new.pem" in finding.evidence
    assert len(found["same-key"]) == 2


def test_a_twin_that_is_off_does_not_help(tmp_path: Path) -> None:
    """The valid certificate of the same key counts only while it is trusted itself."""
    old = Spec(key=KEY, not_after=datetime(2026, 5, 31, tzinfo=timezone.utc), serial=1)
    new = Spec(key=KEY, serial=2)
    files = {"old.pem": old.pem(), "untrusted/new.pem": new.pem()}
    found = audit(make_store(tmp_path / "store", files))
    assert [finding.severity for finding in found["expired"]] == [Severity.ERROR]


def test_what_is_taken_out_is_only_worth_knowing(tmp_path: Path) -> None:
    """The remedy for a bad root is to take it out; done so, it is no error any more."""
    bad = Spec(key=rsa.generate_private_key(65537, 1024), not_after=datetime(2021, 1, 1, tzinfo=timezone.utc))
    found = audit(make_store(tmp_path / "store", {"untrusted/bad.pem": bad.pem()}))
    assert [finding.severity for finding in found.pop("nothing-trusted")] == [
        Severity.WARNING
    ]  # it was the only one
    assert {finding.severity for group in found.values() for finding in group} == {Severity.INFO}
    assert {"expired", "weak-key"} <= found.keys()


@pytest.mark.parametrize(
    ("key", "word"),
    [
        (dsa.generate_private_key(2048), "DSA"),
        (ec.generate_private_key(ec.SECP224R1()), "P-224"),
        (rsa.generate_private_key(65537, 1024), "1024"),
    ],
    ids=["dsa", "p224", "rsa1024"],
)
def test_weak_keys_are_named(tmp_path: Path, key: dsa.DSAPrivateKey, word: str) -> None:
    """The finding says what is weak about the key."""
    (finding,) = audit(make_store(tmp_path / "store", {"weak.pem": Spec(key=key).pem()}))["weak-key"]
    assert word in finding.text


def test_a_key_usage_without_cert_sign_is_no_ca(tmp_path: Path) -> None:
    """CA:TRUE does not help where keyUsage leaves keyCertSign out."""
    spec = Spec(key=KEY, extensions=[(CA, True), (SIGNS_NOT, True), (identifier(KEY), False)])
    (finding,) = audit(make_store(tmp_path / "store", {"a.pem": spec.pem()}))["not-a-ca"]
    assert "keyCertSign" in finding.evidence


def test_why_it_is_not_a_ca_is_what_its_basic_constraints_say(tmp_path: Path) -> None:
    """CA:FALSE, constraints that do not decode, and none are three things."""
    leaf = FAULTS["not-a-ca"][1].pem()
    undecodable = b"\xa3\x0e\x30\x0c\x30\x0a\x06\x03\x55\x1d\x13\x04\x03\x01\x01\x01"
    raw = raw_certificate(raw_name((raw_attribute(0x0C, b"Raw"),)), extra=undecodable)
    none = Spec(key=KEY, extensions=[(SIGNS, True)]).pem()
    files = {"leaf.pem": leaf, "raw.pem": pem("CERTIFICATE", raw), "none.pem": none}
    found = audit(make_store(tmp_path / "store", files))["not-a-ca"]
    assert [(finding.subject, finding.evidence) for finding in found] == [
        (AboutCertificate("leaf.pem", sha256_of(leaf), "Good Root"), "basicConstraints has CA:FALSE"),
        (AboutCertificate("raw.pem", sha256_of(files["raw.pem"]), "Raw"), "OpenSSL rejects it as a CA"),
    ]


@pytest.mark.parametrize(("serial", "word"), [(0, "zero"), (-5, "negative"), (1 << 160, "21 bytes")])
def test_serials_that_minting_refuses_are_found_too(tmp_path: Path, serial: int, word: str) -> None:
    """Zero, negative and overlong serial numbers, which `cryptography` does not write, are read and reported."""
    raw = raw_certificate(raw_name((raw_attribute(0x0C, b"Raw"),)), serial=max(serial, 0))
    if serial < 0:
        raw = raw.replace(b"\x02\x01\x00\x30", b"\x02\x01\xfb\x30", 1)
    found = audit(make_store(tmp_path / "store", {"raw.pem": pem("CERTIFICATE", raw)}))
    (finding,) = found["serial-number"]
    assert word in finding.text


def test_a_sha1_self_signature_is_only_worth_knowing(tmp_path: Path) -> None:
    """A root's own signature proves nothing, so its weak hash is no warning."""
    certificate = Spec(key=rsa.generate_private_key(65537, 2048)).mint()
    encoded = certificate.public_bytes(serialization.Encoding.DER)
    sha1 = encoded.replace(bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010105"))
    found = audit(make_store(tmp_path / "store", {"sha1.pem": pem("CERTIFICATE", sha1)}))
    (finding,) = found["weak-self-signature"]
    assert finding.severity is Severity.INFO
    assert "sha1WithRSAEncryption" in finding.text


def test_a_certificate_that_another_library_refuses_says_so(tmp_path: Path) -> None:
    """What OpenSSL loads and `cryptography` does not is shown with the words of the one that refuses."""
    raw = raw_certificate(
        raw_name((raw_attribute(0x0C, b"Raw"),)),
        extra=b"\xa3\x0e\x30\x0c\x30\x0a\x06\x03\x55\x1d\x13\x04\x03\x01\x01\x01",
    )
    (finding,) = audit(make_store(tmp_path / "store", {"raw.pem": pem("CERTIFICATE", raw)}))["libraries-differ"]
    assert "cryptography" in finding.evidence


def test_the_same_certificate_twice_is_one_finding(tmp_path: Path) -> None:
    """Two files with one certificate are one certificate with two names."""
    content = Spec().pem()
    found = audit(make_store(tmp_path / "store", {"a.pem": content, "b.pem": content}))
    (finding,) = found["same-certificate-twice"]
    assert finding.evidence == "a.pem, b.pem"


def test_trusted_certificate_uses_say_what_openssl_makes_of_them(tmp_path: Path) -> None:
    """A TRUSTED CERTIFICATE trusted for e-mail alone is refused for servers by OpenSSL."""
    certificate = Spec().mint()
    email_only = bytes.fromhex("300c300a06082b06010505070304")
    content = pem("TRUSTED CERTIFICATE", certificate.public_bytes(serialization.Encoding.DER) + email_only)
    (finding,) = audit(make_store(tmp_path / "store", {"t.pem": content}))["trusted-certificate-uses"]
    assert "rejects it for TLS servers" in finding.evidence


def test_what_a_newer_openssl_refuses_is_a_finding(tmp_path: Path) -> None:
    """A UTCTime that is too short for OpenSSL 4.0, in a root that OpenSSL 3.0 loads and links."""
    raw = raw_certificate(raw_name((raw_attribute(0x0C, b"Raw"),)))
    odd = raw.replace(b"\x17\x0d200101000000Z", b"\x17\x0d2001010000+0Z")
    try:
        crypto.load_certificate(crypto.FILETYPE_ASN1, odd)
    except crypto.Error:
        refused = True
    else:
        refused = False
    found = audit(make_store(tmp_path / "store", {"odd.pem": pem("CERTIFICATE", odd)}))
    assert ("refused-by-newer-openssl" in found) == refused
    if refused:
        (finding,) = found["refused-by-newer-openssl"]
        assert finding.severity is Severity.WARNING
        assert "utctime" in finding.evidence
    plain = audit(make_store(tmp_path / "plain", {"raw.pem": pem("CERTIFICATE", raw)}))
    assert "refused-by-newer-openssl" not in plain
