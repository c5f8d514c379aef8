"""What stands behind the certificate in a ``TRUSTED CERTIFICATE`` (openssl-x509(1), -addtrust and -addreject)."""

from __future__ import annotations

from dataclasses import dataclass

from capath.errors import ParseError
from capath.pki import der

SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
# trust, reject, alias, keyid, other; each may be left out.
_MEMBERS = (der.SEQUENCE, 0xA0, der.UTF8_STRING, der.OCTET_STRING, 0xA1)
ANY_EXTENDED_KEY_USAGE = "2.5.29.37.0"


@dataclass(frozen=True, slots=True)
class TrustAttributes:
    """X509_CERT_AUX: the purposes (dotted OIDs) the certificate is trusted for and rejected for."""

    trusted: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    alias: str = ""
    encoded: bytes = b""

    @property
    def allows_servers(self) -> bool:
        """Whether OpenSSL takes it as an anchor for TLS servers (X509_check_trust, obj_trust)."""
        wanted = {SERVER_AUTH, ANY_EXTENDED_KEY_USAGE}
        if wanted.intersection(self.rejected):
            return False
        return not self.trusted or bool(wanted.intersection(self.trusted))


_NONE = TrustAttributes()


def read_trust_attributes(data: bytes) -> TrustAttributes:
    """Decode `data`, the bytes behind a certificate. No bytes mean no attributes. Raises ParseError."""
    if not data:
        return _NONE
    at, end = der.expect(data, 0, len(data), der.SEQUENCE, "trust attributes")
    found: dict[int, tuple[int, int]] = {}
    for tag in _MEMBERS:
        if at < end and data[at] == tag:
            _, content, at = der.header(data, at, end)
            found[tag] = content, at
    if at != end:
        raise ParseError(f"trust attributes: an element of tag 0x{data[at]:02x} does not belong here")
    alias, alias_end = found.get(der.UTF8_STRING, (0, 0))
    return TrustAttributes(
        _oids(data, *found.get(der.SEQUENCE, (0, 0))),
        _oids(data, *found.get(0xA0, (0, 0))),
        data[alias:alias_end].decode("utf-8", "replace"),
        data[:end],
    )


def _oids(data: bytes, start: int, end: int) -> tuple[str, ...]:
    found = []
    for tag, _, content, stop in der.elements(data, start, end):
        if tag != der.OID:
            raise ParseError("trust attributes: a purpose that is no object identifier")
        found.append(der.oid_text(data[content:stop]))
    return tuple(found)
