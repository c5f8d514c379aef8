"""Each family says what is so, of certificates on which it is easily mistaken; OpenSSL's verdict comes first."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL.SSL import OPENSSL_VERSION_NUMBER

from capath.demo import authority
from capath.demo.authority import Identity
from capath.demo.server import LOOPBACK, Loopback, http, tls, tls_context
from capath.diagnosis.cause import Cause, Confidence, Diagnosis, Fixes, RemedyKind
from capath.diagnosis.diagnose import diagnose, diagnose_offline
from capath.diagnosis.known_roots import NO_ROOTS
from capath.diagnosis.mozilla_view import mozilla_view
from capath.pki.pem import encode_pem
from capath.remedy.try_remedies import try_remedies_offline
from capath.report.verification import command_line
from capath.store import Snapshot, scan
from capath.store.constraints import Kept
from capath.tls.network.endpoint import Endpoint
from capath.tls.offline.verify import verify_offline
from capath.tls.probe import probe
from capath.tls.test_options import CrlCheck, Purpose, VerifyFlags
from tests.diagnosis.mazes import HOST, explain, read, store
from tests.minting import NOT_BEFORE, tlv

ROOT = authority.root("Root")
SERVER_ONLY = tlv(0x30, tlv(0x30, tlv(0x06, bytes.fromhex("2b06010505070301"))))
REJECTS_SERVERS = tlv(0x30, tlv(0xA0, tlv(0x06, bytes.fromhex("2b06010505070301"))))


def _explain_host(place: Path, host: str, **changes: object) -> tuple[int, Diagnosis]:
    snapshot = store(place, ROOT)
    result = verify_offline(
        read(authority.leaf(ROOT, HOST, **changes)), snapshot.directory, host=host, snapshot=snapshot
    )
    diagnosis = diagnose_offline(result, snapshot, roots=NO_ROOTS)
    assert diagnosis is not None
    assert diagnosis.cause is Cause.HOSTNAME_MISMATCH
    return result.verification.verdict.code, diagnosis


def test_an_address_as_a_dns_name_has_to_be_an_ip_entry(tmp_path: Path) -> None:
    san = x509.SubjectAlternativeName([x509.DNSName("127.0.0.1")])
    code, diagnosis = _explain_host(tmp_path, "127.0.0.1", names=(), extensions=[(san, False)])
    assert code == 64
    assert "clients look only at IP address entries" in diagnosis.text
    assert "the IP address 127.0.0.1 in its subjectAltName" in diagnosis.remedies[-1].text


def test_a_subject_alternative_name_of_another_kind_is_not_a_missing_one(tmp_path: Path) -> None:
    san = x509.SubjectAlternativeName([x509.RFC822Name("root@host.test")])
    _, diagnosis = _explain_host(tmp_path, "other.test", names=(), extensions=[(san, False)])
    assert "has no subjectAltName" not in diagnosis.text
    assert "has no DNS name and no IP address" in diagnosis.text


@pytest.mark.parametrize(
    ("name", "host", "rule"),
    [
        ("*.example.test", "a.b.example.test", "The wildcard of *.example.test covers one label only."),
        ("*.example.test", "example.test", "The wildcard of *.example.test needs a label before example.test."),
        ("f*.b.example.test", "foo.c.example.test", ""),
        ("www.example.test", "example.test", ""),
    ],
)
def test_the_rule_that_a_wildcard_breaks_is_named(tmp_path: Path, name: str, host: str, rule: str) -> None:
    _, diagnosis = _explain_host(tmp_path, host, names=(name,))
    assert diagnosis.text.endswith(rule or f"not for {host}.")


def test_the_common_name_counts_for_openssl_and_curl(tmp_path: Path) -> None:
    leaf = authority.leaf(ROOT, LOOPBACK, names=())
    snapshot = store(tmp_path, ROOT)
    with Loopback() as loopback:
        port = loopback.serve(tls(tls_context(leaf), http()))
        result = probe(Endpoint(LOOPBACK, port), snapshot.directory, snapshot=snapshot)
    diagnosis = diagnose(result, snapshot, roots=NO_ROOTS)
    assert diagnosis is not None
    assert (
        "Browsers and requests ignore the common name (RFC 9525 §2); OpenSSL and curl still accept it."
        in diagnosis.text
    )


def _trusted(place: Path, attributes: bytes) -> Snapshot:
    """A store whose root is a TRUSTED CERTIFICATE."""
    root = Identity(ROOT.certificate, ROOT.key)
    content = encode_pem("TRUSTED CERTIFICATE", read(root).der + attributes)
    place.mkdir(exist_ok=True)
    (place / "root.pem").write_bytes(content)
    (place / f"{read(root).subject_hash}.0").symlink_to("root.pem")
    return scan(str(place))


def test_attributes_that_allow_tls_servers_do_not_reject_them(tmp_path: Path) -> None:
    """Without a purpose OpenSSL asks for any use, and says 28 of a root that is for TLS servers alone."""
    diagnosis = explain(_trusted(tmp_path, SERVER_ONLY), authority.leaf(ROOT, HOST), [])
    assert diagnosis is not None
    assert diagnosis.cause is Cause.TRUST_REJECTED
    assert "reject TLS servers" not in diagnosis.text
    assert "TLS clients accept it as a CA of servers" in diagnosis.text
    assert [remedy.trial for remedy in diagnosis.remedies] == [Fixes()]


def test_attributes_that_reject_tls_servers_are_said_to(tmp_path: Path) -> None:
    snapshot = _trusted(tmp_path, REJECTS_SERVERS)
    result = verify_offline(
        read(authority.leaf(ROOT, HOST)), snapshot.directory, snapshot=snapshot, purpose=Purpose.SERVER
    )
    diagnosis = diagnose_offline(result, snapshot, roots=NO_ROOTS)
    assert diagnosis is not None
    assert "whose attributes reject TLS servers" in diagnosis.text


@pytest.mark.skipif(OPENSSL_VERSION_NUMBER < 0x40000030, reason="an older OpenSSL accepts such a root")
def test_a_root_that_contradicts_itself_is_in_the_store(tmp_path: Path) -> None:
    other = x509.AuthorityKeyIdentifier(b"\x01" * 20, None, None)
    root = authority.root("Odd", extensions=[(other, False)])
    diagnosis = explain(store(tmp_path, root), authority.leaf(root, HOST), [])
    assert diagnosis is not None
    assert diagnosis.cause is Cause.MALFORMED_CERTIFICATE
    assert "“Odd” is in the directory (root0.pem)" in diagnosis.text
    assert "authorityKeyIdentifier does not name itself" in diagnosis.text
    assert diagnosis.remedies[0].trial == Fixes()


def test_a_signature_by_a_key_of_another_kind_is_another_key(tmp_path: Path) -> None:
    signer = authority.root("Root", key=ed25519.Ed25519PrivateKey.generate(), digest=None, key_identifiers=False)
    held = authority.root("Root", key_identifiers=False)
    diagnosis = explain(
        store(tmp_path, held), authority.leaf(signer, HOST, digest=None, key_identifiers=False), []
    )
    assert diagnosis is not None
    assert diagnosis.cause is Cause.SAME_NAME_OTHER_KEY
    assert "not supported" not in diagnosis.text


def test_mozillas_view_is_not_told_of_a_chain_that_openssl_rejects(tmp_path: Path) -> None:
    snapshot = store(tmp_path, ROOT)
    leaf = authority.leaf(ROOT, HOST, not_after=timedelta(days=-1))
    until = Kept(read(ROOT).sha256, "Root", NOT_BEFORE, "", "a list")
    late = verify_offline(read(authority.leaf(ROOT, HOST)), snapshot.directory, snapshot=snapshot)
    assert len(mozilla_view(late.verification, {until.sha256: until})) == 1
    result = verify_offline(read(leaf), snapshot.directory, snapshot=snapshot)
    assert result.verification.errors
    assert mozilla_view(result.verification, {until.sha256: until}) == ()


@pytest.mark.parametrize(
    ("subtrees", "rule"),
    [
        ((["example.org"], None), "its name constraints permit only example.org"),
        ((None, ["test"]), "its name constraints exclude test"),
    ],
)
def test_name_constraints_are_named(
    tmp_path: Path, subtrees: tuple[list[str] | None, list[str] | None], rule: str
) -> None:
    permitted, excluded = ([x509.DNSName(name) for name in names] if names else None for names in subtrees)
    limits = x509.NameConstraints(permitted, excluded)
    ca = authority.intermediate(ROOT, "Limited", extensions=[(limits, True)])
    diagnosis = explain(store(tmp_path, ROOT), authority.leaf(ca, HOST), [ca])
    assert diagnosis is not None
    assert diagnosis.cause is Cause.NAME_CONSTRAINT
    assert (
        f"“{HOST}” has the DNS name {HOST}, for which the CA “Limited” above it may not issue: {rule}"
        in diagnosis.text
    )


def test_our_own_root_is_not_the_operators(tmp_path: Path) -> None:
    limits = x509.NameConstraints([x509.DNSName("example.org")], None)
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.25.7"), b"\x05\x00")
    root = authority.root("Odd", extensions=[(unknown, True), (limits, True)])
    diagnosis = explain(store(tmp_path, root), authority.leaf(root, HOST), [])
    assert diagnosis is not None
    assert diagnosis.cause is Cause.MALFORMED_CERTIFICATE
    assert "critical extension that OpenSSL does not process: unknown (2.25.7)" in diagnosis.text
    assert [remedy.action for remedy in diagnosis.remedies] == [RemedyKind.ASK_CA]
    assert "in your directory (root0.pem)" in diagnosis.remedies[0].text


@pytest.mark.parametrize(
    ("changes", "lack"),
    [
        ({"is_ca": False, "path_length": None}, "its basicConstraints say CA:FALSE"),
        (
            {"extensions": [(x509.SubjectKeyIdentifier(b"x"), False)], "is_ca": False, "path_length": None},
            "CA:FALSE",
        ),
    ],
)
def test_what_a_ca_lacks_is_named(tmp_path: Path, changes: dict[str, object], lack: str) -> None:
    ca = authority.intermediate(ROOT, "No CA", **changes)
    diagnosis = explain(store(tmp_path, ROOT), authority.leaf(ca, HOST, key_identifiers=False), [ca])
    assert diagnosis is not None
    assert diagnosis.cause is Cause.WRONG_PURPOSE
    assert lack in diagnosis.text


def test_a_leaf_without_an_address_is_most_likely_of_a_private_root(tmp_path: Path) -> None:
    diagnosis = explain(store(tmp_path, ROOT), authority.leaf(authority.root("Corporate"), HOST), [])
    assert diagnosis is not None
    assert (diagnosis.cause, diagnosis.confidence) == (Cause.ROOT_NOT_IN_STORE, Confidence.LIKELY)
    assert command_line(diagnosis.remedies[0].command).endswith("import " + str(tmp_path) + " root.pem")
    assert [remedy.action for remedy in diagnosis.remedies] == [RemedyKind.IMPORT, RemedyKind.ASK_OPERATOR]


def test_an_issuer_that_issued_itself_is_a_root(tmp_path: Path) -> None:
    root = authority.root("Corporate")
    name = x509.DirectoryName(root.certificate.subject)
    key = x509.SubjectKeyIdentifier.from_public_key(root.key.public_key()).digest
    names = x509.AuthorityKeyIdentifier(key, [name], root.certificate.serial_number)
    leaf = authority.leaf(root, HOST, extensions=[(names, False)], issuer_url="http://ca.test/root.der")
    diagnosis = explain(store(tmp_path, ROOT), leaf, [])
    assert diagnosis is not None
    assert (diagnosis.cause, diagnosis.confidence) == (Cause.ROOT_NOT_IN_STORE, Confidence.PROVEN)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("scope", "only CA certificates"),
        ("signature", "is not signed by the key of that CA"),
        ("usage", "keyUsage without cRLSign"),
    ],
)
def test_a_crl_that_does_not_count_is_not_a_missing_link(tmp_path: Path, kind: str, words: str) -> None:
    root = ROOT
    crl = ROOT.revoke(only_ca_certificates=True)
    if kind == "signature":
        twin = authority.root("Root")
        crl = Identity(ROOT.certificate, twin.key).revoke()
    elif kind == "usage":
        usage = x509.KeyUsage(*(False,) * 5, True, False, False, False)
        root = authority.root("Root", extensions=[(usage, True)])
        crl = root.revoke()
    (tmp_path / "list.crl").write_bytes(crl)
    snapshot = store(tmp_path, root)
    flags = VerifyFlags(crl_check=CrlCheck.LEAF)
    result = verify_offline(read(authority.leaf(root, HOST)), snapshot.directory, flags=flags, snapshot=snapshot)
    diagnosis = diagnose_offline(result, snapshot, roots=NO_ROOTS)
    assert diagnosis is not None
    diagnosis = try_remedies_offline(diagnosis, result, snapshot, roots=NO_ROOTS)
    assert diagnosis.cause is Cause.CRL_UNUSABLE
    assert words in diagnosis.text
    assert RemedyKind.REHASH not in {remedy.action for remedy in diagnosis.remedies}


def test_a_ca_for_tls_clients_says_what_it_is_for(tmp_path: Path) -> None:
    ca = authority.intermediate(ROOT, "For clients", usages=(ExtendedKeyUsageOID.CLIENT_AUTH,))
    snapshot = store(tmp_path, ROOT)
    leaf = read(authority.leaf(ca, HOST))
    result = verify_offline(
        leaf, snapshot.directory, untrusted=[read(ca)], snapshot=snapshot, purpose=Purpose.SERVER
    )
    diagnosis = diagnose_offline(result, snapshot, roots=NO_ROOTS)
    assert diagnosis is not None
    assert (
        "“For clients” cannot be used as a CA: its extendedKeyUsage does not include TLS servers" in diagnosis.text
    )


def test_a_root_that_is_not_valid_yet_is_not_distrusted_for_that(tmp_path: Path) -> None:
    root = authority.root("Future", not_before=timedelta(days=2))
    diagnosis = explain(store(tmp_path, root), authority.leaf(root, HOST), [])
    assert diagnosis is not None
    assert diagnosis.cause is Cause.NOT_YET_VALID
    assert [remedy.action for remedy in diagnosis.remedies] == [RemedyKind.SET_CLOCK]


def test_the_valid_twin_of_an_expired_root_that_was_sent_is_offered(tmp_path: Path) -> None:
    key = authority.new_key()
    old = authority.root("Twin", key=key, not_after=timedelta(days=-1))
    new = authority.root("Twin", key=key)
    diagnosis = explain(store(tmp_path, old), authority.leaf(new, HOST), [new])
    assert diagnosis is not None
    assert diagnosis.cause is Cause.EXPIRED
    assert (diagnosis.remedies[0].operand, diagnosis.remedies[0].trial) == (read(new).sha256, Fixes())


def test_the_issuer_that_signed_under_another_name_is_found(tmp_path: Path) -> None:
    signer = authority.root("Good CA")
    named = Identity(authority.root("Good CA Root").certificate, signer.key)
    leaf = authority.leaf(named, HOST, key_identifiers=False)
    sent = authority.intermediate(ROOT, "Good CA", key=signer.key)
    diagnosis = explain(store(tmp_path, ROOT), leaf, [sent])
    assert diagnosis is not None
    assert diagnosis.cause is Cause.MALFORMED_CERTIFICATE
    assert "The key of “Good CA” signed “host.test”, but that names “Good CA Root” as its issuer" in diagnosis.text
