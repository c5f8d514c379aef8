"""What stands beside a verdict: intermediates fetched, the chain as sent, what Firefox would say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

import pytest

from capath.demo import authority
from capath.demo.authority import Identity
from capath.demo.server import LOOPBACK, Loopback, files, http, silent, tls, tls_context
from capath.diagnosis.cause import Cause, Confidence, Fixes
from capath.diagnosis.known_roots import NO_ROOTS
from capath.diagnosis.mozilla_view import Limit, mozilla_view
from capath.diagnosis.sent_chain import SentFault, sent_chain_notes
from capath.pki.certificate import Certificate
from capath.remedy.full_answer import Examination, Examiner
from capath.remedy.missing_intermediate import fetch_missing, missing_issuer_url
from capath.report.layout import plain
from capath.report.test import result_json, result_lines
from capath.sources.mozilla_roots import MozillaList, MozillaRoot, TlsTrust
from capath.store import scan
from capath.store.constraints import Kept
from capath.tls.handshake.verification import Verification
from capath.tls.network.endpoint import Address, Endpoint
from capath.tls.offline.verify import read_certificates, verify_offline
from capath.tls.probe import probe
from capath.tls.result import Attempt, AttemptOutcome
from capath.tls.test_options import ProbeOptions
from tests.tls.conftest import MakeStore, loopback, make_store

__all__ = ["loopback", "make_store"]

ROOT = authority.root("Root")
FIRST = authority.intermediate(ROOT, "First", path_length=1)


def _certificate(identity: Identity) -> Certificate:
    return read_certificates(identity.pem, "test")[0]


def _examine(servers: Loopback, directory: str, *sent: Identity, fetch: bool = True) -> Examination:
    port = servers.serve(tls(tls_context(*sent), http()))
    snapshot = scan(directory)
    result = probe(Endpoint(LOOPBACK, port), directory, snapshot=snapshot)
    examiner = Examiner.of(directory, fetch_intermediates=fetch, roots=NO_ROOTS, environment={})
    return examiner.examine(result, snapshot)


def _served(servers: Loopback, *issuers: Identity) -> list[str]:
    port = servers.serve(files({f"/{at}.der": _certificate(issuer).der for at, issuer in enumerate(issuers)}))
    return [f"http://{LOOPBACK}:{port}/{at}.der" for at in range(len(issuers))]


def test_the_intermediate_is_fetched_and_proven(make_store: MakeStore, loopback: Loopback) -> None:
    [url] = _served(loopback, FIRST)
    directory = make_store(ROOT)
    seen = _examine(loopback, directory, authority.leaf(FIRST, LOOPBACK, issuer_url=url))
    assert seen.diagnosis is not None
    assert missing_issuer_url(seen.result) == url
    assert (seen.diagnosis.cause, seen.diagnosis.confidence) == (Cause.MISSING_INTERMEDIATE, Confidence.PROVEN)
    assert seen.diagnosis.remedies[0].trial == Fixes()
    assert "The server does not send “First”" in seen.diagnosis.text
    document = result_json(seen.result, seen.diagnosis, beside=seen.beside)
    assert document["fetched_intermediates"]["verified"] is True
    assert document["fetched_intermediates"]["certificates"][0]["sha256"] == _certificate(FIRST).sha256
    assert len(scan(directory).entries) == 2


def test_two_missing_intermediates_are_fetched(make_store: MakeStore, loopback: Loopback) -> None:
    [first_url] = _served(loopback, FIRST)
    second = authority.intermediate(FIRST, "Second", issuer_url=first_url)
    [second_url] = _served(loopback, second)
    seen = _examine(loopback, make_store(ROOT), authority.leaf(second, LOOPBACK, issuer_url=second_url))
    assert seen.diagnosis is not None
    assert "“Second”, then “First”" in seen.diagnosis.text
    assert seen.diagnosis.also == ()


def test_what_else_stands_in_the_way_behind_it_is_told(make_store: MakeStore, loopback: Loopback) -> None:
    [url] = _served(loopback, FIRST)
    directory = make_store(root__pem__untrusted=ROOT.pem)
    seen = _examine(loopback, directory, authority.leaf(FIRST, LOOPBACK, issuer_url=url))
    assert seen.diagnosis is not None
    assert seen.diagnosis.cause is Cause.MISSING_INTERMEDIATE
    assert Cause.ROOT_NOT_TRUSTED in {finding.cause for finding in seen.diagnosis.also}


def test_a_fetched_root_is_no_missing_intermediate(make_store: MakeStore, loopback: Loopback) -> None:
    [url] = _served(loopback, ROOT)
    seen = _examine(loopback, make_store(), authority.leaf(ROOT, LOOPBACK, issuer_url=url))
    assert seen.diagnosis is not None
    assert seen.diagnosis.cause is Cause.PRIVATE_ROOT_SENT or seen.diagnosis.cause is Cause.ROOT_NOT_IN_STORE


@pytest.mark.parametrize("served", [authority.root("First"), authority.root("Other")])
def test_what_did_not_sign_is_not_believed(make_store: MakeStore, loopback: Loopback, served: Identity) -> None:
    [url] = _served(loopback, served)
    seen = _examine(loopback, make_store(ROOT), authority.leaf(FIRST, LOOPBACK, issuer_url=url))
    assert seen.diagnosis is not None
    assert "has no certificate that issued" in seen.diagnosis.text
    assert seen.beside.fetched is not None
    assert seen.beside.fetched.issuers == ()


def test_nothing_is_fetched_unasked(make_store: MakeStore, loopback: Loopback) -> None:
    url = f"http://{LOOPBACK}:{loopback.refuse()}/"
    leaf = authority.leaf(FIRST, LOOPBACK, issuer_url=url)
    seen = _examine(loopback, make_store(ROOT), leaf, fetch=False)
    assert seen.beside.fetched is None
    assert seen.diagnosis is not None
    assert seen.diagnosis.remedies[0].operand == url


def _offline(directory: str, leaf: Identity, *untrusted: Identity) -> Verification:
    others = [_certificate(identity) for identity in untrusted]
    return verify_offline(_certificate(leaf), directory, untrusted=others).verification


def _faults(verification: Verification) -> list[tuple[SentFault, int | None]]:
    return [(note.fault, note.position) for note in sent_chain_notes(verification)]


def test_a_chain_in_order_has_no_notes(make_store: MakeStore) -> None:
    assert _faults(_offline(make_store(ROOT), authority.leaf(FIRST, "a.test"), FIRST)) == []


def test_what_is_wrong_with_a_sent_chain_is_told(make_store: MakeStore) -> None:
    second = authority.intermediate(FIRST, "Second")
    leaf = authority.leaf(second, "a.test")
    directory = make_store(ROOT)
    assert _faults(_offline(directory, leaf, FIRST, second)) == [(SentFault.MISORDERED, 1)]
    assert _faults(_offline(directory, leaf, second, FIRST, ROOT)) == [(SentFault.ROOT_SENT, 3)]
    assert _faults(_offline(directory, leaf, second, second, FIRST)) == [(SentFault.DUPLICATE, 2)]
    other = authority.intermediate(authority.root("Other"), "Other intermediate")
    assert _faults(_offline(directory, leaf, second, FIRST, other)) == [(SentFault.SUPERFLUOUS, 3)]
    lent = make_store(ROOT, FIRST, directory="lent")
    assert _faults(_offline(lent, leaf, second)) == [(SentFault.MISSING, None)]


def _mozilla(root: Identity, **changes: object) -> MozillaList:
    sha256 = _certificate(root).sha256
    known = MozillaRoot(sha256, "Root", date(2020, 1, 1), None, TlsTrust.YES, None, "", "")
    return MozillaList(date(2026, 5, 1), {sha256: replace(known, **changes)})  # type: ignore[arg-type]


def _limits(make: MakeStore, mozilla: MozillaList, kept: Mapping[str, Kept] | None = None) -> list[Limit]:
    verification = _offline(make(ROOT), authority.leaf(ROOT, "www.gov.tr"))
    opinions = mozilla_view(verification, kept or {}, mozilla)
    assert all("Firefox would not" in opinion.text and opinion.text.isprintable() for opinion in opinions)
    return [opinion.limit for opinion in opinions]


@pytest.mark.parametrize(
    ("changes", "limits"),
    [
        ({}, []),
        ({"tls": TlsTrust.DISTRUSTED}, [Limit.DISTRUSTED]),
        ({"tls": TlsTrust.NO}, [Limit.NOT_FOR_SERVERS]),
        ({"removed": date(2024, 1, 1), "reason": "misissuance"}, [Limit.REMOVED]),
        ({"constraints": "*.tr"}, []),
        ({"constraints": ".gov.tr; .k12.tr"}, []),
        ({"constraints": "*.fr"}, [Limit.NAME_CONSTRAINT]),
        ({"distrust_after": datetime(2020, 1, 1, tzinfo=timezone.utc)}, [Limit.DISTRUST_AFTER]),
        ({"distrust_after": datetime(2099, 1, 1, tzinfo=timezone.utc)}, []),
    ],
)
def test_mozillas_limits_are_applied_to_the_leaf(
    make_store: MakeStore, changes: dict[str, object], limits: list[Limit]
) -> None:
    assert _limits(make_store, _mozilla(ROOT, **changes)) == limits


def test_a_private_root_is_nobodys_business(make_store: MakeStore) -> None:
    assert _limits(make_store, MozillaList(date(2026, 5, 1), {})) == []


def test_what_is_kept_beside_the_store_comes_first(make_store: MakeStore) -> None:
    sha256 = _certificate(ROOT).sha256
    kept = Kept(sha256, "Root", datetime.now(timezone.utc) - timedelta(days=60), "", "a list")
    assert _limits(make_store, MozillaList(date(2026, 5, 1), {}), {sha256: kept}) == [Limit.DISTRUST_AFTER]


def test_the_verdict_stays_openssls(make_store: MakeStore, loopback: Loopback) -> None:
    directory = make_store(ROOT)
    seen = _examine(loopback, directory, authority.leaf(ROOT, LOOPBACK))
    opinions = mozilla_view(seen.result.verification, {}, _mozilla(ROOT, tls=TlsTrust.DISTRUSTED))
    beside = replace(seen.beside, opinions=opinions)
    document = result_json(seen.result, seen.diagnosis, beside=beside)
    assert (document["outcome"], document["opinions"][0]["limit"]) == ("verified", "distrusted")
    assert "Firefox would not" in plain(*result_lines(seen.result, None, verbose=False, beside=beside))


def test_fetching_takes_no_longer_than_the_test_may_and_asks_no_local_address_for_a_public_host(
    loopback: Loopback, make_store: MakeStore
) -> None:
    """The address is one on this machine: for a host that has a public address it is not asked at all."""
    url = f"http://{LOOPBACK}:{loopback.serve(silent)}/i.der"
    leaf = authority.leaf(authority.intermediate(ROOT, "Second"), LOOPBACK, issuer_url=url)
    directory = make_store(ROOT)
    snapshot = scan(directory)
    port = loopback.serve(tls(tls_context(leaf), http()))
    result = probe(Endpoint(LOOPBACK, port), directory, snapshot=snapshot, options=ProbeOptions(timeout_s=0.5))
    slow = fetch_missing(result, snapshot)
    assert slow is not None
    assert slow.problem == f"{url}: no answer in time"
    count = loopback.accepted_count
    elsewhere = Attempt(Address("1.1.1.1", port), AttemptOutcome.CONNECTED, "", 0.0)
    public = fetch_missing(replace(result, attempts=(elsewhere,)), snapshot)
    assert public is not None
    assert "not a public address" in public.problem
    assert loopback.accepted_count == count
