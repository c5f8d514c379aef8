"""Whether a certificate is for the host that was asked for (RFC 9525), as browsers and requests judge it.

A common name alone does not count: OpenSSL's own check would take it, requests and browsers do not.
"""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from capath.errors import ParseError
from capath.pki.certificate import Certificate, read_certificate
from capath.pki.general_names import alternative_names
from capath.tls.handshake.verification import VerifyError

if TYPE_CHECKING:
    from service_identity.hazmat import DNSPattern, IPAddressPattern

HOSTNAME_MISMATCH = 62
IP_ADDRESS_MISMATCH = 64
# Errors that X509_verify_cert comes to only behind the host name: revocation, signatures and dates, name
# constraints, policies (crypto/x509/x509_vfy.c by behaviour, seen on chains with several faults at once).
_BEHIND_HOST_NAME = frozenset(
    {3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 21, 23, 33, 35, 36, 42, 43, 44}
    | {46, 47, 48, 49, 51, 52, 53, 54, 76, 77, 78}
)


@lru_cache(maxsize=1024)
def check_host(leaf_der: bytes, host: str) -> VerifyError | None:
    """Return error 62 or 64 where the certificate is not for `host`, a name or an IP address; else None."""
    from service_identity import CertificateError, VerificationError
    from service_identity.hazmat import DNS_ID, IPAddress_ID, verify_service_identity

    is_address = _is_address(host)
    wrong = VerifyError(IP_ADDRESS_MISMATCH if is_address else HOSTNAME_MISMATCH, 0)
    try:
        wanted = IPAddress_ID(host) if is_address else DNS_ID(host)
        patterns = _patterns(read_certificate(leaf_der)[0])
        verify_service_identity(cert_patterns=patterns, obligatory_ids=[wanted], optional_ids=[])
    except (VerificationError, CertificateError, ValueError, ParseError):
        return wrong
    return None


def _patterns(leaf: Certificate) -> list[DNSPattern | IPAddressPattern]:
    """What the certificate is for. A name that is none is passed over, as OpenSSL does, and hides no other."""
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


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
