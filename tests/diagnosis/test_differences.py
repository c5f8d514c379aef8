"""Clients that differ: which flag, which level, which rule makes the difference."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from capath.demo import authority
from capath.demo.server import LOOPBACK, Loopback, http, tls, tls_context
from capath.diagnosis.cause import Cause, Confidence, Diagnosis
from capath.diagnosis.diagnose import diagnose
from capath.diagnosis.known_roots import NO_ROOTS
from capath.remedy.full_answer import Examiner
from capath.store import scan
from capath.tls.network.endpoint import Endpoint
from capath.tls.offline.slot_rule import OpenSslCopy, skips_broken_slots
from capath.tls.probe import probe
from capath.tls.result import Accepted, ClientAnswer, ClientReport, NotAccepted, OutcomeName, ProbeResult
from capath.tls.test_options import Client, CrlCheck, ProbeOptions, VerifyFlags
from tests.tls.conftest import MakeStore, loopback, make_store

__all__ = ["loopback", "make_store"]

ROOT = authority.root("Root")
INTERMEDIATE = authority.intermediate(ROOT, "Intermediate")


def _probe(
    servers: Loopback, directory: str, issuer: authority.Identity = ROOT, name: str = LOOPBACK
) -> ProbeResult:
    port = servers.serve(tls(tls_context(authority.leaf(issuer, name)), http()))
    return probe(Endpoint(LOOPBACK, port), directory)


def _judged(result: ProbeResult, answer: ClientAnswer) -> Diagnosis | None:
    told = replace(result, clients=(ClientReport(Client.REQUESTS, answer),))
    return diagnose(told, scan(result.directory), roots=NO_ROOTS)


def _difference(diagnosis: Diagnosis | None) -> str:
    assert diagnosis is not None
    found = [item for item in (diagnosis.first, *diagnosis.also) if item.cause is Cause.CLIENT_DIFFERS]
    assert len(found) == 1
    return found[0].text


@pytest.mark.parametrize(
    ("code", "words"),
    [(92, "X509_V_ERR_CA_CERT_MISSING_KEY_USAGE"), (66, "security level is higher"), (23, "rejects it")],
)
def test_a_stricter_client_is_told_by_its_code(
    make_store: MakeStore, loopback: Loopback, code: int, words: str
) -> None:
    result = _probe(loopback, make_store(ROOT))
    assert words in _difference(_judged(result, NotAccepted("OpenSSL 3.0", "refused", code)))


def test_a_client_that_takes_partial_chains_is_told(make_store: MakeStore, loopback: Loopback) -> None:
    result = _probe(loopback, make_store(INTERMEDIATE), INTERMEDIATE)
    assert "X509_V_FLAG_PARTIAL_CHAIN" in _difference(_judged(result, Accepted("OpenSSL 3.0")))


def test_without_a_part_of_the_chain_here_partial_chains_are_no_reason(
    make_store: MakeStore, loopback: Loopback
) -> None:
    diagnosis = _judged(_probe(loopback, make_store()), Accepted("OpenSSL 3.0"))
    assert diagnosis is not None
    assert "PARTIAL_CHAIN" not in _difference(diagnosis)
    assert diagnosis.also[-1].confidence is Confidence.LIKELY


def test_a_client_that_takes_common_names_is_told(make_store: MakeStore, loopback: Loopback) -> None:
    result = _probe(loopback, make_store(ROOT), name="other.test")
    assert "common name" in _difference(_judged(result, Accepted("OpenSSL 3.0")))


@pytest.mark.skipif(not skips_broken_slots(), reason="pyOpenSSL's OpenSSL stops at a slot that does not load")
def test_the_rule_of_slots_is_told_without_another_client(make_store: MakeStore, loopback: Loopback) -> None:
    directory = Path(make_store(ROOT))
    [link] = [name for name in os.listdir(directory) if name.endswith(".0")]
    os.rename(directory / link, directory / f"{link[:-1]}1")
    (directory / link).write_bytes(b"garbage")
    result = _probe(loopback, str(directory))
    assert result.verification.errors == ()
    diagnosis = diagnose(result, scan(str(directory)), roots=NO_ROOTS)
    assert f"comes after {link}" in _difference(diagnosis)
    assert result.verification.after_broken
    names = {OpenSslCopy.PYTHON: "Python's ssl", OpenSslCopy.INSTALLED: "the openssl command"}
    seen = [name for copy, name in names.items() if skips_broken_slots(copy) is False]
    assert [stopping.partition(" (")[0] for stopping in result.verification.stopping] == seen
    assert all(name in _difference(diagnosis) for name in result.verification.stopping)
    assert "rejects it" in _difference(_judged(result, NotAccepted("OpenSSL 3.0.19", "no issuer", 20)))


def test_strict_mode_is_told_beside_what_else_stands_in_the_way(make_store: MakeStore, loopback: Loopback) -> None:
    root = authority.root("Without key identifiers", key_identifiers=False)
    port = loopback.serve(tls(tls_context(authority.leaf(root, LOOPBACK)), http()))
    directory = make_store(root)
    options = ProbeOptions(flags=VerifyFlags(strict=True, crl_check=CrlCheck.LEAF))
    result = probe(Endpoint(LOOPBACK, port), directory, options=options)
    diagnosis = diagnose(result, scan(directory), roots=NO_ROOTS)
    assert diagnosis is not None
    assert diagnosis.cause is Cause.CRL_UNAVAILABLE
    assert "only in strict mode" in _difference(diagnosis)


def test_clients_that_reject_by_their_rules_are_named(make_store: MakeStore, loopback: Loopback) -> None:
    """A root without a subjectKeyIdentifier verifies here, and not in Python's strict mode, whatever runs this."""
    root = authority.root("Without key identifiers", key_identifiers=False)
    directory = make_store(root)
    port = loopback.serve(tls(tls_context(authority.leaf(root, LOOPBACK)), http()))
    snapshot = scan(directory)
    result = probe(Endpoint(LOOPBACK, port), directory, snapshot=snapshot)
    assert result.outcome_name is OutcomeName.VERIFIED
    diagnosis = diagnose(result, snapshot, roots=NO_ROOTS)
    assert diagnosis is not None
    assert (diagnosis.cause, diagnosis.confidence) == (Cause.CLIENT_DIFFERS, Confidence.PROVEN)
    assert (
        "Python 3.13 and later (requests, urllib3) reject it (86 Missing Subject Key Identifier" in diagnosis.text
    )
    assert "Go programs" not in diagnosis.text
    assert Examiner.of(directory, roots=NO_ROOTS).examine(result, snapshot).diagnosis is not None
