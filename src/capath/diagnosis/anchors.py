"""Chains that end in nothing the directory trusts."""

from __future__ import annotations

import os
import shlex

from capath.diagnosis.case import Case
from capath.diagnosis.cause import PARTIAL_CHAIN, Action, Cause, Confidence, Finding, Remedy
from capath.diagnosis.held import held_but_not_found, held_on_the_way
from capath.diagnosis.issuers import issuer_url
from capath.diagnosis.missing_root import import_known, import_shown, known_on_the_way, not_in_store
from capath.diagnosis.words import title
from capath.diagnosis.wrong_issuer import explain_other_key, explain_sent, sent_of_that_name
from capath.pki.certificate import Certificate
from capath.pki.signature import signs
from capath.pki.visible import visible
from capath.tls.handshake.verification import FromCapath
from capath.tls.handshake.verify_codes import NO_ISSUER, TRUST_ATTRIBUTES, VerifyCode


def explain_anchor(case: Case) -> Finding | None:
    """Codes 2, 18–21, 27 and 28: no issuer, an unknown root, a root that is not trusted for this."""
    error = case.first(*NO_ISSUER, *TRUST_ATTRIBUTES)
    if error is None:
        return None
    element = case.element(error)
    if element is None:
        return None
    certificate = element.certificate
    match error.code:
        case VerifyCode.CERT_UNTRUSTED | VerifyCode.CERT_REJECTED:
            return _rejected(case, certificate)
        case VerifyCode.DEPTH_ZERO_SELF_SIGNED_CERT | VerifyCode.SELF_SIGNED_CERT_IN_CHAIN:
            return _unknown_root(case, certificate, error.depth)
        case _:
            return _no_issuer(case, certificate, error.depth, isinstance(element.origin, FromCapath))


def _no_issuer(case: Case, child: Certificate, depth: int, child_is_ours: bool) -> Finding:
    held = held_on_the_way(case, depth)
    if held is not None:
        return held
    sent = sent_of_that_name(case, child)
    named = case.rows_named(child.issuer)
    if named and not (sent is not None and signs(sent, child)):
        return explain_other_key(case, child, named)
    if child_is_ours:
        return _intermediate_only(case, child)
    known = known_on_the_way(case, depth)
    if known is not None:
        return not_in_store(case, known)
    if sent is not None:
        return explain_sent(case, child, sent)
    if depth == 0:
        return _missing_intermediate(case, child)
    wanted = title(child.issuer)
    text = (
        f"The chain ends at {title(child.subject)}, whose issuer “{wanted}” is not in the directory, and in no "
        "other store that was looked into."
    )
    remedy = Remedy(
        Action.IMPORT,
        f"Get “{wanted}” from who runs it, compare its fingerprint by another way, then import its file.",
    )
    return Finding(Cause.ROOT_NOT_IN_STORE, text, (remedy,))


def _unknown_root(case: Case, top: Certificate, depth: int) -> Finding:
    rows = case.rows_of(top)
    if rows:
        return held_but_not_found(case, rows[0])
    if depth == 0:
        return _self_signed(case, top)
    held = held_on_the_way(case, depth - 1)
    if held is not None:
        return held
    named = case.rows_named(top.subject)
    if named:
        return explain_other_key(case, top, named)
    known = case.roots.find(top) or known_on_the_way(case, depth - 1)
    if known is not None:
        return not_in_store(case, known)
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
            import_shown(case, top),
            top.sha256,
        ),
    )
    return Finding(Cause.PRIVATE_ROOT_SENT, text, remedies, Confidence.LIKELY)


def _intermediate_only(case: Case, certificate: Certificate) -> Finding:
    name, issuer = title(certificate.subject), title(certificate.issuer)
    known = case.roots.issuer(certificate, case.now)
    where = f" {known.title} has it." if known else ""
    text = f"The directory holds the intermediate “{name}”, but not its root “{issuer}”.{where}"
    partial = Remedy(
        Action.CHANGE_FLAGS,
        "Or let the intermediate itself be the anchor: clients that set X509_V_FLAG_PARTIAL_CHAIN, Python 3.13 "
        "and later among them, accept it as it is.",
        operand=PARTIAL_CHAIN,
    )
    fetch = (
        import_known(case, known)
        if known
        else Remedy(Action.IMPORT, f"Get the root “{issuer}” from who runs it, and import its file.")
    )
    return Finding(Cause.INTERMEDIATE_ONLY, text, (fetch, partial))


def _missing_intermediate(case: Case, leaf: Certificate) -> Finding:
    issuer = title(leaf.issuer)
    sent = len(case.verification.sent)
    count = "only its own certificate" if sent == 1 else f"{sent} certificates, but none of that name"
    text = (
        f"The certificate was issued by “{issuer}”. The server sent {count}, and the directory has none: the "
        "server should send it, unless it is a root."
    )
    url = issuer_url(leaf)
    where = f" It is at {visible(url)}." if url else ""
    remedy = Remedy(
        Action.ASK_OPERATOR,
        f"Let the server send the intermediate “{issuer}” behind its own certificate (in nginx, ssl_certificate "
        f"takes the full chain).{where} Importing it here would hide the fault from you alone.",
        operand=url,
    )
    root = Remedy(
        Action.IMPORT,
        f"If “{issuer}” is a root, as a private authority's often is: get its certificate from who runs it, "
        "compare the fingerprint, and import its file.",
    )
    return Finding(Cause.MISSING_INTERMEDIATE, text, (remedy, root), Confidence.LIKELY)


def _self_signed(case: Case, leaf: Certificate) -> Finding:
    text = f"The server's certificate, “{title(leaf.subject)}”, is signed with its own key: nobody vouches for it."
    pin = Remedy(
        Action.IMPORT,
        "If it is your server, compare the fingerprint on it, then trust this one certificate. "
        f"SHA-256: {leaf.sha256}",
        import_shown(case, leaf),
        leaf.sha256,
    )
    reissue = Remedy(Action.ASK_OPERATOR, "Let an authority issue it a certificate.")
    return Finding(Cause.SELF_SIGNED_LEAF, text, (pin, reissue))


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
