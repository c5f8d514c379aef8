"""Certificates that hold a valid path, and OpenSSL, which takes the first that fits and does not turn back."""

from __future__ import annotations

from dataclasses import dataclass

from capath.diagnosis.case import Case
from capath.diagnosis.cause import Cause, CauseFound, Confidence, Remedy, RemedyKind, chain_text, day, title, which
from capath.diagnosis.missing_root import import_shown
from capath.diagnosis.path_rules import is_valid_at
from capath.diagnosis.paths import Need, Path
from capath.pki.certificate import Certificate
from capath.pki.visible import visible
from capath.tls.handshake.verification import ChainElement, FromCapath, VerifyError
from capath.tls.handshake.verify_codes import (
    DATES,
    ISSUER_NOT_FOUND,
    MALFORMED,
    NAME_CONSTRAINTS,
    NO_ANCHOR,
    PURPOSE,
    UNKNOWN_SELF_SIGNED,
    WEAK,
    VerifyCode,
)

_OF_THE_PATH = NO_ANCHOR | NAME_CONSTRAINTS | {VerifyCode.PATH_LENGTH_EXCEEDED, VerifyCode.CERT_SIGNATURE_FAILURE}
_OF_A_CA = DATES | PURPOSE | MALFORMED | WEAK
_SHOWN_STEPS = 6


@dataclass(frozen=True, slots=True)
class Fork:
    """Where two paths part: above `child`, OpenSSL has `taken` and the other path `wanted`."""

    child: Certificate
    taken: ChainElement | None
    wanted: Certificate


def path_error(case: Case) -> VerifyError | None:
    """The first error that another path to an anchor could avoid: none about the leaf itself."""
    return next(filter(is_of_the_path, case.verification.errors), None)


def is_of_the_path(error: VerifyError) -> bool:
    """Whether another path could avoid `error`."""
    return error.code in _OF_THE_PATH or (error.code in _OF_A_CA and error.depth > 0)


def explain_sent_path(case: Case) -> CauseFound | None:
    """What was sent and what is trusted hold a valid path, and OpenSSL took another."""
    error = path_error(case)
    path = None if error is None else case.best_path
    if error is None or path is None or path.need is not Need.NOTHING or path.anchor.row is None:
        return None
    fork = fork_of(case, path)
    if fork is None:
        return None
    if fork.taken is not None and isinstance(fork.taken.origin, FromCapath):
        return _store_misleads(case, error, path, fork)
    return _sent_misleads(case, error, path, fork)


def fork_of(case: Case, path: Path) -> Fork | None:
    """Where `path` leaves the one that OpenSSL took."""
    chain = case.verification.chain
    for depth, wanted in enumerate(path.certificates):
        taken = chain[depth] if depth < len(chain) else None
        if depth and (taken is None or taken.certificate.sha256 != wanted.sha256):
            return Fork(path.certificates[depth - 1], taken, wanted)
    return None


def drawn(path: Path) -> str:
    """The path for a sentence: “leaf” ← “CA” ← “Root”."""
    names = [f"“{title(certificate.subject)}”" for certificate in path.certificates]
    if len(names) > _SHOWN_STEPS:
        names[_SHOWN_STEPS - 1 : -1] = ["…"]
    return " ← ".join(names)


def why_refused(case: Case, error: VerifyError) -> str:
    """What is wrong with the path that OpenSSL took, to follow "which": "expired on …"."""
    element = case.element(error)
    if element is None:
        return f"OpenSSL refuses it ({error.described.text})"
    certificate = element.certificate
    name = f"“{title(certificate.subject)}”"
    if error.code in UNKNOWN_SELF_SIGNED:
        return f"it ends in the self-signed {name}, which is not trusted"
    if error.code in ISSUER_NOT_FOUND:
        return f"it ends at {name}, whose issuer “{title(certificate.issuer)}” is not trusted"
    if error.code == VerifyCode.CERT_HAS_EXPIRED:
        return f"{name} in it expired on {day(certificate.not_after)}"
    if error.code == VerifyCode.CERT_NOT_YET_VALID:
        return f"{name} in it is not valid before {day(certificate.not_before)}"
    return f"OpenSSL refuses {name} in it ({error.described.text})"


def _sent_misleads(case: Case, error: VerifyError, path: Path, fork: Fork) -> CauseFound:
    holder = "The server sends" if case.live is not None else "The untrusted certificates contain"
    went = "takes no issuer for" if fork.taken is None else f"takes {_numbered(case, fork.taken.certificate)} for"
    text = (
        f"{holder} a valid path, {drawn(path)}, but OpenSSL builds another: it {went} the issuer of "
        f"“{title(fork.child.subject)}”, and {why_refused(case, error)}."
    )
    return CauseFound(Cause.SENT_PATH_MISLEADS, text, _send_otherwise(case, path, fork), Confidence.LIKELY)


def _send_otherwise(case: Case, path: Path, fork: Fork) -> tuple[Remedy, ...]:
    """Leave the misleading one out; put the right one before it; send only the path; import the right one."""
    sent = list(case.verification.sent)
    ask = "Ask the operator to" if case.live is not None else "In the untrusted certificates,"
    used = {certificate.sha256 for certificate in path.certificates}
    remedies = []
    if fork.taken is not None:
        taken = fork.taken.certificate
        without = [certificate for certificate in sent if certificate.sha256 != taken.sha256]
        out = f"{ask} leave out {_numbered(case, taken)}."
        remedies.append(Remedy(RemedyKind.SEND_CHAIN, out, operand=chain_text(without)))
        if any(certificate.sha256 == fork.wanted.sha256 for certificate in sent):
            others = [certificate for certificate in sent[1:] if certificate.sha256 != fork.wanted.sha256]
            first = f"{ask} put {_numbered(case, fork.wanted)} before {_numbered(case, taken)}."
            remedies.append(
                Remedy(RemedyKind.SEND_CHAIN, first, operand=chain_text([sent[0], fork.wanted, *others]))
            )
    alone = [
        step.certificate for step in path.steps if step.sent_at is not None and step.certificate.sha256 in used
    ]
    names = ", ".join(f"“{title(certificate.subject)}”" for certificate in alone)
    only = f"{ask} send only {names}, in this order." if case.live else f"{ask} keep only {names}, in this order."
    remedies.append(Remedy(RemedyKind.SEND_CHAIN, only, operand=chain_text(alone)))
    if case.live is not None and any(certificate.sha256 == fork.wanted.sha256 for certificate in sent):
        until = (
            f"Until then, import “{title(fork.wanted.subject)}”: OpenSSL looks in the directory before it "
            "looks at "
            f"what was sent. SHA-256: {fork.wanted.sha256}"
        )
        remedies.append(Remedy(RemedyKind.IMPORT, until, import_shown(case, fork.wanted), fork.wanted.sha256))
    return tuple(remedies)


def _store_misleads(case: Case, error: VerifyError, path: Path, fork: Fork) -> CauseFound:
    assert fork.taken is not None
    taken = fork.taken.certificate
    files = ", ".join(visible(row.file) for row in case.rows_of(taken)) or "the directory"
    expired = not is_valid_at(taken, case.now)
    text = (
        f"A valid path is at hand, {drawn(path)}, but OpenSSL builds another: it takes “{title(taken.subject)}” "
        f"({files}) from the directory, where it looks first, for the issuer of "
        f"“{title(fork.child.subject)}”, and "
        f"{why_refused(case, error)}."
    )
    out = f"Distrust “{title(taken.subject)}” ({files})."
    remedy = Remedy(RemedyKind.DISTRUST, out, case.on_store("distrust", which(taken)), taken.sha256)
    cause = Cause.EXPIRED_PATH_SHADOWS_VALID if expired else Cause.SENT_PATH_MISLEADS
    return CauseFound(cause, text, (remedy,), Confidence.LIKELY)


def _numbered(case: Case, certificate: Certificate) -> str:
    """How a person finds it in what was sent: its place, its subject and, as names may repeat, its issuer."""
    place = next((at for at, sent in enumerate(case.verification.sent) if sent.sha256 == certificate.sha256), None)
    name = f"“{title(certificate.subject)}” issued by “{title(certificate.issuer)}”"
    return name if place is None else f"certificate {place + 1} ({name})"
