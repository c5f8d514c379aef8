"""Policies: thresholds, rules off, certificates excused."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from pathlib import Path

import pytest

from capath.audit import RULE_IDS, RULES, Acceptance, Policy, Severity, read_policy, render_policy
from capath.audit import audit as run_audit
from capath.errors import BadInputError
from capath.store import list_store, scan
from tests.audit.worlds import NOW, Spec, audit, make_store, mozilla_list, sha256_of

PEM = Spec(not_after=datetime(2026, 7, 1, tzinfo=timezone.utc)).pem()


def test_a_rule_that_is_off_says_nothing(tmp_path: Path) -> None:
    """Switching a rule off silences it and no other."""
    store = make_store(tmp_path / "store", {"root.pem": PEM})
    assert "expires-soon" in audit(store)
    assert audit(store, policy=Policy(off={"expires-soon": "we know"})) == {}


def test_a_threshold_moves_a_rule(tmp_path: Path) -> None:
    """A certificate that expires in a month is not soon where soon is a week."""
    store = make_store(tmp_path / "store", {"root.pem": PEM})
    assert audit(store, policy=Policy(expires_within_days=7)) == {}


def test_an_accepted_certificate_is_excused_from_one_rule(tmp_path: Path) -> None:
    """An acceptance holds for its rule and certificate only."""
    store = make_store(tmp_path / "store", {"root.pem": PEM, "other.pem": Spec("Other").pem()})
    accepted = Policy(accept=(Acceptance("not-in-mozilla-list", sha256_of(PEM), "ours"),))
    found = audit(store, policy=accepted, mozilla=mozilla_list())
    assert [finding.where for finding in found["not-in-mozilla-list"]] == ["other.pem"]


def test_a_policy_file_is_read() -> None:
    """All parts of a policy come from its file; colons and capitals in fingerprints are fine."""
    sha256 = "AB:" * 31 + "CD"
    value = {
        "expires_within_days": 30,
        "off": {"long-validity": "known"},
        "accept": [{"rule": "weak-key", "sha256": sha256, "reason": "old device"}],
    }
    policy = read_policy(json.dumps(value).encode(), "p.json", RULE_IDS)
    assert policy == Policy(
        expires_within_days=30,
        off={"long-validity": "known"},
        accept=(Acceptance("weak-key", "ab" * 31 + "cd", "old device"),),
    )


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{", "JSON"),
        ("[]", "object"),
        ('{"of": {}}', "'of'"),
        ('{"off": {"no-such-rule": "x"}}', "no-such-rule"),
        ('{"off": {"expired": " "}}', "why"),
        ('{"off": ["expired"]}', "object"),
        ('{"expires_within_days": "30"}', "expires_within_days"),
        ('{"accept": [{"rule": "expired", "sha256": "ab", "reason": "x"}]}', "64"),
        ('{"accept": ["x"]}', "objects"),
    ],
)
def test_a_wrong_policy_is_refused_with_what_is_wrong(text: str, word: str) -> None:
    """A misspelt rule would switch off nothing, so every fault of a policy is an error that names it."""
    with pytest.raises(BadInputError, match=word):
        read_policy(text.encode(), "p.json", RULE_IDS)


def test_rules_have_names_of_their_own_and_a_source() -> None:
    """No two rules share an id, and each says what it rests on."""
    assert len(RULE_IDS) == len(RULES)
    assert all(rule.source and rule.title for rule in RULES)


def test_a_severity_is_set(tmp_path: Path) -> None:
    """A note becomes an error where the policy says so."""
    store = make_store(tmp_path / "store", {"root.pem": PEM})
    [found] = audit(store, policy=Policy(severity={"expires-soon": Severity.ERROR}))["expires-soon"]
    assert found.severity is Severity.ERROR


def test_acceptances_of_links_and_those_that_cover_nothing(tmp_path: Path) -> None:
    """A link is accepted by its name; what is accepted is told, and so is an acceptance without a finding."""
    make_store(tmp_path / "store", {"root.pem": PEM})
    os.symlink("gone.pem", tmp_path / "store" / "0badc0de.0")
    listing = list_store(scan(str(tmp_path / "store")))
    link = Acceptance("link-dangling", "", "made by our installer", "0badc0de.0")
    unused = Acceptance("weak-key", "ab" * 32, "an old device")
    result = run_audit(listing, NOW, policy=Policy(accept=(link, unused)))
    assert "link-dangling" not in {finding.rule for finding in result.findings}
    assert [(finding.where, item) for finding, item in result.accepted] == [("0badc0de.0", link)]
    assert result.unused == (unused,)


def test_a_written_policy_is_read_as_the_default() -> None:
    assert read_policy(render_policy(Policy()).encode(), "p.json", RULE_IDS) == Policy()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('{"accept": [{"rule": "weak-key", "sha": "", "reason": "x"}]}', "rule, sha256, name, reason"),
        ('{"accept": [{"rule": "weak-key", "reason": "x"}]}', "sha256"),
        ('{"expire_within_days": 3}', "expires_within_days"),
        ('{"severity": {"weak-key": "fatal"}}', "error, warning, info"),
        ('{"severity": {"week-key": "error"}}', "--rules"),
        ("[" * 100_000, "JSON"),
    ],
)
def test_what_is_not_known_is_an_error_that_lists_what_is(text: str, word: str) -> None:
    with pytest.raises(BadInputError, match=word):
        read_policy(text.encode(), "p.json", RULE_IDS)
