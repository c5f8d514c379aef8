"""Revoked certificates, and lists that cannot say whether they are."""

from __future__ import annotations

import os

from capath.diagnosis.case import Case
from capath.diagnosis.cause import Action, Cause, Finding, Remedy
from capath.diagnosis.words import day, title
from capath.pki.general_names import list_addresses
from capath.pki.visible import visible
from capath.tls.handshake.staple import Staple
from capath.tls.handshake.verify_codes import CRL_DATES, CRL_MISSING, CRL_UNUSABLE, VerifyCode

_BROKEN = frozenset(
    {
        VerifyCode.UNABLE_TO_DECRYPT_CRL_SIGNATURE,
        VerifyCode.CRL_SIGNATURE_FAILURE,
        VerifyCode.ERROR_IN_CRL_LAST_UPDATE_FIELD,
        VerifyCode.ERROR_IN_CRL_NEXT_UPDATE_FIELD,
    }
)
_UNAVAILABLE = CRL_MISSING | (CRL_UNUSABLE - _BROKEN)
_NOT_USABLE = CRL_DATES | _BROKEN


def explain_revocation(case: Case) -> Finding | None:
    """Code 23."""
    error = case.first(VerifyCode.CERT_REVOKED)
    element = None if error is None else case.element(error)
    if error is None or element is None:
        return None
    certificate = element.certificate
    staple = None if case.live is None or error.depth else case.live.server.staple
    if isinstance(staple, Staple) and staple.proves_revoked:
        by = f"according to the OCSP response that the server staples ({staple.text})"
    else:
        by = f"by the list of “{title(certificate.issuer)}” in the directory"
    text = f"“{title(certificate.subject)}” (serial {certificate.serial:x}) is revoked {by}."
    remedy = Remedy(Action.ASK_OPERATOR, "Let it be replaced. Do not switch the check off to get through.")
    return Finding(Cause.REVOKED, text, (remedy,))


def explain_missing_list(case: Case) -> Finding | None:
    """Codes 3, 33 and their kin: CRL checks were asked for, and there is no list that serves."""
    error = case.first(*_UNAVAILABLE)
    element = None if error is None else case.element(error)
    if error is None or element is None:
        return None
    issuer = element.certificate.issuer
    link = f"{issuer.subject_hash}.r0"
    held = [row for row in case.listing.crls if row.crl.issuer.canonical == issuer.canonical]
    if held:
        file = visible(held[0].file)
        linked = "and it is linked" if held[0].links else f"but no link {link} leads to it"
        text = f"The list of “{title(issuer)}” is in the directory as {file}, {linked} ({error.described.text})."
        mend = Remedy(Action.REHASH, "Make the hash links again.", case.command("rehash"))
        return Finding(Cause.CRL_UNAVAILABLE, text, (mend,))
    text = f"A CRL check was asked for, and the directory has no list of “{title(issuer)}” ({link})."
    url = crl_url(case, error.depth)
    where = f" from {visible(url)}" if url else ""
    fetch = Remedy(Action.REFRESH_CRL, f"Fetch the list{where}, convert it to PEM, put it here and rehash.")
    return Finding(Cause.CRL_UNAVAILABLE, text, (fetch,))


def explain_old_list(case: Case) -> Finding | None:
    """Codes 12, 11, 8: a list that is too old, too young, or not its issuer's."""
    error = case.first(*_NOT_USABLE)
    element = None if error is None else case.element(error)
    if error is None or element is None:
        return None
    issuer = element.certificate.issuer
    held = [row for row in case.listing.crls if row.crl.issuer.canonical == issuer.canonical]
    file = os.path.basename(visible(held[0].file)) if held else "its list"
    until = f", next update {day(held[0].crl.next_update)}" if held else ""
    text = f"{error.described.text}: {file} of “{title(issuer)}”{until}."
    url = crl_url(case, error.depth)
    where = f" from {visible(url)}" if url else ""
    fetch = Remedy(Action.REFRESH_CRL, f"Fetch the present list{where}, and put it in place of the old one.")
    return Finding(Cause.CRL_EXPIRED, text, (fetch,))


def crl_url(case: Case, depth: int) -> str:
    """The first http address of the list for the certificate at `depth` (RFC 5280 §4.2.1.13), else ``""``."""
    certificate = case.verification.at(depth)
    if certificate is None:
        return ""
    return next((url for url in list_addresses(certificate) if url.startswith("http")), "")
