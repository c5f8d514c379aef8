"""Bytes to certificates, with what each library says about those that one of them rejects."""

from __future__ import annotations

import base64
import binascii
import re
import warnings

from capath.errors import ParseError
from capath.pki.load import read_certificate
from capath.pki.pem import PemFault, read_pem
from capath.sources.item import NO_CLAIMS, Claims, Item, Refused

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]")


def item_from_der(encoded: bytes, origin: str, claims: Claims = NO_CLAIMS, *notes: str) -> Item | Refused:
    """Return the certificate that `encoded` is, all of it."""
    try:
        certificate, rest = read_certificate(encoded)
    except ParseError as error:
        return Refused(origin, f"OpenSSL: {error}; cryptography: {_other_library(encoded)}")
    except RecursionError:
        return Refused(origin, "it is nested too deeply to be a certificate")
    if rest:
        notes = (*notes, f"{len(rest)} bytes after the certificate are ignored")
    return Item(certificate, origin, claims, notes)


def item_from_block(block: bytes, origin: str, claims: Claims = NO_CLAIMS) -> Item | Refused:
    """Return the certificate of one PEM block, from BEGIN to END, whatever its lines look like.

    A block that OpenSSL rejects only because of its lines is decoded nevertheless, and encoded again.
    """
    parsed = next(read_pem(block), None)
    if parsed is not None and not isinstance(parsed, PemFault):
        return item_from_der(parsed.content, origin, claims)
    complaint = parsed.reason if isinstance(parsed, PemFault) else "there is no PEM block"
    body = re.sub(rb"-----[^-]*-----", b"", block)
    body = re.sub(rb"(?m)^[A-Za-z-]+:.*$", b"", body)
    text = _NOT_BASE64.sub(b"", body)
    if not text or len(text) < len(body.translate(None, b" \t\r\n\"'\\")):
        return Refused(origin, f"OpenSSL: {complaint}; the block is not base64")
    try:
        encoded = base64.b64decode(text + b"=" * (-len(text) % 4))
    except binascii.Error as error:
        return Refused(origin, f"OpenSSL: {complaint}; {error}")
    return item_from_der(
        encoded,
        origin,
        claims,
        f"OpenSSL rejects its PEM ({complaint}); capath encodes it again",
    )


def _other_library(encoded: bytes) -> str:
    from cryptography import x509

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            x509.load_der_x509_certificate(encoded)
    except Exception as error:  # its parser raises many types
        return str(error) or type(error).__name__
    return "it loads, but OpenSSL cannot use it"
