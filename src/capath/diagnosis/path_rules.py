"""What makes OpenSSL refuse a certificate as part of a path (X509_verify_cert): the rules a search goes by.

They say what is worth trying. Whether a path verifies, OpenSSL says.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from capath.diagnosis.name_constraints import first_violation
from capath.errors import ParseError
from capath.pki.certificate import Certificate
from capath.pki.decode import decode_extension, without_warnings
from capath.pki.describe import describe_extensions
from capath.pki.extensions import BASIC_CONSTRAINTS
from capath.pki.key_identifiers import is_self_signed as names_itself
from capath.pki.signature import Bad, NotChecked, check_signature

_Kind = TypeVar("_Kind", bound=x509.ExtensionType)
SERVER_USAGES = {
    ExtendedKeyUsageOID.SERVER_AUTH,
    x509.ObjectIdentifier("1.3.6.1.4.1.311.10.3.3"),  # Microsoft's and Netscape's "server gated crypto"
    x509.ObjectIdentifier("2.16.840.1.113730.4.1"),
}
KEY_CERT_SIGN = 5  # the bit of keyUsage, RFC 5280 §4.2.1.3
_RSA_BITS, _EC_BITS = 2048, 224  # security level 2, SSL_CTX_set_security_level(3)
_WEAK_DIGESTS = frozenset({"md4", "md5", "sha1"})


def is_valid_at(certificate: Certificate, moment: datetime) -> bool:
    """Whether `moment` (aware) is in its validity period; false where a date cannot be read."""
    begin, end = certificate.not_before, certificate.not_after
    return begin is not None and end is not None and begin <= moment <= end


@functools.lru_cache(maxsize=8192)
def is_self_signed(certificate: Certificate) -> bool:
    """Whether its own key signed it and it names no other: what OpenSSL ends a chain with (EXFLAG_SS)."""
    return names_itself(certificate) and not isinstance(
        check_signature(certificate, certificate.public_key_info), Bad
    )


@functools.lru_cache(maxsize=8192)
def can_issue(certificate: Certificate) -> bool:
    """Whether basicConstraints, keyUsage and critical extensions let it be a CA (X509_check_ca)."""
    if certificate.unprocessed_extensions:
        return False
    constraints = certificate.basic_constraints
    usage = certificate.key_usage
    signs_certificates = usage is None or KEY_CERT_SIGN in usage
    if constraints is not None:
        return constraints.ca and signs_certificates
    if certificate.extension(BASIC_CONSTRAINTS) is not None:
        return False
    return certificate.is_ca if usage is None else signs_certificates


@functools.lru_cache(maxsize=8192)
def serves_tls_servers(certificate: Certificate) -> bool:
    """Whether an extendedKeyUsage, where there is one, lists TLS servers. "Any" (2.5.29.37.0) is not enough."""
    usages = extension_of(certificate, x509.ExtendedKeyUsage)
    return usages is None or bool(SERVER_USAGES.intersection(usages))


@functools.lru_cache(maxsize=8192)
def is_strong(certificate: Certificate, *, is_anchor: bool) -> bool:
    """Whether key and signature reach OpenSSL's security level 2; an anchor's signature does not count."""
    decoded = _decoded(certificate)
    if decoded is None:
        return True
    try:
        key, digest = decoded.public_key(), decoded.signature_hash_algorithm
    except Exception:  # cryptography has no one error for a key it does not know
        return True
    if isinstance(key, rsa.RSAPublicKey | dsa.DSAPublicKey) and key.key_size < _RSA_BITS:
        return False
    if isinstance(key, ec.EllipticCurvePublicKey) and key.key_size < _EC_BITS:
        return False
    return is_anchor or digest is None or digest.name not in _WEAK_DIGESTS


def obeys_limits(chain: Sequence[Certificate]) -> bool:
    """Whether the path lengths and name constraints of `chain`, leaf first with its anchor, are kept."""
    below = 0
    for certificate in chain[1:]:
        constraints = certificate.basic_constraints
        allowed = None if constraints is None else constraints.path_length
        if allowed is not None and below > allowed:
            return False
        below += not certificate.self_issued
    return first_violation(chain) is None


def _decoded(certificate: Certificate) -> x509.Certificate | None:
    with without_warnings():
        try:
            return x509.load_der_x509_certificate(certificate.der)
        except (ValueError, x509.InvalidVersion):
            return None


def undecodable_part(certificate: Certificate) -> str:
    """What of it does not decode, to follow "its"; empty where all does. OpenSSL uses no such certificate."""
    for extension, described in zip(certificate.extensions, describe_extensions(certificate), strict=False):
        try:
            decode_extension(extension)
        except ParseError:
            oid = "" if described.name == extension.oid else f" ({extension.oid})"
            return f"extension {described.name}{oid} does not decode"
    checked = check_signature(certificate, certificate.public_key_info)
    return "key does not load" if isinstance(checked, NotChecked) and checked.of_key else ""


def extension_of(certificate: Certificate, kind: type[_Kind]) -> _Kind | None:
    """The decoded extension of that kind; None where there is none, or it does not decode."""
    extension = certificate.extension(kind.oid.dotted_string)
    try:
        value = None if extension is None else decode_extension(extension)
    except ParseError:
        return None
    return value if isinstance(value, kind) else None
