"""What commands print with ``--json`` is what ``capath schema`` says of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from capath.cli.main import main
from capath.cli.registry import COMMANDS
from capath.demo import authority
from capath.demo.server import Loopback, http, tls, tls_context
from tests.minting import mint_crl, mint_root

Capture = pytest.CaptureFixture[str]
WITHOUT_JSON = {"run", "schema", "completion"}


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments], lambda request: 0)


def schema(name: str, capsys: Capture) -> dict[str, Any]:
    capsys.readouterr()
    assert run("schema", name) == 0
    loaded = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(loaded)
    assert isinstance(loaded, dict)
    return loaded


def check(capsys: Capture, command: str, *arguments: object, status: int = 0) -> dict[str, Any]:
    """Run a command and validate what it prints."""
    expected = schema(command, capsys)
    assert run(command, *arguments, "--json") == status
    found = json.loads(capsys.readouterr().out)
    jsonschema.validate(found, expected, cls=jsonschema.Draft202012Validator)
    assert isinstance(found, dict)
    return found


@pytest.fixture
def crts(tmp_path: Path) -> Path:
    directory = tmp_path / "crts"
    directory.mkdir()
    root = mint_root("Root A")
    (directory / "a.pem").write_bytes(root.pem)
    (directory / "b.pem").write_bytes(mint_root("Root B").pem)
    (directory / "a.crl").write_bytes(mint_crl(root, (7,)))
    (directory / "note.txt").write_text("hello")
    return directory


def test_every_command_with_json_has_a_schema(capsys: Capture) -> None:
    for command in COMMANDS:
        if command.name not in WITHOUT_JSON:
            assert schema(command.name, capsys)["title"] == f"capath {command.name} --json"
    assert run("schema", "nonsense") == 2


def test_stores_and_changes(crts: Path, tmp_path: Path, capsys: Capture) -> None:
    """Each command on a directory, where it finds something of everything."""
    check(capsys, "rehash", crts)
    (crts / "0badc0de.0").symlink_to("gone.pem")
    found = check(capsys, "list", crts)
    assert found["certificates"]
    assert found["crls"]
    assert found["skipped"]
    assert check(capsys, "show", crts, "a.pem")["extensions"]
    assert check(capsys, "links", crts)["links"]
    policy = tmp_path / "policy.json"
    accepted = [
        {"rule": "not-in-mozilla-list", "sha256": found["certificates"][0]["sha256"], "reason": "ours"},
        {"rule": "link-duplicate", "name": "x", "reason": "none"},
    ]
    policy.write_text(json.dumps({"accept": accepted, "off": {"key-usage": "known"}}))
    checked = check(capsys, "check", crts, "--policy", policy, status=1)
    assert [item["used"] for item in checked["accepted"]] == [True, False]
    assert check(capsys, "distrust", crts, "a.pem")["lost"]
    assert check(capsys, "undo", crts)["gained"]
    check(capsys, "redo", crts)
    check(capsys, "trust", crts, "a.pem")
    assert check(capsys, "history", crts)["changes"]
    assert check(capsys, "settings")["theme"] == "dark"
    (tmp_path / "new.pem").write_bytes(mint_root("New").pem + b"-----BEGIN CERTIFICATE-----\n")
    assert check(capsys, "import", crts, tmp_path / "new.pem", "certifi", "--off")["entries"]
    assert check(capsys, "export", crts, "--list", tmp_path / "l", "--der", tmp_path / "d")["written"]
    assert check(capsys, "diff", crts, "certifi", "--against", "mozilla", status=1)["beyond"]
    check(capsys, "doctor", "--no-run", status=0)


def test_connections(tmp_path: Path, capsys: Capture) -> None:
    """A verified, a rejected and an unreachable host; lines of --jsonl; offline and minimise."""
    root = authority.root("Root")
    crts = tmp_path / "crts"
    crts.mkdir()
    (crts / "root.pem").write_bytes(root.pem)
    assert run("rehash", crts) == 0
    leaf = authority.leaf(root, "localhost", names=("localhost",))
    (tmp_path / "leaf.pem").write_bytes(leaf.pem)
    with Loopback() as servers:
        good = f"localhost:{servers.serve(tls(tls_context(leaf), http()))}"
        stranger = authority.leaf(authority.root("Stranger"), "localhost", names=("localhost",))
        bad = f"localhost:{servers.serve(tls(tls_context(stranger), http()))}"
        found = check(capsys, "test", good, bad, "localhost:1", "--capath", crts, status=1)
        assert [result["outcome"] for result in found["results"]] == ["verified", "rejected", "unreachable"]
        line = schema("test-line", capsys)
        assert run("test", good, bad, "--capath", crts, "--jsonl") == 1
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == 2
        for text in lines:
            jsonschema.validate(json.loads(text), line, cls=jsonschema.Draft202012Validator)
        assert run("verify", crts, tmp_path / "leaf.pem", "--jsonl") == 0
        offline = json.loads(capsys.readouterr().out)
        jsonschema.validate(offline, schema("verify-line", capsys), cls=jsonschema.Draft202012Validator)
        assert check(capsys, "minimise", crts, good)["roots"]
    check(capsys, "verify", crts, tmp_path / "leaf.pem", "--hostname", "localhost")
    leaf_file = tmp_path / "leaf.pem"
    assert len(check(capsys, "verify", crts, leaf_file, leaf_file)["results"]) == 2
    assert check(capsys, "check", "--rules")["rules"]
    assert check(capsys, "verify", crts, leaf_file, "--hostname", "other.test", status=1)["diagnosis"]


@pytest.mark.parametrize(
    ("arguments", "status", "kind"),
    [
        (["list", "nowhere"], 2, "bad-input"),
        (["show"], 2, "bad-input"),
        (["export", "crts", "--bundle", "crts/a.pem"], 4, "not-changed"),
    ],
)
def test_errors_are_objects_too(
    crts: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, arguments: list[str], status: int, kind: str
) -> None:
    """With --json what went wrong is an object on standard error, and standard output is empty."""
    monkeypatch.chdir(crts.parent)
    expected = schema("error", capsys)
    assert run(*arguments, "--json") == status
    captured = capsys.readouterr()
    found = json.loads(captured.err)
    jsonschema.validate(found, expected, cls=jsonschema.Draft202012Validator)
    assert found["error"]["kind"] == kind
    assert captured.out == ""
