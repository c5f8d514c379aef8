"""Issuers of the right name that OpenSSL passes over: one thing is wrong at a time, and it is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from capath.change.rehash import plan_rehash
from capath.demo import authority
from capath.demo.authority import Identity
from capath.demo.server import LOOPBACK, Loopback, files, http, tls, tls_context
from capath.diagnosis.cause import Cause, Confidence, Diagnosis, Fixes, RemedyKind
from capath.diagnosis.diagnose import diagnose, diagnose_offline
from capath.diagnosis.known_roots import NO_ROOTS, KnownRoots, Shelf
from capath.remedy.full_answer import Examiner
from capath.remedy.try_remedies import try_remedies, try_remedies_offline
from capath.report.verification import command_line
from capath.sources.pem import PemSource
from capath.store import scan
from capath.tls.network.endpoint import Endpoint
from capath.tls.offline.verify import read_certificates, verify_offline
from capath.tls.probe import probe
from tests.diagnosis.remade import key_info, off_curve, remade, with_unknown_signature
from tests.tls.conftest import MakeStore, loopback, make_store

__all__ = ["loopback", "make_store"]

HOST = "host.test"
ROOT = authority.root("Root")
INTERMEDIATE = authority.intermediate(ROOT, "Intermediate")
ONES = b"\x01" * 20
ASKS_FOR_ONES = (x509.AuthorityKeyIdentifier(ONES, None, None), False)
CALLED_ONES = (x509.SubjectKeyIdentifier(ONES), False)
SIGNS_NOTHING = (x509.KeyUsage(True, False, False, False, False, False, False, False, False), True)


def _asks_for(issuer: Identity, serial: int) -> tuple[x509.ExtensionType, bool]:
    names = [x509.DirectoryName(issuer.certificate.subject)]
    return x509.AuthorityKeyIdentifier(None, names, serial), False


def _short(identity: Identity) -> str:
    identifier = identity.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return f"{identifier.digest.hex()[:16]}…"


def _verify(
    place: Path, leaf: bytes, *sent: bytes, trusted: bytes = ROOT.pem, roots: KnownRoots = NO_ROOTS
) -> tuple[tuple[int, int], Diagnosis | None]:
    """What the openssl binary and pyOpenSSL's both say (code and depth), and the diagnosis with remedies tried."""
    store = place / "crts"
    store.mkdir()
    (store / "trusted.pem").write_bytes(trusted)
    for name, target in plan_rehash(scan(store)).links:
        (store / name).symlink_to(target)
    snapshot = scan(store)
    result = verify_offline(
        read_certificates(leaf, "leaf")[0],
        str(store),
        untrusted=[read_certificates(item, "sent")[0] for item in sent],
        snapshot=snapshot,
        ask_installed=True,
    )
    verdict = result.engines[0].verdict
    assert [engine.verdict for engine in result.engines] == [verdict, verdict]
    diagnosis = diagnose_offline(result, snapshot, roots=roots)
    if diagnosis is not None:
        diagnosis = try_remedies_offline(diagnosis, result, snapshot, roots=roots)
    return (verdict.code, verdict.depth), diagnosis


def _rejected(seen: tuple[tuple[int, int], Diagnosis | None], code: int, depth: int) -> Diagnosis:
    verdict, diagnosis = seen
    assert verdict == (code, depth)
    assert diagnosis is not None
    return diagnosis


def test_what_the_leaf_asks_for_verifies(tmp_path: Path) -> None:
    """Without a fault nothing is told: the properties that the other tests change are what fails them."""
    asks = _asks_for(ROOT, INTERMEDIATE.certificate.serial_number)
    leaf = authority.leaf(INTERMEDIATE, HOST, extensions=[asks])
    assert _verify(tmp_path, leaf.pem, INTERMEDIATE.pem) == ((0, 0), None)


def test_the_intermediate_was_sent_and_the_leaf_asks_for_another_key_identifier(tmp_path: Path) -> None:
    leaf = authority.leaf(INTERMEDIATE, HOST, extensions=[ASKS_FOR_ONES], issuer_url="http://ca.example/i.der")
    diagnosis = _rejected(_verify(tmp_path, leaf.pem, INTERMEDIATE.pem), 20, 0)
    assert (diagnosis.cause, diagnosis.confidence) == (Cause.MISSING_INTERMEDIATE, Confidence.PROVEN)
    assert "“Intermediate” was given as untrusted, and its key signed “host.test”" in diagnosis.text
    assert f"key identifier 0101010101010101…, and this one has {_short(INTERMEDIATE)}" in diagnosis.text
    assert [remedy.action for remedy in diagnosis.remedies] == [RemedyKind.ASK_OPERATOR, RemedyKind.ASK_CA]
    assert diagnosis.remedies[0].operand == "http://ca.example/i.der"


@pytest.mark.parametrize(
    ("issuer", "serial", "words"),
    [
        (ROOT, 5, "serial number 5, and this one has"),
        (
            INTERMEDIATE,
            INTERMEDIATE.certificate.serial_number,
            "issuer “Intermediate”, and this one was issued by “Root”",
        ),
    ],
    ids=["serial", "issuer"],
)
def test_the_leaf_asks_for_another_issue_by_issuer_and_serial(
    tmp_path: Path, issuer: Identity, serial: int, words: str
) -> None:
    leaf = authority.leaf(INTERMEDIATE, HOST, extensions=[_asks_for(issuer, serial)])
    diagnosis = _rejected(_verify(tmp_path, leaf.pem, INTERMEDIATE.pem), 20, 0)
    assert diagnosis.cause is Cause.MISSING_INTERMEDIATE
    assert words in diagnosis.text


def test_of_two_that_were_sent_the_one_that_signed_is_told_of(tmp_path: Path) -> None:
    leaf = authority.leaf(INTERMEDIATE, HOST, extensions=[ASKS_FOR_ONES])
    impostor = authority.intermediate(ROOT, "Intermediate")
    diagnosis = _rejected(_verify(tmp_path, leaf.pem, impostor.pem, INTERMEDIATE.pem), 20, 0)
    assert _short(INTERMEDIATE) in diagnosis.text


def test_the_server_sent_an_intermediate_of_that_name_with_another_key(tmp_path: Path) -> None:
    """As when a server's certificate is renewed and the file of its intermediates is not."""
    old, new = INTERMEDIATE, authority.intermediate(ROOT, "Intermediate")
    diagnosis = _rejected(_verify(tmp_path, authority.leaf(new, HOST).pem, old.pem), 20, 0)
    assert (diagnosis.cause, diagnosis.confidence) == (Cause.SAME_NAME_OTHER_KEY, Confidence.PROVEN)
    assert "its key did not sign “host.test”" in diagnosis.text
    assert _short(old) in diagnosis.text
    assert _short(new) in diagnosis.text
    assert diagnosis.remedies[0].action is RemedyKind.ASK_OPERATOR


def test_nothing_of_that_name_was_sent(tmp_path: Path) -> None:
    other = authority.intermediate(ROOT, "Other")
    diagnosis = _rejected(_verify(tmp_path, authority.leaf(INTERMEDIATE, HOST).pem, other.pem), 20, 0)
    assert diagnosis.cause is Cause.MISSING_INTERMEDIATE
    assert "No certificate of that name was given" in diagnosis.text


def test_the_trusted_root_is_not_the_issue_that_is_asked_for(tmp_path: Path) -> None:
    odd = authority.intermediate(ROOT, "Intermediate", extensions=[ASKS_FOR_ONES])
    diagnosis = _rejected(_verify(tmp_path, authority.leaf(odd, HOST).pem, odd.pem), 20, 1)
    assert (diagnosis.cause, diagnosis.confidence) == (Cause.ROOT_NOT_IN_STORE, Confidence.PROVEN)
    assert "The directory has “Root” (trusted.pem), and its key signed “Intermediate”" in diagnosis.text
    assert f"key identifier 0101010101010101…, and this one has {_short(ROOT)}" in diagnosis.text
    assert [remedy.action for remedy in diagnosis.remedies] == [RemedyKind.IMPORT, RemedyKind.ASK_CA]
    assert command_line(diagnosis.remedies[0].command).endswith(" root.pem")


def test_the_issue_that_is_asked_for_is_known_elsewhere_and_mends_it(tmp_path: Path) -> None:
    right = authority.root("Root", key=ROOT.key, extensions=[CALLED_ONES])
    odd = authority.intermediate(right, "Intermediate")
    shelf = KnownRoots((Shelf("certifi", PemSource("certifi", ROOT.pem + right.pem)),))
    seen = _verify(tmp_path, authority.leaf(odd, HOST).pem, odd.pem, roots=shelf)
    remedy = _rejected(seen, 20, 1).remedies[0]
    assert (remedy.operand, remedy.trial) == (read_certificates(right.pem, "right")[0].sha256, Fixes())


def test_the_server_sends_the_root_that_is_asked_for(make_store: MakeStore, loopback: Loopback) -> None:
    right = authority.root("Root", key=ROOT.key, extensions=[CALLED_ONES])
    middle = authority.intermediate(right, "Intermediate")
    port = loopback.serve(tls(tls_context(authority.leaf(middle, LOOPBACK), middle, right), http()))
    directory = make_store(ROOT)
    snapshot = scan(directory)
    result = probe(Endpoint(LOOPBACK, port), directory, snapshot=snapshot)
    diagnosis = diagnose(result, snapshot, roots=NO_ROOTS)
    assert diagnosis is not None
    assert result.verification.verdict.code == 19
    assert diagnosis.cause is Cause.ROOT_NOT_IN_STORE
    tried = try_remedies(diagnosis, result, snapshot, roots=NO_ROOTS).remedies[0]
    assert tried.trial == Fixes()
    assert command_line(tried.command).endswith(
        f" --select {read_certificates(right.pem, 'right')[0].sha256[:16]}"
    )


def test_a_root_that_may_not_sign_is_found_and_refused_for_that(tmp_path: Path) -> None:
    """It is no reason to pass over it: OpenSSL takes it, and refuses the chain (79, and not 20)."""
    root = authority.root("Root", extensions=[SIGNS_NOTHING])
    diagnosis = _rejected(_verify(tmp_path, authority.leaf(root, HOST).pem, trusted=root.pem), 79, 1)
    assert diagnosis.cause is Cause.WRONG_PURPOSE


def test_a_root_whose_key_does_not_load(tmp_path: Path) -> None:
    info = key_info(ROOT.key)
    odd = remade(ROOT, ROOT, (info, off_curve(info)))
    leaf = authority.leaf(INTERMEDIATE, HOST)
    diagnosis = _rejected(_verify(tmp_path, leaf.pem, INTERMEDIATE.pem, trusted=odd), 20, 1)
    assert (diagnosis.cause, diagnosis.confidence) == (Cause.MALFORMED_CERTIFICATE, Confidence.LIKELY)
    assert "its key (EC P-256) does not load" in diagnosis.text
    assert "did not sign" not in diagnosis.text
    assert [remedy.action for remedy in diagnosis.remedies] == [RemedyKind.IMPORT]


def test_an_intermediate_whose_key_does_not_load(tmp_path: Path) -> None:
    info = key_info(INTERMEDIATE.key)
    odd = remade(INTERMEDIATE, ROOT, (info, off_curve(info)))
    diagnosis = _rejected(_verify(tmp_path, authority.leaf(INTERMEDIATE, HOST).pem, odd), 20, 0)
    assert (diagnosis.cause, diagnosis.confidence) == (Cause.MALFORMED_CERTIFICATE, Confidence.LIKELY)
    assert "“Intermediate” was given as untrusted, but its key (EC P-256) does not load" in diagnosis.text
    assert diagnosis.remedies[0].action is RemedyKind.ASK_OPERATOR


@pytest.mark.parametrize("depth", [0, 1])
def test_a_signature_of_an_unknown_kind(tmp_path: Path, depth: int) -> None:
    chain = [authority.leaf(INTERMEDIATE, HOST).pem, INTERMEDIATE.pem]
    chain[depth] = with_unknown_signature((authority.leaf(INTERMEDIATE, HOST), INTERMEDIATE)[depth])
    diagnosis = _rejected(_verify(tmp_path, *chain), 20, depth)
    assert (diagnosis.cause, diagnosis.confidence) == (Cause.WEAK_KEY_OR_SIGNATURE, Confidence.LIKELY)
    assert "1.2.840.10045.4.3.119, is not supported" in diagnosis.text
    assert "did not sign" not in diagnosis.text
    assert diagnosis.remedies[0].action is RemedyKind.ASK_CA


def test_without_key_identifiers_an_impostor_that_was_sent_does_not_hide_the_root_that_is_off(
    make_store: MakeStore,
) -> None:
    """The signature fails by the impostor's key: the root of the directory is the one that did sign."""
    root, impostor = (authority.root("Root", key_identifiers=False) for _ in range(2))
    directory = make_store(root__pem__untrusted=root.pem)
    leaf, sent = authority.leaf(root, HOST, key_identifiers=False), read_certificates(impostor.pem, "sent")
    snapshot = scan(directory)
    result = verify_offline(
        read_certificates(leaf.pem, "leaf")[0], directory, untrusted=sent, snapshot=snapshot, ask_installed=True
    )
    assert 7 in {error.code for error in result.verification.errors}
    diagnosis = diagnose_offline(result, snapshot, roots=NO_ROOTS)
    assert diagnosis is not None
    assert diagnosis.cause is Cause.ROOT_NOT_TRUSTED
    assert try_remedies_offline(diagnosis, result, snapshot, roots=NO_ROOTS).remedies[0].trial == Fixes()


def test_a_root_whose_key_does_not_load_is_not_the_one_that_is_asked_for(tmp_path: Path) -> None:
    """The identifiers tell it, whatever the key is."""
    info = key_info(ROOT.key)
    odd = remade(ROOT, ROOT, (info, off_curve(info)))
    leaf = authority.leaf(ROOT, HOST, extensions=[ASKS_FOR_ONES])
    diagnosis = _rejected(_verify(tmp_path, leaf.pem, trusted=odd), 20, 0)
    assert (diagnosis.cause, diagnosis.confidence) == (Cause.ROOT_NOT_IN_STORE, Confidence.PROVEN)
    assert f"key identifier 0101010101010101…, and this one has {_short(ROOT)}" in diagnosis.text
    assert "signed" not in diagnosis.text


def test_a_leaf_with_an_identifier_that_does_not_decode(tmp_path: Path) -> None:
    """OpenSSL takes no issuer for it; what it does not tell is said to be likely."""
    broken = x509.UnrecognizedExtension(ExtensionOID.AUTHORITY_KEY_IDENTIFIER, b"\x30\x05\x01")
    leaf = authority.leaf(INTERMEDIATE, HOST, extensions=[(broken, False)])
    diagnosis = _rejected(_verify(tmp_path, leaf.pem, INTERMEDIATE.pem), 20, 0)
    assert (diagnosis.cause, diagnosis.confidence) == (Cause.MALFORMED_CERTIFICATE, Confidence.LIKELY)
    assert "does not decode" in diagnosis.text


def test_a_fetched_intermediate_that_is_not_asked_for_is_not_offered(
    make_store: MakeStore, loopback: Loopback
) -> None:
    der = read_certificates(INTERMEDIATE.pem, "intermediate")[0].der
    url = f"http://{LOOPBACK}:{loopback.serve(files({'/i.der': der}))}/i.der"
    leaf = authority.leaf(INTERMEDIATE, LOOPBACK, extensions=[ASKS_FOR_ONES], issuer_url=url)
    port = loopback.serve(tls(tls_context(leaf), http()))
    directory = make_store(ROOT)
    snapshot = scan(directory)
    result = probe(Endpoint(LOOPBACK, port), directory, snapshot=snapshot)
    examiner = Examiner.of(directory, fetch_intermediates=True, roots=NO_ROOTS, environment={})
    seen = examiner.examine(result, snapshot)
    assert seen.diagnosis is not None
    assert "another version of “Intermediate”" in seen.diagnosis.text
    assert "The server does not send “Intermediate”. Fetched" not in seen.diagnosis.text
