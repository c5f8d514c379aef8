"""Self-signed certificates that end a chain and are no anchors: unknown, self-contradicting, not for this use."""

from __future__ import annotations

import os

from capath.diagnosis.case import Case
from capath.diagnosis.cause import (
    FOR_SERVERS,
    PARTIAL_CHAIN,
    Cause,
    CauseFound,
    Confidence,
    Programs,
    Remedy,
    RemedyKind,
    title,
)
from capath.diagnosis.missing_root import OUT_OF_BAND, import_shown, nowhere
from capath.pki.certificate import Certificate
from capath.pki.trust_attributes import ANY_EXTENDED_KEY_USAGE, SERVER_AUTH
from capath.pki.visible import visible


def private_root(case: Case, top: Certificate) -> CauseFound:
    holder = "The server's chain" if case.live is not None else "The chain"
    text = (
        f"{holder} ends in “{title(top.subject)}”, a self-signed root that is {nowhere(case)}. It is most "
        "likely a "
        "private CA, or an intercepting proxy."
    )
    age_days = None if top.not_before is None else (case.now - top.not_before).days
    hint = f" It has been valid for {age_days} days." if age_days is not None else ""
    remedy = Remedy(
        RemedyKind.IMPORT,
        f"If you expect this CA, {OUT_OF_BAND}, then import it. The same root on unrelated hosts means an "
        f"intercepting proxy.{hint} SHA-256: {top.sha256}",
        import_shown(case, top) or case.on_store("import", "root.pem"),
        top.sha256,
    )
    return CauseFound(Cause.PRIVATE_ROOT_SENT, text, (remedy,), Confidence.LIKELY)


def not_self_signed(case: Case, root: Certificate, contradiction: str) -> CauseFound:
    files = ", ".join(visible(row.file) for row in case.rows_of(root))
    name = title(root.subject)
    text = (
        f"“{name}” is in the directory ({files}), but OpenSSL does not take it for self-signed and looks for "
        "another "
        f"issuer: its authorityKeyIdentifier does not name itself ({contradiction})."
    )
    partial = Remedy(
        RemedyKind.CHANGE_FLAGS,
        "Clients that set X509_V_FLAG_PARTIAL_CHAIN accept it as the anchor, Python 3.13 and later among them.",
        operand=PARTIAL_CHAIN,
    )
    reissue = Remedy(RemedyKind.ASK_CA, f"Ask the CA to reissue “{name}” with key identifiers that agree.")
    return CauseFound(Cause.MALFORMED_CERTIFICATE, text, (partial, reissue))


def self_signed(case: Case, leaf: Certificate) -> CauseFound:
    whose = "The server's certificate" if case.live is not None else "The certificate"
    text = f"{whose}, “{title(leaf.subject)}”, is self-signed and not in the directory."
    where = "with the one on the server" if case.live is not None else "out of band"
    pin = Remedy(
        RemedyKind.IMPORT,
        f"If you expect this certificate, compare its fingerprint {where}, then trust it. SHA-256: {leaf.sha256}",
        import_shown(case, leaf),
        leaf.sha256,
    )
    reissue = Remedy(RemedyKind.ASK_OPERATOR, "Or use a certificate that a CA issued.")
    return CauseFound(Cause.SELF_SIGNED_LEAF, text, (pin, reissue))


def rejected(case: Case, certificate: Certificate) -> CauseFound:
    """Offline and without a purpose OpenSSL asks for any use (X509_check_trust), live for TLS servers."""
    rows = case.rows_of(certificate)
    files = ", ".join(visible(row.file) for row in rows) or "the directory"
    trust = rows[0].trust if rows else None
    name = title(certificate.subject)
    if case.live is None and case.purpose is None and trust is not None and trust.allows_servers:
        uses = ", ".join(_USES.get(oid, oid) for oid in trust.trusted) or "none"
        text = (
            f"“{name}” is in the directory as a TRUSTED CERTIFICATE ({files}) for listed uses only ({uses}). "
            "Without "
            "a purpose, OpenSSL asks for any use and rejects it. TLS clients accept it as a CA of servers."
        )
        return CauseFound(Cause.TRUST_REJECTED, text, (_for_servers(),))
    text = f"“{name}” is in the directory as a TRUSTED CERTIFICATE ({files}) whose attributes reject TLS servers."
    paths = [os.path.join(case.directory, row.file) for row in rows]
    command = Programs((("openssl", "x509", "-in", paths[0], "-out", paths[0]),)) if paths else None
    plain = Remedy(RemedyKind.TRUST, "To trust it for every use, rewrite it as a plain certificate.", command)
    return CauseFound(Cause.TRUST_REJECTED, text, (plain,))


_USES = {SERVER_AUTH: "TLS servers", "1.3.6.1.5.5.7.3.2": "TLS clients", ANY_EXTENDED_KEY_USAGE: "any"}


def _for_servers() -> Remedy:
    return Remedy(
        RemedyKind.CHANGE_FLAGS, "Verify for TLS servers, with --purpose sslserver.", operand=FOR_SERVERS
    )
