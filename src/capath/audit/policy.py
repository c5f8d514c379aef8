"""The audit policy: thresholds, rules switched off and certificates accepted, each with a reason.

A policy is a small JSON file that can stand under version control::

    {"expires_within_days": 30,
     "off": {"long-validity": "we know"},
     "accept": [{"rule": "not-in-mozilla-list", "sha256": "ab12…", "reason": "our own CA"}]}
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from capath.errors import BadInputError

_NUMBERS = ("expires_within_days", "long_validity_years", "rsa_bits_minimum")


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One rule, accepted for one certificate."""

    rule: str
    sha256: str
    reason: str


@dataclass(frozen=True, slots=True)
class Policy:
    """Thresholds, and what is not to be reported. `off`: rule id to reason."""

    expires_within_days: int = 90
    long_validity_years: int = 25
    rsa_bits_minimum: int = 2048
    off: Mapping[str, str] = field(default_factory=dict)
    accept: tuple[Acceptance, ...] = ()

    def accepts(self, rule: str, sha256: str) -> bool:
        return any(item.rule == rule and item.sha256 == sha256 for item in self.accept)


def read_policy(data: bytes, where: str, rules: Collection[str]) -> Policy:
    """Return the policy in `data`, the content of the file `where`. Raises BadInputError, saying what is wrong.

    Every rule named must be one of `rules`, and have a reason: a misspelt name would switch off nothing.
    """
    try:
        value = json.loads(data)
    except ValueError as error:
        raise BadInputError(f"{where}: this is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise BadInputError(f'{where}: a policy is an object, like {{"off": {{"RULE": "reason"}}}}')
    unknown = value.keys() - {*_NUMBERS, "off", "accept"}
    if unknown:
        raise BadInputError(f"{where}: {min(unknown)!r} is nothing a policy has")
    numbers = {name: _number(where, name, value[name]) for name in _NUMBERS if name in value}
    off = value.get("off", {})
    if not isinstance(off, dict):
        raise BadInputError(f'{where}: "off" is an object: rule to reason')
    for rule, reason in off.items():
        _check(where, rule, reason, rules)
    accept = value.get("accept", [])
    if not isinstance(accept, list):
        raise BadInputError(f'{where}: "accept" is a list of objects with rule, sha256 and reason')
    return Policy(**numbers, off=off, accept=tuple(_acceptance(where, item, rules) for item in accept))


def _number(where: str, name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadInputError(f"{where}: {name} is a whole number, 0 or more")
    return value


def _check(where: str, rule: Any, reason: Any, rules: Collection[str]) -> None:
    if rule not in rules:
        raise BadInputError(f"{where}: there is no rule {rule!r}; capath check --rules lists them")
    if not isinstance(reason, str) or not reason.strip():
        raise BadInputError(f"{where}: say why {rule} is not to be reported")


def _acceptance(where: str, item: Any, rules: Collection[str]) -> Acceptance:
    if not isinstance(item, dict):
        raise BadInputError(f'{where}: "accept" is a list of objects with rule, sha256 and reason')
    _check(where, item.get("rule"), item.get("reason"), rules)
    sha256 = str(item.get("sha256", "")).replace(":", "").lower()
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise BadInputError(f"{where}: sha256 is the whole fingerprint, 64 hex digits")
    return Acceptance(item["rule"], sha256, item["reason"])
