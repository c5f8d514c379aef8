"""``capath check`` in continuous integration: formats, the exit status, the policy file."""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from capath.cli.main import main
from tests.minting import mint_root

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def crts(tmp_path: Path) -> Path:
    """A root that is none of Mozilla's, and a dangling link."""
    directory = tmp_path / "crts"
    directory.mkdir()
    (directory / "root.pem").write_bytes(mint_root("Our <Root> & Co").pem)
    assert run("rehash", directory) == 0
    os.symlink("gone.pem", directory / "0badc0de.0")
    return directory


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments], lambda request: 0)


def test_fail_on_decides_the_exit_status(crts: Path, capsys: Capture) -> None:
    """A severity includes those above it; a rule is named by itself."""
    assert run("check", crts) == 1
    (crts / "0badc0de.0").unlink()
    assert run("check", crts) == 0
    assert run("check", crts, "--fail-on", "warning") == 1
    assert run("check", crts, "--fail-on", "not-in-mozilla-list") == 1
    assert run("check", crts, "--fail-on", "expired", "--fail-on", "weak-key") == 0
    capsys.readouterr()
    assert run("check", crts, "--fail-on", "expird") == 2
    assert "did you mean expired?" in capsys.readouterr().err
    assert run("check", crts, "--fail-on", "wraning") == 2
    assert "did you mean warning?" in capsys.readouterr().err


def test_one_format_is_asked_for(crts: Path, capsys: Capture) -> None:
    """Neither is dropped in silence."""
    assert run("check", crts, "--format", "sarif", "--json") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "give one of them" in err


def test_sarif_has_a_rule_and_a_place_for_each_result(crts: Path, capsys: Capture) -> None:
    """As SARIF 2.1.0 has it, section 3.27."""
    assert run("check", crts, "--format", "sarif") == 1
    log = json.loads(capsys.readouterr().out)
    assert log["version"] == "2.1.0"
    [sarif_run] = log["runs"]
    rules = [rule["id"] for rule in sarif_run["tool"]["driver"]["rules"]]
    found = {result["ruleId"]: result for result in sarif_run["results"]}
    assert found["link-dangling"]["level"] == "error"
    for result in found.values():
        assert rules[result["ruleIndex"]] == result["ruleId"]
        [location] = result["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uri"].startswith(str(crts))
        assert result["message"]["text"]


def test_junit_fails_the_rules_that_fail_on_names(crts: Path, capsys: Capture) -> None:
    """A test case for each rule; names are escaped."""
    assert run("check", crts, "--format", "junit", "--fail-on", "link-dangling") == 1
    suite = ElementTree.fromstring(capsys.readouterr().out)
    failed = [case.get("name") for case in suite if case.find("failure") is not None]
    assert failed == ["link-dangling"]
    assert suite.get("failures") == "1"
    told = next(case for case in suite if case.get("name") == "not-in-mozilla-list").findtext("system-out")
    assert told is not None
    assert "Our <Root> & Co" in told


def test_init_writes_a_policy_that_check_takes(crts: Path, capsys: Capture) -> None:
    """It is written once and never over another."""
    assert run("check", crts, "--init") == 0
    policy = json.loads((crts / "capath-audit.json").read_text())
    assert policy["expires_within_days"] == 90
    assert run("check", crts, "--init") == 4
    policy["accept"] = [{"rule": "link-dangling", "name": "0badc0de.0", "reason": "our installer"}]
    (crts / "capath-audit.json").write_text(json.dumps(policy))
    capsys.readouterr()
    assert run("check", crts) == 0
    assert "accepted: link-dangling of 0badc0de.0: our installer" in capsys.readouterr().out
