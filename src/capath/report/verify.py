"""Offline verification: ``capath verify``."""

from __future__ import annotations

from dataclasses import dataclass

from capath.diagnosis.cause import Diagnosis
from capath.diagnosis.mozilla_view import Opinion
from capath.pki.visible import visible_name
from capath.report.beside import opinions_json
from capath.report.document import Json, moment
from capath.report.layout import Line, Span, Style, indented
from capath.report.verification import (
    chain_text,
    diagnosis_json,
    diagnosis_text,
    error_json,
    verdict_text,
    verification_json,
)
from capath.tls.result import OfflineResult


@dataclass(frozen=True, slots=True)
class Offline:
    """One certificate verified: the result, why it failed (None where it did not), and what Mozilla would say."""

    result: OfflineResult
    diagnosis: Diagnosis | None
    opinions: tuple[Opinion, ...] = ()
    store: str = ""
    """What the store is called, where the directory of `result` is a copy of it."""


def offline_json(seen: Offline) -> Json:
    """The object of ``capath verify --json``."""
    result = seen.result
    return {
        "subject": result.leaf.subject.text,
        "sha256": result.leaf.sha256,
        "directory": seen.store or result.directory,
        "hostname": result.host or None,
        "purpose": None if result.purpose is None else result.purpose.value,
        "at": moment(result.at),
        "outcome": "rejected" if result.verification.errors else "verified",
        **verification_json(result.verification),
        "openssl": [
            {"version": engine.version, "verify": error_json(engine.verdict)} for engine in result.engines
        ],
        "opinions": opinions_json(seen.opinions),
        "diagnosis": diagnosis_json(seen.diagnosis),
    }


def offline_lines(seen: Offline, *, width: int | None = None) -> list[Line]:
    """The verdict, every error, why and how to fix it, and the chain; for people."""
    result = seen.result
    bad = bool(result.verification.errors)
    mark, style = ("✗", Style.BAD) if bad else ("✓", Style.GOOD)
    name = visible_name(result.leaf.subject.title)
    body = [
        f"error {error.code} {error.described.text} @{error.depth}" for error in result.verification.errors[1:]
    ]
    body += [] if seen.diagnosis is None else diagnosis_text(seen.diagnosis)
    body += [f"note: {opinion.text}" for opinion in seen.opinions]
    body += chain_text(result.verification, sent="given")
    verdict = f"{'rejected' if bad else 'verified'}: {verdict_text(result.verification)}"
    return [(Span(f"{mark} {name}", style), f"  {verdict}"), *indented(body, width)]


def offline_summary(asked: int, judged: int, rejected: int, *, has_purpose: bool) -> list[str]:
    """How many certificates came out how, and what was not looked at."""
    lines = []
    if asked > 1:
        unread = f", {asked - judged} could not be read" if judged < asked else ""
        lines.append(f"{asked} certificates: {judged - rejected} verified, {rejected} rejected{unread}")
    if judged and not has_purpose:
        lines.append(
            "not checked: purpose and security level, which TLS clients check too; --purpose sslserver checks the "
            "purpose, capath test both"
        )
    elif judged:
        lines.append("not checked: the security level, which TLS clients check too; capath test does")
    return lines
