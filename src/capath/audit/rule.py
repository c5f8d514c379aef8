"""A rule: its id, how bad a hit is, its source, and the function that checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from capath.audit.context import Context
from capath.audit.facts import Facts
from capath.audit.finding import Severity, Subject


@dataclass(frozen=True, slots=True)
class Hit:
    """What a rule found. `list_date` as in `Finding`."""

    text: str
    evidence: str
    remedy: str
    list_date: date | None = None


@dataclass(frozen=True, slots=True)
class CertificateRule:
    """A rule on one certificate. Hits on a distrusted certificate are reported as info."""

    id: str
    severity: Severity
    title: str
    source: str
    check: Callable[[Context, Facts], Hit | None]


@dataclass(frozen=True, slots=True)
class StoreRule:
    """A rule on the directory, its files and its links."""

    id: str
    severity: Severity
    title: str
    source: str
    check: Callable[[Context], Iterable[tuple[Subject, Hit]]]


Rule = CertificateRule | StoreRule
