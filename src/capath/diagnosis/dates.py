"""Certificates that have expired or are not valid yet, and clocks that make them so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from capath.diagnosis.case import Case
from capath.diagnosis.cause import Cause, CauseFound, Confidence, Remedy, RemedyKind, clock_text, day, title
from capath.diagnosis.missing_root import OUT_OF_BAND, get_root, import_known, import_shown
from capath.diagnosis.path_rules import is_valid_at
from capath.diagnosis.paths import Need, Path
from capath.diagnosis.sent_path import explain_sent_path
from capath.diagnosis.way_out import ways_out
from capath.pki.visible import visible
from capath.tls.handshake.verification import ChainElement, FromCapath
from capath.tls.handshake.verify_codes import DATES, VerifyCode

_SKEW = timedelta(hours=1)


def explain_dates(case: Case) -> CauseFound | None:
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
    return _expired(case, _expired_elements(case) or [element])


def _skewed(case: Case) -> CauseFound | None:
    """The server's clock says another time, and by it the whole chain would be valid."""
    date = None if case.live is None else case.live.server.date
    if date is None or abs(date - case.now) < _SKEW:
        return None
    if not all(is_valid_at(element.certificate, date) for element in case.verification.chain):
        return None
    text = (
        f"This machine's clock says {day(case.now)}, the server's says {day(date)}. At the server's time every "
        "certificate of the chain is valid: this machine's clock is most likely wrong."
    )
    compare = "Compare the clock with another machine's, and set it."
    remedy = Remedy(RemedyKind.SET_CLOCK, compare, operand=clock_text(date))
    return CauseFound(Cause.CLOCK_SKEW, text, (remedy,), Confidence.LIKELY)


def _not_yet_valid(case: Case, element: ChainElement) -> CauseFound:
    certificate = element.certificate
    text = (
        f"“{title(certificate.subject)}” ({_place(case, element)}) is valid from {day(certificate.not_before)}, "
        f"and it is {day(case.now)}. If that is not the time, the clock is wrong."
    )
    if isinstance(element.origin, FromCapath):
        wait = Remedy(RemedyKind.SET_CLOCK, "Check this machine's clock. If it is right, wait until then.")
    elif case.live is None:
        wait = Remedy(RemedyKind.RETRY, "Use the certificate that it replaces until then.")
    else:
        wait = Remedy(RemedyKind.ASK_OPERATOR, "Ask the operator to use the previous certificate until then.")
    return CauseFound(Cause.NOT_YET_VALID, text, (*ways_out(case), wait))


def _expired_elements(case: Case) -> list[ChainElement]:
    return [
        element
        for element in case.verification.chain
        if element.certificate.not_after is not None and element.certificate.not_after < case.now
    ]


def _expired(case: Case, expired: Sequence[ChainElement]) -> CauseFound | None:
    said = [
        f"“{title(element.certificate.subject)}” ({_place(case, element)}) expired on "
        f"{day(element.certificate.not_after)}"
        for element in expired
    ]
    text = f"{', and '.join((', '.join(said[:-1]), said[-1])) if len(said) > 1 else said[0]}."
    leaf_expired = case.verification.at(0) in {element.certificate for element in expired}
    renew = (_renew(case),) if leaf_expired else ()
    path = case.best_path
    if path is not None and path.need is Need.NOTHING and explain_sent_path(case) is not None:
        return CauseFound(Cause.EXPIRED, f"{said[0]}.", renew) if leaf_expired else None
    if path is not None and any(element.certificate not in path.certificates for element in expired):
        return _by_another_path(case, text, path, renew)
    own = [element for element in expired if isinstance(element.origin, FromCapath)]
    sent = [
        element for element in expired if element not in own and element.certificate != case.verification.at(0)
    ]
    others = [get_root(case, title(element.certificate.subject)) for element in own]
    if sent:
        who = "Ask the operator to send" if case.live is not None else "Pass"
        names = " and ".join(f"“{title(element.certificate.subject)}”" for element in sent)
        others.insert(0, Remedy(RemedyKind.ASK_OPERATOR, f"{who} the current version of {names}."))
    return CauseFound(Cause.EXPIRED, text, (*renew, *others))


def _by_another_path(case: Case, text: str, path: Path, renew: tuple[Remedy, ...]) -> CauseFound:
    """Another path avoids what expired: by a root that is here, or one of another store."""
    step = path.needed
    name = title(step.certificate.subject)
    if step.row is not None:
        valid = (
            f"{text} The directory has a valid “{name}” ({visible(step.row.file)}, to "
            f"{day(step.certificate.not_after)}), which is {'trusted' if step.row.trusted else 'not trusted'}."
        )
        return CauseFound(Cause.EXPIRED_PATH_SHADOWS_VALID, valid, (*ways_out(case), *renew))
    if step.need is Need.IMPORT and step.known is not None:
        valid = (
            f"{text} The certificates that were sent also lead to “{name}”, which is valid: it is not in the "
            f"directory, but in {visible(step.known.title)}."
        )
        return CauseFound(Cause.EXPIRED, valid, (import_known(case, step.known), *renew))
    if step.need is Need.TRUST_SENT_ROOT:
        sent = f"If you expect “{name}”, the valid one that was sent, {OUT_OF_BAND}, then import it."
        shown = import_shown(case, step.certificate)
        trust = Remedy(
            RemedyKind.IMPORT, f"{sent} SHA-256: {step.certificate.sha256}", shown, step.certificate.sha256
        )
        return CauseFound(Cause.EXPIRED, text, (trust, *renew))
    return CauseFound(Cause.EXPIRED, text, (*renew, *ways_out(case)))


def _renew(case: Case) -> Remedy:
    if case.live is None:
        return Remedy(RemedyKind.ASK_OPERATOR, "Renew the certificate.")
    return Remedy(RemedyKind.ASK_OPERATOR, "Ask the operator to renew the server's certificate.")


def _place(case: Case, element: ChainElement) -> str:
    if isinstance(element.origin, FromCapath):
        return f"in the directory, {visible(element.origin.file)}" if element.origin.file else "in the directory"
    if case.live is not None:
        return "sent by the server"
    return "the certificate" if element.origin.position == 0 else "given as untrusted"
