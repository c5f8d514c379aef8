"""PKCS#12 (RFC 7292): ``.p12`` and ``.pfx`` files, and the trust stores of Java 9 and later."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from capath.sources.decode import item_from_der
from capath.sources.item import Claims, Password, Reading, Refused

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12KeyAndCertificates


@dataclass(frozen=True, slots=True)
class Pkcs12Source:
    """The certificates of a PKCS#12 file's content. `password` is asked only where one is needed."""

    title: str
    data: bytes
    password: Password

    def read(self) -> Reading:
        from cryptography.hazmat.primitives.serialization import Encoding

        opened = self._open()
        if isinstance(opened, Refused):
            yield opened
            return
        certificates = [opened.cert] if opened.cert is not None else []
        certificates.extend(opened.additional_certs)
        if opened.key is not None:
            yield Refused(f"{self.title} key", "its private key is not imported: a trust store needs none")
        if not certificates:
            yield Refused(self.title, "it contains no certificate")
        for number, entry in enumerate(certificates, 1):
            label = (entry.friendly_name or b"").decode("utf-8", "replace")
            encoded = entry.certificate.public_bytes(Encoding.DER)
            yield item_from_der(encoded, f"{self.title} certificate {number}", Claims(label))

    def _open(self) -> PKCS12KeyAndCertificates | Refused:
        for given in (None, b""):
            opened = _load(self.data, given)
            if not isinstance(opened, str):
                return opened
        given = self.password(self.title)
        if given is None:
            return Refused(self.title, "it needs a password, or is damaged; try again with --password-file FILE")
        opened = _load(self.data, given)
        if isinstance(opened, str):
            advice = "openssl pkcs12 -nokeys -in FILE -out FILE.pem converts it"
            return Refused(self.title, f"the password is wrong, or the file is damaged: {opened}; {advice}")
        return opened


def _load(data: bytes, password: bytes | None) -> PKCS12KeyAndCertificates | str:
    from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return load_pkcs12(data, password)
    except Exception as error:  # its parser raises many types
        return str(error) or type(error).__name__
