"""``capath test`` and ``verify`` beside the verdict: remedies tried, intermediates, the environment, commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from capath.cli.main import main
from capath.demo import authority
from capath.demo.server import LOOPBACK, Loopback, files, http, tls, tls_context
from capath.tls.offline.verify import read_certificates
from tests.tls.conftest import MakeStore, make_store

__all__ = ["make_store"]

ROOT = authority.root("Root")
INTERMEDIATE = authority.intermediate(ROOT, "Intermediate")


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    with Loopback() as servers:
        yield servers


def _no_explorer(_: object) -> int:
    raise AssertionError("no screen was asked for")


def _json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    status = main([*arguments, "--json"], _no_explorer)
    return status, json.loads(capsys.readouterr().out)


def _serve(servers: Loopback, *sent: authority.Identity) -> str:
    return f"{LOOPBACK}:{servers.serve(tls(tls_context(*sent), http()))}"


def test_a_remedy_says_that_it_was_tried(
    capsys: pytest.CaptureFixture[str], make_store: MakeStore, loopback: Loopback
) -> None:
    directory = make_store(root__pem__untrusted=ROOT.pem)
    host = _serve(loopback, authority.leaf(ROOT, LOOPBACK))
    status, document = _json(capsys, "test", host, "--capath", directory)
    [result] = document["results"]
    remedy = result["diagnosis"]["remedies"][0]
    assert (status, remedy["action"], remedy["tested"]) == (1, "trust", "verified")
    assert main(["test", host, "--capath", directory], _no_explorer) == 1
    assert "tested: it verifies with this" in capsys.readouterr().out


def test_the_missing_intermediate_is_fetched_only_when_asked(
    capsys: pytest.CaptureFixture[str], make_store: MakeStore, loopback: Loopback
) -> None:
    content = read_certificates(INTERMEDIATE.pem, "intermediate")[0].der
    url = f"http://{LOOPBACK}:{loopback.serve(files({'/i.der': content}))}/i.der"
    host = _serve(loopback, authority.leaf(INTERMEDIATE, LOOPBACK, issuer_url=url))
    directory = make_store(ROOT)
    _, document = _json(capsys, "test", host, "--capath", directory)
    assert document["results"][0]["fetched_intermediates"] is None
    status, document = _json(capsys, "test", host, "--capath", directory, "--fetch-intermediates")
    [result] = document["results"]
    assert (status, result["diagnosis"]["cause"]) == (1, "missing-intermediate")
    assert result["diagnosis"]["confidence"] == "proven"
    assert result["fetched_intermediates"]["verified"] is True


def test_the_chain_as_sent_is_told(
    capsys: pytest.CaptureFixture[str], make_store: MakeStore, loopback: Loopback
) -> None:
    host = _serve(loopback, authority.leaf(INTERMEDIATE, LOOPBACK), ROOT, INTERMEDIATE)
    status, document = _json(capsys, "test", host, "--capath", make_store(ROOT))
    notes = {note["note"]: note["position"] for note in document["results"][0]["sent_chain_notes"]}
    assert status == 0
    assert notes == {"root-sent": 1, "misordered": 1}


def test_the_environment_is_told_once(
    capsys: pytest.CaptureFixture[str], make_store: MakeStore, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/another/bundle.pem")
    host, directory = _serve(loopback, authority.leaf(ROOT, LOOPBACK)), make_store(ROOT)
    assert main(["test", host, host, "--capath", directory], _no_explorer) == 0
    captured = capsys.readouterr()
    assert captured.err.count("REQUESTS_CA_BUNDLE in the environment") == 1
    assert "bundle" not in captured.out
    _, document = _json(capsys, "test", host, "--capath", directory)
    [trap] = document["results"][0]["environment"]
    assert trap["variable"] == "REQUESTS_CA_BUNDLE"


def test_commands_are_given_when_asked_for(
    capsys: pytest.CaptureFixture[str], make_store: MakeStore, loopback: Loopback
) -> None:
    host, directory = _serve(loopback, authority.leaf(ROOT, LOOPBACK)), make_store(ROOT)
    _, document = _json(capsys, "test", host, "--capath", directory, "--commands")
    assert {item["for"] for item in document["results"][0]["commands"]} >= {"openssl", "curl", "requests", "ssl"}
    assert main(["test", host, "--capath", directory, "--commands"], _no_explorer) == 0
    assert f"curl --capath {directory}" in capsys.readouterr().out


def test_a_list_of_mozillas_is_looked_into(
    capsys: pytest.CaptureFixture[str], make_store: MakeStore, loopback: Loopback, tmp_path: Path
) -> None:
    report = tmp_path / "report.csv"
    report.write_text(f'"Common Name or Certificate Name","PEM"\n"Root","\'{ROOT.pem.decode().strip()}\'"\n')
    host = _serve(loopback, authority.leaf(INTERMEDIATE, LOOPBACK), INTERMEDIATE)
    arguments = ("test", host, "--capath", make_store(), "--mozilla")
    _, document = _json(capsys, *arguments, str(report))
    diagnosis = document["results"][0]["diagnosis"]
    assert (diagnosis["cause"], diagnosis["remedies"][0]["tested"]) == ("root-not-in-store", "verified")
    assert f"{report} --select" in diagnosis["remedies"][0]["command"]
    assert main([*arguments, "/nowhere/at/all"], _no_explorer) == 2


def test_verify_says_whose_verdict_it_is(
    capsys: pytest.CaptureFixture[str], make_store: MakeStore, tmp_path: Path
) -> None:
    leaf = tmp_path / "leaf.pem"
    leaf.write_bytes(authority.leaf(ROOT, "host.test").pem)
    status, document = _json(capsys, "verify", make_store(ROOT), str(leaf), "--hostname", "WWW.host.test.")
    assert (status, document["verify"]["code"]) == (1, 62)
    assert all(item["version"].startswith("OpenSSL ") for item in document["openssl"])
    assert document["opinions"] == []
