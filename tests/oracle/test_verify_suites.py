"""``capath verify`` against the binary on data that others made, and on what only some versions of OpenSSL do."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

import pytest

from capath.change.rehash import plan_rehash
from capath.diagnosis.cause import Cause
from capath.diagnosis.diagnose import diagnose_offline
from capath.errors import ParseError
from capath.pki import tlv
from capath.pki.certificate import Certificate
from capath.pki.load import read_certificate
from capath.store import Snapshot, scan
from capath.tls.offline.verify import verify_offline
from tests.minting import pem
from tests.oracle.chains import HOST, LEAF, MIDDLE, NOW, ROOT, List, World, make
from tests.oracle.openssl import needs_openssl
from tests.oracle.verifying import ask_capath, binary_verdict, capath_verdict, flags_of, write_world

oracle = [needs_openssl, pytest.mark.oracle]
PKITS_TIME = datetime(2015, 6, 1, tzinfo=timezone.utc)
OPTIONS = [(), ("-x509_strict",), ("-crl_check_all",)]
SERVER, CLIENT = bytes.fromhex("2b06010505070301"), bytes.fromhex("2b06010505070302")


class Suite(NamedTuple):
    """NIST's test certificates: the trust anchor and all lists in a directory, and every certificate by name."""

    directory: Path
    snapshot: Snapshot
    certificates: dict[str, Certificate]


@pytest.fixture(scope="module")
def pkits(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    vectors = pytest.importorskip("cryptography_vectors")
    base = Path(vectors.__file__).parent / "x509" / "PKITS_data"
    place = tmp_path_factory.mktemp("pkits") / "crts"
    place.mkdir()
    certificates = {}
    for path in sorted((base / "certs").iterdir()):
        certificates[path.stem] = read_certificate(path.read_bytes())[0]
    (place / "root.pem").write_bytes(pem("CERTIFICATE", certificates["TrustAnchorRootCertificate"].der))
    for path in (base / "crls").iterdir():
        (place / f"{path.stem}.crl").write_bytes(pem("X509 CRL", path.read_bytes()))
    for name, target in plan_rehash(scan(str(place))).links:
        os.symlink(target, place / name)
    return Suite(place, scan(str(place)), certificates)


def _issuers(suite: Suite, leaf: Certificate) -> list[Certificate]:
    """All that could stand between `leaf` and the anchor, by name."""
    found: dict[str, Certificate] = {}
    wanted = [leaf]
    while wanted:
        child = wanted.pop()
        for certificate in suite.certificates.values():
            if certificate.subject.canonical == child.issuer.canonical and certificate.sha256 not in found:
                found[certificate.sha256] = certificate
                wanted.append(certificate)
    return list(found.values())


@needs_openssl
@pytest.mark.oracle
@pytest.mark.parametrize("options", OPTIONS, ids=["plain", "strict", "lists"])
@pytest.mark.timeout(300)
def test_pkits(pkits: Suite, tmp_path: Path, options: tuple[str, ...]) -> None:
    different = []
    leaves = {name: found for name, found in pkits.certificates.items() if name.endswith("EE")}
    for name, certificate in leaves.items():
        leaf, untrusted = tmp_path / "leaf.pem", tmp_path / "untrusted.pem"
        leaf.write_bytes(pem("CERTIFICATE", certificate.der))
        issuers = _issuers(pkits, certificate)
        untrusted.write_bytes(b"".join(pem("CERTIFICATE", item.der) for item in issuers))
        sent = untrusted if issuers else None
        result = ask_capath(pkits.directory, leaf, sent, "", PKITS_TIME, options, pkits.snapshot)
        expected = binary_verdict(pkits.directory, leaf, sent, "", PKITS_TIME, options)
        if capath_verdict(result) != expected:
            different.append((name, expected, capath_verdict(result)))
    assert len(leaves) > 200
    assert different == []


@needs_openssl
@pytest.mark.oracle
def test_every_certificate_of_the_vectors(tmp_path: Path) -> None:
    """Certificates with odd contents, each trusted by itself and verified with itself."""
    vectors = pytest.importorskip("cryptography_vectors")
    different = []
    for path in sorted((Path(vectors.__file__).parent / "x509").glob("**/*.pem")):
        try:
            certificate = _first_certificate(path.read_bytes())
        except ParseError:
            continue
        place = tmp_path / path.stem
        place.mkdir(exist_ok=True)
        (place / f"{certificate.subject_hash}.0").write_bytes(pem("CERTIFICATE", certificate.der))
        leaf = place / "leaf.pem"
        leaf.write_bytes(pem("CERTIFICATE", certificate.der))
        for options in ((), ("-x509_strict", "-partial_chain")):
            expected = binary_verdict(place, leaf, None, "", PKITS_TIME, options)
            found = capath_verdict(ask_capath(place, leaf, None, "", PKITS_TIME, options))
            if found != expected:
                different.append((path.name, options, expected, found))
    assert different == []


def _first_certificate(content: bytes) -> Certificate:
    from capath.pki.objects import CertificateObject, read_objects

    for item in read_objects(content):
        if isinstance(item, CertificateObject):
            return item.certificate
    raise ParseError("no certificate")


def _uses(trusted: list[bytes], rejected: list[bytes]) -> bytes:
    """OpenSSL's trust attributes (X509_CERT_AUX)."""
    body = b""
    if trusted:
        body += tlv.encode(tlv.SEQUENCE, b"".join(tlv.encode(tlv.OID, oid) for oid in trusted))
    if rejected:
        body += tlv.encode(0xA0, b"".join(tlv.encode(tlv.OID, oid) for oid in rejected))
    return tlv.encode(tlv.SEQUENCE, body)


@needs_openssl
@pytest.mark.oracle
@pytest.mark.parametrize("trusted", [[], [SERVER], [CLIENT]])
@pytest.mark.parametrize("rejected", [[], [SERVER], [CLIENT], [SERVER, CLIENT]])
@pytest.mark.parametrize("options", [(), ("-partial_chain",)])
def test_trust_attributes(
    tmp_path: Path, trusted: list[bytes], rejected: list[bytes], options: tuple[str, ...]
) -> None:
    directory, leaf, untrusted = write_world(World(), tmp_path / "world")
    encoded = make(ROOT) + _uses(trusted, rejected)
    (directory / "certificate0.pem").write_bytes(pem("TRUSTED CERTIFICATE", encoded))
    expected = binary_verdict(directory, leaf, untrusted, "", NOW, options)
    assert capath_verdict(ask_capath(directory, leaf, untrusted, "", NOW, options)) == expected


@needs_openssl
@pytest.mark.oracle
def test_a_slot_that_does_not_load_counts_as_it_does_for_the_binary(tmp_path: Path) -> None:
    directory, leaf, untrusted = write_world(World(), tmp_path / "world")
    [link] = [name for name in os.listdir(directory) if name.endswith(".0")]
    os.rename(directory / link, directory / f"{link[:-1]}1")
    os.symlink("nowhere", directory / link)
    expected = binary_verdict(directory, leaf, untrusted, "", NOW, ())
    result = ask_capath(directory, leaf, untrusted, "", NOW, ())
    assert capath_verdict(result) == expected
    verdicts = {engine.verdict for engine in result.engines}
    diagnosis = diagnose_offline(result, scan(str(directory)))
    causes = set() if diagnosis is None else {finding.cause for finding in (diagnosis.first, *diagnosis.also)}
    assert (Cause.CLIENT_DIFFERS in causes) == (len(verdicts) > 1)


# Where versions are known to agree: these hold without a binary too.
AGREED = {
    "good": (World(), (0, 0)),
    "host": (World(host=HOST), (0, 0)),
    "other host": (World(host="other.test"), (62, 0)),
    "address": (World(host="192.0.2.7"), (64, 0)),
    "expired": (World(replace(LEAF, days=(-9, -1))), (10, 0)),
    "future": (World(sent=(replace(MIDDLE, days=(1, 9)),)), (9, 1)),
    "no root": (World(trusted=()), (20, 1)),
    "damaged": (World(replace(LEAF, damaged=True)), (7, 0)),
    "not an authority": (World(sent=(replace(MIDDLE, is_ca=False),)), (79, 1)),
    "path length": (World(trusted=(replace(ROOT, path_length=0),)), (25, 2)),
    "constraint": (World(sent=(replace(MIDDLE, constraints="dns other"),)), (47, 0)),
    "critical": (World(replace(LEAF, unknown="critical")), (34, 0)),
    "no list": (World(options=("-crl_check",)), (3, 0)),
    "revoked": (World(lists=(List("Middle", 1, revokes=4),), options=("-crl_check",)), (23, 0)),
    "partial": (World(sent=(), trusted=(MIDDLE,), options=("-partial_chain",)), (0, 0)),
    "strict": (World(replace(LEAF, authority_identifier="none"), options=("-x509_strict",)), (85, 0)),
}


@pytest.mark.parametrize("name", AGREED)
def test_it_works_without_the_binary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    world, expected = AGREED[name]
    place = write_world(world, tmp_path / "world")
    monkeypatch.setenv("PATH", str(tmp_path))
    result = ask_capath(*place, world.host, world.at, world.options)
    assert capath_verdict(result) == expected
    assert len(result.engines) == 1


def test_a_binary_that_is_not_openssl_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory, leaf, untrusted = write_world(World(), tmp_path / "world")
    program = tmp_path / "openssl"
    program.write_text("#!/bin/sh\necho 'LibreSSL 3.9.2'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    result = ask_capath(directory, leaf, untrusted, "", NOW, ())
    assert [engine.version.endswith("(pyOpenSSL's)") for engine in result.engines] == [True]


def test_a_host_that_pyopenssl_does_not_take_is_left_to_the_binary(tmp_path: Path) -> None:
    directory, leaf, _ = write_world(World(), tmp_path / "world")
    certificate = _first_certificate(leaf.read_bytes())
    result = verify_offline(
        certificate, str(directory), host="a b", at=NOW, flags=flags_of(()), ask_installed=True
    )
    assert result.verification.errors


@needs_openssl
@pytest.mark.oracle
@pytest.mark.parametrize("time", [b"2601010000Z", b"xx", b""], ids=["no seconds", "no digits", "empty"])
@pytest.mark.parametrize("which", ["leaf", "middle"])
def test_a_certificate_that_pyopenssl_does_not_load_is_left_to_the_binary(
    tmp_path: Path, time: bytes, which: str
) -> None:
    """4.0 refuses a date that is too short when it loads; 3.0 loads it and says what it says of the chain."""
    directory, leaf, untrusted = write_world(World(), tmp_path / "world")
    assert untrusted is not None
    odd = leaf if which == "leaf" else untrusted
    odd.write_bytes(pem("CERTIFICATE", _with_not_before(_first_certificate(odd.read_bytes()).der, time)))
    result = ask_capath(directory, leaf, untrusted, "", NOW, ())
    assert capath_verdict(result) == binary_verdict(directory, leaf, untrusted, "", NOW, ())
    assert capath_verdict(result) != (0, 0)
    assert diagnose_offline(result, scan(directory)) is not None


def _with_not_before(certificate: bytes, time: bytes) -> bytes:
    """The certificate with another notBefore, a UTCTime; its signature is no longer right."""
    _, content, end = tlv.header(certificate, 0, len(certificate))
    parts = [certificate[at:stop] for _, at, _, stop in tlv.elements(certificate, content, end)]
    _, content, end = tlv.header(parts[0], 0, len(parts[0]))
    fields = [parts[0][at:stop] for _, at, _, stop in tlv.elements(parts[0], content, end)]
    _, content, end = tlv.header(fields[4], 0, len(fields[4]))
    times = [fields[4][at:stop] for _, at, _, stop in tlv.elements(fields[4], content, end)]
    fields[4] = tlv.encode(tlv.SEQUENCE, tlv.encode(tlv.UTC_TIME, time) + times[1])
    parts[0] = tlv.encode(tlv.SEQUENCE, b"".join(fields))
    return tlv.encode(tlv.SEQUENCE, b"".join(parts))
