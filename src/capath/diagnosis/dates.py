"""Certificates that are too old or too young, and clocks that make them so."""

from __future__ import annotations

from datetime import datetime, timedelta

from capath.diagnosis.case import Case
from capath.diagnosis.cause import Action, Cause, Confidence, Finding, Remedy, clock_text
from capath.diagnosis.words import day, title, which
from capath.pki.certificate import Certificate
from capath.pki.signature import signs
from capath.pki.visible import visible
from capath.store import CertificateRow
from capath.tls.handshake.verification import ChainElement, FromCapath
from capath.tls.handshake.verify_codes import DATES, VerifyCode

_SKEW = timedelta(hours=1)


def explain_dates(case: Case) -> Finding | None:
    """Codes 9 and 10."""
    error = case.first(*DATES)
    element = None if error is None else case.element(error)
    if error is None or element is None:
        return None
    skewed = _skewed(case)
    if skewed is not None:
        return skewed
    if error.code == VerifyCode.CERT_NOT_YET_VALID:
        return _not_yet_valid(case, element)
    other = _valid_twin(case, element.certificate, error.depth)
    if other is not None:
        return _shadowed(case, element.certificate, other)
    return _expired(case, element)


def _skewed(case: Case) -> Finding | None:
    """The server's clock says another time, and by it the whole chain would be valid."""
    date = None if case.live is None else case.live.server.date
    if date is None or abs(date - case.now) < _SKEW:
        return None
    if not all(_valid_at(element.certificate, date) for element in case.verification.chain):
        return None
    text = (
        f"By this machine's clock it is {day(case.now)}, by the server's {day(date)}. At the server's time every "
        "certificate of the chain is valid: the clock here is probably wrong."
    )
    compare = "Compare the clock with another machine's, and set it."
    remedy = Remedy(Action.SET_CLOCK, compare, operand=clock_text(date))
    return Finding(Cause.CLOCK_SKEW, text, (remedy,), Confidence.LIKELY)


def _not_yet_valid(case: Case, element: ChainElement) -> Finding:
    certificate = element.certificate
    text = (
        f"“{title(certificate.subject)}” is valid from {day(certificate.not_before)}, and it is {day(case.now)}. "
        "If that is not the time, the clock is wrong."
    )
    if isinstance(element.origin, FromCapath):
        out = case.command("distrust", which(certificate))
        wait = Remedy(Action.DISTRUST, "Take it out until then.", out, certificate.sha256)
    else:
        wait = Remedy(Action.ASK_OPERATOR, "Let the server show its former certificate until then.")
    return Finding(Cause.NOT_YET_VALID, text, (wait,))


def _expired(case: Case, element: ChainElement) -> Finding:
    certificate = element.certificate
    name, end = title(certificate.subject), day(certificate.not_after)
    if isinstance(element.origin, FromCapath):
        text = f"“{name}” in the directory ({visible(element.origin.file)}) expired on {end}."
        remedies = (
            Remedy(
                Action.IMPORT,
                f"Get the successor of “{name}” from who runs it, compare its fingerprint, and import its file.",
            ),
            Remedy(
                Action.DISTRUST,
                "Take the expired one out.",
                case.command("distrust", which(certificate)),
                certificate.sha256,
            ),
        )
        return Finding(Cause.EXPIRED, text, remedies)
    text = f"“{name}”, which the server sent, expired on {end}."
    renew = Remedy(Action.ASK_OPERATOR, "Let who runs the server renew it. Nothing in the directory mends this.")
    return Finding(Cause.EXPIRED, text, (renew,))


def _valid_twin(case: Case, certificate: Certificate, depth: int) -> CertificateRow | None:
    """Another certificate of the same name and key in the directory that is valid now."""
    child = case.verification.at(depth - 1) if depth > 0 else None
    if child is None:
        return None
    for row in case.rows_named(certificate.subject):
        other = row.certificate
        if other.sha256 != certificate.sha256 and _valid_at(other, case.now) and signs(other, child):
            return row
    return None


def _shadowed(case: Case, expired: Certificate, other: CertificateRow) -> Finding:
    name = title(expired.subject)
    state = "on" if other.trusted else "off"
    text = (
        f"The chain went through a “{name}” that expired on {day(expired.not_after)}. The directory has a valid "
        f"one of the same name and key, {visible(other.file)} (to {day(other.certificate.not_after)}), and it is "
        f"{state}."
    )
    remedies = []
    if not other.trusted:
        command = case.command("trust", which(other.certificate))
        remedies.append(Remedy(Action.TRUST, "Trust the valid one.", command, other.certificate.sha256))
    if case.rows_of(expired):
        out = case.command("distrust", which(expired))
        remedies.append(Remedy(Action.DISTRUST, "Take the expired one out.", out, expired.sha256))
    else:
        remedies.append(Remedy(Action.ASK_OPERATOR, "Let the server no longer send the expired one."))
    return Finding(Cause.EXPIRED_PATH_SHADOWS_VALID, text, tuple(remedies))


def _valid_at(certificate: Certificate, moment: datetime) -> bool:
    begin, end = certificate.not_before, certificate.not_after
    return begin is not None and end is not None and begin <= moment <= end
