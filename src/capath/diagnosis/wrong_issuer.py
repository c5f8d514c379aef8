"""Certificates that have the issuer's name and that OpenSSL does not take for the issuer (X509_check_issued).

It compares key identifiers and looks at the kind of key before it checks any signature, and then says no more than
that there is no issuer (20).
"""

from __future__ import annotations

from collections.abc import Sequence

from capath.diagnosis.case import Case
from capath.diagnosis.cause import Action, Cause, Confidence, Finding, Remedy
from capath.diagnosis.issuers import issuer_url
from capath.diagnosis.missing_root import import_known, import_shown
from capath.diagnosis.words import day, title, which
from capath.pki.certificate import Certificate
from capath.pki.key_identifiers import Mismatch, OtherIssuer, OtherKey, OtherSerial, mismatch
from capath.pki.signature import Bad, Good, NotChecked, check_signature, signature_algorithm, signs
from capath.pki.visible import visible
from capath.store import CertificateRow

_SHOWN_DIGITS = 16
MAY_NOT_DECODE = "An extension that does not decode, in either of them, can be why."
_RULE = "RFC 5280 §4.2.1.1"


def sent_of_that_name(case: Case, child: Certificate) -> Certificate | None:
    """What the server sent under the name of the issuer of `child`, and has no place in the chain.

    One whose key signed `child` before others.
    """
    built = {element.certificate.sha256 for element in case.verification.chain}
    named = [
        certificate
        for certificate in case.verification.sent
        if certificate.subject.canonical == child.issuer.canonical and certificate.sha256 not in built
    ]
    return min(named, key=lambda certificate: not signs(certificate, child), default=None)


def explain_sent(case: Case, child: Certificate, sent: Certificate) -> Finding:
    """The server sent `sent`, of the name of the issuer of `child`, and OpenSSL passed over it."""
    checked, differs = check_signature(child, sent.public_key_info), mismatch(sent, child)
    name, below = title(sent.subject), title(child.subject)
    if isinstance(checked, Bad):
        asks = "" if differs is None else f" “{below}” asks for {_difference(differs)} ({_RULE})."
        text = f"The server sent another “{name}” than issued “{below}”: its key did not sign that.{asks}"
        right = _import_the_right_one(case, child, name) if sent.self_issued else _send_the_right_one(name, child)
        return Finding(Cause.SAME_NAME_OTHER_KEY, text, (right,))
    if differs is not None:
        signed = f", whose key signed “{below}”" if isinstance(checked, Good) else ""
        return _another_issue(case, child, sent, f"The server sent “{name}”{signed}", differs)
    if isinstance(checked, NotChecked):
        again = Remedy(Action.ASK_OPERATOR, f"Let the server send “{name}” as it was issued.")
        return _not_checked(child, f"The server sent “{name}”", name, checked, (again,))
    text = f"The server sent “{name}”, whose key signed “{below}”, yet OpenSSL did not take it. {MAY_NOT_DECODE}"
    return Finding(Cause.OTHER, text, (), Confidence.LIKELY)


def explain_held(case: Case, child: Certificate, row: CertificateRow, differs: Mismatch) -> Finding:
    """The directory holds `row`, whose key signed `child`, and OpenSSL passed over it for how they `differ`."""
    name, below = title(row.certificate.subject), title(child.subject)
    has = f"The directory has “{name}” ({visible(row.file)}), whose key signed “{below}”"
    return _another_issue(case, child, row.certificate, has, differs)


def explain_other_key(case: Case, child: Certificate, rows: Sequence[CertificateRow]) -> Finding:
    """The directory holds `rows` of its issuer's name, none of which is known to have signed `child`."""
    bad = []
    for row in rows:
        checked = check_signature(child, row.certificate.public_key_info)
        if isinstance(checked, NotChecked) and mismatch(row.certificate, child) is None:
            return _not_checked_held(case, child, row, checked)
        if isinstance(checked, Bad):
            bad.append(row)
    row = (bad or rows)[0]
    name = title(row.certificate.subject)
    if not bad and (differs := mismatch(row.certificate, child)) is not None:
        has = f"The directory has “{name}” ({visible(row.file)})"
        return _another_issue(case, child, row.certificate, has, differs)
    text = (
        f"The directory has “{name}” ({visible(row.file)}), but its key did not sign {title(child.subject)}: two "
        "authorities of the same name, or one that has changed its key."
    )
    remedies = [
        Remedy(
            Action.IMPORT,
            f"Get the other “{name}” from who runs it, compare its fingerprint by another way, then import it.",
        )
    ]
    if row.trusted:
        remedies.append(_take_out(case, row, "Take the old one out if it is no longer used"))
    return Finding(Cause.SAME_NAME_OTHER_KEY, text, tuple(remedies))


def _not_checked_held(case: Case, child: Certificate, row: CertificateRow, checked: NotChecked) -> Finding:
    name = title(row.certificate.subject)
    again = f"Get “{name}” again from who runs it, compare its fingerprint by another way, then import it."
    remedies = [Remedy(Action.IMPORT, again)]
    if row.trusted:
        remedies.append(_take_out(case, row, "Then take this one out"))
    where = f"The directory has “{name}” ({visible(row.file)})"
    return _not_checked(child, where, name, checked, tuple(remedies))


def _not_checked(
    child: Certificate, where: str, issuer: str, checked: NotChecked, other_issuer: tuple[Remedy, ...]
) -> Finding:
    """Nobody can tell whether the key of `issuer` signed `child`: the one or the other is of no known kind."""
    below = title(child.subject)
    if checked.of_key:
        text = f"{where}, but its key cannot be read, so it cannot be checked whether that signed “{below}”."
        return Finding(Cause.MALFORMED_CERTIFICATE, text, other_issuer, Confidence.LIKELY)
    algorithm = visible(signature_algorithm(child))
    text = (
        f"{where}, but whether its key signed “{below}” cannot be checked: the algorithm of the signature, "
        f"{algorithm}, is not known here."
    )
    known = "one that OpenSSL knows, as ecdsa-with-SHA256"
    remedy = Remedy(Action.ASK_AUTHORITY, f"Ask “{issuer}” to sign “{below}” again with {known}.")
    return Finding(Cause.WEAK_KEY_OR_SIGNATURE, text, (remedy,), Confidence.LIKELY)


def _another_issue(case: Case, child: Certificate, found: Certificate, has: str, differs: Mismatch) -> Finding:
    """`child` asks for another issue of its issuer than `found`: that one is what is missing."""
    name, below = title(found.subject), title(child.subject)
    text = (
        f"{has}, but not the issue of it that “{below}” asks for: {_difference(differs)}. OpenSSL passes over it "
        f"({_RULE})."
    )
    reissue = Remedy(
        Action.ASK_AUTHORITY,
        f"If there is no such issue, ask who runs “{name}” to issue “{below}” again, with the identifiers it has.",
    )
    if not found.self_issued:
        return Finding(Cause.MISSING_INTERMEDIATE, text, (_send_the_right_one(name, child), reissue))
    return Finding(Cause.ROOT_NOT_IN_STORE, text, (_import_the_right_one(case, child, name), reissue))


def _import_the_right_one(case: Case, child: Certificate, name: str) -> Remedy:
    known = case.roots.issuer(child, case.now)
    if known is not None:
        return import_known(case, known)
    for sent in case.verification.sent:
        if (
            sent.subject.canonical == child.issuer.canonical
            and mismatch(sent, child) is None
            and signs(sent, child)
        ):
            text = "The server sends the one it asks for: compare its fingerprint by another way, then import it."
            return Remedy(Action.IMPORT, f"{text} SHA-256: {sent.sha256}", import_shown(case, sent), sent.sha256)
    return Remedy(
        Action.IMPORT,
        f"Get the issue of “{name}” that “{title(child.subject)}” asks for from who runs it, compare its "
        "fingerprint by another way, then import it.",
    )


def _send_the_right_one(name: str, child: Certificate) -> Remedy:
    url = issuer_url(child)
    where = f" It is at {visible(url)}." if url else ""
    text = f"Let the server send the “{name}” that “{title(child.subject)}” asks for.{where}"
    return Remedy(Action.ASK_OPERATOR, text, operand=url)


def _take_out(case: Case, row: CertificateRow, text: str) -> Remedy:
    command = case.command("distrust", which(row.certificate))
    gone = f"{text} (valid to {day(row.certificate.not_after)})."
    return Remedy(Action.DISTRUST, gone, command, row.certificate.sha256)


def _difference(differs: Mismatch) -> str:
    match differs:
        case OtherKey(asked=asked, own=own):
            wanted, has = _short(asked.hex(), own.hex())
            return f"key identifier {wanted}, and this one has {has}"
        case OtherSerial(asked=asked, own=own):
            wanted, has = _short(f"{asked:X}", f"{own:X}")
            return f"serial number {wanted}, and this one has {has}"
        case OtherIssuer(asked=asked, own=own):
            return f"issued by “{title(asked)}”, and this one was issued by “{title(own)}”"


def _short(one: str, other: str) -> tuple[str, str]:
    """Their beginnings; the whole of both where these are the same."""
    if one[:_SHOWN_DIGITS] == other[:_SHOWN_DIGITS]:
        return one or "empty", other or "empty"
    return _cut(one), _cut(other)


def _cut(digits: str) -> str:
    return f"{digits[:_SHOWN_DIGITS]}…" if len(digits) > _SHOWN_DIGITS else digits or "empty"
