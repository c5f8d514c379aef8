"""Which bytes are a certificate or CRL: capath's own reading against the openssl binary's."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from capath.change.rehash import plan_rehash
from capath.errors import ParseError
from capath.pki.certificate import Certificate
from capath.pki.crl import CertificateList
from capath.pki.load import read_certificate, read_crl
from capath.pki.objects import BrokenObject, CertificateObject, CrlObject, read_objects
from capath.pki.pem import PemBlock, read_pem
from capath.store.walk import scan
from tests.minting import (
    mint_crl,
    mint_leaf,
    mint_root,
    pem,
    raw_attribute,
    raw_certificate,
    raw_name,
    tlv,
)
from tests.oracle.mutants import mutate_der, odd_pem
from tests.oracle.openssl import linked_by_rehash, needs_openssl, openssl

pytestmark = [pytest.mark.oracle, needs_openssl]
DEBIAN = Path("/usr/share/ca-certificates/mozilla")


def _hashes(read: Callable[[bytes], Certificate | CertificateList], data: bytes) -> set[str]:
    try:
        found = read(data)
        name = found.subject if isinstance(found, Certificate) else found.issuer
    except ParseError:
        return set()
    return {name.subject_hash, name.old_hash}


def _certificates() -> list[bytes]:
    names = raw_name((raw_attribute(0x0C, b"a"), raw_attribute(0x13, b"B b")), ())
    unique_ids = tlv(0x81, b"\0a") + tlv(0x82, b"\0b")
    made = [mint_leaf(mint_root()).der, raw_certificate(names, extra=unique_ids)]
    found = sorted(DEBIAN.glob("*.crt"))[::14] if DEBIAN.is_dir() else []
    blocks = [block for path in found for block in read_pem(path.read_bytes())]
    return made + [block.content for block in blocks if isinstance(block, PemBlock)]


@pytest.mark.parametrize("seed", range(3))
def test_damaged_certificates_are_accepted_and_hashed_as_the_binary_does(tmp_path: Path, seed: int) -> None:
    """Of thousands of damaged and BER-encoded certificates, capath loads those that OpenSSL loads."""
    rng = random.Random(seed)
    sources = _certificates()
    mutants = {f"{n}.pem": mutate_der(rng, rng.choice(sources)) for n in range(1200)}
    theirs = linked_by_rehash(tmp_path / "d", {name: pem("CERTIFICATE", data) for name, data in mutants.items()})
    ours = {name: _hashes(lambda der: read_certificate(der)[0], data) for name, data in mutants.items()}
    assert ours == theirs
    assert 200 < sum(map(bool, theirs.values())) < 1000


@pytest.mark.parametrize("seed", range(2))
def test_damaged_crls_are_accepted_and_hashed_as_the_binary_does(tmp_path: Path, seed: int) -> None:
    """The same for CRLs, empty and with entries."""
    rng = random.Random(seed)
    root = mint_root()
    sources = [next(read_pem(mint_crl(root, serials))) for serials in ((), (1, 2, 3))]
    contents = [block.content for block in sources if isinstance(block, PemBlock)]
    mutants = {f"{n}.pem": mutate_der(rng, rng.choice(contents)) for n in range(1000)}
    theirs = linked_by_rehash(tmp_path / "d", {name: pem("X509 CRL", data) for name, data in mutants.items()})
    ours = {name: _hashes(read_crl, data) for name, data in mutants.items()}
    assert ours == theirs
    assert 200 < sum(map(bool, theirs.values())) < 900


@pytest.mark.parametrize("seed", range(3))
def test_odd_pem_files_of_one_object_are_read_as_the_binary_reads_them(tmp_path: Path, seed: int) -> None:
    """Line lengths, blank lines, NULs, headers, BOMs, cut base64: what `openssl rehash` links is linked.

    One difference is meant: a certificate with junk behind it in its block, which rehash links, stops lookup.
    """
    rng = random.Random(seed)
    root = mint_root()
    certificates = [mint_leaf(root, "x" * length).der for length in range(1, 49)]
    others = [mint_crl(root), root.key_pem, pem("TRUSTED CERTIFICATE", root.der + b"\x30\x00")]
    files = {f"{n}.pem": odd_pem(rng, certificates, others) for n in range(1200)}
    theirs = {name: bool(found) for name, found in linked_by_rehash(tmp_path / "d", files).items()}
    ours, junk = {}, set()
    for number, name in enumerate(files):
        rehash = plan_rehash(scan(tmp_path / "d" / str(number)))
        ours[name] = bool(rehash.links)
        junk |= {passed.file for passed in rehash.passed if "not trust attributes" in passed.reason}
    assert {name for name in files if ours[name] != theirs[name]} <= junk
    assert not any(ours[name] for name in junk)
    assert sum(theirs.values()) > 200


@pytest.mark.parametrize(
    "label", ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE", "CERTIFICATE REQUEST"]
)
@pytest.mark.parametrize(
    "behind",
    [
        b"",
        b"\x30\x00",
        tlv(0x30, tlv(0x30, tlv(0x06, bytes.fromhex("2b06010505070301")))),
        tlv(0x30, tlv(0xA0, tlv(0x06, bytes.fromhex("2b06010505070301"))), tlv(0x0C, b"alias")),
        tlv(0x30, tlv(0x0C, b"alias"), tlv(0xA0, tlv(0x06, bytes.fromhex("2b06010505070301")))),
        tlv(0x30, tlv(0x02, b"\x01")),
        b"\x30\x00junk",
        b"junk",
    ],
)
def test_trust_attributes_load_as_in_lookup(tmp_path: Path, label: str, behind: bytes) -> None:
    """What stands behind a certificate in its block decides whether lookup loads it, whatever its label."""
    root = mint_root()
    leaf = mint_leaf(root)
    content = pem(label, root.der + behind)
    (object_read,) = read_objects(content)
    loads = isinstance(object_read, CertificateObject) and object_read.trust.allows_servers
    (tmp_path / "leaf.pem").write_bytes(leaf.pem)
    directory = tmp_path / "d"
    directory.mkdir()
    certificate = read_certificate(root.der)[0]
    (directory / f"{certificate.subject_hash}.0").write_bytes(content)
    verified = openssl(
        *("verify", "-no-CAfile", "-no-CAstore", "-CApath", directory, "-purpose", "sslserver"),
        tmp_path / "leaf.pem",
    )
    assert loads == (verified.returncode == 0)


def test_the_fingerprint_of_a_ber_certificate_is_the_one_the_binary_prints(tmp_path: Path) -> None:
    """Two encodings of one certificate have one fingerprint where OpenSSL says so."""
    root = mint_root()
    indefinite = b"\x30\x80" + root.der[4:] + b"\0\0"
    path = tmp_path / "ber.pem"
    path.write_bytes(pem("CERTIFICATE", indefinite))
    printed = openssl("x509", "-in", path, "-noout", "-fingerprint", "-sha256").stdout
    fingerprint = printed.decode().strip().rpartition("=")[2].replace(":", "").lower()
    assert read_certificate(indefinite)[0].sha256 == fingerprint == root.sha256


@pytest.mark.parametrize("label", ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY"])
def test_a_certificate_with_a_key_links_as_in_the_binary(tmp_path: Path, label: str) -> None:
    """A key beside a certificate hinders its link only where OpenSSL cannot decode that key."""
    root = mint_root()
    empty_sequence = pem(label, b"\x30\x00")
    good = root.key_pem
    files = {"a.pem": root.pem + empty_sequence, "b.pem": empty_sequence + root.pem, "c.pem": good + root.pem}
    theirs = linked_by_rehash(tmp_path / "d", files)
    for number, name in enumerate(files):
        ours = plan_rehash(scan(tmp_path / "d" / str(number))).links
        assert bool(ours) == bool(theirs[name]), name


def test_objects_are_told_apart() -> None:
    """A block that does not decode is a value, and what follows a sound block is still read."""
    root = mint_root()
    content = pem("CERTIFICATE", b"\x30\x00") + root.pem + mint_crl(root)
    broken, certificate, crl = read_objects(content)
    assert isinstance(broken, BrokenObject)
    assert not broken.ends_reading
    assert isinstance(certificate, CertificateObject)
    assert isinstance(crl, CrlObject)
