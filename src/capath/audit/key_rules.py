"""Rules on keys and signatures."""

from __future__ import annotations

from capath.audit.context import Context
from capath.audit.facts import Facts
from capath.audit.finding import Severity
from capath.audit.rule import CertificateRule, Hit
from capath.pki.signature import Bad, check_signature, signature_algorithm

_EC_BITS_MINIMUM = 256
_SHOWN = 5
_WEAK_HASHES = ("md2", "md5", "sha1", "-SHA1")


def _weak_key(context: Context, facts: Facts) -> Hit | None:
    key = facts.decoded.key
    bits = context.policy.rsa_bits_minimum
    match key.type:
        case "RSA" | "RSA-PSS" if key.bits < bits:
            text = f"its RSA key has {key.bits} bits, fewer than {bits}"
        case "RSA" | "RSA-PSS" if key.exponent <= 1 or key.exponent % 2 == 0:
            text = f"its RSA key has the exponent {key.exponent}: anyone can sign in its name"
        case "DSA":
            text = "its key is DSA, which current TLS clients do not accept"
        case "EC" if key.curve == "explicit parameters":
            text = "its EC key has explicit parameters instead of a named curve, which OpenSSL 3 rejects"
        case "EC" if key.bits < _EC_BITS_MINIMUM:
            text = f"its curve, {key.curve}, is weaker than P-256"
        case _:
            return None
    return Hit(text, f"the key is {key.text}", context.command("distrust", facts.row.file))


def _small_exponent(context: Context, facts: Facts) -> Hit | None:
    key = facts.decoded.key
    if key.type not in ("RSA", "RSA-PSS") or not 1 < key.exponent < 65537 or key.exponent % 2 == 0:
        return None
    return Hit(
        f"its RSA exponent is {key.exponent}, smaller than 65537",
        f"the key is {key.text}, e = {key.exponent}",
        "nothing to do; it is secure as long as clients check the padding correctly",
    )


def _bad_self_signature(context: Context, facts: Facts) -> Hit | None:
    certificate = facts.certificate
    if not facts.decoded.is_root:
        return None
    if not isinstance(check_signature(certificate, certificate.public_key_info), Bad):
        return None
    return Hit(
        "its signature was not made with its own key: it is damaged or forged",
        f"{signature_algorithm(facts.certificate)} does not verify with the key it holds",
        f"{context.command('distrust', facts.row.file)}, then import the root again from its source",
    )


def _weak_self_signature(context: Context, facts: Facts) -> Hit | None:
    algorithm = signature_algorithm(facts.certificate)
    if not facts.decoded.is_root or not any(word in algorithm for word in _WEAK_HASHES):
        return None
    return Hit(
        f"it is signed with {algorithm}",
        "clients do not check the signature of a root, so it is not a risk",
        "nothing to do; for a client that rejects it, import the root that replaces it",
    )


def _same_key(context: Context, facts: Facts) -> Hit | None:
    group = context.same_key(facts)
    if len(group) == 1:
        return None
    files = ", ".join([other.row.file for other in group[: _SHOWN + 1] if other is not facts][:_SHOWN])
    if len(group) > _SHOWN + 1:
        files += f" and {len(group) - 1 - _SHOWN} more"
    return Hit(
        "another certificate here has the same key",
        f"the same key is in {files}",
        "nothing to do where one was reissued or cross-signed; distrusting one leaves the other trusted",
    )


KEY_RULES = (
    CertificateRule(
        "weak-key",
        Severity.ERROR,
        "its key is RSA below 2048 bits or with exponent 1, DSA, or on a weak curve",
        "CA/Browser Forum TLS BR sections 6.1.5 and 6.1.6; Mozilla Root Store Policy section 5.1",
        _weak_key,
    ),
    CertificateRule(
        "bad-self-signature",
        Severity.ERROR,
        "its own signature does not verify",
        "RFC 5280 section 6.1.3 (a)(1)",
        _bad_self_signature,
    ),
    CertificateRule(
        "weak-self-signature",
        Severity.INFO,
        "it is signed with MD5 or SHA-1",
        "CA/Browser Forum TLS BR section 7.1.3.2; Mozilla Root Store Policy section 5.1.3",
        _weak_self_signature,
    ),
    CertificateRule(
        "small-exponent",
        Severity.INFO,
        "its RSA exponent is below 65537",
        "CA/Browser Forum TLS BR section 6.1.6",
        _small_exponent,
    ),
    CertificateRule(
        "same-key",
        Severity.INFO,
        "two certificates have the same key",
        "Mozilla Root Store Policy section 5.3.2",
        _same_key,
    ),
)
