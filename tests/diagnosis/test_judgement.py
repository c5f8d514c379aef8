"""What the demo's hosts cannot show: real roots, several faults at once, evidence that points elsewhere."""

from __future__ import annotations

import os
import shlex
from datetime import datetime, timedelta, timezone
from pathlib import Path

import certifi
import pytest

from capath.change.rehash import plan_rehash
from capath.demo import authority
from capath.demo.authority import Identity
from capath.diagnosis.case import Case
from capath.diagnosis.cause import Cause, Diagnosis, RemedyKind
from capath.diagnosis.diagnose import diagnose_offline, explain_case
from capath.diagnosis.known_roots import usual_roots
from capath.diagnosis.missing_root import issuer_url
from capath.pki.certificate import Certificate
from capath.pki.objects import CertificateObject, read_objects
from capath.pki.signature import signs
from capath.report.verification import command_line
from capath.store import Snapshot, scan
from capath.tls.handshake.verification import ChainElement, FromServer, Verification, VerifyError
from capath.tls.offline.verify import read_certificates, verify_offline
from capath.tls.test_options import VerifyFlags

HOST = "host.capath.test"
NOW = datetime.now(timezone.utc)


def _certificate(identity: Identity) -> Certificate:
    return read_certificates(identity.pem, "test")[0]


def _real_root() -> Certificate:
    content = Path(certifi.where()).read_bytes()
    return next(item.certificate for item in read_objects(content) if isinstance(item, CertificateObject))


def _store(place: Path, **files: bytes) -> Snapshot:
    for name, content in files.items():
        (place / name.replace("__", ".")).write_bytes(content)
    for name, target in plan_rehash(scan(place)).links:
        os.symlink(target, place / name)
    return scan(place)


def _judge(snapshot: Snapshot, *errors: tuple[int, int], chain: tuple[Certificate, ...]) -> Diagnosis | None:
    elements = tuple(ChainElement(item, FromServer(at)) for at, item in enumerate(chain))
    seen = Verification(tuple(VerifyError(*error) for error in errors), chain, elements, (), None)
    return explain_case(Case(seen, snapshot, snapshot.directory, HOST, NOW, None))


def _sent(certificate: Certificate) -> ChainElement:
    return ChainElement(certificate, FromServer(0))


def _verify(
    snapshot: Snapshot,
    leaf: Identity,
    *untrusted: Identity,
    host: str = "",
    flags: VerifyFlags | None = None,
) -> Diagnosis | None:
    result = verify_offline(
        _certificate(leaf),
        snapshot.directory,
        untrusted=[_certificate(identity) for identity in untrusted],
        host=host,
        flags=flags or VerifyFlags(),
        snapshot=snapshot,
    )
    return diagnose_offline(result, snapshot)


def test_a_root_that_certifi_has_is_named_with_its_fingerprint(tmp_path: Path) -> None:
    root = _real_root()
    chain = (_certificate(authority.root("leaf")), root)
    seen = Verification((VerifyError(20, 1),), chain, tuple(map(_sent, chain)), (), None)
    diagnosis = explain_case(Case(seen, _store(tmp_path), str(tmp_path), HOST, NOW, None, usual_roots()))
    assert diagnosis is not None
    assert diagnosis.cause is Cause.ROOT_NOT_IN_STORE
    assert "certifi has it" in diagnosis.text
    remedy = diagnosis.remedies[0]
    assert (remedy.action, remedy.operand) == (RemedyKind.IMPORT, root.sha256)
    assert command_line(remedy.command).endswith(f"import {tmp_path} certifi --select {root.sha256[:16]}")


def test_certifi_is_believed_by_signature_and_not_by_name() -> None:
    root, roots = _real_root(), usual_roots()
    known = roots.issuer(root, NOW)
    assert known is not None
    assert (known.certificate, known.argument) == (root, "certifi")
    assert roots.find(root) == known
    impostor = _certificate(authority.root(root.subject.title))
    assert roots.issuer(impostor, NOW) is None
    assert roots.find(impostor) is None


def test_a_root_that_is_off_is_found_though_the_server_sends_it(tmp_path: Path) -> None:
    root = authority.root("Root")
    snapshot = _store(tmp_path, root__pem__untrusted=root.pem)
    diagnosis = _verify(snapshot, authority.leaf(root, HOST), root)
    assert diagnosis is not None
    assert diagnosis.cause is Cause.ROOT_NOT_TRUSTED
    assert diagnosis.remedies[0].operand == _certificate(root).sha256


def test_of_two_roots_of_one_name_the_one_that_signed_is_offered(tmp_path: Path) -> None:
    wrong, right = authority.root("Root"), authority.root("Root")
    snapshot = _store(tmp_path, a__pem__untrusted=wrong.pem, b__pem__untrusted=right.pem)
    diagnosis = _verify(snapshot, authority.leaf(right, HOST))
    assert diagnosis is not None
    assert diagnosis.cause is Cause.ROOT_NOT_TRUSTED
    assert diagnosis.remedies[0].operand == _certificate(right).sha256


def test_of_two_roots_of_one_key_the_valid_one_is_offered(tmp_path: Path) -> None:
    key = authority.new_key()
    old = authority.root("Root", key=key, not_after=timedelta(days=-1))
    new = authority.root("Root", key=key)
    snapshot = _store(tmp_path, a__pem__untrusted=old.pem, b__pem__untrusted=new.pem)
    diagnosis = _verify(snapshot, authority.leaf(new, HOST))
    assert diagnosis is not None
    assert diagnosis.remedies[0].operand == _certificate(new).sha256


@pytest.mark.parametrize("slot_0", ["dangling", "garbage"])
def test_a_root_behind_a_slot_that_does_not_load(tmp_path: Path, slot_0: str) -> None:
    """OpenSSL 4 steps over such a slot and earlier ones stop: where it stops, the link is what is broken."""
    root = authority.root("Root")
    (tmp_path / "root.pem").write_bytes(root.pem)
    name = _certificate(root).subject_hash
    if slot_0 == "dangling":
        os.symlink("nowhere.pem", tmp_path / f"{name}.0")
    else:
        (tmp_path / f"{name}.0").write_bytes(b"garbage")
    os.symlink("root.pem", tmp_path / f"{name}.1")
    leaf = _certificate(authority.leaf(root, HOST))
    diagnosis = _judge(scan(tmp_path), (20, 0), chain=(leaf,))
    assert diagnosis is not None
    assert diagnosis.cause is Cause.LINK_BROKEN
    assert diagnosis.remedies[0].action is RemedyKind.REHASH


def test_an_unhashed_directory_is_a_broken_link(tmp_path: Path) -> None:
    root = authority.root("Root")
    (tmp_path / "root.pem").write_bytes(root.pem)
    diagnosis = _verify(scan(tmp_path), authority.leaf(root, HOST))
    assert diagnosis is not None
    assert diagnosis.cause is Cause.LINK_BROKEN


def test_a_key_without_identifiers_of_the_same_name_is_the_wrong_key(tmp_path: Path) -> None:
    """Without key identifiers OpenSSL tries the root by name alone and fails on the signature (7)."""
    old = authority.root("Root", key_identifiers=False)
    new = authority.root("Root", key_identifiers=False)
    snapshot = _store(tmp_path, old__pem=old.pem)
    diagnosis = _verify(snapshot, authority.leaf(new, HOST, key_identifiers=False))
    assert diagnosis is not None
    assert diagnosis.cause is Cause.SAME_NAME_OTHER_KEY


def test_what_else_is_wrong_is_said_too(tmp_path: Path) -> None:
    root = authority.root("Root")
    leaf = authority.leaf(root, "other.test", not_after=timedelta(days=-1))
    diagnosis = _verify(_store(tmp_path, root__pem__untrusted=root.pem), leaf, host=HOST)
    assert diagnosis is not None
    assert diagnosis.cause is Cause.ROOT_NOT_TRUSTED
    assert [finding.cause for finding in diagnosis.also] == [Cause.EXPIRED, Cause.HOSTNAME_MISMATCH]


def test_the_address_of_the_missing_intermediate_is_given(tmp_path: Path) -> None:
    intermediate = authority.intermediate(authority.root("Root"), "Intermediate")
    leaf = authority.leaf(intermediate, HOST, issuer_url="http://ca.example/i.der")
    diagnosis = _verify(_store(tmp_path), leaf)
    assert diagnosis is not None
    assert diagnosis.cause is Cause.MISSING_INTERMEDIATE
    assert diagnosis.remedies[0].operand == issuer_url(_certificate(leaf)) == "http://ca.example/i.der"


def test_a_code_that_no_family_knows_is_told_in_openssls_words(tmp_path: Path) -> None:
    diagnosis = _judge(_store(tmp_path), (50, 0), chain=(_certificate(authority.root("Root")),))
    assert diagnosis is not None
    assert diagnosis.cause is Cause.OTHER
    assert "application verification failure" in diagnosis.text


def test_a_chain_that_verified_needs_no_diagnosis(tmp_path: Path) -> None:
    root = authority.root("Root")
    assert _verify(_store(tmp_path, root__pem=root.pem), authority.leaf(root, HOST), host=HOST) is None


def test_hostile_names_come_out_harmless(tmp_path: Path) -> None:
    root = authority.root("\x1b[31mRoot\u202e [/bold]")
    snapshot = _store(tmp_path, root__pem__untrusted=root.pem)
    diagnosis = _verify(snapshot, authority.leaf(root, HOST))
    assert diagnosis is not None
    assert diagnosis.text.isprintable()
    assert diagnosis.remedies[0].text.isprintable()


def test_a_directory_with_a_difficult_name_is_quoted(tmp_path: Path) -> None:
    place = tmp_path / "it's $HOME; here"
    place.mkdir()
    root = authority.root("Root")
    diagnosis = _verify(_store(place, root__pem__untrusted=root.pem), authority.leaf(root, HOST))
    assert diagnosis is not None
    assert shlex.split(command_line(diagnosis.remedies[0].command))[2] == str(place)


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_signatures_prove_issuers_for_each_kind_of_key(kind: str) -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else authority.new_key()
    root, other = authority.root("Root", key=key), authority.root("Root")
    child = _certificate(authority.leaf(root, HOST))
    assert signs(_certificate(root), child)
    assert not signs(_certificate(other), child)
