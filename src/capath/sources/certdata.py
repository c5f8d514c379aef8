"""NSS's ``certdata.txt``, of any year: certificates and trust objects, paired by issuer and serial number."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from capath.pki import tlv
from capath.sources.decode import item_from_der
from capath.sources.item import Claims, Item, Reading, Refused, ServerTrust

_LINE_OCTETS_LIMIT = 65536
_VALUE_OCTETS_LIMIT = 1 << 20
_OCTAL = re.compile(rb"\\([0-3][0-7]{2})")
_ESCAPE = re.compile(rb"\\x([0-9A-Fa-f]{2})")
_ATTRIBUTES = re.compile(rb"(CKA_\w+)\s+(\w+)\s*(.*)")
Object = Mapping[str, bytes]
"""One object: attribute to value, octets where it was octal and the bare word or text where it was not."""


@dataclass(frozen=True, slots=True)
class CertdataSource:
    """The certificates of a certdata.txt. `open_data` gives its octets, from the start, each time."""

    title: str
    open_data: Callable[[], BinaryIO]

    def read(self) -> Reading:
        with self.open_data() as data:
            yield from _read(self.title, data)


def is_certdata(beginning: bytes) -> bool:
    """Whether a file that begins so is a certdata.txt."""
    return re.search(rb"^(BEGINDATA|CKA_CLASS\s)", beginning, re.MULTILINE) is not None or (
        b"CKA_CLASS" in beginning and b"CKO_CERTIFICATE" in beginning
    )


def _read(title: str, data: BinaryIO) -> Reading:
    certificates: list[Object] = []
    trusts: dict[tuple[bytes, bytes], list[Object]] = {}
    for found in _objects(title, data):
        if isinstance(found, Refused):
            yield found
            continue
        kind = found.get("CKA_CLASS", b"")
        if kind == b"CKO_CERTIFICATE":
            certificates.append(found)
        elif kind.endswith(b"_TRUST"):
            trusts.setdefault(_identity(found), []).append(found)
    if not certificates and not trusts:
        yield Refused(title, "it contains no certificate object")
    paired = set()
    for certificate in certificates:
        paired.add(_identity(certificate))
        yield _item(title, certificate, trusts.get(_identity(certificate), ()))
    for identity, group in trusts.items():
        if identity not in paired:
            word = "distrusts" if _server_trust(group) is ServerTrust.DISTRUSTED else "is for"
            yield Refused(
                f"{title} ({_label(group[0])})", f"its trust object {word} a certificate that is not in the file"
            )


def _item(title: str, found: Object, trusts: Iterable[Object]) -> Item | Refused:
    origin = f"{title} ({_label(found)})"
    item = item_from_der(found.get("CKA_VALUE", b""), origin)
    if isinstance(item, Refused):
        return item
    own = []
    for trust in trusts:
        sha1 = trust.get("CKA_CERT_SHA1_HASH", b"")
        if len(sha1) == 20 and sha1.hex() != item.certificate.sha1:
            continue  # of another certificate with the same issuer and serial number
        own.append(trust)
    dates = [date for group in (found, *own) if (date := _distrust_after(group)) is not None]
    claims = Claims(_label(found), _server_trust(own), min(dates, default=None))
    notes = () if own else ("it has no trust object, so NSS trusts it for nothing",)
    return Item(item.certificate, origin, claims, (*item.notes, *notes))


def _server_trust(trusts: Iterable[Object]) -> ServerTrust:
    """The most cautious of what the trust objects say: CKT_NSS_*, and CKT_NETSCAPE_* before 2010."""
    words = {trust.get("CKA_TRUST_SERVER_AUTH", b"").decode("latin-1") for trust in trusts}
    if any(word.endswith(("_NOT_TRUSTED", "_UNTRUSTED")) for word in words):
        return ServerTrust.DISTRUSTED
    if words and all(word.endswith(("_TRUSTED_DELEGATOR", "_TRUST_ANCHOR")) for word in words):
        return ServerTrust.YES
    return ServerTrust.NO


def _distrust_after(found: Object) -> datetime | None:
    """It may be in either object; CK_FALSE, or no attribute, means no date."""
    value = found.get("CKA_NSS_SERVER_DISTRUST_AFTER", b"")
    return tlv.time_value(tlv.UTC_TIME if len(value) == 13 else tlv.GENERALIZED_TIME, value)


def _identity(found: Object) -> tuple[bytes, bytes]:
    return found.get("CKA_ISSUER", b""), found.get("CKA_SERIAL_NUMBER", b"")


def _label(found: Object) -> str:
    raw = found.get("CKA_LABEL", b"").strip().strip(b'"')
    octets = _ESCAPE.sub(lambda match: bytes((int(match[1], 16),)), raw)
    return " ".join(octets.decode("utf-8", "replace").split())


def _objects(title: str, data: BinaryIO) -> Iterator[Object | Refused]:
    """Each object reaches from one CKA_CLASS to the next."""
    current: dict[str, bytes] = {}
    lines = enumerate(iter(lambda: data.readline(_LINE_OCTETS_LIMIT), b""), 1)
    for number, line in lines:
        match = _ATTRIBUTES.match(line)
        if match is None:
            continue
        name, kind, rest = match[1].decode(), match[2], match[3].strip()
        if name == "CKA_CLASS":
            if current:
                yield current
            current = {}
        if kind == b"MULTILINE_OCTAL":
            value = _octal(lines)
            if value is None:
                yield Refused(f"{title} line {number}", f"the octal data of {name} has no END")
                current = {}
                continue
            current[name] = value
        else:
            current[name] = rest
    if current:
        yield current


def _octal(lines: Iterator[tuple[int, bytes]]) -> bytes | None:
    """The octets up to END; None where there is none, or no end to them."""
    value = bytearray()
    for _, line in lines:
        if line.strip() == b"END":
            return bytes(value)
        if not line.lstrip().startswith(b"\\") or len(value) > _VALUE_OCTETS_LIMIT:
            return None
        value.extend(int(digits, 8) for digits in _OCTAL.findall(line))
    return None
