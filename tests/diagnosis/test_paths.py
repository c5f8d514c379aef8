"""The path that works is found where OpenSSL takes another: held against every choice of the certificates sent."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from capath.demo import authority
from capath.demo.authority import Identity, Template
from capath.diagnosis.cause import Cause, Confidence, Diagnosis, DoesNotFix, Fixes, RemedyKind
from capath.diagnosis.diagnose import case_of_offline, diagnose_offline
from capath.diagnosis.known_roots import NO_ROOTS, KnownRoots, Shelf
from capath.diagnosis.paths import _CHECKS_LIMIT, _Search
from capath.remedy.try_remedies import try_remedies_offline
from capath.report.verification import command_line
from capath.sources.pem import PemSource
from capath.store import Snapshot, scan
from capath.store.owner import DebianTree
from tests.diagnosis import mazes
from tests.diagnosis.mazes import HOST, Maze, edge, explain, random_mazes, read, some_subset_verifies, store

FAULTS = {
    "expired": mazes.EXPIRED,
    "not yet valid": mazes.NOT_YET,
    "not a CA": mazes.NOT_A_CA,
    "other names permitted": mazes.OTHER_NAMES,
    "name excluded": mazes.EXCLUDED,
    "critical extension": mazes.UNKNOWN_EXTENSION,
}


def _misled(snapshot: Snapshot, leaf: Identity, sent: Sequence[Identity]) -> Diagnosis:
    """The diagnosis of a chain that OpenSSL rejects and that another choice of the same certificates mends."""
    assert mazes.verify(snapshot, leaf, sent).verification.errors
    diagnosis = explain(snapshot, leaf, sent)
    assert diagnosis is not None
    assert (diagnosis.cause, diagnosis.confidence) == (Cause.SENT_PATH_MISLEADS, Confidence.PROVEN)
    assert any(isinstance(remedy.trial, Fixes) for remedy in diagnosis.remedies)
    return diagnosis


@pytest.mark.parametrize("seed", [0, 1, 2, 4])
def test_a_path_is_named_just_where_a_choice_of_the_certificates_verifies(tmp_path: Path, seed: int) -> None:
    named = possible = 0
    for number, (maze, leaf, sent) in enumerate(random_mazes(seed, 25)):
        snapshot = store(tmp_path / str(number), maze.entity("Root"))
        if not mazes.verify(snapshot, leaf, sent).verification.errors:
            continue
        diagnosis = explain(snapshot, leaf, sent)
        assert diagnosis is not None
        works = some_subset_verifies(snapshot, leaf, sent)
        assert (diagnosis.cause is Cause.SENT_PATH_MISLEADS) is works, str(diagnosis)
        named += diagnosis.confidence is Confidence.PROVEN and works
        possible += works
    assert named == possible > 0


@pytest.mark.parametrize("fault", FAULTS)
def test_a_branch_with_a_fault_before_a_good_one(tmp_path: Path, fault: str) -> None:
    """leaf ← A; A by B (no fault of its own, so it is taken), B by Root with the fault; A by Root is good."""
    maze = Maze()
    snapshot = store(tmp_path, maze.entity("Root"))
    by_b, b, good = (
        maze.certificate(edge("B", "A")),
        maze.certificate(edge("Root", "B", **FAULTS[fault])),
        maze.certificate(edge("Root", "A")),
    )
    leaf = maze.leaf("A")
    diagnosis = _misled(snapshot, leaf, [by_b, b, good])
    assert "“A” issued by “B”" in diagnosis.text
    assert "“host.test” ← “A” ← “Root”" in diagnosis.text
    assert diagnosis.remedies[0].action is RemedyKind.SEND_CHAIN
    assert diagnosis.remedies[0].text.endswith("leave out certificate 2 (“A” issued by “B”).")


def test_a_cross_signature_to_an_unknown_root_before_the_right_intermediate(tmp_path: Path) -> None:
    maze = Maze()
    snapshot = store(tmp_path, maze.entity("Root"))
    cross, good = maze.certificate(edge("Gone", "A")), maze.certificate(edge("Root", "A"))
    diagnosis = _misled(snapshot, maze.leaf("A"), [cross, good])
    assert "“Gone” is not trusted" in diagnosis.text
    kinds = [remedy.action for remedy in diagnosis.remedies]
    assert kinds == [RemedyKind.SEND_CHAIN, RemedyKind.SEND_CHAIN]
    assert all(isinstance(remedy.trial, Fixes) for remedy in diagnosis.remedies)


def test_a_loop_of_cross_signatures(tmp_path: Path) -> None:
    """A by B, B by A and by the root: OpenSSL takes the B that leads back to A, and is at an end."""
    maze = Maze()
    snapshot = store(tmp_path, maze.entity("Root"))
    sent = [maze.certificate(item) for item in (edge("B", "A"), edge("A", "B"), edge("Root", "B"))]
    _misled(snapshot, maze.leaf("A"), sent)


def test_a_re_keyed_intermediate_is_no_tampering(tmp_path: Path) -> None:
    """Without key identifiers OpenSSL tries the first of the name and fails on the signature (7)."""
    root = authority.root("Root", key_identifiers=False)
    old = authority.intermediate(root, "A", key_identifiers=False)
    new = authority.intermediate(root, "A", key_identifiers=False)
    leaf = authority.leaf(new, HOST, key_identifiers=False)
    snapshot = store(tmp_path, root)
    _misled(snapshot, leaf, [old, new])
    alone = explain(snapshot, leaf, [old])
    assert alone is not None
    assert alone.confidence is Confidence.LIKELY
    assert "another CA certificate of that name" in alone.text


def test_the_store_leads_away(tmp_path: Path) -> None:
    """A cross-signed A in the directory is taken before the good A that was sent; distrusting it fixes that."""
    maze = Maze()
    cross = maze.certificate(edge("Gone", "A"))
    snapshot = store(tmp_path, maze.entity("Root"), cross)
    good = maze.certificate(edge("Root", "A"))
    diagnosis = _misled(snapshot, maze.leaf("A"), [good])
    assert [remedy.action for remedy in diagnosis.remedies] == [RemedyKind.DISTRUST]
    assert diagnosis.remedies[0].operand == read(cross).sha256


def test_the_right_root_is_never_offered_for_distrust(tmp_path: Path) -> None:
    maze = Maze()
    root = maze.entity("Root")
    twin = authority.root("Root")
    leaf = authority.leaf(twin, HOST)
    diagnosis = explain(store(tmp_path, root), leaf, [])
    assert diagnosis is not None
    assert diagnosis.cause is Cause.SAME_NAME_OTHER_KEY
    assert RemedyKind.DISTRUST not in {remedy.action for remedy in diagnosis.remedies}


def test_other_faults_do_not_hide_the_path(tmp_path: Path) -> None:
    maze = Maze()
    snapshot = store(tmp_path, maze.entity("Root"))
    leaf = maze.leaf("A", not_after=timedelta(days=-1))
    sent = [maze.certificate(edge("Gone", "A")), maze.certificate(edge("Root", "A"))]
    diagnosis = explain(snapshot, leaf, sent)
    assert diagnosis is not None
    assert (diagnosis.cause, diagnosis.confidence) == (Cause.SENT_PATH_MISLEADS, Confidence.PROVEN)
    assert isinstance(diagnosis.remedies[0].trial, DoesNotFix)
    assert "certificate has expired" in diagnosis.remedies[0].trial_text
    assert Cause.EXPIRED in {finding.cause for finding in diagnosis.also}


def _expired_cross_sign(place: Path) -> tuple[Snapshot, Identity, list[Identity], Identity]:
    """The chain of Let's Encrypt in 2021: “X1” by the expired “X3”, which is in the store."""
    x3 = authority.root("X3", not_after=timedelta(days=-2))
    x1 = authority.root("X1")
    cross = x3.issue(Template("X1", is_ca=True, usages=(), key=x1.key))
    r3 = authority.intermediate(x1, "R3")
    return store(place, x3), authority.leaf(r3, HOST), [r3, cross], x1


def test_the_root_behind_an_expired_cross_sign_is_imported(tmp_path: Path) -> None:
    snapshot, leaf, sent, x1 = _expired_cross_sign(tmp_path)
    shelf = KnownRoots((Shelf("certifi", PemSource("certifi", x1.pem)),))
    result = mazes.verify(snapshot, leaf, sent)
    assert result.verification.verdict.code == 10
    diagnosis = diagnose_offline(result, snapshot, roots=shelf)
    assert diagnosis is not None
    diagnosis = try_remedies_offline(diagnosis, result, snapshot, roots=shelf)
    assert diagnosis.cause is Cause.EXPIRED
    assert "“X3” (in the directory, root0.pem) expired on" in diagnosis.text
    remedy = diagnosis.remedies[0]
    assert (remedy.action, remedy.operand, remedy.trial) == (RemedyKind.IMPORT, read(x1).sha256, Fixes())
    assert command_line(remedy.command).endswith(
        f"import {snapshot.directory} certifi --select {read(x1).sha256[:16]}"
    )
    assert RemedyKind.DISTRUST not in {other.action for other in diagnosis.remedies}


def test_every_expired_certificate_is_reported(tmp_path: Path) -> None:
    root = authority.root("Old root", not_after=timedelta(days=-3))
    middle = authority.intermediate(root, "Old middle", not_after=timedelta(days=-2))
    leaf = authority.leaf(middle, HOST, not_after=timedelta(days=-1))
    diagnosis = explain(store(tmp_path, root), leaf, [middle])
    assert diagnosis is not None
    assert diagnosis.cause is Cause.EXPIRED
    assert all(f"“{name}”" in diagnosis.text for name in (HOST, "Old middle", "Old root"))


@pytest.mark.parametrize("shape", ["der", "bundle", "pkcs7", "name"])
def test_a_root_in_a_shape_that_lookup_does_not_read(tmp_path: Path, shape: str) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.serialization.pkcs7 import serialize_certificates

    root, other = authority.root("Root"), authority.root("Other")
    pair = [root.certificate, other.certificate]
    content = {
        "der": ("root.pem", root.certificate.public_bytes(serialization.Encoding.DER)),
        "bundle": ("roots.pem", root.pem + other.pem),
        "pkcs7": ("roots.p7b", serialize_certificates(pair, serialization.Encoding.PEM)),
        "name": ("root.txt", root.pem),
    }
    name, data = content[shape]
    (tmp_path / name).write_bytes(data)
    diagnosis = explain(scan(str(tmp_path)), authority.leaf(root, HOST), [])
    assert diagnosis is not None
    assert diagnosis.cause is Cause.WRONG_FORMAT
    assert name in diagnosis.text
    assert diagnosis.remedies[0].command
    if shape == "name":
        assert "not tested" in diagnosis.remedies[0].trial_text
    else:
        assert diagnosis.remedies[0].trial == Fixes()


def _checks(leaf: Identity, sent: Sequence[Identity], place: Path) -> int:
    """How many signatures a whole search checks."""
    snapshot = store(place, authority.root("Root"))
    case = case_of_offline(mazes.verify(snapshot, leaf, sent), snapshot, roots=NO_ROOTS)
    search = _Search(case.at_hand)
    assert not list(search.paths())
    return _CHECKS_LIMIT - search.checks_left


def test_a_thousand_certificates_of_one_name_end_by_a_count(tmp_path: Path) -> None:
    """None signed the leaf, each has a key of its own, and none names it."""
    leaf = authority.leaf(authority.root("A", key_identifiers=False), HOST, key_identifiers=False)
    issuer = authority.root("Root")
    crowd = [authority.intermediate(issuer, "A", key_identifiers=False) for _ in range(400)]
    assert 400 <= _checks(leaf, crowd, tmp_path) <= _CHECKS_LIMIT


def test_layers_of_cross_signatures_end_by_a_count(tmp_path: Path) -> None:
    """Eight layers of four CAs, each signed by all four above, and no root: 4 ** 8 paths."""
    maze = Maze()
    layers = [[f"{layer}.{place}" for place in range(4)] for layer in range(8)]
    sent = [
        maze.certificate(edge(above, below))
        for upper, lower in zip(layers[1:], layers, strict=False)
        for above in upper
        for below in lower
    ]
    assert _checks(maze.leaf("0.0"), sent, tmp_path) < 1000


def test_a_root_that_debian_deselects_is_selected_again(tmp_path: Path) -> None:
    tree = DebianTree.under(str(tmp_path))
    root = authority.root("Root")
    for place in (tree.certs, tree.local_certs, tree.etc_certs, tree.hooks):
        os.makedirs(place)
    os.mkdir(os.path.join(tree.certs, "mozilla"))
    Path(tree.certs, "mozilla/Root_(1).crt").write_bytes(root.pem)
    Path(tree.conf).write_text("# ours\n!mozilla/Root_(1).crt\n")
    diagnosis = explain(scan(tree.etc_certs), authority.leaf(root, HOST), [])
    assert diagnosis is not None
    assert diagnosis.cause is Cause.DESELECTED
    assert "update-ca-certificates keeps" in diagnosis.text
    assert diagnosis.remedies[0].trial == Fixes()
    edit, _, update = command_line(diagnosis.remedies[0].command).partition(" && ")
    subprocess.run(edit, shell=True, check=True)
    assert Path(tree.conf).read_text() == "# ours\nmozilla/Root_(1).crt\n"
    assert update.startswith("update-ca-certificates ")


@pytest.mark.parametrize(
    ("store_place", "kept_out", "needs"),
    [
        ("etc/pki/ca-trust/extracted/pem/directory-hash", "etc/pki/ca-trust/source/blocklist", ""),
        ("etc/ssl/certs", "etc/ssl/untrusted", "usr/share/certs/trusted"),
    ],
)
def test_a_root_that_its_owner_keeps_out(tmp_path: Path, store_place: str, kept_out: str, needs: str) -> None:
    root = authority.root("Root")
    for place in filter(None, (store_place, kept_out, needs)):
        os.makedirs(tmp_path / place)
    (tmp_path / kept_out / "root.pem").write_bytes(root.pem)
    diagnosis = explain(scan(str(tmp_path / store_place)), authority.leaf(root, HOST), [])
    assert diagnosis is not None
    assert (diagnosis.cause, diagnosis.remedies[0].trial) == (Cause.DESELECTED, Fixes())
    assert str(tmp_path / kept_out / "root.pem") in diagnosis.text


def test_a_loop_in_the_store_that_ends_nowhere_is_named(tmp_path: Path) -> None:
    maze = Maze()
    loop = [maze.certificate(item) for item in (edge("B", "A"), edge("A", "B"))]
    snapshot, leaf = store(tmp_path, *loop), maze.leaf("A")
    assert mazes.verify(snapshot, leaf, []).verification.verdict.code == 22
    diagnosis = explain(snapshot, leaf, [])
    assert diagnosis is not None
    assert "signed each other in a loop that reaches no root: “A” ← “B” ← “A”." in diagnosis.text
