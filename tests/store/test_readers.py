"""Who takes a certificate for a root, and that trust attributes count."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from capath.change.apply import apply_plan
from capath.change.rehash import plan_rehash
from capath.change.toggle import plan_toggle
from capath.cli.main import main
from capath.store import CertificateRow, list_store, scan
from capath.store.readers import Readers
from capath.store.standing import UsesRejected
from tests.audit.worlds import audit
from tests.minting import mint_leaf, mint_root
from tests.oracle.openssl import needs_openssl, openssl

ROOT = mint_root("Root A")
OTHER = mint_root("Root B")


def _row(directory: Path) -> CertificateRow:
    return list_store(scan(directory)).by_sha256[ROOT.sha256][0]


def _rehash(directory: Path) -> None:
    apply_plan(plan_rehash(scan(directory)).plan)


def _run(*arguments: object) -> int:
    def no_explorer(_: object) -> int:
        raise AssertionError("no screen was asked for")

    return main([str(argument) for argument in arguments], no_explorer)


@pytest.mark.parametrize(
    ("name", "linked", "expected"),
    [
        ("a.pem", True, Readers(True, True, None)),
        ("a.pem", False, Readers(False, True, None)),
        (".hidden", False, Readers(False, True, None)),
        ("a.pem.untrusted", False, Readers(False, True, None)),
        ("untrusted/a.pem", True, Readers(False, False, None)),
    ],
)
def test_shapes(tmp_path: Path, name: str, linked: bool, expected: Readers) -> None:
    """As real clients read them."""
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(ROOT.pem)
    if linked:
        _rehash(tmp_path)
    assert _row(tmp_path).readers == expected


def test_a_bundle_beside_counts(tmp_path: Path) -> None:
    """Its certificates are read by programs that read every file."""
    (tmp_path / "untrusted").mkdir()
    (tmp_path / "untrusted/a.pem").write_bytes(ROOT.pem)
    (tmp_path / "all.crt").write_bytes(OTHER.pem + ROOT.pem)
    assert _row(tmp_path).readers == Readers(False, True, None)
    assert [finding.sha256 for finding in audit(tmp_path)["off-but-read"]] == [ROOT.sha256]


@pytest.mark.parametrize("name", ["a.pem", "a.pem.untrusted"])
def test_the_findings(tmp_path: Path, name: str) -> None:
    """Where the readers disagree, one of two findings says it; where they agree, neither."""
    (tmp_path / name).write_bytes(ROOT.pem)
    found = audit(tmp_path)
    rule = "trusted-by-some" if name == "a.pem" else "off-but-read"
    assert {"trusted-by-some", "off-but-read"} & found.keys() == {rule}
    assert "programs that read every file" in found[rule][0].text
    _rehash(tmp_path)
    assert not {"trusted-by-some", "off-but-read"} & audit(tmp_path).keys()


def test_json_and_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.pem").write_bytes(ROOT.pem)
    assert _run("list", tmp_path, "--json") == 0
    (certificate,) = json.loads(capsys.readouterr().out)["certificates"]
    assert certificate["readers"] == {"openssl": False, "all-files": True, "bundle": None}
    assert _run("list", tmp_path) == 0
    assert "1 trusted by some programs only" in capsys.readouterr().out
    assert _run("show", tmp_path, "a.pem") == 0
    assert "OpenSSL does not trust it; programs that read every file" in capsys.readouterr().out


def _trusted(tmp_path: Path, *options: str) -> bytes:
    (tmp_path / "plain").write_bytes(ROOT.pem)
    return openssl("x509", "-in", tmp_path / "plain", "-trustout", *options).stdout


@needs_openssl
@pytest.mark.oracle
@pytest.mark.parametrize(
    ("options", "trusted"),
    [
        (("-addreject", "serverAuth"), False),
        (("-addtrust", "emailProtection"), False),
        (("-addreject", "emailProtection"), True),
        (("-addtrust", "serverAuth"), True),
    ],
)
def test_trust_attributes_count(tmp_path: Path, options: tuple[str, ...], trusted: bool) -> None:
    """The state is what `openssl verify -purpose sslserver` says, links or not."""
    store, leaf = tmp_path / "d", tmp_path / "leaf.pem"
    store.mkdir()
    (store / "a.pem").write_bytes(_trusted(tmp_path, *options))
    leaf.write_bytes(mint_leaf(ROOT).pem)
    _rehash(store)
    verify = ("verify", "-no-CAfile", "-no-CAstore", "-CApath", store, "-purpose", "sslserver", leaf)
    assert (openssl(*verify).returncode == 0) is trusted
    row = _row(store)
    assert row.trusted is trusted
    assert row.readers == Readers(trusted, False, None)
    if not trusted:
        assert isinstance(row.standing, UsesRejected)
        assert _run("export", store, "--bundle", tmp_path / "out.pem") == 2  # there is no other
        (store / "other.pem").write_bytes(mint_root("Other").pem)
        _rehash(store)
        assert _run("export", store, "--bundle", tmp_path / "out.pem") == 0
        assert (tmp_path / "out.pem").read_bytes().count(b"BEGIN CERTIFICATE") == 1
        refusals = plan_toggle(list_store(scan(store)), [ROOT.sha256], []).refusals
        assert "reject TLS servers" in refusals[0].reason
