"""PEM files and bundles: every certificate in them, also those that OpenSSL stops at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from capath.errors import ParseError
from capath.pki.load import read_certificate
from capath.pki.pem import PemBlock, read_pem
from capath.pki.trust_attributes import read_trust_attributes
from capath.sources.decode import item_from_block
from capath.sources.item import Claims, Item, Reading, Refused, ServerTrust
from capath.sources.pkcs7 import read_pkcs7

_BEGIN = re.compile(rb"-----BEGIN ([^\r\n]{0,60}?)-----")
_CERTIFICATES = frozenset({b"CERTIFICATE", b"X509 CERTIFICATE"})
_BLOCK_OCTETS_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class PemSource:
    """The certificates of a PEM file's content."""

    title: str
    data: bytes

    def read(self) -> Reading:
        yield from read_pem_bundle(self.title, self.data)


def read_pem_bundle(title: str, data: bytes) -> Reading:
    """Yield the certificates among the PEM blocks of `data`, in order."""
    found = False
    for number, (label, block) in enumerate(_blocks(data), 1):
        found = True
        yield from _read_block(f"{title} block {number}" if number > 1 else title, label, block)
    if not found:
        yield Refused(title, "it contains no PEM block")


def _blocks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    begin = _BEGIN.search(data)
    while begin is not None:
        following = _BEGIN.search(data, begin.end())
        yield begin[1], data[begin.start() : following.start() if following else len(data)]
        begin = following


def _read_block(origin: str, label: bytes, block: bytes) -> Reading:
    end = b"-----END " + label + b"-----"
    at = block.find(end)
    if at < 0:
        yield Refused(origin, f"the END line of its {_text(label)} is missing")
    elif at > _BLOCK_OCTETS_LIMIT:
        yield Refused(origin, f"its {_text(label)} is larger than {_BLOCK_OCTETS_LIMIT // 1024} KiB")
    elif label in _CERTIFICATES:
        yield item_from_block(block[: at + len(end)] + b"\n", origin)
    elif label == b"TRUSTED CERTIFICATE":
        yield _trusted(origin, block[: at + len(end)] + b"\n")
    elif label in (b"PKCS7", b"CMS", b"PKCS #7 SIGNED DATA"):
        yield from _pkcs7(origin, block[: at + len(end)] + b"\n")
    elif label.endswith(b"PRIVATE KEY"):
        yield Refused(origin, "it is a private key; a trust store needs none, so it is not imported")
    elif label == b"X509 CRL":
        yield Refused(origin, "it is a CRL: copy the file into the directory, then run capath rehash")
    else:
        yield Refused(origin, f"it is not a certificate but {_text(label)}")


def _trusted(origin: str, block: bytes) -> Item | Refused:
    """A certificate in OpenSSL's own form: what it is trusted for becomes a claim."""
    parsed = next(read_pem(block), None)
    if not isinstance(parsed, PemBlock):
        return Refused(origin, f"OpenSSL: {'no PEM block' if parsed is None else parsed.reason}")
    try:
        certificate, rest = read_certificate(parsed.content)
        trust = read_trust_attributes(rest)
    except ParseError as error:
        return Refused(origin, f"OpenSSL: {error}")
    servers = ServerTrust.UNSAID
    if trust.trusted or trust.rejected:
        servers = ServerTrust.YES if trust.allows_servers else ServerTrust.NO
    note = "its trusted uses (OpenSSL's TRUSTED CERTIFICATE) are not imported: other clients ignore them"
    return Item(certificate, origin, Claims(trust.alias, servers), (note,) if trust.encoded else ())


def _pkcs7(origin: str, block: bytes) -> Reading:
    parsed = next(read_pem(block), None)
    if isinstance(parsed, PemBlock):
        yield from read_pkcs7(origin, parsed.content)
    else:
        yield Refused(origin, f"OpenSSL: {'no PEM block' if parsed is None else parsed.reason}")


def _text(label: bytes) -> str:
    return label.decode("latin-1") or "a block without a name"
