"""What follows the certificate in a ``TRUSTED CERTIFICATE`` (openssl-x509(1), -addtrust and -addreject)."""

from __future__ import annotations

from collections.abc import Sequence

from capath.errors import ParseError
from capath.pki import tlv
from capath.values import value_class

SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
# trust, reject, alias, keyid, other; each may be left out.
_MEMBERS = (tlv.SEQUENCE, 0xA0, tlv.UTF8_STRING, tlv.OCTET_STRING, 0xA1)
ANY_EXTENDED_KEY_USAGE = "2.5.29.37.0"


@value_class
class TrustAttributes:
    """X509_CERT_AUX: the purposes (dotted OIDs) the certificate is trusted for and rejected for.

    `encoded` is what follows the certificate in its block; empty for a plain certificate.
    """

    __slots__ = ("alias", "encoded", "rejected", "trusted")

    def __init__(
        self, trusted: tuple[str, ...] = (), rejected: tuple[str, ...] = (), alias: str = "", encoded: bytes = b""
    ) -> None:
        self.trusted = trusted
        self.rejected = rejected
        self.alias = alias
        self.encoded = encoded

    @property
    def allows_servers(self) -> bool:
        """Whether OpenSSL takes it as an anchor for TLS servers (X509_check_trust, obj_trust)."""
        wanted = {SERVER_AUTH, ANY_EXTENDED_KEY_USAGE}
        if wanted.intersection(self.rejected):
            return False
        return not self.trusted or bool(wanted.intersection(self.trusted))


_NONE = TrustAttributes()


def read_trust_attributes(data: bytes) -> TrustAttributes:
    """Decode `data`, the bytes after a certificate. No bytes mean no attributes. Raises ParseError."""
    if not data:
        return _NONE
    at, end = tlv.expect(data, 0, len(data), tlv.SEQUENCE, "trust attributes")
    found: dict[int, tuple[int, int]] = {}
    for tag in _MEMBERS:
        if at < end and data[at] == tag:
            _, content, at = tlv.header(data, at, end)
            found[tag] = content, at
    if at != end:
        raise ParseError(f"trust attributes: an element of tag 0x{data[at]:02x} does not belong here")
    alias, alias_end = found.get(tlv.UTF8_STRING, (0, 0))
    return TrustAttributes(
        _oids(data, *found.get(tlv.SEQUENCE, (0, 0))),
        _oids(data, *found.get(0xA0, (0, 0))),
        data[alias:alias_end].decode("utf-8", "replace"),
        data[:end],
    )


def encode_trust_attributes(trusted: Sequence[str] = (), rejected: Sequence[str] = ()) -> bytes:
    """Return what follows a certificate that is trusted and rejected for these uses (dotted OIDs)."""
    members = b""
    if trusted:
        members += tlv.encode(tlv.SEQUENCE, b"".join(map(tlv.encode_oid, trusted)))
    if rejected:
        members += tlv.encode(0xA0, b"".join(map(tlv.encode_oid, rejected)))
    return tlv.encode(tlv.SEQUENCE, members)


def _oids(data: bytes, start: int, end: int) -> tuple[str, ...]:
    found = []
    for tag, _, content, stop in tlv.elements(data, start, end):
        if tag != tlv.OID:
            raise ParseError("trust attributes: a purpose that is not an object identifier")
        found.append(tlv.oid_text(data[content:stop]))
    return tuple(found)
