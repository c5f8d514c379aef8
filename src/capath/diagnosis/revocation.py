"""Revoked certificates, and CRLs that cannot say whether they are (X509_V_FLAG_CRL_CHECK)."""

from __future__ import annotations

import os
from itertools import islice

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key

from capath.diagnosis.case import Case
from capath.diagnosis.cause import Cause, CauseFound, Remedy, RemedyKind, day, title
from capath.diagnosis.way_out import reissue
from capath.pki.certificate import Certificate
from capath.pki.general_names import list_addresses
from capath.pki.visible import visible
from capath.store import CrlRow
from capath.tls.handshake.staple import Staple
from capath.tls.handshake.verification import VerifyError
from capath.tls.handshake.verify_codes import CRL_DATES, CRL_MISSING, CRL_UNUSABLE, VerifyCode

_DELTA, _SCOPE = "2.5.29.27", "2.5.29.28"
_PROCESSED_IN_ENTRIES = frozenset({"2.5.29.21", "2.5.29.29"})  # reasonCode, certificateIssuer
_ENTRIES_LIMIT = 10_000


def explain_revocation(case: Case) -> CauseFound | None:
    """Code 23, by a CRL or a stapled OCSP response."""
    error = case.first(VerifyCode.CERT_REVOKED)
    element = None if error is None else case.element(error)
    if error is None or element is None:
        return None
    certificate = element.certificate
    crls = _crls_of(case, certificate)
    by = f"the CRL of its CA, {visible(crls[0].file)}" if crls else "its CA"
    staple = None if case.live is None or error.depth else case.live.server.staple
    if isinstance(staple, Staple) and staple.proves_revoked:
        by = f"its CA, by the OCSP response that the server staples ({staple.text})"
    text = f"“{title(certificate.subject)}” (serial number {certificate.serial:X}) is revoked by {by}."
    return CauseFound(Cause.REVOKED, text, (reissue(case, element, "with a new key"),))


def explain_missing_crl(case: Case) -> CauseFound | None:
    """Codes 3 and 33: no CRL that covers the certificate."""
    error = case.first(*CRL_MISSING)
    element = None if error is None else case.element(error)
    if error is None or element is None:
        return None
    certificate = element.certificate
    issuer = certificate.issuer
    crls = _crls_of(case, certificate)
    unlinked = [row for row in crls if not row.links]
    if unlinked:
        text = (
            f"The CRL of “{title(issuer)}” is in the directory ({visible(unlinked[0].file)}), but no hash link "
            f"{issuer.subject_hash}.rN leads to it."
        )
        rehash = Remedy(RemedyKind.REHASH, "Recreate the hash links.", case.on_store("rehash"))
        return CauseFound(Cause.CRL_UNAVAILABLE, text, (rehash,))
    if crls:
        return _unusable(case, error, certificate)
    text = (
        f"CRL checks were asked for, and the directory has no CRL of “{title(issuer)}”, which issued "
        f"“{title(certificate.subject)}” (it would be {issuer.subject_hash}.r0)."
    )
    return CauseFound(Cause.CRL_UNAVAILABLE, text, (_fetch(case, error.depth, "Fetch the CRL"),))


def explain_unusable_crl(case: Case) -> CauseFound | None:
    """Codes 5, 8, 15, 16, 35, 36, 44 and 54: a CRL is there, and OpenSSL does not use it."""
    error = case.first(*CRL_UNUSABLE)
    element = None if error is None else case.element(error)
    if error is None or element is None:
        return None
    return _unusable(case, error, element.certificate)


def explain_expired_crl(case: Case) -> CauseFound | None:
    """Codes 11 and 12: a CRL that has expired, or is not valid yet."""
    error = case.first(*CRL_DATES)
    element = None if error is None else case.element(error)
    if error is None or element is None:
        return None
    issuer = element.certificate.issuer
    crls = _crls_of(case, element.certificate)
    file = f"{visible(os.path.basename(crls[0].file))}, the CRL of" if crls else "The CRL of"
    if error.code == VerifyCode.CRL_NOT_YET_VALID:
        since = day(crls[0].crl.this_update) if crls else "a later time"
        text = f"{file} “{title(issuer)}” is not valid before {since}, and it is {day(case.now)}."
    else:
        until = day(crls[0].crl.next_update) if crls else "an earlier time"
        text = f"{file} “{title(issuer)}” expired: its next update was due on {until}."
    return CauseFound(Cause.CRL_EXPIRED, text, (_fetch(case, error.depth, "Fetch the current CRL"),))


def _unusable(case: Case, error: VerifyError, certificate: Certificate) -> CauseFound:
    """A CRL of the issuer is there and linked; `error` says why it does not count for `certificate`."""
    issuer = certificate.issuer
    crls = _crls_of(case, certificate)
    file = f" ({visible(crls[0].file)})" if crls else ""
    who = f"The CRL of “{title(issuer)}”{file}"
    match error.code:
        case VerifyCode.CRL_SIGNATURE_FAILURE | VerifyCode.UNABLE_TO_DECRYPT_CRL_SIGNATURE:
            text = f"{who} is not signed by the key of that CA: it was damaged, or is of another CA of that name."
        case VerifyCode.KEYUSAGE_NO_CRL_SIGN:
            text = (
                f"{who} does not count: the CA's certificate has a keyUsage without cRLSign (RFC 5280 §4.2.1.3)."
            )
        case VerifyCode.UNHANDLED_CRITICAL_CRL_EXTENSION:
            listed = _critical(crls)
            text = f"{who} has a critical extension that OpenSSL does not process{listed} (RFC 5280 §5.2)."
        case VerifyCode.DIFFERENT_CRL_SCOPE | VerifyCode.UNABLE_TO_GET_CRL:
            ca = case.verification.at(error.depth + 1)
            text = f"{who} does not cover “{title(certificate.subject)}”: {_scope(crls, ca)} (RFC 5280 §5.2.5)."
        case _:
            text = f"{who} does not count: {error.described.text}."
    if error.code == VerifyCode.KEYUSAGE_NO_CRL_SIGN:
        above = case.verification.chain[error.depth + 1 : error.depth + 2]
        remedies = tuple(reissue(case, element, "with cRLSign in its keyUsage") for element in above)
    else:
        what = "Fetch the CRL that covers the certificate" if _is_of_scope(error) else "Fetch the CRL again"
        remedies = (_fetch(case, error.depth, what),)
    return CauseFound(Cause.CRL_UNUSABLE, text, remedies)


def _scope(crls: list[CrlRow], issuer: Certificate | None) -> str:
    """What the CRLs cover, as their issuingDistributionPoint says."""
    for row in crls:
        decoded = _decoded(row)
        if decoded is None:
            continue
        oids = {extension.oid.dotted_string for extension in decoded.extensions}
        if _DELTA in oids:
            return "it is a delta CRL, which counts only with its complete CRL"
        if _SCOPE not in oids:
            continue
        point = decoded.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
        limits = [
            ("only user certificates", point.only_contains_user_certs),
            ("only CA certificates", point.only_contains_ca_certs),
            ("only attribute certificates", point.only_contains_attribute_certs),
            ("certificates of other CAs too (indirect)", point.indirect_crl),
            ("only some reasons for revocation", bool(point.only_some_reasons)),
            (
                "only certificates of one distribution point",
                point.full_name is not None or point.relative_name is not None,
            ),
        ]
        said = [text for text, holds in limits if holds]
        if said:
            return f"by its issuingDistributionPoint it covers {' and '.join(said)}"
    if issuer is not None and crls and not _is_signed_by(crls[0], issuer):
        return f"it is signed by another key of “{title(issuer.subject)}” than the one that issued the certificate"
    return "OpenSSL does not say why"


def _is_signed_by(row: CrlRow, issuer: Certificate) -> bool:
    """Whether it is by that key; also where that cannot be checked."""
    decoded = _decoded(row)
    try:
        key = load_der_public_key(issuer.public_key_info)
        return decoded is None or decoded.is_signature_valid(key)  # type: ignore[arg-type]
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return True


def _is_of_scope(error: VerifyError) -> bool:
    return error.code in (VerifyCode.DIFFERENT_CRL_SCOPE, VerifyCode.UNABLE_TO_GET_CRL)


def _critical(crls: list[CrlRow]) -> str:
    for row in crls:
        decoded = _decoded(row)
        known = {_DELTA, _SCOPE}
        listed = [
            extension.oid.dotted_string
            for extension in (() if decoded is None else decoded.extensions)
            if extension.critical and extension.oid.dotted_string not in known
        ]
        if decoded is not None:
            entries = (extension for entry in islice(decoded, _ENTRIES_LIMIT) for extension in entry.extensions)
            unknown = (item.oid.dotted_string for item in entries if item.critical)
            listed += [oid for oid in dict.fromkeys(unknown) if oid not in _PROCESSED_IN_ENTRIES]
        if listed:
            return f": {', '.join(listed)}"
    return ""


def _decoded(row: CrlRow) -> x509.CertificateRevocationList | None:
    """The CRL with its extensions decoded; None where that fails."""
    try:
        decoded = x509.load_der_x509_crl(row.crl.der)
        len(decoded.extensions)
    except (ValueError, TypeError, x509.DuplicateExtension):
        return None
    return decoded


def _crls_of(case: Case, certificate: Certificate) -> list[CrlRow]:
    """The CRLs of its issuer in the directory, those that lookup finds first."""
    issuer = certificate.issuer.canonical
    found = [row for row in case.listing.crls if row.crl.issuer.canonical == issuer]
    return sorted(found, key=lambda row: not row.links)


def _fetch(case: Case, depth: int, what: str) -> Remedy:
    url = crl_url(case, depth)
    where = f" from {visible(url)}" if url else " from the CA"
    text = f"{what}{where}, convert it to PEM (openssl crl -inform DER), put it in the directory, and rehash."
    return Remedy(RemedyKind.REFRESH_CRL, text)


def crl_url(case: Case, depth: int) -> str:
    """The first http address of the CRL for the certificate at `depth` (RFC 5280 §4.2.1.13), else ``""``."""
    certificate = case.verification.at(depth)
    if certificate is None:
        return ""
    return next((url for url in list_addresses(certificate) if url.startswith("http")), "")
