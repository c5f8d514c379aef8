"""The audit policy: thresholds, severities, rules switched off and findings accepted, each with a reason.

A policy is a small JSON file that can be kept under version control. All keys are optional::

    {"expires_within_days": 30,
     "severity": {"weak-self-signature": "warning"},
     "off": {"long-validity": "not relevant here"},
     "accept": [{"rule": "not-in-mozilla-list", "sha256": "ab12…", "reason": "our own CA"},
                {"rule": "link-duplicate", "name": "4042bcee.1", "reason": "made by our installer"}]}
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from capath.audit.finding import Finding, Severity
from capath.errors import BadInputError

_NUMBERS = ("expires_within_days", "long_validity_years", "rsa_bits_minimum")
_KEYS = (*_NUMBERS, "severity", "off", "accept")
_ACCEPT_KEYS = ("rule", "sha256", "name", "reason")


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One rule, accepted for one certificate (`sha256`) or for one file, link or directory (`name`)."""

    rule: str
    sha256: str
    reason: str
    name: str = ""

    def covers(self, finding: Finding) -> bool:
        """Whether this accepts `finding`."""
        if finding.rule != self.rule:
            return False
        return finding.sha256 == self.sha256 if self.sha256 else finding.where == self.name


@dataclass(frozen=True, slots=True)
class Policy:
    """Thresholds, and what is not to be reported. `off`: rule id to reason; `severity`: rule id to severity."""

    expires_within_days: int = 90
    long_validity_years: int = 25
    rsa_bits_minimum: int = 2048
    off: Mapping[str, str] = field(default_factory=dict)
    accept: tuple[Acceptance, ...] = ()
    severity: Mapping[str, Severity] = field(default_factory=dict)

    def acceptance_of(self, finding: Finding) -> Acceptance | None:
        """Return the first acceptance that covers `finding`."""
        return next((item for item in self.accept if item.covers(finding)), None)


def read_policy(data: bytes, where: str, rules: Collection[str]) -> Policy:
    """Return the policy in `data`, the content of the file `where`. Raises BadInputError, saying what is wrong.

    Keys and rules that do not exist are errors: a misspelt one would have no effect.
    """
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadInputError(f"{where}: this is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise BadInputError(f'{where}: a policy is an object, like {{"off": {{"RULE": "reason"}}}}')
    _check_keys(where, "a policy", value, _KEYS)
    numbers = {name: _number(where, name, value[name]) for name in _NUMBERS if name in value}
    off = value.get("off", {})
    if not isinstance(off, dict):
        raise BadInputError(f'{where}: "off" is an object: rule to reason')
    for rule, reason in off.items():
        _check(where, rule, reason, rules)
    accept = value.get("accept", [])
    if not isinstance(accept, list):
        raise BadInputError(f'{where}: "accept" is a list of objects with rule, sha256 or name, and reason')
    return Policy(
        **numbers,
        off=off,
        accept=tuple(_acceptance(where, item, rules) for item in accept),
        severity=_severities(where, value.get("severity", {}), rules),
    )


def render_policy(policy: Policy) -> str:
    """Return `policy` as the text of a policy file with every key."""
    content = {
        **{name: getattr(policy, name) for name in _NUMBERS},
        "severity": {rule: severity.value for rule, severity in policy.severity.items()},
        "off": dict(policy.off),
        "accept": [],
    }
    return json.dumps(content, indent=2) + "\n"


def _check_keys(where: str, what: str, value: Mapping[str, Any], known: Collection[str]) -> None:
    unknown = sorted(value.keys() - set(known))
    if unknown:
        raise BadInputError(f"{where}: {unknown[0]!r} is not a key of {what}", hint=f"keys are {', '.join(known)}")


def _number(where: str, name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadInputError(f"{where}: {name} is a whole number, 0 or more")
    return value


def _check_rule(where: str, rule: Any, rules: Collection[str]) -> None:
    if rule not in rules:
        raise BadInputError(f"{where}: there is no rule {rule!r}", hint="capath check --rules lists them")


def _check(where: str, rule: Any, reason: Any, rules: Collection[str]) -> None:
    _check_rule(where, rule, rules)
    if not isinstance(reason, str) or not reason.strip():
        raise BadInputError(f"{where}: give a reason why {rule} is not to be reported")


def _severities(where: str, value: Any, rules: Collection[str]) -> dict[str, Severity]:
    known = [severity.value for severity in Severity]
    if not isinstance(value, dict):
        raise BadInputError(f'{where}: "severity" is an object: rule to {", ".join(known)}')
    for rule, severity in value.items():
        _check_rule(where, rule, rules)
        if severity not in known:
            raise BadInputError(f"{where}: {severity!r} is not a severity", hint=f"they are {', '.join(known)}")
    return {rule: Severity(severity) for rule, severity in value.items()}


def _acceptance(where: str, item: Any, rules: Collection[str]) -> Acceptance:
    if not isinstance(item, dict):
        raise BadInputError(f'{where}: "accept" is a list of objects with rule, sha256 or name, and reason')
    _check_keys(where, '"accept"', item, _ACCEPT_KEYS)
    _check(where, item.get("rule"), item.get("reason"), rules)
    name = item.get("name", "")
    if ("sha256" in item) == bool(name) or not isinstance(name, str):
        raise BadInputError(f'{where}: give "sha256" of a certificate, or "name" of a file or link, and not both')
    sha256 = str(item.get("sha256", "")).replace(":", "").lower()
    if not name and (len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef")):
        raise BadInputError(f"{where}: sha256 is the whole fingerprint, 64 hex digits")
    return Acceptance(item["rule"], sha256, item["reason"], name)
