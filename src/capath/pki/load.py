"""Which octets are a certificate or a CRL: libraries decide, for OpenSSL is what will read them.

`cryptography` decides nearly always, in a fraction of the time: whatever it loads OpenSSL loads too, if the names
have a canonical form (measured on 16,000 certificates). What it refuses, the OpenSSL that Python is linked to
decides, as a rule the machine's. pyOpenSSL brings a newer one, which refuses some that the machine's loads.
"""

from __future__ import annotations

from capath.errors import ParseError
from capath.pki import tlv
from capath.pki.certificate import Certificate, certificate_fields
from capath.pki.crl import CertificateList, crl_bounds
from capath.pki.name import Name, canonical_bytes


def read_certificate(data: bytes) -> tuple[Certificate, bytes]:
    """Decode the certificate that `data` begins with; return it and the bytes after it.

    Raises ParseError where OpenSSL does not load it.
    """
    from cryptography.x509 import load_der_x509_certificate

    try:
        _, _, end = tlv.header(data, 0, len(data))
        whole = data if end == len(data) else data[:end]
        fields = certificate_fields(whole)
        load_der_x509_certificate(_with_positive_serial(whole, fields[1]))
        issuer = Name.decode(whole[fields[3] : fields[4]])
        encoded = whole[fields[5] : fields[6]]
        subject = issuer if encoded == issuer.encoded else Name.decode(encoded)
    except Exception:  # its parser raises many types
        return _read_odd_certificate(data)
    return Certificate(whole, subject, issuer), data[end:]


def read_crl(data: bytes) -> CertificateList:
    """Decode the CRL that `data` begins with. Raises ParseError where OpenSSL does not load it."""
    from cryptography.x509 import load_der_x509_crl

    try:
        _, _, end = tlv.header(data, 0, len(data))
        plain = whole = data[:end]
        load_der_x509_crl(whole)
        issuer = Name.decode(whole[slice(*crl_bounds(whole)[0])])
    except Exception:
        whole = data[: tlv.end_of(data)]
        _check_signed_shape(whole, "CRL")
        _ask_machine_for_crl(whole)
        plain = tlv.definite(whole)
        fields = tlv.parts(tlv.parts(whole)[0])
        issuer = _name(fields[2] if fields[0][0] == tlv.INTEGER else fields[1])
    return CertificateList(whole, issuer, plain)


def _with_positive_serial(data: bytes, at: int) -> bytes:
    """Return `data`, with another serial number where the one at `at` is not positive.

    `cryptography` warns of those, and will refuse them. Trusted roots have them, and OpenSSL does not mind.
    """
    _, start, stop = tlv.header(data, at, len(data))
    if stop - start > 1 and (data[start], data[start + 1] >> 7) in ((0x00, 0), (0xFF, 1)):
        raise ParseError("an integer with padding")
    if 0 < data[start] < 0x80 or (stop - start > 1 and not data[start]):
        return data
    return data[:start] + b"\x01" + data[start + 1 :]


def _read_odd_certificate(data: bytes) -> tuple[Certificate, bytes]:
    whole = data[: tlv.end_of(data)]
    _check_signed_shape(whole, "certificate")
    refused_by_newer = _ask_openssl(whole)
    issuer, subject = (_name(element) for element in _signed_fields(whole)[3:6:2])
    plain = tlv.definite(whole)
    plain = whole if plain == whole else plain
    return Certificate(whole, subject, issuer, plain, refused_by_newer), data[len(whole) :]


def _signed_fields(encoded: bytes) -> list[bytes]:
    """The fields of tbsCertificate, as encoded; a version that is missing is empty."""
    fields = tlv.parts(tlv.parts(encoded)[0])
    return fields if fields[0][0] == 0xA0 else [b"", *fields]


def _check_signed_shape(encoded: bytes, what: str) -> None:
    """Raise ParseError for what is far from signed (RFC 5280 §4.1), before any library is asked in vain."""
    tag, start, _ = tlv.ber_header(encoded, 0, len(encoded))
    if tag != tlv.SEQUENCE or encoded[start : start + 1] != b"\x30":
        raise ParseError(f"it is not a {what}")


def _ask_openssl(encoded: bytes) -> str:
    """Return why a newer OpenSSL refuses the certificate; empty where it does not.

    Raises ParseError where the one that Python is linked to refuses it.
    """
    if not _machine_loads("x509", cadata=encoded):
        raise ParseError(f"OpenSSL does not load it ({_refusal(encoded) or 'older versions refuse it'})")
    return _refusal(encoded)


def _refusal(encoded: bytes) -> str:
    """Why pyOpenSSL's OpenSSL does not load the certificate: the first reason, where the others come from."""
    from OpenSSL import crypto

    try:
        crypto.load_certificate(crypto.FILETYPE_ASN1, encoded)
    except crypto.Error as error:
        queue = error.args[0] if error.args else ()
        return next((reason for _, _, reason in queue if reason), "no reason given")
    return ""


def _ask_machine_for_crl(encoded: bytes) -> None:
    """Raise ParseError where the OpenSSL that Python is linked to does not load the CRL; it reads files only."""
    import tempfile

    from capath.pki.pem import encode_pem

    with tempfile.NamedTemporaryFile(prefix="capath-", suffix=".crl") as file:
        file.write(encode_pem("X509 CRL", encoded))
        file.flush()
        if not _machine_loads("crl", cafile=file.name):
            raise ParseError("OpenSSL does not load it")


def _machine_loads(kind: str, *, cadata: bytes | None = None, cafile: str | None = None) -> bool:
    """Whether the OpenSSL that Python is linked to loads an object of this kind: ``x509`` or ``crl``."""
    import contextlib
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # What is in the store counts: an error may be of something inside that OpenSSL loads all the same, or be left
    # from an earlier call. The second one fails, which empties the thread's queue of errors for whoever is next.
    with contextlib.suppress(ssl.SSLError):
        context.load_verify_locations(cadata=cadata, cafile=cafile)
    loaded = bool(context.cert_store_stats()[kind])
    with contextlib.suppress(ssl.SSLError):
        context.load_verify_locations(cadata=b"\0")
    return loaded


def _name(encoded: bytes) -> Name:
    """The name whose BER is `encoded`."""
    return Name(encoded, canonical_bytes(tlv.definite(encoded)))
