"""What verifying a chain met, and the diagnosis, as JSON and as text: shared by ``test`` and ``verify``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from capath.diagnosis.cause import (
    CauseFound,
    Command,
    Diagnosis,
    DoesNotFix,
    Fixes,
    NotTried,
    Programs,
    Remedy,
    StoreCommand,
    TestAgain,
)
from capath.errors import assert_never
from capath.pki.certificate import Certificate
from capath.pki.name import Name
from capath.pki.visible import shell_command, visible, visible_name
from capath.report.certificate import date_text
from capath.report.document import Json, moment
from capath.tls.handshake.verification import ChainElement, FromCapath, Verification, VerifyError
from capath.tls.option_table import capath_arguments


def verification_json(verification: Verification) -> Json:
    """``verify``, ``errors``, ``chain``, ``anchor`` and ``lookups``. ``verify`` is null where no chain came."""
    seen = bool(verification.sent)
    anchor = verification.anchor
    return {
        "verify": error_json(verification.verdict) if seen else None,
        "errors": [error_json(error) for error in verification.errors],
        "chain": [_element_json(element) for element in verification.chain],
        "sent": [
            {"subject": _text(certificate.subject), "sha256": certificate.sha256}
            for certificate in verification.sent
        ],
        "anchor": None
        if anchor is None
        else {"file": anchor.file, "link": anchor.link, "sha256": anchor.certificate.sha256},
        "lookups": [
            {
                "subject": _text(lookup.subject),
                "hash": lookup.hash,
                "tried": list(lookup.tried),
                "found": lookup.found,
            }
            for lookup in verification.lookups
        ],
    }


def diagnosis_json(diagnosis: Diagnosis | None) -> Json | None:
    """``diagnosis``: the first cause with its remedies, and what else is wrong."""
    if diagnosis is None:
        return None
    return {
        **_finding_json(diagnosis.first),
        "also": [_finding_json(finding) for finding in diagnosis.also],
    }


def verdict_text(verification: Verification) -> str:
    """``20 unable to get local issuer certificate @1``."""
    verdict = verification.verdict
    depth = f" @{verdict.depth}" if verification.errors else ""
    return f"{verdict.code} {verdict.described.text}{depth}"


def diagnosis_text(diagnosis: Diagnosis) -> list[str]:
    """Lines for people: the cause, what was seen, what fixes it, what else is wrong."""
    lines = [str(diagnosis.first)]
    for remedy in diagnosis.remedies:
        lines.append(f"  → {remedy.text}")
        if remedy.trial_text:
            lines.append(f"    ({remedy.trial_text})")
        if remedy.command is not None:
            lines.append(f"    $ {command_line(remedy.command)}")
    lines.extend(f"also {finding}" for finding in diagnosis.also)
    return lines


def command_line(command: Command | None) -> str:
    """What to paste into a shell, safe to show; empty for None."""
    match command:
        case None:
            return ""
        case StoreCommand(verb=verb, directory=directory, operands=operands):
            return shell_command(["capath", verb, directory, *operands])
        case TestAgain(asked=asked, directory=directory, fetches_intermediates=fetches):
            more = ["--fetch-intermediates"] if fetches else []
            words = ["capath", "test", asked.endpoint.text, "--capath", directory, *capath_arguments(asked), *more]
            return shell_command(words)
        case Programs(steps=steps):
            return " && ".join(shell_command(words) for words in steps)
        case _:
            assert_never(command)


def chain_text(verification: Verification, *, sent: str = "sent") -> list[str]:
    """The chain, leaf to root, with where each part came from, and what was looked up.

    `sent` says of those that are not of the store where they are from.
    """
    lines = []
    for depth, element in enumerate(verification.chain):
        certificate = element.certificate
        until = date_text(certificate.not_after)
        lines.append(
            f"{depth} {visible_name(certificate.subject.title)}  until {until}  ({_origin(element, sent)})"
        )
    for lookup in verification.lookups:
        found = lookup.found or "not found"
        name = visible_name(lookup.subject.title)
        lines.append(f"lookup {lookup.hash} {name}: {', '.join(lookup.tried)} → {visible(found)}")
    if verification.anchor is not None:
        lines.append(f"anchor {visible(verification.anchor.file)} ({verification.anchor.link})")
    return lines


def error_json(error: VerifyError) -> Json:
    """One verify return code with its depth."""
    code = error.described
    return {"code": code.value, "name": code.openssl_name, "text": code.text, "depth": error.depth}


def _element_json(element: ChainElement) -> Json:
    origin = element.origin
    return {
        **_certificate_json(element.certificate),
        "from": "capath" if isinstance(origin, FromCapath) else "server",
        "link": origin.link if isinstance(origin, FromCapath) else None,
    }


@lru_cache(maxsize=4096)  # hosts share their issuers, and one test names each several times
def _certificate_json(certificate: Certificate) -> Mapping[str, str | None]:
    return {
        "subject": _text(certificate.subject),
        "issuer": _text(certificate.issuer),
        "sha256": certificate.sha256,
        "not_before": moment(certificate.not_before),
        "not_after": moment(certificate.not_after),
    }


@lru_cache(maxsize=4096)
def _text(name: Name) -> str:
    return name.text


def _finding_json(finding: CauseFound) -> Json:
    return {
        "cause": finding.cause.value,
        "text": finding.text,
        "confidence": finding.confidence.value,
        "remedies": [_remedy_json(remedy) for remedy in finding.remedies],
    }


def _remedy_json(remedy: Remedy) -> Json:
    return {
        "action": remedy.action.value,
        "text": remedy.text,
        "command": command_line(remedy.command) or None,
        "operand": remedy.operand or None,
        **_trial_json(remedy),
    }


def _trial_json(remedy: Remedy) -> Json:
    match remedy.trial:
        case NotTried():
            return {"tested": None, "tested_text": None}
        case Fixes():
            return {"tested": "verified", "tested_text": remedy.trial_text}
        case DoesNotFix():
            return {"tested": "rejected", "tested_text": remedy.trial_text}
        case _:
            assert_never(remedy.trial)


def _origin(element: ChainElement, sent: str) -> str:
    if isinstance(element.origin, FromCapath):
        return f"CApath, {visible(element.origin.link)} → {visible(element.origin.file)}"
    return sent
