"""Offline verification: the binary's verdict, the errors behind the first, the chain."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from capath.demo import authority
from capath.demo.authority import Identity, Template
from capath.errors import BadInputError
from capath.pki.certificate import Certificate
from capath.tls.handshake.verification import FromCapath
from capath.tls.offline.verify import read_certificates, verify_offline
from capath.tls.result import OfflineResult
from capath.tls.test_options import CrlCheck, VerifyFlags
from tests.oracle.openssl import needs_openssl, openssl
from tests.tls.conftest import MakeStore

HOST = "host.capath.test"
ROOT = authority.root("Root")
INTERMEDIATE = authority.intermediate(ROOT, "Intermediate")
OTHER = authority.root("Other")
OTHER_INTERMEDIATE = authority.intermediate(OTHER, "Other intermediate")
REVOKED = authority.leaf(ROOT, HOST)
YESTERDAY = timedelta(days=-1)


@dataclass(frozen=True)
class Question:
    leaf: Identity
    untrusted: tuple[Identity, ...] = ()
    host: str = ""
    at: datetime | None = None
    flags: VerifyFlags = field(default_factory=VerifyFlags)


QUESTIONS = {
    "good": Question(authority.leaf(INTERMEDIATE, HOST), (INTERMEDIATE,)),
    "host": Question(authority.leaf(INTERMEDIATE, HOST), (INTERMEDIATE,), host="other.test"),
    "common name alone": Question(authority.leaf(ROOT, HOST, names=()), host=HOST),
    "address": Question(authority.leaf(INTERMEDIATE, HOST), (INTERMEDIATE,), host="127.0.0.1"),
    "IPv6": Question(authority.leaf(ROOT, "::1"), host="::1"),
    "missing intermediate": Question(authority.leaf(INTERMEDIATE, HOST)),
    "expired": Question(authority.leaf(ROOT, HOST, not_after=YESTERDAY)),
    "expired, of another host": Question(authority.leaf(ROOT, HOST, not_after=YESTERDAY), host="other.test"),
    "in time": Question(
        authority.leaf(ROOT, HOST, not_after=YESTERDAY), at=datetime.now(timezone.utc) + 2 * YESTERDAY
    ),
    "too early": Question(authority.leaf(ROOT, HOST), at=datetime(2020, 1, 1, tzinfo=timezone.utc)),
    "unknown root": Question(authority.leaf(OTHER_INTERMEDIATE, HOST), (OTHER_INTERMEDIATE,)),
    "unknown root sent": Question(authority.leaf(OTHER_INTERMEDIATE, HOST), (OTHER_INTERMEDIATE, OTHER)),
    "self-signed": Question(authority.self_signed(Template(HOST, names=(HOST,)))),
    "the root itself": Question(ROOT),
    "revoked": Question(REVOKED, flags=VerifyFlags(crl_check=CrlCheck.LEAF)),
    "not revoked": Question(authority.leaf(ROOT, HOST), flags=VerifyFlags(crl_check=CrlCheck.ALL)),
    "no list": Question(
        authority.leaf(INTERMEDIATE, HOST), (INTERMEDIATE,), flags=VerifyFlags(crl_check=CrlCheck.LEAF)
    ),
    "strict": Question(authority.leaf(ROOT, HOST, key_identifiers=False), flags=VerifyFlags(strict=True)),
    "partial chain of a stranger": Question(
        authority.leaf(OTHER, HOST), (OTHER,), flags=VerifyFlags(partial_chain=True)
    ),
    "path length": Question(
        authority.leaf(authority.intermediate(INTERMEDIATE, "Too deep"), HOST), (INTERMEDIATE,)
    ),
    "no authority": Question(authority.leaf(authority.leaf(ROOT, "a.test"), HOST), ()),
}


@needs_openssl
@pytest.mark.oracle
@pytest.mark.parametrize("name", QUESTIONS)
def test_the_verdict_is_the_binarys(make_store: MakeStore, tmp_path: Path, name: str) -> None:
    question = QUESTIONS[name]
    directory = make_store(ROOT, list__crl=ROOT.revoke(REVOKED))
    assert _first_of_binary(question, directory, tmp_path) == _first(_verify(question, directory))


def test_the_errors_behind_the_first_are_found(make_store: MakeStore) -> None:
    leaf = authority.leaf(OTHER_INTERMEDIATE, HOST, not_after=YESTERDAY)
    result = _verify(Question(leaf, (OTHER_INTERMEDIATE,), host="other.test"), make_store(ROOT))
    assert [(error.code, error.depth) for error in result.verification.errors] == [(20, 1), (62, 0), (10, 0)]
    assert [element.certificate.subject.title for element in result.verification.chain] == [
        HOST,
        "Other intermediate",
    ]


def test_the_anchor_and_the_lookups_are_told(make_store: MakeStore) -> None:
    result = _verify(QUESTIONS["good"], make_store(ROOT))
    verification = result.verification
    assert verification.anchor is not None
    assert verification.anchor.file == "root0.pem"
    assert isinstance(verification.chain[-1].origin, FromCapath)
    assert [lookup.found is None for lookup in verification.lookups] == [True, False]


def test_only_the_directory_is_trusted(make_store: MakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", make_store(ROOT, directory="of the environment"))
    assert _first(_verify(QUESTIONS["expired"], make_store())) == (20, 0)


def test_a_file_without_a_certificate_is_bad_input() -> None:
    for content in (b"", b"hello", b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"):
        with pytest.raises(BadInputError, match=r"leaf\.pem"):
            read_certificates(content, "leaf.pem")


def test_der_is_read() -> None:
    certificate = _certificate(ROOT)
    assert read_certificates(certificate.der, "root.der") == (certificate,)


def _certificate(identity: Identity) -> Certificate:
    return read_certificates(identity.pem, "test")[0]


def _verify(question: Question, directory: str) -> OfflineResult:
    return verify_offline(
        _certificate(question.leaf),
        directory,
        untrusted=[_certificate(identity) for identity in question.untrusted],
        host=question.host,
        at=question.at,
        flags=question.flags,
    )


def _first(result: OfflineResult) -> tuple[int, int]:
    verdict = result.verification.verdict
    return verdict.code, verdict.depth


def _first_of_binary(question: Question, directory: str, place: Path) -> tuple[int, int]:
    leaf, untrusted = place / "leaf.pem", place / "untrusted.pem"
    leaf.write_bytes(question.leaf.pem)
    untrusted.write_bytes(b"".join(identity.pem for identity in question.untrusted))
    arguments = ["verify", "-no-CAfile", "-no-CAstore", "-CApath", directory]
    if question.untrusted:
        arguments += ["-untrusted", str(untrusted)]
    if question.host:
        is_address = ":" in question.host or question.host[0].isdigit()
        arguments += ["-verify_ip" if is_address else "-verify_hostname", question.host]
    if question.at is not None:
        arguments += ["-attime", str(int(question.at.timestamp()))]
    flags = {"-x509_strict": question.flags.strict, "-partial_chain": question.flags.partial_chain}
    arguments += [flag for flag, wanted in flags.items() if wanted]
    lists = {CrlCheck.NONE: [], CrlCheck.LEAF: ["-crl_check"], CrlCheck.ALL: ["-crl_check_all"]}
    done = openssl(*arguments, *lists[question.flags.crl_check], leaf)
    for line in (done.stdout + done.stderr).decode().splitlines():
        words = line.split()
        if line.startswith("error ") and words[1].isdigit():
            return int(words[1]), int(words[3])
    assert done.returncode == 0
    return 0, 0
