"""Certificates that have the issuer's name and that OpenSSL does not take for the issuer (X509_check_issued).

OpenSSL compares key identifiers and looks at the kind of key before it checks any signature, and then reports only
that there is no issuer (20).
"""

from __future__ import annotations

from collections.abc import Sequence

from capath.diagnosis.case import Case
from capath.diagnosis.cause import Cause, CauseFound, Confidence, Remedy, RemedyKind, day, title, which
from capath.diagnosis.missing_root import OUT_OF_BAND, import_known, import_shown, issuer_url
from capath.diagnosis.path_rules import is_valid_at, undecodable_part
from capath.errors import assert_never
from capath.pki.certificate import Certificate
from capath.pki.key import public_key
from capath.pki.key_identifiers import Mismatch, OtherIssuer, OtherKey, OtherSerial, mismatch
from capath.pki.signature import Bad, Good, NotChecked, check_signature, signature_algorithm, signs
from capath.pki.visible import visible
from capath.store import CertificateRow

_SHOWN_DIGITS = 16
_RULE = "RFC 5280 §4.2.1.1"


def sent_of_that_name(case: Case, child: Certificate) -> Certificate | None:
    """What was sent under the name of the issuer of `child` and is not in the chain; one that signed it first."""
    built = {element.certificate.sha256 for element in case.verification.chain}
    named = [
        certificate
        for certificate in case.verification.sent
        if certificate.subject.canonical == child.issuer.canonical and certificate.sha256 not in built
    ]
    return min(named, key=lambda certificate: not signs(certificate, child), default=None)


def own_contradiction(root: Certificate) -> str | None:
    """How a self-issued certificate names another issuer than itself, so that it is not self-signed to OpenSSL."""
    differs = mismatch(root, root) if root.self_issued else None
    return None if differs is None else _difference(differs)


def explain_sent(case: Case, child: Certificate, sent: Certificate) -> CauseFound:
    """`sent` has the name of the issuer of `child`, and OpenSSL skipped it."""
    checked, differs = check_signature(child, sent.public_key_info), mismatch(sent, child)
    name, below = title(sent.subject), title(child.subject)
    has = f"The server sent “{name}”" if case.live is not None else f"“{name}” was given as untrusted"
    if isinstance(checked, Bad):
        names = "" if differs is None else f" “{below}” names {_difference(differs)} ({_RULE})."
        text = f"{has}, but it is another CA certificate of that name: its key did not sign “{below}”.{names}"
        right = (
            _import_the_right_one(case, child, name)
            if sent.self_issued
            else _send_the_right_one(case, name, child)
        )
        return CauseFound(Cause.SAME_NAME_OTHER_KEY, text, (right,))
    if differs is not None:
        signed = f", and its key signed “{below}”" if isinstance(checked, Good) else ""
        return _another_version(case, child, sent, f"{has}{signed}", differs)
    if isinstance(checked, NotChecked):
        who = "Ask the operator to send" if case.live is not None else "Pass"
        again = Remedy(RemedyKind.ASK_OPERATOR, f"{who} “{name}” as it was issued.")
        return _not_checked(child, has, sent, checked, (again,))
    return unaccepted(f"{has}, and its key signed “{below}”, yet OpenSSL did not accept it", sent, child)


def unaccepted(said: str, *certificates: Certificate) -> CauseFound:
    """OpenSSL did not use one of `certificates`, though its key and names fit: mostly for what does not decode."""
    for certificate in certificates:
        if part := undecodable_part(certificate):
            name = f"“{title(certificate.subject)}”"
            text = f"{said}: in {name}, its {visible(part)}."
            again = Remedy(RemedyKind.ASK_CA, f"Ask the CA of {name} to reissue it without that fault.")
            return CauseFound(Cause.MALFORMED_CERTIFICATE, text, (again,), Confidence.LIKELY)
    return CauseFound(Cause.OTHER, f"{said}. OpenSSL does not say why.", (), Confidence.LIKELY)


def explain_held(case: Case, child: Certificate, row: CertificateRow, differs: Mismatch) -> CauseFound:
    """The directory has `row`, whose key signed `child`, and OpenSSL skipped it for how they `differ`."""
    name, below = title(row.certificate.subject), title(child.subject)
    has = f"The directory has “{name}” ({visible(row.file)}), and its key signed “{below}”"
    return _another_version(case, child, row.certificate, has, differs)


def explain_other_key(case: Case, child: Certificate, rows: Sequence[CertificateRow]) -> CauseFound:
    """The directory has `rows` of its issuer's name, none of which is known to have signed `child`."""
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
        return _another_version(case, child, row.certificate, has, differs)
    text = (
        f"The directory has “{name}” ({visible(row.file)}), but its key did not sign "
        f"“{title(child.subject)}”: that "
        "is another CA of the same name, or the same CA with a new key."
    )
    remedies = [_import_the_right_one(case, child, name)]
    if row.trusted and not is_valid_at(row.certificate, case.now):
        remedies.append(_distrust(case, row))
    return CauseFound(Cause.SAME_NAME_OTHER_KEY, text, tuple(remedies))


def _not_checked_held(case: Case, child: Certificate, row: CertificateRow, checked: NotChecked) -> CauseFound:
    name = title(row.certificate.subject)
    again = f"Get “{name}” from that CA again, {OUT_OF_BAND}, and import it as root.pem."
    remedy = Remedy(RemedyKind.IMPORT, again, case.on_store("import", "root.pem"))
    where = f"The directory has “{name}” ({visible(row.file)})"
    return _not_checked(child, where, row.certificate, checked, (remedy,))


def _not_checked(
    child: Certificate, where: str, issuer: Certificate, checked: NotChecked, other_issuer: tuple[Remedy, ...]
) -> CauseFound:
    """Whether the key of `issuer` signed `child` cannot be checked: the key does not load, or the algorithm."""
    below = title(child.subject)
    if checked.of_key:
        kind = visible(public_key(issuer).text)
        text = f"{where}, but its key ({kind}) does not load, so its signature on “{below}” cannot be checked."
        return CauseFound(Cause.MALFORMED_CERTIFICATE, text, other_issuer, Confidence.LIKELY)
    algorithm = visible(signature_algorithm(child))
    text = (
        f"{where}, but whether its key signed “{below}” cannot be checked: the signature algorithm, "
        f"{algorithm}, is "
        "not supported."
    )
    known = "one that OpenSSL supports, such as ecdsa-with-SHA256"
    remedy = Remedy(RemedyKind.ASK_CA, f"Ask “{title(issuer.subject)}” to reissue “{below}” with {known}.")
    return CauseFound(Cause.WEAK_KEY_OR_SIGNATURE, text, (remedy,), Confidence.LIKELY)


def _another_version(
    case: Case, child: Certificate, found: Certificate, has: str, differs: Mismatch
) -> CauseFound:
    """`child` names another version of its issuer than `found`: that one is what is missing."""
    name, below = title(found.subject), title(child.subject)
    text = (
        f"{has}, but it is not the version that “{below}” names: {_difference(differs)}. OpenSSL skips it "
        f"({_RULE})."
    )
    reissue = Remedy(
        RemedyKind.ASK_CA,
        f"If that version does not exist, ask “{name}” to reissue “{below}” with the identifiers of this one.",
    )
    if not found.self_issued:
        return CauseFound(Cause.MISSING_INTERMEDIATE, text, (_send_the_right_one(case, name, child), reissue))
    return CauseFound(Cause.ROOT_NOT_IN_STORE, text, (_import_the_right_one(case, child, name), reissue))


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
            text = f"The right one was sent: {OUT_OF_BAND}, then import it."
            return Remedy(
                RemedyKind.IMPORT, f"{text} SHA-256: {sent.sha256}", import_shown(case, sent), sent.sha256
            )
    text = (
        f"Get the “{name}” that signed “{title(child.subject)}” from that CA, {OUT_OF_BAND}, and import it "
        "as root.pem."
    )
    return Remedy(RemedyKind.IMPORT, text, case.on_store("import", "root.pem"))


def _send_the_right_one(case: Case, name: str, child: Certificate) -> Remedy:
    url = issuer_url(child)
    if case.live is None:
        where = f" It is at {visible(url)}." if url else ""
        text = f"Pass the “{name}” that signed “{title(child.subject)}” with --untrusted.{where}"
        return Remedy(RemedyKind.ASK_OPERATOR, text, operand=url)
    where = f" It is at {visible(url)}." if url else ""
    text = f"Ask the operator to send the “{name}” that “{title(child.subject)}” names.{where}"
    return Remedy(RemedyKind.ASK_OPERATOR, text, operand=url)


def _distrust(case: Case, row: CertificateRow) -> Remedy:
    command = case.on_store("distrust", which(row.certificate))
    text = f"Distrust the one in the directory, which expired on {day(row.certificate.not_after)}."
    return Remedy(RemedyKind.DISTRUST, text, command, row.certificate.sha256)


def _difference(differs: Mismatch) -> str:
    match differs:
        case OtherKey(asked=asked, own=own):
            wanted, has = _short(asked.hex(), own.hex())
            return f"key identifier {wanted}, and this one has {has}"
        case OtherSerial(asked=asked, own=own):
            wanted, has = _short(f"{asked:X}", f"{own:X}")
            return f"serial number {wanted}, and this one has {has}"
        case OtherIssuer(asked=asked, own=own):
            return f"issuer “{title(asked)}”, and this one was issued by “{title(own)}”"
        case _:
            assert_never(differs)


def _short(one: str, other: str) -> tuple[str, str]:
    """Their beginnings; the whole of both where these are the same."""
    if one[:_SHOWN_DIGITS] == other[:_SHOWN_DIGITS]:
        return one or "empty", other or "empty"
    return _cut(one), _cut(other)


def _cut(digits: str) -> str:
    return f"{digits[:_SHOWN_DIGITS]}…" if len(digits) > _SHOWN_DIGITS else digits or "empty"
