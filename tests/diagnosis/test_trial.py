"""Remedies are tried before they are offered, live and offline, and nothing is written."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from capath.demo import authority
from capath.demo.authority import Identity
from capath.demo.server import LOOPBACK, Loopback, http, tls, tls_context
from capath.diagnosis.cause import Action, Cause, Diagnosis, DoesNotMend, Mends, NotTried
from capath.diagnosis.diagnose import diagnose, diagnose_offline
from capath.diagnosis.known_roots import KnownRoots, Shelf
from capath.diagnosis.trial import try_remedies, try_remedies_offline
from capath.sources.pem import PemSource
from capath.store import scan
from capath.tls.endpoint import Endpoint
from capath.tls.offline import read_certificates, verify_offline
from capath.tls.options import ProbeOptions, VerifyFlags
from capath.tls.probe import probe
from tests.tls.conftest import MakeStore, loopback, make_store

__all__ = ["loopback", "make_store"]

ROOT = authority.root("Root")
INTERMEDIATE = authority.intermediate(ROOT, "Intermediate")


def _offline(
    directory: str,
    leaf: Identity,
    *untrusted: Identity,
    roots: KnownRoots | None = None,
    flags: VerifyFlags | None = None,
) -> Diagnosis:
    snapshot = scan(directory)
    result = verify_offline(
        read_certificates(leaf.pem, "leaf")[0],
        directory,
        untrusted=[read_certificates(item.pem, "untrusted")[0] for item in untrusted],
        flags=flags or VerifyFlags(),
    )
    diagnosis = diagnose_offline(result, snapshot, roots=roots)
    assert diagnosis is not None
    return try_remedies_offline(diagnosis, result, snapshot, roots=roots)


def _shelf(*roots: Identity) -> KnownRoots:
    return KnownRoots((Shelf("certifi", PemSource("certifi", b"".join(root.pem for root in roots))),))


def test_a_root_that_is_off_mends_it(make_store: MakeStore) -> None:
    directory = make_store(root__pem__untrusted=ROOT.pem)
    before = sorted(os.listdir(directory))
    diagnosis = _offline(directory, authority.leaf(ROOT, "host.test"))
    assert diagnosis.remedies[0].action is Action.TRUST
    assert diagnosis.remedies[0].trial == Mends()
    assert "it verifies with this" in str(diagnosis)
    assert sorted(os.listdir(directory)) == before


def test_a_root_that_is_off_does_not_mend_an_expired_leaf(make_store: MakeStore) -> None:
    leaf = authority.leaf(ROOT, "host.test", not_after=timedelta(days=-1))
    trial = _offline(make_store(root__pem__untrusted=ROOT.pem), leaf).remedies[0].trial
    assert isinstance(trial, DoesNotMend)
    assert "10 certificate has expired @0" in trial.text


def test_links_that_are_made_again_mend_it(make_store: MakeStore, tmp_path: Path) -> None:
    directory = make_store(ROOT)
    for name in os.listdir(directory):
        if name.endswith(".0"):
            os.rename(os.path.join(directory, name), os.path.join(directory, f"{name[:-1]}1"))
    diagnosis = _offline(directory, authority.leaf(ROOT, "host.test"))
    assert diagnosis.cause is Cause.LINK_BROKEN
    assert diagnosis.remedies[0].trial == Mends()


def test_a_root_of_another_store_is_proven_and_tried(make_store: MakeStore) -> None:
    impostor = authority.root("Root")
    leaf = authority.leaf(INTERMEDIATE, "host.test")
    diagnosis = _offline(make_store(), leaf, INTERMEDIATE, roots=_shelf(impostor, ROOT))
    [remedy] = diagnosis.remedies
    sha256 = read_certificates(ROOT.pem, "root")[0].sha256
    assert (diagnosis.cause, remedy.operand, remedy.trial) == (Cause.ROOT_NOT_IN_STORE, sha256, Mends())
    assert remedy.command.endswith(f"certifi --select {sha256[:16]}")


def test_an_impostor_of_another_store_is_not_offered(make_store: MakeStore) -> None:
    leaf = authority.leaf(INTERMEDIATE, "host.test")
    diagnosis = _offline(make_store(), leaf, INTERMEDIATE, roots=_shelf(authority.root("Root")))
    assert diagnosis.remedies[0].trial == NotTried()
    assert not diagnosis.remedies[0].command


def test_flags_are_tried(make_store: MakeStore) -> None:
    diagnosis = _offline(make_store(INTERMEDIATE), authority.leaf(INTERMEDIATE, "host.test"), roots=_shelf())
    assert diagnosis.cause is Cause.INTERMEDIATE_ONLY
    assert [remedy.trial for remedy in diagnosis.remedies] == [NotTried(), Mends()]
    root = authority.root("Without key identifiers", key_identifiers=False)
    directory = make_store(root, directory="strict")
    diagnosis = _offline(directory, authority.leaf(root, "host.test"), flags=VerifyFlags(strict=True))
    assert [remedy.trial for remedy in diagnosis.remedies] == [NotTried(), Mends()]


def test_a_cross_signature_leads_away_from_the_root_that_is_off(make_store: MakeStore) -> None:
    """[leaf ← intermediate ← root's cross-signature by a stranger]; the root itself is in the directory, off."""
    cross = authority.root("Stranger").issue(
        authority.Template("Root", is_ca=True, key=ROOT.key, usages=(), path_length=None)
    )
    leaf = authority.leaf(INTERMEDIATE, "host.test")
    diagnosis = _offline(make_store(root__pem__untrusted=ROOT.pem), leaf, INTERMEDIATE, cross, roots=_shelf())
    assert diagnosis.cause is Cause.ROOT_NOT_TRUSTED
    assert "“Stranger” instead" in diagnosis.text
    assert diagnosis.remedies[0].trial == Mends()


def test_a_cross_signature_leads_away_from_a_root_of_another_store(make_store: MakeStore) -> None:
    cross = authority.root("Stranger").issue(authority.Template("Root", is_ca=True, key=ROOT.key, usages=()))
    leaf = authority.leaf(INTERMEDIATE, "host.test")
    diagnosis = _offline(make_store(), leaf, INTERMEDIATE, cross, roots=_shelf(ROOT))
    assert diagnosis.cause is Cause.ROOT_NOT_IN_STORE
    assert diagnosis.remedies[0].trial == Mends()


@pytest.mark.parametrize("expired", [False, True])
def test_a_live_host_is_tested_again(make_store: MakeStore, loopback: Loopback, expired: bool) -> None:
    leaf = authority.leaf(ROOT, LOOPBACK, not_after=timedelta(days=-1 if expired else 1))
    port = loopback.serve(tls(tls_context(leaf), http()))
    directory = make_store(root__pem__untrusted=ROOT.pem)
    snapshot = scan(directory)
    result = probe(Endpoint(LOOPBACK, port), directory, snapshot=snapshot, options=ProbeOptions(timeout_s=10))
    diagnosis = diagnose(result, snapshot)
    assert diagnosis is not None
    tried = try_remedies(diagnosis, result, snapshot)
    assert isinstance(tried.remedies[0].trial, DoesNotMend if expired else Mends)
