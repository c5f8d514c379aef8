"""Where the parts of a certificate or CRL stand in its DER, checked as far as `d2i_X509` checks it.

Everything else is decoded from these bounds when it is asked for: reading ten thousand roots to hash them
must not cost decoding them, nor importing what only people's view of them needs.
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct
from sys import byteorder

from capath.errors import ParseError
from capath.pki import ber, der

Bounds = tuple[int, int]


class CertificateFrame:
    """Bounds in the encoding: ``(start, stop)``. Names and the key are whole elements, the rest contents.

    `extensions` is ``(0, 0)`` where there are none. All is kept in one string of octets: as numbers in pairs it
    would be as large as the certificate.
    """

    __slots__ = ("_packed", "version")

    def __init__(
        self,
        version: int,
        serial: Bounds,
        issuer: Bounds,
        validity: Bounds,
        subject: Bounds,
        public_key_info: Bounds,
        extensions: Bounds,
        signature_algorithm: Bounds,
        end: int,
    ) -> None:
        self._packed = _PACKING.pack(
            *(*serial, *issuer, *validity, *subject, *public_key_info, *extensions, *signature_algorithm),
            end,
        )
        self.version = version

    @property
    def serial(self) -> Bounds:
        return _PAIR.unpack_from(self._packed, 0)

    @property
    def issuer(self) -> Bounds:
        return _PAIR.unpack_from(self._packed, 8)

    @property
    def validity(self) -> Bounds:
        return _PAIR.unpack_from(self._packed, 16)

    @property
    def subject(self) -> Bounds:
        return _PAIR.unpack_from(self._packed, 24)

    @property
    def public_key_info(self) -> Bounds:
        return _PAIR.unpack_from(self._packed, 32)

    @property
    def extensions(self) -> Bounds:
        return _PAIR.unpack_from(self._packed, 40)

    @property
    def signature_algorithm(self) -> Bounds:
        return _PAIR.unpack_from(self._packed, 48)

    @property
    def end(self) -> int:
        return int.from_bytes(self._packed[56:], byteorder)


_PAIR = Struct("=II")
_PACKING = Struct("=15I")


class CrlFrame:
    """Bounds in the encoding. `revoked` is ``(0, 0)`` where the list is empty."""

    __slots__ = ("end", "issuer", "revoked", "times")

    def __init__(self, issuer: Bounds, times: Bounds, revoked: Bounds, end: int) -> None:
        self.issuer = issuer
        self.times = times
        self.revoked = revoked
        self.end = end


def frame_certificate(data: bytes) -> CertificateFrame:
    """Find the parts of the certificate that `data` begins with. Raises ParseError where `d2i_X509` fails.

    The names are measured, not checked: reading them does that.
    """
    expect = der.expect
    start, end = expect(data, 0, len(data), der.SEQUENCE, "certificate")
    at, tbs_end = expect(data, start, end, der.SEQUENCE, "tbsCertificate")
    algorithm, algorithm_end = _algorithm(data, tbs_end, end)
    _bit_string(data, algorithm_end, end, der.BIT_STRING, "signature", end)

    version = 1
    if data[at : at + 1] == b"\xa0":
        content, stop = expect(data, at, tbs_end, 0xA0, "version")
        number, number_end = expect(data, content, stop, der.INTEGER, "version")
        if number_end != stop:
            raise ParseError("version: something follows the number")
        version, at = der.integer(data[number:number_end]) + 1, stop
    serial, serial_end = expect(data, at, tbs_end, der.INTEGER, "serial number")
    der.integer(data[serial : min(serial + 2, serial_end)])
    _, issuer = _algorithm(data, serial_end, tbs_end)
    _, issuer_end = der.expect_list(data, issuer, tbs_end, der.SEQUENCE, "issuer")
    validity, subject = expect(data, issuer_end, tbs_end, der.SEQUENCE, "validity")
    if _time_end(data, _time_end(data, validity, subject), subject) != subject:
        raise ParseError("validity: something follows notAfter")
    _, key = der.expect_list(data, subject, tbs_end, der.SEQUENCE, "subject")
    key_content, key_end = expect(data, key, tbs_end, der.SEQUENCE, "subjectPublicKeyInfo")
    _, bits = _algorithm(data, key_content, key_end)
    _bit_string(data, bits, key_end, der.BIT_STRING, "subjectPublicKey", key_end)
    extensions = _optional_parts(data, key_end, tbs_end)
    return CertificateFrame(
        version,
        (serial, serial_end),
        (issuer, issuer_end),
        (validity, subject),
        (subject, key),
        (key, key_end),
        extensions,
        (algorithm, algorithm_end),
        end,
    )


def frame_crl(data: bytes) -> CrlFrame:
    """Find the parts of a CRL (RFC 5280 §5.1). Raises ParseError where `d2i_X509_CRL` fails."""
    expect = der.expect
    start, end = expect(data, 0, len(data), der.SEQUENCE, "CRL")
    at, tbs_end = expect(data, start, end, der.SEQUENCE, "tbsCertList")
    _, signature = _algorithm(data, tbs_end, end)
    _bit_string(data, signature, end, der.BIT_STRING, "signature", end)
    if data[at : at + 1] == b"\x02":
        number, at = expect(data, at, tbs_end, der.INTEGER, "version")
        der.integer(data[number:at])
    _, issuer = _algorithm(data, at, tbs_end)
    _, times = der.expect_list(data, issuer, tbs_end, der.SEQUENCE, "issuer")
    at = _time_end(data, times, tbs_end)
    if at < tbs_end and data[at] in (der.UTC_TIME, der.GENERALIZED_TIME):
        at = _time_end(data, at, tbs_end)
    times_end = at
    revoked = 0, 0
    if at < tbs_end and data[at] | 0x20 == der.SEQUENCE:
        revoked = der.expect_list(data, at, tbs_end, der.SEQUENCE, "revokedCertificates")
        at = revoked[1]
        _check_revoked(data, *revoked)
    if at < tbs_end:
        content, at = expect(data, at, tbs_end, 0xA0, "crlExtensions")
        check_extensions(data, content, at)
    if at != tbs_end:
        raise ParseError("tbsCertList: something follows the extensions")
    return CrlFrame((issuer, times), (times, times_end), revoked, end)


def check_extensions(data: bytes, start: int, end: int) -> tuple[int, int]:
    """Check a whole list of extensions; return the bounds of its content."""
    start, stop = der.expect_list(data, start, end, der.SEQUENCE, "extensions")
    if stop != end:
        raise ParseError("extensions: something follows the list")
    at = start
    while at < stop:
        at = _plain_extension_end(data, at, stop) or extension_at(data, at, stop)[3]
    return start, stop


def _plain_extension_end(data: bytes, at: int, end: int) -> int:
    """Where an extension with short lengths and a standard type ends; 0 where more care is needed."""
    if at + 9 > end or data[at] != der.SEQUENCE or data[at + 2 : at + 6] != b"\x06\x03\x55\x1d":
        return 0
    length, stop, value = data[at + 1], at + 2 + data[at + 1], at + 7
    if data[value] == der.BOOLEAN and data[value + 1] == 1:
        value += 3
    if length > 0x7F or stop > end or value + 2 > stop or data[at + 6] & 0x80 or data[value] != der.OCTET_STRING:
        return 0
    return stop if data[value + 1] < 0x80 and value + 2 + data[value + 1] == stop else 0


def extension_at(data: bytes, start: int, end: int) -> tuple[bytes, bool, int, int]:
    """Return the extension at `start`: its type's octets, critical, and the bounds of its value."""
    at, stop = der.expect(data, start, end, der.SEQUENCE, "an extension")
    oid, at_next = der.expect(data, at, stop, der.OID, "an extension's type")
    octets = data[oid:at_next]
    der.check_oid(octets)
    critical = False
    if data[at_next : at_next + 1] == b"\x01":
        flag, at_next = der.expect(data, at_next, stop, der.BOOLEAN, "critical")
        if at_next - flag != 1:
            raise ParseError("extension: critical is not one octet")
        critical = data[flag] != 0
    value, value_end = der.expect(data, at_next, stop, der.OCTET_STRING, "an extension's value")
    if value_end != stop:
        raise ParseError("extension: something follows the value")
    return octets, critical, value, value_end


def _optional_parts(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Check issuerUniqueID, subjectUniqueID and extensions; return the bounds of the list of extensions."""
    for tag in (0x81, 0x82):
        if at < end and data[at] | 0x20 == tag | 0x20:
            in_pieces = data[at] != tag
            _, content, at = der.header(data, at, end)
            bits = ber.collect(data, content, at) if in_pieces else data[content:at]
            der.check_bit_string(bits, 0, len(bits))
    if at == end:
        return 0, 0
    content, stop = der.expect(data, at, end, 0xA3, "extensions")
    if stop != end:
        raise ParseError("tbsCertificate: something follows the extensions")
    return check_extensions(data, content, stop)


def _check_revoked(data: bytes, start: int, end: int) -> None:
    while start < end:
        at, stop = der.expect(data, start, end, der.SEQUENCE, "a revoked certificate")
        serial, at = der.expect(data, at, stop, der.INTEGER, "a revoked serial number")
        der.integer(data[serial:at])
        at = _time_end(data, at, stop)
        if at < stop:
            content, list_end = der.expect_list(
                data, at, stop, der.SEQUENCE, "extensions of a revoked certificate"
            )
            if list_end != stop:
                raise ParseError("a revoked certificate: something follows its extensions")
            while content < list_end:
                _, _, _, content = extension_at(data, content, list_end)
        start = stop


def _algorithm(data: bytes, offset: int, end: int) -> tuple[int, int]:
    start, stop = der.expect(data, offset, end, der.SEQUENCE, "algorithm")
    check_algorithm(data[start:stop])
    return start, stop


@lru_cache(maxsize=512)
def check_algorithm(content: bytes) -> None:
    """Raise ParseError where `content` is not that of an AlgorithmIdentifier."""
    end = len(content)
    oid, oid_end = der.expect(content, 0, end, der.OID, "algorithm")
    der.check_oid(content[oid:oid_end])
    if oid_end < end:
        tag, start, stop = der.header(content, oid_end, end)
        if stop != end:
            raise ParseError("algorithm: something follows the parameters")
        der.check_value(tag, content, start, stop)


def _bit_string(data: bytes, offset: int, end: int, tag: int, what: str, must_end: int) -> None:
    start, stop = der.expect(data, offset, end, tag, what)
    der.check_bit_string(data, start, stop)
    if stop != must_end:
        raise ParseError(f"{what}: something follows it")


def _time_end(data: bytes, offset: int, end: int) -> int:
    tag, _, stop = der.header(data, offset, end)
    if tag not in (der.UTC_TIME, der.GENERALIZED_TIME):
        raise ParseError(f"a time of tag 0x{tag:02x}")
    return stop
