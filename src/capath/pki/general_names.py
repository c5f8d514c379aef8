"""The names and addresses in a certificate's extensions, each for itself (RFC 5280 §4.2.1.6, §4.2.1.13, §4.2.2.1).

Read as OpenSSL reads them when it judges a host name: `cryptography` refuses some names that OpenSSL skips, and
one odd name must not hide the others. Nothing here raises; what does not decode is not there.
"""

from __future__ import annotations

import contextlib
import ipaddress
from dataclasses import dataclass

from capath.errors import ParseError
from capath.pki import tlv
from capath.pki.certificate import Certificate

_SUBJECT_ALTERNATIVE_NAME = "2.5.29.17"
_CRL_DISTRIBUTION_POINTS = "2.5.29.31"
_AUTHORITY_INFORMATION_ACCESS = "1.3.6.1.5.5.7.1.1"
_CA_ISSUERS = bytes.fromhex("2b06010505073002")
_DNS_NAME, _URI, _IP_ADDRESS = 0x82, 0x86, 0x87
_DISTRIBUTION_POINT = _FULL_NAME = 0xA0


@dataclass(frozen=True, slots=True)
class AlternativeNames:
    """What a certificate is for: `dns` as encoded, `addresses` of 4 or 16 octets."""

    dns: tuple[bytes, ...]
    addresses: tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, ...]


def alternative_names(certificate: Certificate) -> AlternativeNames:
    """The DNS names and IP addresses of the subjectAltName; none where it is missing or does not decode."""
    names = _members(certificate, _SUBJECT_ALTERNATIVE_NAME)
    return AlternativeNames(
        tuple(name for tag, name in names if tag == _DNS_NAME),
        tuple(ipaddress.ip_address(name) for tag, name in names if tag == _IP_ADDRESS and len(name) in (4, 16)),
    )


def issuer_addresses(certificate: Certificate) -> tuple[str, ...]:
    """Where the issuer's certificate is published (caIssuers of authorityInfoAccess)."""
    found = []
    with contextlib.suppress(ParseError):
        for _, description in _members(certificate, _AUTHORITY_INFORMATION_ACCESS):
            match _elements(description):
                case [(tlv.OID, method), (tag, location)] if method == _CA_ISSUERS and tag == _URI:
                    found.append(_text(location))
    return tuple(found)


def list_addresses(certificate: Certificate) -> tuple[str, ...]:
    """Where the CRL that covers the certificate is published (the full names of cRLDistributionPoints)."""
    found = []
    with contextlib.suppress(ParseError):
        for _, point in _members(certificate, _CRL_DISTRIBUTION_POINTS):
            for kind, name in _elements(point):
                for form, names in _elements(name) if kind == _DISTRIBUTION_POINT else ():
                    if form == _FULL_NAME:
                        found += [_text(content) for tag, content in _elements(names) if tag == _URI]
    return tuple(found)


def _members(certificate: Certificate, oid: str) -> list[tuple[int, bytes]]:
    """Tag and content of each element of an extension that is a SEQUENCE OF; none where it does not decode."""
    extension = certificate.extension(oid)
    if extension is not None:
        with contextlib.suppress(ParseError):
            return tlv.members(extension.value, tlv.SEQUENCE, "a list of names")
    return []


def _elements(data: bytes) -> list[tuple[int, bytes]]:
    return [(tag, data[at:stop]) for tag, _, at, stop in tlv.elements(data, 0, len(data))]


def _text(octets: bytes) -> str:
    return octets.decode("ascii", "backslashreplace")
