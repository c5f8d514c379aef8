"""Whether a certificate is for the host that was asked for (RFC 9525), as browsers and requests judge it.

A common name does not count: OpenSSL's own check would use it, requests and browsers do not.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from capath.errors import ParseError
from capath.pki.certificate import Certificate
from capath.pki.general_names import alternative_names
from capath.pki.load import read_certificate
from capath.tls.handshake.verification import VerifyError
from capath.tls.handshake.verify_codes import CRL, DATE_FORMAT, DATES, NAME_CONSTRAINTS, VerifyCode
from capath.tls.network.endpoint import is_address

if TYPE_CHECKING:
    from service_identity.hazmat import DNSPattern, IPAddressPattern

# Errors that X509_verify_cert reaches only after the host name: revocation, signatures and dates, name
# constraints, policies (crypto/x509/x509_vfy.c by behaviour, seen on chains with several faults at once).
_BEHIND_HOST_NAME = (
    CRL
    | DATES
    | DATE_FORMAT
    | NAME_CONSTRAINTS
    | {
        VerifyCode.UNABLE_TO_DECRYPT_CERT_SIGNATURE,
        VerifyCode.UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY,
        VerifyCode.CERT_SIGNATURE_FAILURE,
        VerifyCode.UNABLE_TO_VERIFY_LEAF_SIGNATURE,
        VerifyCode.INVALID_POLICY_EXTENSION,
        VerifyCode.NO_EXPLICIT_POLICY,
        VerifyCode.UNNESTED_RESOURCE,
        VerifyCode.UNSUPPORTED_SIGNATURE_ALGORITHM,
        VerifyCode.SIGNATURE_ALGORITHM_MISMATCH,
        VerifyCode.SIGNATURE_ALGORITHM_INCONSISTENCY,
    }
)


@lru_cache(maxsize=1024)
def check_host(leaf_der: bytes, host: str) -> VerifyError | None:
    """Return error 62 or 64 where the certificate is not for `host`, a name or an IP address; else None."""
    from service_identity import CertificateError, VerificationError
    from service_identity.hazmat import DNS_ID, IPAddress_ID, verify_service_identity

    by_address = is_address(host)
    wrong = VerifyError(VerifyCode.IP_ADDRESS_MISMATCH if by_address else VerifyCode.HOSTNAME_MISMATCH, 0)
    try:
        wanted = IPAddress_ID(host) if by_address else DNS_ID(host)
        patterns = _patterns(read_certificate(leaf_der)[0])
        verify_service_identity(cert_patterns=patterns, obligatory_ids=[wanted], optional_ids=[])
    except (VerificationError, CertificateError, ValueError, ParseError):
        return wrong
    return None


def _patterns(leaf: Certificate) -> list[DNSPattern | IPAddressPattern]:
    """What the certificate is for. An invalid name is skipped, as OpenSSL does, and hides no other."""
    from service_identity import CertificateError
    from service_identity.hazmat import DNSPattern, IPAddressPattern

    names = alternative_names(leaf)
    found: list[DNSPattern | IPAddressPattern] = [IPAddressPattern(address) for address in names.addresses]
    for name in names.dns:
        with contextlib.suppress(CertificateError):
            found.append(DNSPattern.from_bytes(name))
    return found


def in_order(errors: Sequence[VerifyError], host_error: VerifyError | None) -> tuple[VerifyError, ...]:
    """Put the host name's error where X509_verify_cert would have reported it."""
    if host_error is None:
        return tuple(errors)
    at = next((at for at, error in enumerate(errors) if error.code in _BEHIND_HOST_NAME), len(errors))
    return (*errors[:at], host_error, *errors[at:])
