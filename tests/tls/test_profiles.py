"""Profiles of clients: the same chain by the rules of OpenSSL, Python 3.13, browsers and Go."""

from __future__ import annotations

import re
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from capath.demo import authority
from capath.demo.authority import Identity
from capath.demo.server import Loopback, http, tls, tls_context
from capath.tls.handshake.verification import VerifyError
from capath.tls.handshake.verify_codes import VerifyCode
from capath.tls.network.endpoint import Endpoint
from capath.tls.offline.verify import read_certificates, verify_offline
from capath.tls.probe import probe
from capath.tls.result import OutcomeName, ProbeResult, Profile
from capath.tls.test_options import ProbeOptions, Purpose, VerifyFlags
from tests.tls.conftest import MakeStore, to_loopback

HOST = "host.capath.test"


def _serve(loopback: Loopback, *chain: Identity) -> Endpoint:
    return Endpoint(HOST, loopback.serve(tls(tls_context(*chain), http())))


def _codes(result: ProbeResult) -> dict[Profile, int | None]:
    return {verdict.profile: verdict.error.code if verdict.error else None for verdict in result.profiles}


def _all(code: int | None) -> dict[Profile, int | None]:
    return dict.fromkeys(Profile, code)


@pytest.fixture(scope="module")
def root() -> Identity:
    return authority.root("Root")


@pytest.mark.parametrize("flags", [VerifyFlags(), VerifyFlags(strict=True), VerifyFlags(partial_chain=True)])
def test_all_accept_a_careful_chain_whatever_was_asked_for(
    loopback: Loopback, make_store: MakeStore, root: Identity, flags: VerifyFlags
) -> None:
    where = _serve(loopback, authority.leaf(root, HOST))
    result = probe(where, make_store(root), resolver=to_loopback, options=ProbeOptions(flags=flags))
    assert _codes(result) == _all(None)
    assert all(verdict.accepts for verdict in result.profiles)


def test_python_3_13_refuses_what_is_strict_alone(loopback: Loopback, make_store: MakeStore) -> None:
    old = authority.root("Old root", key_identifiers=False)
    result = probe(_serve(loopback, authority.leaf(old, HOST)), make_store(old), resolver=to_loopback)
    assert result.outcome_name is OutcomeName.VERIFIED
    assert _codes(result) == {**_all(None), Profile.PYTHON: VerifyCode.MISSING_SUBJECT_KEY_IDENTIFIER}
    strict = probe(
        result.endpoint,
        result.directory,
        resolver=to_loopback,
        options=ProbeOptions(flags=VerifyFlags(strict=True)),
    )
    assert strict.outcome_name is OutcomeName.REJECTED
    assert _codes(strict) == _codes(result)


def test_the_common_name_counts_for_openssl_alone(
    loopback: Loopback, make_store: MakeStore, root: Identity
) -> None:
    where = _serve(loopback, authority.leaf(root, HOST, names=()))
    result = probe(where, make_store(root), resolver=to_loopback)
    assert _codes(result) == {**_all(VerifyCode.HOSTNAME_MISMATCH), Profile.OPENSSL: None}


def test_any_certificate_is_an_anchor_for_python_and_go(
    loopback: Loopback, make_store: MakeStore, root: Identity
) -> None:
    issuer = authority.intermediate(root, "Issuer")
    result = probe(_serve(loopback, authority.leaf(issuer, HOST)), make_store(issuer), resolver=to_loopback)
    assert _codes(result) == {
        Profile.OPENSSL: VerifyCode.UNABLE_TO_GET_ISSUER_CERT,
        Profile.BROWSERS: VerifyCode.UNABLE_TO_GET_ISSUER_CERT,
        Profile.PYTHON: None,
        Profile.GO: None,
    }


def test_all_refuse_a_certificate_for_clients_and_an_expired_one(
    loopback: Loopback, make_store: MakeStore, root: Identity
) -> None:
    store = make_store(root)
    client = authority.leaf(root, HOST, usages=(ExtendedKeyUsageOID.CLIENT_AUTH,))
    result = probe(_serve(loopback, client), store, resolver=to_loopback)
    assert _codes(result) == _all(VerifyCode.INVALID_PURPOSE)
    expired = authority.leaf(root, HOST, not_after=timedelta(days=-1))
    assert _codes(probe(_serve(loopback, expired), store, resolver=to_loopback)) == _all(
        VerifyCode.CERT_HAS_EXPIRED
    )


def test_go_refuses_sha_1_below_the_anchor(tmp_path: Path, make_store: MakeStore, root: Identity) -> None:
    """Signed by the `openssl` binary: cryptography signs with SHA-1 no more."""
    key, request, certificate = (str(tmp_path / name) for name in ("leaf.key", "leaf.csr", "leaf.pem"))
    (tmp_path / "root.pem").write_bytes(root.pem)
    (tmp_path / "root.key").write_bytes(root.key_pem)
    (tmp_path / "extensions").write_text(f"subjectAltName=DNS:{HOST}\nauthorityKeyIdentifier=keyid\n")
    subject = ["-subj", f"/CN={HOST}", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    _openssl("req", "-new", *subject, "-keyout", key, "-out", request)
    issuer = ["-CA", str(tmp_path / "root.pem"), "-CAkey", str(tmp_path / "root.key"), "-CAcreateserial"]
    extensions = ["-extfile", str(tmp_path / "extensions")]
    _openssl("x509", "-req", "-in", request, *issuer, "-sha1", *extensions, "-out", certificate, "-days", "30")
    leaf = read_certificates(Path(certificate).read_bytes(), "leaf")[0]
    result = verify_offline(leaf, make_store(root), host=HOST, ask_profiles=True)
    assert {verdict.profile: verdict.error for verdict in result.profiles} == {
        **dict.fromkeys(Profile),
        Profile.GO: VerifyError(VerifyCode.CA_MD_TOO_WEAK, 0),
    }


def test_offline_purposes_are_those_of_openssl_verify(
    tmp_path: Path, make_store: MakeStore, root: Identity
) -> None:
    store = make_store(root)
    for usages in ((ExtendedKeyUsageOID.CLIENT_AUTH,), (ExtendedKeyUsageOID.SERVER_AUTH,), ()):
        identity = authority.leaf(root, HOST, usages=usages)
        (tmp_path / "leaf.pem").write_bytes(identity.pem)
        leaf = read_certificates(identity.pem, "leaf")[0]
        for purpose in Purpose:
            command = ["openssl", "verify", "-no-CAfile", "-no-CAstore", "-CApath", store, "-purpose", purpose]
            said = subprocess.run(
                [*command, str(tmp_path / "leaf.pem")], capture_output=True, text=True, check=False
            )
            code = re.search(r"^error (\d+) at", said.stderr + said.stdout, re.MULTILINE)
            for ask_installed in (True, False):
                answer = verify_offline(leaf, store, purpose=purpose, ask_installed=ask_installed)
                assert answer.verification.verdict.code == (int(code[1]) if code else 0), (usages, purpose)
                assert answer.purpose is purpose


def test_nothing_is_judged_where_no_certificate_came(loopback: Loopback, make_store: MakeStore) -> None:
    result = probe(Endpoint(HOST, loopback.refuse()), make_store(), resolver=to_loopback)
    assert result.profiles == ()


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], capture_output=True, check=True)
