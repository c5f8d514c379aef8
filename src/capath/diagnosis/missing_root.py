"""Roots that the directory lacks: where they are, and how to import them."""

from __future__ import annotations

import os

from capath.diagnosis.case import Case
from capath.diagnosis.cause import Cause, CauseFound, Confidence, Remedy, RemedyKind, StoreCommand, title, which
from capath.diagnosis.known_roots import KnownRoot
from capath.pki.certificate import Certificate
from capath.pki.general_names import issuer_addresses
from capath.pki.key_identifiers import authority_key
from capath.pki.signature import signs
from capath.pki.visible import visible

OUT_OF_BAND = "compare its fingerprint out of band (for example with the CA's web site over a network you trust)"


def issuer_url(certificate: Certificate) -> str:
    """The first http address of the issuer's certificate (AIA caIssuers, RFC 5280 §4.2.2.1), or ``""``."""
    return next((url for url in issuer_addresses(certificate) if url.startswith("http:")), "")


def not_in_store(case: Case, known: KnownRoot) -> CauseFound:
    """The chain leads to a root of another store."""
    text = (
        f"The chain leads to “{title(known.certificate.subject)}”, which is not in the directory. "
        f"{visible(known.title)} has it, and its key verifies the chain."
    )
    return CauseFound(Cause.ROOT_NOT_IN_STORE, text, (import_known(case, known),))


def wrong_format(case: Case, known: KnownRoot) -> CauseFound:
    """The root is in a file of the directory that OpenSSL's lookup does not read."""
    name, file = title(known.certificate.subject), visible(known.title)
    if os.path.isdir(known.argument):
        file = visible(os.path.join(os.path.basename(known.argument), known.item.origin))
        reason = "it is in a subdirectory"
    else:
        reason = next((item.reason for item in case.listing.skipped if item.file == known.title), "")
    text = f"“{name}” is in the directory in {file}, which OpenSSL's lookup does not read: {visible(reason)}."
    convert = f"Import “{name}” from {file} as a single certificate in PEM. SHA-256: {known.certificate.sha256}"
    command = case.on_store("import", known.argument, "--select", which(known.certificate))
    remedy = Remedy(RemedyKind.IMPORT, convert, command, known.certificate.sha256)
    return CauseFound(Cause.WRONG_FORMAT, text, (remedy,))


def import_known(case: Case, known: KnownRoot) -> Remedy:
    """Import a root from the store that has it."""
    root = known.certificate
    text = f"Import “{title(root.subject)}” from {visible(known.title)}. SHA-256: {root.sha256}"
    command = case.on_store("import", known.argument, "--select", which(root))
    return Remedy(RemedyKind.IMPORT, text, command, root.sha256)


def import_shown(case: Case, certificate: Certificate) -> StoreCommand | None:
    """The command that imports one of the certificates that the server sends; None for an offline test."""
    if case.live is None:
        return None
    return case.on_store("import", f"https://{case.live.endpoint.text}", "--select", which(certificate))


def get_root(case: Case, name: str) -> Remedy:
    """Get a root that no store at hand has."""
    text = f"Get the certificate of “{name}” from that CA, {OUT_OF_BAND}, and import it as root.pem."
    return Remedy(RemedyKind.IMPORT, text, case.on_store("import", "root.pem"))


def send_intermediate(case: Case, name: str, url: str = "") -> Remedy:
    """Have the server send an intermediate, or, offline, pass it."""
    where = f" It is at {visible(url)}." if url else ""
    if case.live is None:
        text = f"If “{name}” is an intermediate, pass it with --untrusted.{where}"
    else:
        text = (
            f"Ask the operator to send the intermediate “{name}” after the server's own certificate (in nginx, "
            f"ssl_certificate takes the full chain).{where} Importing it here fixes only this store."
        )
    return Remedy(RemedyKind.ASK_OPERATOR, text, operand=url)


def nowhere(case: Case) -> str:
    """Where an issuer was looked for in vain, to end a sentence."""
    titles = [visible(name) for name in case.roots.titles]
    if not titles:
        return "not in the directory"
    return f"not in the directory and not in {' or '.join(titles)}"


def unknown_issuer(case: Case, leaf: Certificate) -> CauseFound:
    """Only the leaf is at hand, and no store has its issuer: a root, or an intermediate that should have come."""
    issuer, url = title(leaf.issuer), issuer_url(leaf)
    root = get_root(case, issuer)
    send = send_intermediate(case, issuer, url)
    issued = f"“{title(leaf.subject)}” was issued by “{issuer}”, which is {nowhere(case)}"
    came = _what_came(case)
    misnamed = next((sent for sent in case.verification.sent[1:] if signs(sent, leaf)), None)
    if misnamed is not None:
        signer = title(misnamed.subject)
        text = (
            f"The key of “{signer}” signed “{title(leaf.subject)}”, but that names “{issuer}” as its issuer. "
            "Issuers "
            "are matched by name (RFC 5280 §6.1.3)."
        )
        again = f"Ask the CA “{signer}” to reissue “{title(leaf.subject)}” with its own name as the issuer."
        return CauseFound(Cause.MALFORMED_CERTIFICATE, text, (Remedy(RemedyKind.ASK_CA, again),))
    named = authority_key(leaf).issuer
    if named is not None and named.canonical == leaf.issuer.canonical:
        text = (
            f"{issued}. Its authorityKeyIdentifier says that “{issuer}” issued its own certificate: it is a root."
        )
        return CauseFound(Cause.ROOT_NOT_IN_STORE, text, (root,))
    if issuer_addresses(leaf) or len(case.verification.sent) > 1:
        why = f"The certificate gives the URL of its issuer's ({visible(url)}), so" if url else "So"
        text = f"{issued}. {came} {why} “{issuer}” is most likely an intermediate."
        fetch = Remedy(
            RemedyKind.RETRY,
            "Test with that certificate fetched, to see whether it completes the chain.",
            case.again_fetching() if url else None,
        )
        remedies = (send, root) if fetch.command is None else (send, fetch, root)
        return CauseFound(Cause.MISSING_INTERMEDIATE, text, remedies, Confidence.LIKELY)
    public = ", and no public CA that is known here has that name" if case.roots.titles else ""
    text = (
        f"{issued}. {came} The certificate gives no URL for its issuer's certificate{public}: it is most likely "
        "the root of a private CA, otherwise an intermediate."
    )
    return CauseFound(Cause.ROOT_NOT_IN_STORE, text, (root, send), Confidence.LIKELY)


def _what_came(case: Case) -> str:
    sent = len(case.verification.sent)
    if case.live is None:
        return "No certificate of that name was given." if sent > 1 else "Only the certificate itself was given."
    if sent > 1:
        return f"The server sent {sent} certificates, none of that name."
    return "The server sent only its own certificate."
