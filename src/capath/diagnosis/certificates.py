"""Certificates that are themselves at fault: purpose, strength, encoding, signature, path length."""

from __future__ import annotations

from capath.diagnosis.case import Case
from capath.diagnosis.cause import Action, Cause, Finding, Remedy
from capath.diagnosis.client_differences import is_strict_alone
from capath.diagnosis.held import held_but_not_found
from capath.diagnosis.words import title
from capath.diagnosis.wrong_issuer import explain_other_key
from capath.pki.certificate import AUTHORITY_KEY_IDENTIFIER, Certificate
from capath.pki.signature import signs
from capath.tls.handshake.verification import ChainElement, FromCapath, VerifyError
from capath.tls.handshake.verify_codes import MALFORMED, PURPOSE, WEAK, VerifyCode


def explain_signature(case: Case) -> Finding | None:
    """Code 7: a signature that the issuer's key does not verify."""
    error = case.first(VerifyCode.CERT_SIGNATURE_FAILURE)
    element = None if error is None else case.element(error)
    if error is None or element is None:
        return None
    child = element.certificate
    chain = case.verification.chain
    above = chain[error.depth + 1] if error.depth + 1 < len(chain) else None
    rows = case.rows_named(child.issuer)
    by_another = [row for row in rows if signs(row.certificate, child)]
    key_is_named = child.extension(AUTHORITY_KEY_IDENTIFIER) is not None
    ours = above is not None and isinstance(above.origin, FromCapath)
    others = [row for row in rows if row not in by_another]
    if others and (by_another or (ours and not key_is_named)):
        return explain_other_key(case, child, others)
    if by_another:
        return held_but_not_found(case, by_another[0])
    text = (
        f"The signature of “{title(child.subject)}” is not that of “{title(child.issuer)}”: the certificate was "
        "changed after it was signed, or damaged on the way."
    )
    remedy = Remedy(Action.ASK_OPERATOR, "Let the server show the certificate as it was issued.")
    return Finding(Cause.BAD_SIGNATURE, text, (remedy,))


def explain_purpose(case: Case) -> Finding | None:
    """Codes 26, 79 and their kin: a certificate used for what it was not issued for."""
    error = case.first(*PURPOSE)
    element = None if error is None else case.element(error)
    if error is None or element is None or is_strict_alone(case, error):
        return None
    role = "a TLS server" if error.depth == 0 else "an authority"
    text = (
        f"“{title(element.certificate.subject)}” may not act as {role} ({error.described.text}, at depth "
        f"{error.depth})."
    )
    remedy = Remedy(Action.ASK_OPERATOR, "Let it be reissued with the key usage, or the purpose, that it needs.")
    return Finding(Cause.WRONG_PURPOSE, text, (remedy,))


def explain_path_length(case: Case) -> Finding | None:
    """Code 25: more authorities below one than it allows."""
    error = case.first(VerifyCode.PATH_LENGTH_EXCEEDED)
    element = None if error is None else case.element(error)
    if error is None or element is None:
        return None
    text = (
        f"“{title(element.certificate.subject)}” allows fewer authorities below it than this chain has "
        f"(path length, at depth {error.depth})."
    )
    remedy = Remedy(Action.ASK_OPERATOR, "Let the certificate be issued by an authority that may issue it.")
    return Finding(Cause.PATH_LENGTH, text, (remedy,))


def explain_strength(case: Case) -> Finding | None:
    """Codes 66–68 and 76: keys and digests below OpenSSL's security level (SSL_CTX_set_security_level(3))."""
    error = case.first(*WEAK)
    element = None if error is None else case.element(error)
    if error is None or element is None:
        return None
    certificate = element.certificate
    text = f"“{title(certificate.subject)}”: {error.described.text} ({_strength(certificate)})."
    ours = isinstance(element.origin, FromCapath)
    what = "Get its successor, and import that." if ours else "Let it be reissued with a stronger key and digest."
    remedy = Remedy(Action.ASK_AUTHORITY if ours else Action.ASK_OPERATOR, what)
    return Finding(Cause.WEAK_KEY_OR_SIGNATURE, text, (remedy,))


def explain_encoding(case: Case) -> Finding | None:
    """Dates, extensions or keys that cannot be read as RFC 5280 has them."""
    error = case.first(*MALFORMED)
    element = None if error is None else case.element(error)
    if error is None or element is None or is_strict_alone(case, error):
        return None
    if error.code == VerifyCode.EC_KEY_EXPLICIT_PARAMS:
        return _explicit_curve(case, error, element)
    text = f"“{title(element.certificate.subject)}”: {error.described.text} (at depth {error.depth})."
    remedy = Remedy(Action.ASK_OPERATOR, "Let it be reissued in order.")
    return Finding(Cause.MALFORMED_CERTIFICATE, text, (remedy,))


def _explicit_curve(case: Case, error: VerifyError, element: ChainElement) -> Finding:
    """Code 94. Python's strict mode has no part in it: OpenSSL 3.0 and later refuse it in every mode."""
    name = title(element.certificate.subject)
    text = (
        f"The key of “{name}” spells out the parameters of its curve instead of naming the curve (at depth "
        f"{error.depth}; RFC 5480 §2.1.1). OpenSSL 3.0 and later refuse that in any certificate of a chain."
    )
    named = "with a key that names its curve (openssl: ec_param_enc:named_curve)"
    if error.depth == 0:
        remedy = Remedy(Action.ASK_OPERATOR, f"Let the server's certificate be issued again, {named}.")
    else:
        remedy = Remedy(Action.ASK_AUTHORITY, f"Ask who runs “{name}” for another certificate of it, {named}.")
    return Finding(Cause.MALFORMED_CERTIFICATE, text, (remedy,))


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
