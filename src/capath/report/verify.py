"""Offline verification: ``capath verify``."""

from __future__ import annotations

from collections.abc import Sequence

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


def offline_json(result: OfflineResult, diagnosis: Diagnosis | None, opinions: Sequence[Opinion] = ()) -> Json:
    """The object of ``capath verify --json``."""
    return {
        "subject": result.leaf.subject.text,
        "sha256": result.leaf.sha256,
        "directory": result.directory,
        "hostname": result.host or None,
        "at": moment(result.at),
        "outcome": "rejected" if result.verification.errors else "verified",
        **verification_json(result.verification),
        "openssl": [
            {"version": engine.version, "verify": error_json(engine.verdict)} for engine in result.engines
        ],
        "opinions": opinions_json(opinions),
        "diagnosis": diagnosis_json(diagnosis),
    }


def offline_lines(
    result: OfflineResult,
    diagnosis: Diagnosis | None,
    opinions: Sequence[Opinion] = (),
    *,
    width: int | None = None,
) -> list[Line]:
    """The verdict, every error, why and how to fix it, and the chain; for people."""
    bad = bool(result.verification.errors)
    mark, style = ("✗", Style.BAD) if bad else ("✓", Style.GOOD)
    name = visible_name(result.leaf.subject.title)
    body = [
        f"error {error.code} {error.described.text} @{error.depth}" for error in result.verification.errors[1:]
    ]
    body += [] if diagnosis is None else diagnosis_text(diagnosis)
    body += [f"note: {opinion.text}" for opinion in opinions]
    body += chain_text(result.verification)
    verdict = f"{'rejected' if bad else 'verified'}: {verdict_text(result.verification)}"
    return [(Span(f"{mark} {name}", style), f"  {verdict}"), *indented(body, width)]
