"""Remedies are tried before they are offered, live and offline, and nothing is written."""

from __future__ import annotations

import os
import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from capath.demo import authority
from capath.demo.authority import Identity
from capath.demo.server import LOOPBACK, Loopback, closing, conversing, http, silent, tls, tls_context
from capath.diagnosis.cause import Cause, Diagnosis, DoesNotFix, Fixes, NotTried, RemedyKind
from capath.diagnosis.diagnose import case_of, diagnose, diagnose_offline
from capath.diagnosis.known_roots import KnownRoots, Shelf
from capath.remedy.test_again import LiveRetest
from capath.remedy.try_remedies import try_remedies, try_remedies_offline
from capath.report.verification import command_line, diagnosis_text
from capath.sources.pem import PemSource
from capath.store import scan
from capath.tls.handshake.verification import VerifyError
from capath.tls.network.connect import NameNotFoundError, system_resolver
from capath.tls.network.deadline import never
from capath.tls.network.endpoint import Address, Endpoint
from capath.tls.offline.verify import read_certificates, verify_offline
from capath.tls.probe import probe
from capath.tls.test_options import Client, ProbeOptions, VerifyFlags
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
    assert diagnosis.remedies[0].action is RemedyKind.TRUST
    assert diagnosis.remedies[0].trial == Fixes()
    assert any("it verifies with this" in line for line in diagnosis_text(diagnosis))
    assert sorted(os.listdir(directory)) == before


def test_a_root_that_is_off_does_not_mend_an_expired_leaf(make_store: MakeStore) -> None:
    leaf = authority.leaf(ROOT, "host.test", not_after=timedelta(days=-1))
    trial = _offline(make_store(root__pem__untrusted=ROOT.pem), leaf).remedies[0].trial
    assert isinstance(trial, DoesNotFix)
    assert "10 certificate has expired @0" in trial.text


def test_links_that_are_made_again_mend_it(make_store: MakeStore, tmp_path: Path) -> None:
    directory = make_store(ROOT)
    for name in os.listdir(directory):
        if name.endswith(".0"):
            os.rename(os.path.join(directory, name), os.path.join(directory, f"{name[:-1]}1"))
    diagnosis = _offline(directory, authority.leaf(ROOT, "host.test"))
    assert diagnosis.cause is Cause.LINK_BROKEN
    assert diagnosis.remedies[0].trial == Fixes()


def test_a_root_of_another_store_is_proven_and_tried(make_store: MakeStore) -> None:
    impostor = authority.root("Root")
    leaf = authority.leaf(INTERMEDIATE, "host.test")
    diagnosis = _offline(make_store(), leaf, INTERMEDIATE, roots=_shelf(impostor, ROOT))
    [remedy] = diagnosis.remedies
    sha256 = read_certificates(ROOT.pem, "root")[0].sha256
    assert (diagnosis.cause, remedy.operand, remedy.trial) == (Cause.ROOT_NOT_IN_STORE, sha256, Fixes())
    assert command_line(remedy.command).endswith(f"certifi --select {sha256[:16]}")


def test_an_impostor_of_another_store_is_not_offered(make_store: MakeStore) -> None:
    leaf = authority.leaf(INTERMEDIATE, "host.test")
    diagnosis = _offline(make_store(), leaf, INTERMEDIATE, roots=_shelf(authority.root("Root")))
    assert diagnosis.remedies[0].trial == NotTried("its certificate is not at hand")
    assert command_line(diagnosis.remedies[0].command).endswith(" root.pem")


def test_flags_are_tried(make_store: MakeStore) -> None:
    diagnosis = _offline(make_store(INTERMEDIATE), authority.leaf(INTERMEDIATE, "host.test"), roots=_shelf())
    assert diagnosis.cause is Cause.INTERMEDIATE_ONLY
    assert [remedy.trial for remedy in diagnosis.remedies] == [NotTried("its certificate is not at hand"), Fixes()]
    root = authority.root("Without key identifiers", key_identifiers=False)
    directory = make_store(root, directory="strict")
    diagnosis = _offline(directory, authority.leaf(root, "host.test"), flags=VerifyFlags(strict=True))
    assert [remedy.trial for remedy in diagnosis.remedies] == [NotTried(), Fixes()]


def test_a_cross_signature_leads_away_from_the_root_that_is_off(make_store: MakeStore) -> None:
    """[leaf ← intermediate ← root's cross-signature by a stranger]; the root itself is in the directory, off."""
    cross = authority.root("Stranger").issue(
        authority.Template("Root", is_ca=True, key=ROOT.key, usages=(), path_length=None)
    )
    leaf = authority.leaf(INTERMEDIATE, "host.test")
    diagnosis = _offline(make_store(root__pem__untrusted=ROOT.pem), leaf, INTERMEDIATE, cross, roots=_shelf())
    assert diagnosis.cause is Cause.ROOT_NOT_TRUSTED
    assert "“Stranger” instead" in diagnosis.text
    assert diagnosis.remedies[0].trial == Fixes()


def test_a_cross_signature_leads_away_from_a_root_of_another_store(make_store: MakeStore) -> None:
    cross = authority.root("Stranger").issue(authority.Template("Root", is_ca=True, key=ROOT.key, usages=()))
    leaf = authority.leaf(INTERMEDIATE, "host.test")
    diagnosis = _offline(make_store(), leaf, INTERMEDIATE, cross, roots=_shelf(ROOT))
    assert diagnosis.cause is Cause.ROOT_NOT_IN_STORE
    assert diagnosis.remedies[0].trial == Fixes()


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
    assert isinstance(tried.remedies[0].trial, DoesNotFix if expired else Fixes)


def _live(port: int, directory: str, *clients: Client, host: str = "host.test", **options: object) -> Diagnosis:
    """Test ``host.test``, which is this machine as ``alias.test`` is; ``elsewhere.test`` is another one."""

    def resolver(name: str, port: int) -> tuple[Address, ...]:
        known = {"host.test": LOOPBACK, "alias.test": LOOPBACK, "elsewhere.test": "192.0.2.1"}
        if name not in known:
            raise NameNotFoundError("no such name")
        return (Address(known[name], port),)

    snapshot = scan(directory)
    chosen = ProbeOptions(**options)  # type: ignore[arg-type]
    endpoint = Endpoint(host, port)
    result = probe(endpoint, directory, snapshot=snapshot, options=chosen, clients=clients, resolver=resolver)
    diagnosis = diagnose(result, snapshot)
    assert diagnosis is not None
    return try_remedies(diagnosis, result, snapshot, resolver=resolver)


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("alias.test", ""),
        ("elsewhere.test", "the same address by the name elsewhere.test, which leads elsewhere (192.0.2.1)"),
        ("unknown.test", "the same address by the name unknown.test, which has no address here"),
    ],
)
def test_a_name_of_the_certificate_is_tried_at_the_host_that_was_tested(
    make_store: MakeStore, loopback: Loopback, name: str, how: str
) -> None:
    port = loopback.serve(tls(tls_context(authority.leaf(ROOT, name)), http()))
    remedy = _live(port, make_store(ROOT)).remedies[0]
    assert (remedy.action, remedy.operand) == (RemedyKind.USE_NAME, name)
    assert remedy.trial == Fixes(f" at {how}" if how else "")
    assert remedy.trial_text == f"tested{f' at {how}' if how else ''}: it verifies with this"


def test_a_name_does_not_mend_a_purpose(make_store: MakeStore, loopback: Loopback) -> None:
    leaf = authority.leaf(ROOT, "alias.test", usages=(ExtendedKeyUsageOID.CLIENT_AUTH,))
    diagnosis = _live(loopback.serve(tls(tls_context(leaf), http())), make_store(ROOT))
    by_name = next(remedy for remedy in diagnosis.remedies if remedy.action is RemedyKind.USE_NAME)
    assert by_name.trial == DoesNotFix("26 unsuitable certificate purpose @0", errors=(VerifyError(26, 0),))


def test_an_address_of_the_certificate_is_a_name_too(make_store: MakeStore, loopback: Loopback) -> None:
    port = loopback.serve(tls(tls_context(authority.leaf(ROOT, LOOPBACK)), http()))
    remedy = _live(port, make_store(ROOT)).remedies[0]
    assert (remedy.operand, remedy.trial) == (LOOPBACK, Fixes())


def test_the_name_that_was_not_sent_is_tried(make_store: MakeStore, loopback: Loopback) -> None:
    context = tls_context(authority.leaf(ROOT, "host.test"))

    def choose(_: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> int | None:
        return None if name else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME

    context.sni_callback = choose
    port = loopback.serve(tls(context, http()))
    diagnosis = _live(port, make_store(ROOT), servername="")
    assert (diagnosis.cause, diagnosis.remedies[0].trial) == (Cause.SNI_REQUIRED, Fixes())
    [by_address] = _live(port, make_store(ROOT, directory="b"), host=LOOPBACK, servername="").remedies
    assert (by_address.operand, by_address.trial) == ("", NotTried())


@pytest.mark.parametrize("offered", [True, False])
def test_starttls_is_tried(make_store: MakeStore, loopback: Loopback, offered: bool) -> None:
    handler = tls(tls_context(authority.leaf(ROOT, "host.test")), silent) if offered else closing
    said = b"+OK\r\n" if offered else b"-ERR not here\r\n"
    port = loopback.serve(conversing([(b"STLS\r\n", said)], handler, greeting=b"+OK pop\r\n"))
    [remedy] = _live(port, make_store(ROOT)).remedies
    assert (remedy.action, remedy.operand) == (RemedyKind.USE_STARTTLS, "pop3")
    if offered:
        assert remedy.trial == Fixes()
    else:
        assert isinstance(remedy.trial, DoesNotFix)
        assert remedy.trial.text.startswith("starttls-refused: ")
        assert "not here" in remedy.trial.text


@pytest.mark.parametrize("is_trusted", [True, False])
def test_the_clock_is_tried_at_the_servers_time(
    make_store: MakeStore, loopback: Loopback, is_trusted: bool
) -> None:
    leaf = authority.leaf(ROOT, "host.test", not_before=timedelta(days=30))
    server = http(clock_offset=timedelta(days=40))
    port = loopback.serve(tls(tls_context(leaf), server))
    diagnosis = _live(port, make_store(*([ROOT] if is_trusted else [])))
    if is_trusted:
        [remedy] = diagnosis.remedies
        assert (diagnosis.cause, remedy.action) == (Cause.CLOCK_SKEW, RemedyKind.SET_CLOCK)
        assert isinstance(remedy.trial, Fixes)
        time = remedy.operand[:16].replace("T", " ")
        assert remedy.trial_text == f"tested with the clock at {time} UTC: it verifies with this"
    else:
        assert diagnosis.cause is not Cause.CLOCK_SKEW


def test_the_clock_alone_does_not_mend_what_strict_mode_refuses(make_store: MakeStore, loopback: Loopback) -> None:
    """The time that is tried goes together with the flags that were asked for."""
    root = authority.root("Without key identifiers", key_identifiers=False)
    leaf = authority.leaf(root, "host.test", not_before=timedelta(days=30))
    port = loopback.serve(tls(tls_context(leaf), http(clock_offset=timedelta(days=40))))
    diagnosis = _live(port, make_store(root), flags=VerifyFlags(strict=True))
    [remedy] = diagnosis.remedies
    assert remedy.action is RemedyKind.SET_CLOCK
    assert isinstance(remedy.trial, DoesNotFix)
    assert "Subject Key Identifier" in remedy.trial.text


def test_where_it_verified_the_remedy_is_for_who_differs(make_store: MakeStore, loopback: Loopback) -> None:
    """The root is behind a slot that dangles: versions of OpenSSL differ, and only other links change that."""
    directory = make_store(ROOT)
    for name in os.listdir(directory):
        if name.endswith(".0"):
            os.rename(os.path.join(directory, name), os.path.join(directory, f"{name[:-1]}1"))
            os.symlink("gone.pem", os.path.join(directory, name))
    port = loopback.serve(tls(tls_context(authority.leaf(ROOT, LOOPBACK)), http()))
    snapshot = scan(directory)
    result = probe(Endpoint(LOOPBACK, port), directory, snapshot=snapshot, clients=(Client.REQUESTS,))
    diagnosis = diagnose(result, snapshot)
    assert diagnosis is not None
    assert diagnosis.remedies[0].action is RemedyKind.REHASH
    assert try_remedies(diagnosis, result, snapshot).remedies[0].trial == Fixes()
    test = LiveRetest(case_of(result, snapshot), result, system_resolver, never)
    assert isinstance(test.run(test.unaltered), DoesNotFix)
