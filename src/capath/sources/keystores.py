"""Keystores: PKCS#12 (RFC 7292; ``.p12``, ``.pfx``, Java 9 and later), and the JKS and JCEKS of Java before.

JKS is what sun.security.provider.JavaKeyStore writes: magic, version (1 or 2), count, entries (a tag, an alias, a
time in milliseconds, then a certificate or an encrypted key with its chain), a SHA-1 over a password and all of
it. Certificates are not encrypted, so no password is asked for, and the SHA-1 is not checked.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from capath.errors import ParseError
from capath.sources.decode import item_from_der
from capath.sources.item import Claims, Password, Reading, Refused

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12KeyAndCertificates

JKS_MAGIC, JCEKS_MAGIC = bytes.fromhex("feedfeed"), bytes.fromhex("cececece")
_PASSWORD_OF_JAVA = b"changeit"
_DIGEST_BYTES = 20


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
        for given in (None, b"", _PASSWORD_OF_JAVA):
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


@dataclass(frozen=True, slots=True)
class JksSource:
    """The trusted certificates of a JKS or JCEKS keystore's content; its keys are left out."""

    title: str
    data: bytes

    def read(self) -> Reading:
        found = 0
        try:
            for alias, encoded in _jks_entries(self.data):
                found += 1
                origin = f"{self.title} entry {alias}"
                if encoded is None:
                    yield Refused(origin, "it is a private or secret key: a trust store needs none")
                else:
                    yield item_from_der(encoded, origin, Claims(alias))
        except ParseError as error:
            yield Refused(self.title, f"this Java keystore cannot be read beyond entry {found}: {error}")
        else:
            if not found:
                yield Refused(self.title, "the Java keystore has no entry")


def _jks_entries(data: bytes) -> Iterator[tuple[str, bytes | None]]:
    """The alias and the certificate of each entry, None for a key. Raises ParseError."""
    at = 4

    def take(size: int) -> bytes:
        nonlocal at
        if size > len(data) - _DIGEST_BYTES - at:
            raise ParseError("it is truncated; copy it again")
        at += size
        return data[at - size : at]

    def number() -> int:
        return int(struct.unpack(">I", take(4))[0])

    def text() -> str:
        return take(struct.unpack(">H", take(2))[0]).decode("utf-8", "replace")

    def certificate() -> bytes:
        kind = text() if version == 2 else "X.509"
        encoded = take(number())
        if kind != "X.509":
            raise ParseError(f"it holds a certificate of the kind {kind}")
        return encoded

    version = number()
    if version not in (1, 2):
        raise ParseError(
            f"it has version {version}, and capath knows 1 and 2; convert it: keytool -importkeystore "
            "-srckeystore FILE -destkeystore FILE.p12 -deststoretype pkcs12"
        )
    for _ in range(number()):
        tag, alias = number(), text()
        take(8)
        if tag == 1:
            take(number())
            for _ in range(number()):
                certificate()
            yield alias, None
        elif tag == 2:
            yield alias, certificate()
        else:
            raise ParseError("a secret key is there, whose length nothing states")
    if at != len(data) - _DIGEST_BYTES:
        raise ParseError(f"there are {len(data) - _DIGEST_BYTES - at} bytes after the last entry")
