"""One CRL (RFC 5280 §5)."""

from __future__ import annotations

import hashlib

from capath.pki import tlv
from capath.pki.certificate import times_in
from capath.pki.name import Name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime


class CertificateList:
    """A CRL that OpenSSL loads."""

    __slots__ = ("_plain", "der", "issuer")

    def __init__(self, der: bytes, issuer: Name, plain: bytes) -> None:
        self.der = der
        self.issuer = issuer
        self._plain = plain

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CertificateList) and self.der == other.der

    def __hash__(self) -> int:
        return hash(self.der)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.der).hexdigest()

    @property
    def sha1(self) -> str:
        return hashlib.sha1(self.der, usedforsecurity=False).hexdigest()

    @property
    def this_update(self) -> datetime | None:
        return times_in(self._plain[slice(*crl_bounds(self._plain)[1])])[0]

    @property
    def next_update(self) -> datetime | None:
        """None where there is none, or it is not a time as RFC 5280 writes it."""
        return times_in(self._plain[slice(*crl_bounds(self._plain)[1])])[1]

    @property
    def revoked_count(self) -> int:
        start, end = crl_bounds(self._plain)[2]
        return sum(1 for _ in tlv.elements(self._plain, start, end))


def crl_bounds(plain: bytes) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    """Bounds of a CRL's issuer (the whole element), times, and list of revoked certificates (its content).

    Raises ParseError where there are none.
    """
    _, at, end = tlv.header(plain, 0, len(plain))
    _, at, end = tlv.header(plain, at, end)
    if plain[at : at + 1] == b"\x02":  # version
        _, _, at = tlv.header(plain, at, end)
    _, _, issuer = tlv.header(plain, at, end)  # after the algorithm
    _, _, times = tlv.header(plain, issuer, end)
    _, _, at = tlv.header(plain, times, end)
    if at < end and plain[at] in (tlv.UTC_TIME, tlv.GENERALIZED_TIME):
        _, _, at = tlv.header(plain, at, end)
    revoked = (0, 0)
    if at < end and plain[at] | 0x20 == tlv.SEQUENCE:
        _, *content = tlv.header(plain, at, end)
        revoked = content[0], content[1]
    return (issuer, times), (times, at), revoked
