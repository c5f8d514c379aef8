"""Certificates and CRLs of 64 KiB and more: their lengths take three octets or four, and OpenSSL reads them."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from capath.demo import authority
from capath.demo.server import Loopback, http, tls, tls_context
from capath.pki.general_names import alternative_names
from capath.pki.objects import CertificateObject, CrlObject, read_objects
from capath.store import scan
from capath.store.link_health import LinkState, report_links
from capath.tls.network.endpoint import Endpoint
from capath.tls.offline.verify import read_certificates, verify_offline
from capath.tls.probe import probe
from capath.tls.result import Verified
from capath.tls.test_options import CrlCheck, VerifyFlags
from tests.cli.test_commands import capath
from tests.minting import Minted, mint_leaf, mint_root, pem, tlv
from tests.oracle.openssl import links_in, needs_openssl, openssl, rehash
from tests.tls.conftest import to_loopback
from tests.trees import copy_of

pytestmark = [pytest.mark.oracle, needs_openssl]

_ECDSA = tlv(0x30, tlv(0x06, bytes.fromhex("2a8648ce3d040302")))


def _large_crl(issuer: Minted, revoked: int, octets: int) -> bytes:
    """A signed CRL of at least `octets` octets in DER that revokes `revoked`, and one other many times."""
    serial = tlv(0x02, revoked.to_bytes(revoked.bit_length() // 8 + 1, "big"))
    revoked_at = tlv(0x17, b"240101000000Z")
    other = tlv(0x30, tlv(0x02, b"\x01" * 20), revoked_at)
    entries = tlv(0x30, serial, revoked_at) + other * (octets // len(other) + 1)
    times = tlv(0x17, b"200101000000Z") + tlv(0x17, b"490101000000Z")
    name = issuer.certificate.subject.public_bytes()
    tbs = tlv(0x30, tlv(0x02, b"\x01"), _ECDSA, name, times, tlv(0x30, entries))
    signature = issuer.key.sign(tbs, ec.ECDSA(hashes.SHA256()))
    return tlv(0x30, tbs, _ECDSA, tlv(0x03, b"\0", signature))


def _rehash_both(theirs: Path) -> Path:
    """Run `openssl rehash` in `theirs` and capath's in a copy of it, which is returned."""
    ours = copy_of(theirs, theirs.with_name("ours"))
    rehash(theirs)
    assert capath("rehash", ours) == 0
    return ours


@pytest.mark.parametrize("octets", [70 * 2**10, 4 * 10**6, 20 * 10**6])
def test_a_large_crl_is_linked_and_revokes(tmp_path: Path, octets: int) -> None:
    """It has the link that `openssl rehash` makes, the link is good, and what it revokes is revoked."""
    root = mint_root()
    leaf = mint_leaf(root)
    encoded = _large_crl(root, leaf.certificate.serial_number, octets)
    assert len(encoded) > octets
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "root.pem").write_bytes(root.pem)
    (theirs / "list.crl").write_bytes(pem("X509 CRL", encoded))
    (tmp_path / "leaf.pem").write_bytes(leaf.pem)
    ours = _rehash_both(theirs)
    assert links_in(ours) == links_in(theirs)
    assert sorted(links_in(ours).values()) == ["list.crl", "root.pem"]
    assert [link.state for link in report_links(scan(ours))] == [LinkState.OK, LinkState.OK]
    flags = VerifyFlags(crl_check=CrlCheck.LEAF)
    (certificate,) = read_certificates(leaf.pem, "leaf.pem")
    result = verify_offline(certificate, str(ours), flags=flags, ask_installed=True)
    assert [engine.verdict.code for engine in result.engines] == [23, 23]  # X509_V_ERR_CERT_REVOKED
    said = openssl("verify", "-no-CAfile", "-CApath", ours, "-crl_check", tmp_path / "leaf.pem")
    assert b"certificate revoked" in said.stderr
    (item,) = read_objects((ours / "list.crl").read_bytes())
    assert isinstance(item, CrlObject)
    assert item.crl.revoked_count == octets // 39 + 2


def test_a_large_root_is_linked(tmp_path: Path) -> None:
    """A root of 80 KB has its link, and its names are read."""
    key = ec.generate_private_key(ec.SECP256R1())
    small = mint_root().certificate
    names = x509.SubjectAlternativeName([x509.DNSName(f"host{number:05d}.example.test") for number in range(3500)])
    encoded = (
        x509.CertificateBuilder(small.subject, small.subject, key.public_key(), 1)
        .not_valid_before(small.not_valid_before_utc)
        .not_valid_after(small.not_valid_after_utc)
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    content = Minted(encoded, key).pem
    assert len(Minted(encoded, key).der) > 80_000
    (theirs / "root.pem").write_bytes(content)
    ours = _rehash_both(theirs)
    assert links_in(ours) == links_in(theirs)
    assert list(links_in(ours).values()) == ["root.pem"]
    (item,) = read_objects(content)
    assert isinstance(item, CertificateObject)
    assert len(alternative_names(item.certificate).dns) == 3500


def test_a_server_whose_certificate_has_2500_names(tmp_path: Path) -> None:
    """The host name that is the last of 2,500 is found, and the chain is told."""
    root = authority.root("Root")
    host = "host2499.a-long-domain.capath.test"
    names = [f"host{number:04d}.a-long-domain.capath.test" for number in range(2500)]
    leaf = authority.leaf(root, host, names=names)
    directory = tmp_path / "crts"
    directory.mkdir()
    (directory / "root.pem").write_bytes(root.pem)
    assert capath("rehash", directory) == 0
    with Loopback() as servers:
        port = servers.serve(tls(tls_context(leaf), http()))
        result = probe(Endpoint(host, port), str(directory), resolver=to_loopback)
    assert isinstance(result.outcome, Verified)
    assert [len(element.certificate.der) >= 2**16 for element in result.verification.chain] == [True, False]
