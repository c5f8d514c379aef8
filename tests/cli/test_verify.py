"""``capath verify`` of many certificates in one process, for a purpose, and what it says it did not check."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from capath.cli.main import main
from capath.demo import authority
from tests.tls.conftest import rehash

ROOT = authority.root("Root")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A store in ``crts``, and leaves: good, expired by its issuer, and for TLS clients alone."""
    (tmp_path / "crts").mkdir()
    (tmp_path / "crts" / "root.pem").write_bytes(ROOT.pem)
    rehash(tmp_path / "crts")
    stranger = authority.root("Stranger")
    leaves = {
        "good": authority.leaf(ROOT, "good.test"),
        "bad": authority.leaf(stranger, "bad.test"),
        "client": authority.leaf(ROOT, "client.test", usages=(ExtendedKeyUsageOID.CLIENT_AUTH,)),
    }
    for name, leaf in leaves.items():
        (tmp_path / f"{name}.pem").write_bytes(leaf.pem)
    (tmp_path / "text.pem").write_text("no certificate")
    return tmp_path


def _run(place: Path, *arguments: str) -> int:
    named = [str(place / word) if (place / word).exists() else word for word in arguments]
    return main(["verify", str(place / "crts"), *named], lambda _: 0)


def test_each_leaf_has_its_verdict_and_the_sum_is_said(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    assert _run(place, "good.pem", "bad.pem", "client.pem") == 1
    out, err = capsys.readouterr()
    assert [line[:12].rstrip() for line in out.splitlines() if line[:1] in "✓✗"] == [
        "✓ good.test",
        "✗ bad.test",
        "✓ client.tes",
    ]
    assert "3 certificates: 2 verified, 1 rejected" in err
    assert "not checked: purpose and security level" in err


def test_the_rest_of_a_chain_file_is_not_used_in_silence(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    """As openssl verify does, only the first certificate of a file is judged; what uses the rest is named."""
    issuing = authority.intermediate(ROOT, "Issuing CA")
    chain = place / "chain.pem"
    chain.write_bytes(authority.leaf(issuing, "chain.test").pem + issuing.pem)
    assert _run(place, "chain.pem") == 1
    assert f"--untrusted {chain} uses the others" in capsys.readouterr().err
    assert _run(place, "chain.pem", "--untrusted", "chain.pem") == 0
    assert "more than one certificate" not in capsys.readouterr().err


def test_a_purpose_is_checked_where_it_is_asked_for(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    assert _run(place, "client.pem", "--purpose", "sslclient") == 0
    assert _run(place, "client.pem", "--purpose", "sslserver") == 1
    out, err = capsys.readouterr()
    assert "wrong-purpose: “client.test” cannot be used for a TLS server: its extendedKeyUsage does not" in out
    assert "purpose and security level" not in err


def test_one_object_a_line(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    assert _run(place, "good.pem", "bad.pem", "--jsonl") == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["schema_version"], Path(line["file"]).name, line["outcome"]) for line in lines] == [
        (1, "good.pem", "verified"),
        (1, "bad.pem", "rejected"),
    ]
    assert lines[1]["diagnosis"]["cause"] == "root-not-in-store"


def test_one_leaf_is_one_object_and_several_are_a_list(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    assert _run(place, "good.pem", "--json", "--purpose", "any") == 0
    alone = json.loads(capsys.readouterr().out)
    assert (alone["outcome"], alone["purpose"], alone["verify"]["code"]) == ("verified", "any", 0)
    assert _run(place, "good.pem", "bad.pem", "--json") == 1
    both = json.loads(capsys.readouterr().out)
    assert [item["outcome"] for item in both["results"]] == ["verified", "rejected"]
    assert both["results"][0]["purpose"] is None


def test_a_file_without_a_certificate_does_not_stop_the_others(
    capsys: pytest.CaptureFixture[str], place: Path
) -> None:
    assert _run(place, "text.pem", "good.pem") == 2
    out, err = capsys.readouterr()
    assert "✓ good.test" in out
    assert "text.pem: " in err
    assert "2 certificates: 1 verified, 0 rejected, 1 could not be read" in err


def test_servers_are_not_mentioned(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    leaf = authority.self_signed(authority.Template("self.test"))
    (place / "self.pem").write_bytes(leaf.pem)
    expired = authority.leaf(ROOT, "old.test", not_after=timedelta(days=-1))
    (place / "old.pem").write_bytes(expired.pem)
    _run(place, "bad.pem", "self.pem", "old.pem", "--hostname", "other.test")
    out = capsys.readouterr().out.replace(str(place), "")
    assert "server" not in out
    assert "operator" not in out
