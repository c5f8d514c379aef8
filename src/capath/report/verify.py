"""Offline verification: ``capath verify``."""

from __future__ import annotations

from collections.abc import Sequence

from capath.diagnosis.cause import Diagnosis
from capath.diagnosis.mozilla_view import Opinion
from capath.pki.visible import visible
from capath.report.beside import opinions_json
from capath.report.document import Json, moment
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


def offline_text(result: OfflineResult, diagnosis: Diagnosis | None, opinions: Sequence[Opinion] = ()) -> str:
    """The verdict, every error, why and what mends it, and the chain; for people."""
    name = visible(result.leaf.subject.title)
    bad = bool(result.verification.errors)
    lines = [f"{'✗' if bad else '✓'} {name}  {verdict_text(result.verification)}"]
    lines.extend(
        f"    error {error.code} {error.described.text} @{error.depth}" for error in result.verification.errors[1:]
    )
    if diagnosis is not None:
        lines.extend(f"    {line}" for line in diagnosis_text(diagnosis))
    lines.extend(f"    note: {opinion.text}" for opinion in opinions)
    lines.extend(f"    {line}" for line in chain_text(result.verification))
    return "\n".join(lines)
