"""Clients that answer differently with one directory: by their rules, their flags, or their OpenSSL."""

from __future__ import annotations

from dataclasses import replace

from capath.diagnosis.case import Case
from capath.diagnosis.cause import NOT_STRICT, Cause, CauseFound, Confidence, Remedy, RemedyKind, title
from capath.errors import assert_never
from capath.pki.certificate import Certificate
from capath.pki.extensions import BASIC_CONSTRAINTS
from capath.pki.visible import visible
from capath.store.lookup import find_issuers
from capath.store.standing import BehindBroken
from capath.tls.handshake.verification import FromCapath, VerifyError
from capath.tls.handshake.verify_codes import HOST, ISSUER_NOT_FOUND, NO_ISSUER, SECURITY_LEVEL, STRICT, VerifyCode
from capath.tls.result import Accepted, ClientReport, NotAccepted, Profile, ProfileVerdict, Verified
from capath.tls.test_options import CrlCheck

_KEY_CERT_SIGN = 5  # the bit of keyUsage, RFC 5280 §4.2.1.3


def explain_strict(case: Case) -> CauseFound | None:
    """The chain fails only on rules of strict mode (X509_V_FLAG_X509_STRICT)."""
    if all(is_strict_only(case, error) for error in case.verification.errors):
        return explain_strict_too(case)
    return None


def explain_strict_too(case: Case) -> CauseFound | None:
    """The chain fails on a rule of strict mode, whatever else it fails on."""
    error = next((error for error in case.verification.errors if is_strict_only(case, error)), None)
    if error is None:
        return None
    element = case.element(error)
    name = f"“{title(element.certificate.subject)}”" if element else "The chain"
    text = (
        f"{name} breaks a rule of RFC 5280 that is checked only in strict mode ({error.described.text}, at depth "
        f"{error.depth}). Python 3.13 and later reject it; curl, OpenSSL and earlier Pythons accept it."
    )
    return CauseFound(Cause.CLIENT_DIFFERS, text, _strict_remedies())


def is_strict_only(case: Case, error: VerifyError) -> bool:
    """Whether `error` is one that OpenSSL has only in strict mode.

    Outside it, an anchor's own signature is not looked at, and an anchor may be a CA by its version or its
    keyUsage; nothing of the kind is asked of a leaf.
    """
    element = case.element(error)
    if element is None:
        return error.code in STRICT
    is_anchor = element is case.verification.chain[-1]
    if error.code == VerifyCode.SIGNATURE_ALGORITHM_INCONSISTENCY:
        return is_anchor
    if error.code == VerifyCode.INVALID_CA:
        return error.depth == 0 or (is_anchor and _acts_as_ca(element.certificate))
    return error.code in STRICT


def _acts_as_ca(certificate: Certificate) -> bool:
    """Whether it is a CA certificate without basicConstraints (X509_check_ca)."""
    if certificate.extension(BASIC_CONSTRAINTS) is not None:
        return False
    return certificate.is_ca if certificate.key_usage is None else _KEY_CERT_SIGN in certificate.key_usage


def explain_clients(case: Case) -> CauseFound | None:
    """pyOpenSSL and another client came to different verdicts."""
    if case.live is None:
        return None
    verified = isinstance(case.live.outcome, Verified)
    for report in case.live.clients:
        match report.answer:
            case NotAccepted(version=version, error=error, code=code) if verified and code:
                return _stricter(case, report, version, error, code)
            case Accepted(version=version) if _rejected_by_default(case):
                return _laxer(case, report, version)
            case _:
                continue
    return None


def explain_profiles(case: Case) -> CauseFound | None:
    """The chain verifies here, and clients of other kinds reject it by their rules, whatever is installed."""
    if case.live is None or not isinstance(case.live.outcome, Verified):
        return None
    rejecting = [verdict for verdict in case.live.profiles if verdict.error is not None]
    if not rejecting:
        return None
    said = "; ".join(_by_profile(case, verdict) for verdict in rejecting)
    text = f"The chain verifies by the rules of this test, but not for every client: {said}."
    strict = any(verdict.error is not None and verdict.error.code in STRICT for verdict in rejecting)
    remedies = _strict_remedies() if strict else (_ask_for_another(case),)
    return CauseFound(Cause.CLIENT_DIFFERS, text, remedies)


def _by_profile(case: Case, verdict: ProfileVerdict) -> str:
    error = verdict.error
    assert error is not None
    element = case.element(error)
    where = f", “{title(element.certificate.subject)}”" if element is not None else ""
    return f"{_who(verdict.profile)} reject it ({error.code} {error.described.text}{where})"


def _who(profile: Profile) -> str:
    match profile:
        case Profile.OPENSSL:
            return "clients with OpenSSL's defaults, such as curl,"
        case Profile.PYTHON:
            return "Python 3.13 and later (requests, urllib3)"
        case Profile.BROWSERS:
            return "browsers"
        case Profile.GO:
            return "Go programs"
        case _:
            assert_never(profile)


def _ask_for_another(case: Case) -> Remedy:
    who = "Ask the operator for" if case.live is not None else "Use"
    return Remedy(RemedyKind.ASK_OPERATOR, f"{who} a certificate that all of these clients accept.")


def explain_engines(case: Case) -> CauseFound | None:
    """Two versions of OpenSSL came to different verdicts offline."""
    if len({engine.verdict for engine in case.engines}) < 2:
        return None
    said = "; ".join(f"{visible(engine.version)} says {_verdict(engine.verdict)}" for engine in case.engines)
    text = (
        f"Versions of OpenSSL disagree: {said}. It depends on the program's OpenSSL whether it accepts the chain."
    )
    return CauseFound(Cause.CLIENT_DIFFERS, text, ())


def _verdict(error: VerifyError) -> str:
    at = f" at depth {error.depth}" if error.code else ""
    return f"{error.code} ({error.described.text}){at}"


def _laxer(case: Case, report: ClientReport, version: str) -> CauseFound:
    verdict = case.verification.verdict
    said = f"{report.client} ({visible(version)}) accepts what is rejected here with {verdict.code}"
    holds_one = any(isinstance(element.origin, FromCapath) for element in case.verification.chain)
    confidence = Confidence.PROVEN
    if verdict.code in HOST:
        why = "it accepts the common name as a host name, which browsers and requests do not"
    elif verdict.code in ISSUER_NOT_FOUND and holds_one:
        why = (
            "it sets X509_V_FLAG_PARTIAL_CHAIN, as Python 3.13 does, and accepts any certificate here as an anchor"
        )
    elif verdict.code in SECURITY_LEVEL:
        why = "its security level is lower (SSL_CTX_set_security_level(3))"
    else:
        why, confidence = "its OpenSSL or its flags are different", Confidence.LIKELY
    return CauseFound(Cause.CLIENT_DIFFERS, f"{said} ({verdict.described.text}): {why}.", (), confidence)


def _rejected_by_default(case: Case) -> bool:
    """Whether the chain fails without the checks that were asked for beyond what other clients do."""
    flags = None if case.live is None else case.live.options.flags
    asked = flags is not None and (flags.strict or flags.crl_check is not CrlCheck.NONE)
    return bool(case.verification.errors) and not asked


def _stricter(case: Case, report: ClientReport, version: str, error: str, code: int) -> CauseFound:
    said = f"pyOpenSSL verifies the chain; {report.client} ({visible(version)}) rejects it: {visible(error)}."
    if code in STRICT:
        text = f"{said} It checks strictly ({VerifyCode(code).openssl_name})."
        return CauseFound(Cause.CLIENT_DIFFERS, text, _strict_remedies())
    if code in SECURITY_LEVEL:
        text = f"{said} Its security level is higher (SSL_CTX_set_security_level(3))."
        return CauseFound(Cause.CLIENT_DIFFERS, text, (_stronger(),))
    skipped = explain_slot_rule(case) if code in NO_ISSUER else None
    if skipped is not None:
        return replace(skipped, text=f"{said} {skipped.text}")
    return CauseFound(Cause.CLIENT_DIFFERS, said, (), Confidence.LIKELY)


def explain_slot_rule(case: Case) -> CauseFound | None:
    """The anchor was found after a hash link that does not load: some versions of OpenSSL stop there."""
    anchor = case.verification.anchor
    if anchor is None:
        return None
    found = find_issuers(case.snapshot, anchor.certificate.subject)
    if any(item.certificate.certificate.sha256 == anchor.certificate.sha256 for item in found):
        return None
    for row in case.rows_of(anchor.certificate):
        if isinstance(row.standing, BehindBroken):
            broken = visible(row.standing.broken)
            others = "Others stop there and find no issuer, for example 3.0.19, 3.5.7 and 4.0.1."
            if stopping := [visible(name) for name in case.verification.stopping]:
                others = f"On this machine, no issuer is found there by {' or by '.join(stopping)}."
            text = (
                f"The hash link of the anchor {visible(row.file)} comes after {broken}, which does not load "
                f"({visible(row.standing.reason)}). The OpenSSL that verified here skips such a link. {others}"
            )
            rehash = Remedy(RemedyKind.REHASH, "Recreate the hash links.", case.on_store("rehash"))
            return CauseFound(Cause.CLIENT_DIFFERS, text, (rehash,))
    return None


def _stronger() -> Remedy:
    return Remedy(RemedyKind.ASK_OPERATOR, "Have it reissued with a stronger key and digest.")


def _strict_remedies() -> tuple[Remedy, ...]:
    return (
        Remedy(RemedyKind.ASK_CA, "Ask the CA to reissue the certificate according to RFC 5280."),
        Remedy(
            RemedyKind.CHANGE_FLAGS,
            "Until then, in Python: context.verify_flags &= ~ssl.VERIFY_X509_STRICT.",
            operand=NOT_STRICT,
        ),
    )
