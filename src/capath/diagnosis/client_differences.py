"""Clients that answer differently with one directory."""

from __future__ import annotations

from dataclasses import replace

from capath.diagnosis.case import Case
from capath.diagnosis.cause import NOT_STRICT, Action, Cause, Confidence, Finding, Remedy, title
from capath.pki.certificate import Certificate
from capath.pki.extensions import BASIC_CONSTRAINTS, KEY_USAGE
from capath.pki.visible import visible
from capath.store.lookup import find_issuers
from capath.store.standing import BehindBroken
from capath.tls.handshake.verification import FromCapath, VerifyError
from capath.tls.handshake.verify_codes import HOST, ISSUER_NOT_FOUND, NO_ISSUER, SECURITY_LEVEL, STRICT, VerifyCode
from capath.tls.result import Accepted, ClientReport, NotAccepted, Verified
from capath.tls.test_options import CrlCheck

_SIGNS_CERTIFICATES = 0x04


def explain_strict(case: Case) -> Finding | None:
    """The chain fails on rules that apply in strict mode, and on nothing else."""
    if all(is_strict_alone(case, error) for error in case.verification.errors):
        return explain_strict_too(case)
    return None


def explain_strict_too(case: Case) -> Finding | None:
    """The chain fails on a rule that applies in strict mode alone, whatever else it fails on."""
    error = next((error for error in case.verification.errors if is_strict_alone(case, error)), None)
    if error is None:
        return None
    element = case.element(error)
    name = f"“{title(element.certificate.subject)}”" if element else "The chain"
    text = (
        f"{name} breaks a rule of RFC 5280 that is checked in strict mode alone ({error.described.text}, at depth "
        f"{error.depth}). Python 3.13 and later refuse it; curl, OpenSSL and earlier Pythons accept it."
    )
    return Finding(Cause.CLIENT_DIFFERS, text, _strict_remedies())


def is_strict_alone(case: Case, error: VerifyError) -> bool:
    """Whether `error` is one that OpenSSL has in strict mode alone.

    Outside it, an anchor's own signature is not looked at, and an anchor may be an authority by its version or its
    keyUsage; nothing of the kind is asked of a leaf.
    """
    element = case.element(error)
    if element is None:
        return error.code in STRICT
    is_anchor = element is case.verification.chain[-1]
    if error.code == VerifyCode.SIGNATURE_ALGORITHM_INCONSISTENCY:
        return is_anchor
    if error.code == VerifyCode.INVALID_CA:
        return error.depth == 0 or (is_anchor and _acts_as_authority(element.certificate))
    return error.code in STRICT


def _acts_as_authority(certificate: Certificate) -> bool:
    """Whether it is one though no basicConstraints say so (X509_check_ca)."""
    if certificate.extension(BASIC_CONSTRAINTS) is not None:
        return False
    usage = certificate.extension(KEY_USAGE)
    if usage is not None:
        return bool(usage.value[3:4] and usage.value[3] & _SIGNS_CERTIFICATES)
    return certificate.is_ca


def explain_clients(case: Case) -> Finding | None:
    """pyOpenSSL and another client came to different verdicts."""
    if case.live is None:
        return None
    verified = isinstance(case.live.outcome, Verified)
    for report in case.live.clients:
        match report.answer:
            case NotAccepted(version=version, error=error, code=code) if verified and code:
                return _stricter(case, report, version, error, code)
            case Accepted(version=version) if _refused_by_default(case):
                return _laxer(case, report, version)
            case _:
                continue
    return None


def explain_engines(case: Case) -> Finding | None:
    """Two versions of OpenSSL came to different verdicts offline."""
    if len({engine.verdict for engine in case.engines}) < 2:
        return None
    said = "; ".join(f"{visible(engine.version)} says {_verdict(engine.verdict)}" for engine in case.engines)
    text = f"Versions of OpenSSL disagree: {said}. Programs on this machine can go either way."
    return Finding(Cause.CLIENT_DIFFERS, text, ())


def _verdict(error: VerifyError) -> str:
    at = f" at depth {error.depth}" if error.code else ""
    return f"{error.code} ({error.described.text}){at}"


def _laxer(case: Case, report: ClientReport, version: str) -> Finding:
    verdict = case.verification.verdict
    said = f"{report.client} ({visible(version)}) accepts what is refused here with {verdict.code}"
    holds_one = any(isinstance(element.origin, FromCapath) for element in case.verification.chain)
    confidence = Confidence.PROVEN
    if verdict.code in HOST:
        why = "it takes the common name for a host's, which browsers and requests do not"
    elif verdict.code in ISSUER_NOT_FOUND and holds_one:
        why = "it sets X509_V_FLAG_PARTIAL_CHAIN, as Python 3.13 does, and takes any certificate here as an anchor"
    elif verdict.code in SECURITY_LEVEL:
        why = "its security level is lower (SSL_CTX_set_security_level(3))"
    else:
        why, confidence = "its OpenSSL or its flags are others", Confidence.LIKELY
    return Finding(Cause.CLIENT_DIFFERS, f"{said} ({verdict.described.text}): {why}.", (), confidence)


def _refused_by_default(case: Case) -> bool:
    """Whether the chain fails without the checks that were asked for beyond what other clients do."""
    flags = None if case.live is None else case.live.options.flags
    asked = flags is not None and (flags.strict or flags.crl_check is not CrlCheck.NONE)
    return bool(case.verification.errors) and not asked


def _stricter(case: Case, report: ClientReport, version: str, error: str, code: int) -> Finding:
    said = f"pyOpenSSL verifies the chain; {report.client} ({visible(version)}) refuses it: {visible(error)}."
    if code in STRICT:
        text = f"{said} It checks strictly ({VerifyCode(code).openssl_name})."
        return Finding(Cause.CLIENT_DIFFERS, text, _strict_remedies())
    if code in SECURITY_LEVEL:
        text = f"{said} Its security level is higher (SSL_CTX_set_security_level(3))."
        return Finding(Cause.CLIENT_DIFFERS, text, (_stronger(),))
    behind = explain_slot_rule(case) if code in NO_ISSUER else None
    if behind is not None:
        return replace(behind, text=f"{said} {behind.text}")
    return Finding(Cause.CLIENT_DIFFERS, said, (), Confidence.LIKELY)


def explain_slot_rule(case: Case) -> Finding | None:
    """The anchor was found behind a slot that does not load: other versions of OpenSSL stop there."""
    anchor = case.verification.anchor
    if anchor is None:
        return None
    found = find_issuers(case.snapshot, anchor.certificate.subject)
    if any(item.certificate.certificate.sha256 == anchor.certificate.sha256 for item in found):
        return None
    for row in case.rows_of(anchor.certificate):
        if isinstance(row.standing, BehindBroken):
            broken = visible(row.standing.broken)
            text = (
                f"The anchor {visible(row.file)} is behind {broken}, which does not load "
                f"({visible(row.standing.reason)}). The OpenSSL that verified here (4.0) steps over such a slot; "
                "3.0.19 and 3.5, and programs that use them, stop there and find no issuer."
            )
            mend = Remedy(Action.REHASH, "Make the hash links again.", case.command("rehash"))
            return Finding(Cause.CLIENT_DIFFERS, text, (mend,))
    return None


def _stronger() -> Remedy:
    return Remedy(Action.ASK_OPERATOR, "Let it be reissued with a stronger key and digest.")


def _strict_remedies() -> tuple[Remedy, ...]:
    return (
        Remedy(Action.ASK_AUTHORITY, "Let the certificate be reissued by RFC 5280."),
        Remedy(
            Action.CHANGE_FLAGS,
            "Until then, in Python: context.verify_flags &= ~ssl.VERIFY_X509_STRICT.",
            operand=NOT_STRICT,
        ),
    )
