"""What `cryptography` decodes of a certificate, part by part, and without its warnings.

It decodes all extensions of a certificate or none, and no part of a certificate that it refuses.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from capath.errors import ParseError
from capath.pki import tlv
from capath.pki.extensions import Extension

if TYPE_CHECKING:
    from cryptography import x509

_ECDSA_WITH_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
_ED25519_KEY = bytes.fromhex("302a300506032b6570032100") + bytes(32)
_ONE_AT_A_TIME = threading.RLock()


def decode_extension(extension: Extension) -> x509.ExtensionType:
    """Decode an extension by itself, whatever else is in its certificate. Raises ParseError, with the reason."""
    with without_warnings():
        try:
            (found,) = load_stand_in(extension=extension.encoded).extensions
            value: x509.ExtensionType = found.value
        except Exception as error:  # its parser raises many types
            raise ParseError(f"{type(error).__name__}: {error}") from None
    return value


@contextmanager
def without_warnings() -> Iterator[None]:
    """Without the warnings of `cryptography` about certificates: they are for its callers, not for users."""
    with _ONE_AT_A_TIME, warnings.catch_warnings():  # the filters are the whole process's
        warnings.simplefilter("ignore")
        yield


def load_stand_in(*, algorithm: bytes = _ECDSA_WITH_SHA256, extension: bytes = b"") -> x509.Certificate:
    """Load a certificate of nobody's with this signature algorithm and this extension, each a whole DER element.

    So `cryptography` decodes one part of a certificate that it refuses for another. Raises what it raises.
    """
    from cryptography.x509 import load_der_x509_certificate

    times = tlv.encode(tlv.SEQUENCE, tlv.encode(tlv.UTC_TIME, b"200101000000Z") * 2)
    extensions = tlv.encode(0xA3, tlv.encode(tlv.SEQUENCE, extension)) if extension else b""
    version_and_serial = b"\xa0\x03\x02\x01\x02\x02\x01\x01"
    fields = (version_and_serial, algorithm, b"\x30\x00", times, b"\x30\x00", _ED25519_KEY, extensions)
    signed = tlv.encode(tlv.SEQUENCE, b"".join(fields))
    return load_der_x509_certificate(tlv.encode(tlv.SEQUENCE, signed + algorithm + b"\x03\x02\x00\x00"))
