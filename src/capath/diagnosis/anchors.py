"""Chains that end in nothing the directory trusts."""

from __future__ import annotations

import os
import shlex

from capath.diagnosis.case import Case, day, title, which
from capath.diagnosis.cause import Action, Cause, Confidence, Finding, Remedy
from capath.diagnosis.issuers import certifi_holds, certifi_issuers, issuer_url, signs
from capath.pki.certificate import Certificate
from capath.pki.visible import visible
from capath.store import CertificateRow
from capath.store.standing import NotLinked, Trusted, explain, is_meant_to_be_trusted
from capath.tls.verification import FromCapath

_REHASHED_EXTENSIONS = frozenset({".pem", ".crt", ".cer", ".crl"})


def explain_anchor(case: Case) -> Finding | None:
    """Codes 2, 18–21, 27 and 28: no issuer, an unknown root, a root that is not trusted for this."""
    error = case.first(2, 18, 19, 20, 21, 27, 28)
    if error is None:
        return None
    element = case.element(error)
    if element is None:
        return None
    certificate = element.certificate
    match error.code:
        case 27 | 28:
            return _rejected(case, certificate)
        case 18 | 19:
            return _unknown_root(case, certificate, error.depth)
        case _:
            return _no_issuer(case, certificate, error.depth, isinstance(element.origin, FromCapath))


def _no_issuer(case: Case, child: Certificate, depth: int, child_is_ours: bool) -> Finding:
    named = case.rows_named(child.issuer)
    proven = [row for row in named if signs(row.certificate, child)]
    if proven:
        return _held_but_not_found(case, _most_useful(case, proven))
    if named:
        return explain_other_key(case, child, named)
    if child_is_ours:
        return _intermediate_only(case, child)
    known = certifi_issuers(child)
    if known:
        return _in_certifi(case, known[0])
    if depth == 0:
        return _missing_intermediate(case, child)
    wanted = title(child.issuer)
    text = (
        f"The chain ends at {title(child.subject)}, whose issuer, the root “{wanted}”, is not in the directory. "
        "It is not among certifi's roots either."
    )
    remedy = Remedy(
        Action.IMPORT,
        f"Get the root “{wanted}” from who runs it, compare its fingerprint by another way, then import its file.",
    )
    return Finding(Cause.ROOT_NOT_IN_STORE, text, (remedy,))


def _unknown_root(case: Case, top: Certificate, depth: int) -> Finding:
    rows = case.rows_of(top)
    if rows:
        return _held_but_not_found(case, rows[0])
    if depth == 0:
        return _self_signed(case, top)
    child = case.verification.at(depth - 1)
    named = case.rows_named(top.subject)
    proven = [row for row in named if child is not None and signs(row.certificate, child)]
    if proven:
        return _held_but_not_found(case, _most_useful(case, proven))
    if named:
        return explain_other_key(case, top, named)
    if certifi_holds(top):
        return _in_certifi(case, top)
    text = (
        f"The server's chain ends in its own root, “{title(top.subject)}”, which nobody here knows. It is a "
        "private authority, or a proxy that opens TLS connections on the way."
    )
    age_days = None if top.not_before is None else (case.now - top.not_before).days
    hint = f" It has been valid for {age_days} days." if age_days is not None else ""
    remedies = (
        Remedy(
            Action.IMPORT,
            "Compare its fingerprint with what its owner gives by another way, then import it. The same root on "
            f"hosts that have nothing to do with each other means a proxy.{hint} SHA-256: {top.sha256}",
            _import_shown(case, top),
            top.sha256,
        ),
    )
    return Finding(Cause.PRIVATE_ROOT_SENT, text, remedies, Confidence.LIKELY)


def _held_but_not_found(case: Case, row: CertificateRow) -> Finding:
    """The certificate is in the directory, and lookup did not give it."""
    name, file = title(row.certificate.subject), visible(row.file)
    why = visible(explain(row.standing))
    extension = os.path.splitext(row.file)[1].lower()
    unhashed = isinstance(row.standing, NotLinked) and extension in _REHASHED_EXTENSIONS
    if is_meant_to_be_trusted(row.standing) or unhashed:
        text = f"“{name}” is in the directory as {file}, but lookup cannot reach it: {why}."
        mend = Remedy(Action.REHASH, "Make the hash links again.", case.command("rehash"))
        return Finding(Cause.LINK_BROKEN, text, (mend,))
    if isinstance(row.standing, Trusted):
        text = f"“{name}” ({file}) signs this chain and lookup finds it, yet it was not accepted; {why}."
        return Finding(Cause.OTHER, text, (), Confidence.LIKELY)
    text = f"“{name}” is in the directory, and it is off: {why}."
    take_in = Remedy(
        Action.TRUST,
        f"Trust “{name}” again.",
        case.command("trust", which(row.certificate)),
        row.certificate.sha256,
    )
    return Finding(Cause.ROOT_NOT_TRUSTED, text, (take_in,))


def _most_useful(case: Case, rows: list[CertificateRow]) -> CertificateRow:
    """Of several that would do: one that is valid now, and a root rather than a cross-signed twin."""

    def rank(row: CertificateRow) -> tuple[bool, bool, str]:
        return not _valid(row.certificate, case), not row.certificate.self_issued, row.file

    return min(rows, key=rank)


def _valid(certificate: Certificate, case: Case) -> bool:
    begin, end = certificate.not_before, certificate.not_after
    return begin is not None and end is not None and begin <= case.now <= end


def explain_other_key(case: Case, child: Certificate, rows: tuple[CertificateRow, ...]) -> Finding:
    row = rows[0]
    name = title(row.certificate.subject)
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
        out = case.command("distrust", which(row.certificate))
        gone = f"Take the old one out if it is no longer used (valid to {day(row.certificate.not_after)})."
        remedies.append(Remedy(Action.DISTRUST, gone, out, row.certificate.sha256))
    return Finding(Cause.SAME_NAME_OTHER_KEY, text, tuple(remedies))


def _intermediate_only(case: Case, certificate: Certificate) -> Finding:
    name, issuer = title(certificate.subject), title(certificate.issuer)
    known = certifi_issuers(certificate)
    where = " certifi has it." if known else ""
    text = f"The directory holds the intermediate “{name}”, but not its root “{issuer}”.{where}"
    root = _import_known(case, known[0]) if known else None
    partial = Remedy(
        Action.CHANGE_FLAGS,
        "Or let the intermediate itself be the anchor: clients that set X509_V_FLAG_PARTIAL_CHAIN, Python 3.13 "
        "and later among them, accept it as it is.",
    )
    fetch = root or Remedy(Action.IMPORT, f"Get the root “{issuer}” from who runs it, and import its file.")
    return Finding(Cause.INTERMEDIATE_ONLY, text, (fetch, partial))


def _missing_intermediate(case: Case, leaf: Certificate) -> Finding:
    issuer = title(leaf.issuer)
    sent = len(case.verification.sent)
    count = "only its own certificate" if sent == 1 else f"{sent} certificates, but none of that name"
    text = (
        f"The certificate was issued by “{issuer}”. The server sent {count}, and the directory has none: the "
        "server should send it."
    )
    url = issuer_url(leaf)
    where = f" It is at {visible(url)}." if url else ""
    remedy = Remedy(
        Action.ASK_OPERATOR,
        f"Let the server send the intermediate “{issuer}” behind its own certificate (in nginx, ssl_certificate "
        f"takes the full chain).{where} Importing it here would hide the fault from you alone.",
        operand=url,
    )
    return Finding(Cause.MISSING_INTERMEDIATE, text, (remedy,), Confidence.LIKELY)


def _self_signed(case: Case, leaf: Certificate) -> Finding:
    text = f"The server's certificate, “{title(leaf.subject)}”, is signed with its own key: nobody vouches for it."
    pin = Remedy(
        Action.IMPORT,
        "If it is your server, compare the fingerprint on it, then trust this one certificate. "
        f"SHA-256: {leaf.sha256}",
        _import_shown(case, leaf),
        leaf.sha256,
    )
    reissue = Remedy(Action.ASK_OPERATOR, "Let an authority issue it a certificate.")
    return Finding(Cause.SELF_SIGNED_LEAF, text, (pin, reissue))


def _in_certifi(case: Case, root: Certificate) -> Finding:
    text = (
        f"The chain leads to “{title(root.subject)}”, which is not in the directory. certifi has it, and its key "
        "verifies the chain."
    )
    return Finding(Cause.ROOT_NOT_IN_STORE, text, (_import_known(case, root),))


def _import_known(case: Case, root: Certificate) -> Remedy:
    # Two commands: all of certifi comes in without being trusted, then this root alone is.
    first, second = case.command("import", "--off", "certifi"), case.command("trust", which(root))
    text = f"Import “{title(root.subject)}” from certifi. SHA-256: {root.sha256}"
    return Remedy(Action.IMPORT, text, f"{first} && {second}", root.sha256)


def _import_shown(case: Case, certificate: Certificate) -> str:
    """What the server showed comes in without being trusted, then the one certificate alone is."""
    if case.live is None:
        return ""
    shown = case.command("import", "--off", f"https://{case.live.endpoint.text}")
    return f"{shown} && {case.command('trust', which(certificate))}"


def _rejected(case: Case, certificate: Certificate) -> Finding:
    files = ", ".join(visible(row.file) for row in case.rows_of(certificate)) or "the directory"
    text = (
        f"“{title(certificate.subject)}” is in the directory as a TRUSTED CERTIFICATE ({files}) whose attributes "
        "reject it for TLS servers."
    )
    paths = [os.path.join(case.directory, row.file) for row in case.rows_of(certificate)]
    command = shlex.join(["openssl", "x509", "-in", paths[0], "-out", paths[0]]) if paths else ""
    plain = Remedy(Action.TRUST, "If it is to be trusted, write it as a plain certificate.", command)
    return Finding(Cause.TRUST_REJECTED, text, (plain,))
