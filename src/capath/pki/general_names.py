"""The names and addresses in a certificate's extensions, each for itself (RFC 5280 §4.2.1.6, §4.2.1.13, §4.2.2.1).

`cryptography` decodes all extensions or none, and refuses some names that OpenSSL passes over: one odd extension
of a server's would hide all the others. Nothing here raises; what does not decode is not there.
"""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from capath.errors import ParseError
from capath.pki import der
from capath.pki.certificate import Certificate

_SUBJECT_ALTERNATIVE_NAME = "2.5.29.17"
_CRL_DISTRIBUTION_POINTS = "2.5.29.31"
_AUTHORITY_INFORMATION_ACCESS = "1.3.6.1.5.5.7.1.1"
_CA_ISSUERS = bytes.fromhex("2b06010505073002")
_DNS_NAME, _URI, _IP_ADDRESS, _FULL_NAME = 0x82, 0x86, 0x87, 0xA0


@dataclass(frozen=True, slots=True)
class AlternativeNames:
    """What a certificate is for: `dns` as its octets stand there, `addresses` of 4 or 16 octets."""

    dns: tuple[bytes, ...]
    addresses: tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, ...]


def alternative_names(certificate: Certificate) -> AlternativeNames:
    """The DNS names and IP addresses of the subjectAltName; none where it is missing or does not decode."""
    dns, addresses = [], []
    value = _value(certificate, _SUBJECT_ALTERNATIVE_NAME)
    with contextlib.suppress(ParseError):
        for tag, name in _list(value):
            if tag == _DNS_NAME:
                dns.append(name)
            elif tag == _IP_ADDRESS and len(name) in (4, 16):
                addresses.append(ipaddress.ip_address(name))
        return AlternativeNames(tuple(dns), tuple(addresses))
    return AlternativeNames((), ())


def issuer_addresses(certificate: Certificate) -> tuple[str, ...]:
    """Where the issuer's certificate is to be had (caIssuers of authorityInfoAccess)."""
    found = []
    with contextlib.suppress(ParseError):
        for _, description in _list(_value(certificate, _AUTHORITY_INFORMATION_ACCESS)):
            parts = [(tag, description[at:stop]) for tag, _, at, stop in _elements(description)]
            if len(parts) == 2 and parts[0] == (der.OID, _CA_ISSUERS) and parts[1][0] == _URI:
                found.append(_text(parts[1][1]))
    return tuple(found)


def list_addresses(certificate: Certificate) -> tuple[str, ...]:
    """Where the CRL that tells of the certificate is to be had (the full names of cRLDistributionPoints)."""
    found = []
    with contextlib.suppress(ParseError):
        for _, point in _list(_value(certificate, _CRL_DISTRIBUTION_POINTS)):
            for kind, _, at, stop in _elements(point):
                if kind != 0xA0:  # distributionPoint
                    continue
                for form, _, start, end in der.elements(point, at, stop):
                    if form == _FULL_NAME:
                        names = der.elements(point, start, end)
                        found += [_text(point[first:last]) for tag, _, first, last in names if tag == _URI]
    return tuple(found)


def _value(certificate: Certificate, oid: str) -> bytes:
    extension = certificate.extension(oid)
    return b"" if extension is None else extension.value


def _list(value: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each element of a SEQUENCE OF. Raises ParseError."""
    if value:
        start, end = der.expect(value, 0, len(value), der.SEQUENCE, "a list of names")
        for tag, _, at, stop in der.elements(value, start, end):
            yield tag, value[at:stop]


def _elements(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    return der.elements(data, 0, len(data))


def _text(octets: bytes) -> str:
    return octets.decode("ascii", "backslashreplace")
