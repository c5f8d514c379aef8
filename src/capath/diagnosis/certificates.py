"""Certificates that are themselves at fault: purpose, strength, encoding, signature, path length."""

from __future__ import annotations

from cryptography import x509

from capath.diagnosis.anchors import held_but_not_found
from capath.diagnosis.case import Case
from capath.diagnosis.cause import Cause, CauseFound, Confidence, Remedy, RemedyKind, title
from capath.diagnosis.client_differences import is_strict_only
from capath.diagnosis.missing_root import import_shown
from capath.diagnosis.path_rules import KEY_CERT_SIGN, SERVER_USAGES, extension_of
from capath.diagnosis.way_out import reissue, ways_out
from capath.diagnosis.wrong_issuer import explain_other_key, unaccepted
from capath.pki.certificate import Certificate
from capath.pki.describe import describe_extensions
from capath.pki.extensions import BASIC_CONSTRAINTS, KEY_USAGE
from capath.pki.key_identifiers import authority_key, subject_key
from capath.pki.signature import signs
from capath.pki.visible import visible
from capath.tls.handshake.verification import ChainElement, FromCapath, VerifyError
from capath.tls.handshake.verify_codes import MALFORMED, PURPOSE, WEAK, VerifyCode

_EXTENDED_KEY_USAGE = "2.5.29.37"


def explain_signature(case: Case) -> CauseFound | None:
    """Code 7: a signature that the issuer's key does not verify. Every certificate of its name is looked at."""
    error = case.first(VerifyCode.CERT_SIGNATURE_FAILURE)
    element = None if error is None else case.element(error)
    if error is None or element is None:
        return None
    child = element.certificate
    chain = case.verification.chain
    above = chain[error.depth + 1] if error.depth + 1 < len(chain) else None
    rows = case.rows_named(child.issuer)
    by_another = [row for row in rows if signs(row.certificate, child)]
    named = authority_key(child).identifier
    key_is_named = named is not None and above is not None and subject_key(above.certificate) == named
    ours = above is not None and isinstance(above.origin, FromCapath)
    others = [row for row in rows if row not in by_another]
    if others and (by_another or (ours and not key_is_named)):
        return explain_other_key(case, child, others)
    if by_another:
        return held_but_not_found(case, by_another[0])
    if (known := case.roots.issuer(child, case.now)) is not None or not key_is_named:
        return _other_key_sent(case, child, known is not None)
    text = (
        f"The signature of “{title(child.subject)}” is not by “{title(child.issuer)}”, whose key it names: the "
        "certificate was changed or damaged after it was signed."
    )
    who = "Ask the operator to send" if case.live is not None else "Use"
    intact = Remedy(RemedyKind.ASK_OPERATOR, f"{who} “{title(child.subject)}” as it was issued.")
    return CauseFound(Cause.BAD_SIGNATURE, text, (intact,))


def _other_key_sent(case: Case, child: Certificate, is_known: bool) -> CauseFound:
    """The issuer's name is there with another key: a CA that was re-keyed, or a certificate that was changed."""
    name, below = title(child.issuer), title(child.subject)
    holder = "that the server sent" if case.live is not None else "that was given as untrusted"
    text = f"The key of the “{name}” {holder} did not sign “{below}”."
    same = [item for item in case.verification.sent[1:] if item.subject.canonical == child.issuer.canonical]
    right = next((item for item in same if signs(item, child)), None)
    if right is not None:
        text = f"{text} Another “{name}” that was sent did: OpenSSL tried only the first of that name."
        remedy = Remedy(
            RemedyKind.IMPORT,
            f"Import the “{name}” that signed it, SHA-256 {right.sha256}, or have it sent first.",
            import_shown(case, right),
            right.sha256,
        )
        return CauseFound(Cause.SAME_NAME_OTHER_KEY, text, (remedy,))
    if is_known:
        return CauseFound(Cause.SAME_NAME_OTHER_KEY, f"{text} Another CA of that name did.", ways_out(case))
    text = (
        f"{text} “{below}” does not say which key signed it, so either it is another CA certificate of that "
        "name, or "
        f"“{below}” was changed after it was signed."
    )
    who = "Ask the operator to send" if case.live is not None else "Pass"
    send = Remedy(RemedyKind.ASK_OPERATOR, f"{who} the “{name}” that signed “{below}”.")
    return CauseFound(Cause.BAD_SIGNATURE, text, (send,), Confidence.LIKELY)


def explain_unspecified(case: Case) -> CauseFound | None:
    """Code 1: OpenSSL gave up, mostly at a certificate with a part that does not decode."""
    if case.first(VerifyCode.UNSPECIFIED) is None:
        return None
    chain = [element.certificate for element in case.verification.chain]
    return unaccepted("OpenSSL could not process the chain", *dict.fromkeys((*chain, *case.verification.sent)))


def explain_purpose(case: Case) -> CauseFound | None:
    """Codes 26, 79 and their kin: a certificate used for what it was not issued for."""
    error = case.first(*PURPOSE)
    element = None if error is None else case.element(error)
    if error is None or element is None or is_strict_only(case, error):
        return None
    role = "for a TLS server" if error.depth == 0 else "as a CA"
    lacks = _lacks(element.certificate, error)
    text = f"“{title(element.certificate.subject)}” cannot be used {role}: {lacks}."
    wanted = "for TLS servers" if error.depth == 0 else "as a CA for TLS servers"
    return CauseFound(Cause.WRONG_PURPOSE, text, (*ways_out(case), reissue(case, element, wanted)))


def _lacks(certificate: Certificate, error: VerifyError) -> str:
    """Which extension refuses the use, and what it lists instead; OpenSSL's words where none of them does."""
    usages = extension_of(certificate, x509.ExtendedKeyUsage)
    if error.depth:
        constraints = certificate.basic_constraints
        if certificate.extension(BASIC_CONSTRAINTS) is None and not certificate.is_ca:
            return "it has no basicConstraints, so it is not a CA certificate"
        if constraints is not None and not constraints.ca:
            return "its basicConstraints say CA:FALSE"
        if certificate.key_usage is not None and KEY_CERT_SIGN not in certificate.key_usage:
            return f"its keyUsage does not include keyCertSign (it lists: {_described(certificate, KEY_USAGE)})"
    if usages is not None and not SERVER_USAGES.intersection(usages):
        listed = _described(certificate, _EXTENDED_KEY_USAGE)
        return f"its extendedKeyUsage does not include TLS servers (it lists: {listed})"
    if certificate.key_usage is not None and not error.depth:
        return f"its keyUsage does not allow it (it lists: {_described(certificate, KEY_USAGE)})"
    return f"{error.described.text}, at depth {error.depth}"


def _described(certificate: Certificate, oid: str) -> str:
    """What the extension `oid` lists, for people."""
    for extension, described in zip(certificate.extensions, describe_extensions(certificate), strict=False):
        if extension.oid == oid:
            return visible(", ".join(described.lines)) or "nothing"
    return "nothing"


def explain_path_length(case: Case) -> CauseFound | None:
    """Code 25: more CAs below one than it allows."""
    error = case.first(VerifyCode.PATH_LENGTH_EXCEEDED)
    element = None if error is None else case.element(error)
    if error is None or element is None:
        return None
    constraints = element.certificate.basic_constraints
    allowed = None if constraints is None else constraints.path_length
    below = sum(not item.certificate.self_issued for item in case.verification.chain[1 : error.depth])
    limit = "no CA certificate" if allowed == 0 else f"at most {allowed} CA certificates"
    text = (
        f"“{title(element.certificate.subject)}” allows {limit} below it (path length {allowed}), and this chain "
        f"has {below}."
    )
    if allowed is None:
        text = f"The chain is longer than “{title(element.certificate.subject)}” allows (path length)."
    other = "by a CA that may issue it"
    leaf = case.verification.chain[0]
    return CauseFound(Cause.PATH_LENGTH, text, (*ways_out(case), reissue(case, leaf, other)))


def explain_strength(case: Case) -> CauseFound | None:
    """Codes 66–68 and 76: keys and digests below OpenSSL's security level (SSL_CTX_set_security_level(3))."""
    error = case.first(*WEAK)
    element = None if error is None else case.element(error)
    if error is None or element is None:
        return None
    certificate = element.certificate
    text = f"“{title(certificate.subject)}”: {error.described.text} ({_strength(certificate)})."
    stronger = "with a stronger key and digest"
    return CauseFound(Cause.WEAK_KEY_OR_SIGNATURE, text, (*ways_out(case), reissue(case, element, stronger)))


def explain_encoding(case: Case) -> CauseFound | None:
    """Dates, extensions or keys that OpenSSL cannot read or does not process."""
    error = case.first(*MALFORMED)
    element = None if error is None else case.element(error)
    if error is None or element is None or is_strict_only(case, error):
        return None
    if error.code == VerifyCode.EC_KEY_EXPLICIT_PARAMS:
        return _explicit_curve(case, error, element)
    name = f"“{title(element.certificate.subject)}”"
    unhandled = element.certificate.unprocessed_extensions
    if error.code == VerifyCode.UNHANDLED_CRITICAL_EXTENSION and unhandled:
        listed = ", ".join(f"{visible(_extension_name(element.certificate, oid))} ({oid})" for oid in unhandled)
        text = f"{name} has a critical extension that OpenSSL does not process: {listed} (RFC 5280 §4.2)."
        wanted = "without it, or with it not critical"
    else:
        text = f"{name}: {error.described.text} (at depth {error.depth})."
        wanted = "without that fault"
    return CauseFound(Cause.MALFORMED_CERTIFICATE, text, (*ways_out(case), reissue(case, element, wanted)))


def _extension_name(certificate: Certificate, oid: str) -> str:
    for extension, described in zip(certificate.extensions, describe_extensions(certificate), strict=False):
        if extension.oid == oid and described.name != oid:
            return described.name
    return "unknown"


def _explicit_curve(case: Case, error: VerifyError, element: ChainElement) -> CauseFound:
    """Code 94. Python's strict mode has no part in it: OpenSSL 3.0 and later refuse it in every mode."""
    name = title(element.certificate.subject)
    text = (
        f"The key of “{name}” spells out the parameters of its curve instead of naming the curve (at depth "
        f"{error.depth}; RFC 5480 §2.1.1). OpenSSL 3.0 and later refuse that in any certificate of a chain."
    )
    named = "with a key that names its curve (openssl: ec_param_enc:named_curve)"
    return CauseFound(Cause.MALFORMED_CERTIFICATE, text, (*ways_out(case), reissue(case, element, named)))


def _strength(certificate: Certificate) -> str:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        decoded = x509.load_der_x509_certificate(certificate.der)
        key = decoded.public_key()
        digest = decoded.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
        return "a key that is not readable"
    bits = getattr(key, "key_size", None)
    kind = type(key).__name__.strip("_").removesuffix("PublicKey")
    signed = f", signed with {digest.name}" if digest is not None else ""
    return f"{kind} {bits} bits{signed}" if bits else f"{kind}{signed}"
