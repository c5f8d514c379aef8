"""What can be copied is run: it verifies where the directory has the root, and fails where it has not."""

from __future__ import annotations

import ast
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from capath.demo import authority
from capath.demo.server import LOOPBACK, Loopback, http, tls, tls_context
from capath.report.test_commands import Wording, environment_lines, equivalents, evidence
from capath.store import scan
from capath.tls.network.endpoint import Endpoint
from capath.tls.network.proxy import parse_proxy
from capath.tls.offline.verify import read_certificates
from capath.tls.probe import probe
from capath.tls.test_options import CrlCheck, HostToTest, ProbeOptions, Protocol, Starttls, VerifyFlags
from tests.tls.conftest import MakeStore, loopback, make_store

__all__ = ["loopback", "make_store"]

ROOT = authority.root("Root")


def _serve(servers: Loopback, name: str = LOOPBACK) -> Endpoint:
    return Endpoint(LOOPBACK, servers.serve(tls(tls_context(authority.leaf(ROOT, name)), http())))


def _texts(host: HostToTest, directory: str) -> dict[Wording, str]:
    return {item.wording: item.text for item in equivalents(host, directory, scan(directory))}


def _run(wording: Wording, text: str, environment: Mapping[str, str] | None = None) -> int:
    command = [sys.executable, "-c", text]
    if wording in (Wording.CAPATH, Wording.S_CLIENT, Wording.CURL):
        command = ["sh", "-c", text]
    path = os.pathsep.join((os.path.dirname(sys.executable), os.environ["PATH"]))
    variables = {**os.environ, "PATH": path, **(environment or {})}
    done = subprocess.run(command, capture_output=True, check=False, timeout=60, env=variables)
    return done.returncode


@pytest.mark.parametrize(
    "wording", [Wording.CAPATH, Wording.S_CLIENT, Wording.CURL, Wording.REQUESTS, Wording.SSL, Wording.HTTPX]
)
def test_each_wording_asks_the_same(make_store: MakeStore, loopback: Loopback, wording: Wording) -> None:
    program = {Wording.S_CLIENT: "openssl", Wording.CURL: "curl"}.get(wording)
    if program is not None and shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    if wording is Wording.HTTPX:
        pytest.importorskip("httpx")
    host = HostToTest(_serve(loopback))
    good = make_store(ROOT, directory="it's $HOME; the good")
    bad = make_store(authority.root("Other"), directory="bad")
    assert _run(wording, _texts(host, good)[wording]) == 0
    assert _run(wording, _texts(host, bad)[wording]) != 0


@pytest.mark.parametrize("wording", [Wording.CAPATH, Wording.S_CLIENT, Wording.CURL, Wording.SSL])
def test_another_name_is_sent_and_checked(make_store: MakeStore, loopback: Loopback, wording: Wording) -> None:
    program = {Wording.S_CLIENT: "openssl", Wording.CURL: "curl"}.get(wording)
    if program is not None and shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    directory, endpoint = make_store(ROOT), _serve(loopback, "other.test")
    named = HostToTest(endpoint, ProbeOptions(servername="other.test"))
    assert _run(wording, _texts(named, directory)[wording]) == 0
    assert _run(wording, _texts(HostToTest(endpoint), directory)[wording]) != 0


def test_all_that_was_asked_for_is_in_it(make_store: MakeStore) -> None:
    options = ProbeOptions(
        alpn=("h2",),
        flags=VerifyFlags(strict=True, partial_chain=True, crl_check=CrlCheck.ALL),
        min_protocol=Protocol.TLS_1_2,
        max_protocol=Protocol.TLS_1_3,
        proxy=parse_proxy("http://user:secret@proxy.test:3128"),
    )
    texts = _texts(HostToTest(Endpoint("host.test", 8443), options), make_store(ROOT))
    for option in ("--strict", "--partial-chain", "--crl-check-all", "--alpn h2", "--min-protocol TLSv1.2"):
        assert option in texts[Wording.CAPATH]
    for option in ("-x509_strict", "-partial_chain", "-crl_check_all", "-proxy proxy.test:3128"):
        assert option in texts[Wording.S_CLIENT]
    assert "VERIFY_X509_STRICT" in texts[Wording.SSL]
    assert "TLSVersion.TLSv1_2" in texts[Wording.HTTPX]
    assert not any("secret" in text for text in texts.values())


def test_starttls_has_no_words_for_http_clients(make_store: MakeStore) -> None:
    host = HostToTest(Endpoint("mail.test", 25), ProbeOptions(starttls=Starttls.SMTP))
    texts = _texts(host, make_store(ROOT))
    assert set(texts) == {Wording.CAPATH, Wording.S_CLIENT, Wording.ENVIRONMENT}
    assert "-starttls smtp" in texts[Wording.S_CLIENT]


def test_hostile_names_stay_text(make_store: MakeStore, tmp_path: Path) -> None:
    directory = make_store(ROOT, directory="a'; print('owned')\n#$(id)")
    texts = _texts(HostToTest(Endpoint("::1", 443)), directory)
    for wording in (Wording.REQUESTS, Wording.SSL, Wording.HTTPX):
        strings = {node.value for node in ast.walk(ast.parse(texts[wording])) if isinstance(node, ast.Constant)}
        assert directory in strings
    for wording in (Wording.CAPATH, Wording.CURL):
        assert texts[wording].isprintable()
        program, rest = texts[wording].split(" ", 1)
        script = f"{program}() {{ printf '%s\\0' \"$@\"; }}\n{program} {rest}"
        words = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout.split(
            "\0"
        )
        assert directory in words
    assert "[::1]" in texts[Wording.CURL]


def test_the_environment_makes_programs_take_the_directory(make_store: MakeStore, loopback: Loopback) -> None:
    url = f"https://{_serve(loopback).text}/"
    code = f"import requests; requests.get({url!r}, timeout=10)"
    script = f"{environment_lines(make_store(ROOT))}{shlex.join([sys.executable, '-c', code])}"
    assert subprocess.run(["sh", "-c", script], capture_output=True, check=False, timeout=60).returncode == 0


def test_a_finished_test_gives_its_chain_and_its_result(make_store: MakeStore, loopback: Loopback) -> None:
    result = probe(_serve(loopback), make_store(ROOT))
    texts = {item.wording: item.text for item in evidence(result)}
    assert len(read_certificates(texts[Wording.SENT_PEM].encode(), "sent")) == 1
    assert len(read_certificates(texts[Wording.CHAIN_PEM].encode(), "built")) == 2
    assert '"schema_version": 1' in texts[Wording.JSON]
