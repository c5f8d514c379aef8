"""Which kind of source a file is, by its content and not by its name."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from capath.errors import ParseError
from capath.pki import tlv
from capath.sources.ccadb_csv import CcadbCsvSource, is_ccadb_csv
from capath.sources.certdata import CertdataSource, is_certdata
from capath.sources.decode import item_from_der
from capath.sources.item import Password, Reading, Refused, Source
from capath.sources.keystores import JCEKS_MAGIC, JKS_MAGIC, JksSource, Pkcs12Source
from capath.sources.pem import PemSource
from capath.sources.pkcs7 import Pkcs7Source, is_pkcs7

REFUSALS_LIMIT = 1000
_BEGINNING_OCTETS = 65536
_WHOLE_OCTETS_LIMIT = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class BoundedSource:
    """`source`, with the refusals beyond the first thousand counted. Every certificate still comes."""

    source: Source

    @property
    def title(self) -> str:
        return self.source.title

    def read(self) -> Reading:
        refused = 0
        for found in self.source.read():
            if isinstance(found, Refused):
                refused += 1
                if refused > REFUSALS_LIMIT:
                    continue
            yield found
        if refused > REFUSALS_LIMIT:
            yield Refused(self.title, f"{refused - REFUSALS_LIMIT:,} more items in it are rejected")


@dataclass(frozen=True, slots=True)
class DerSource:
    """The certificates of a DER file's content."""

    title: str
    data: bytes

    def read(self) -> Reading:
        at, number = 0, 0
        while at < len(self.data):
            number += 1
            origin = self.title if number == 1 else f"{self.title} certificate {number}"
            try:
                _, _, stop = tlv.header(self.data, at, len(self.data))
            except ParseError as error:
                yield Refused(origin, f"not DER at byte {at}: {error}")
                return
            yield item_from_der(self.data[at:stop], origin)
            at = stop


@dataclass(frozen=True, slots=True)
class UnknownSource:
    """A file of an unknown kind; `reason` says what it looks like, and what to do."""

    title: str
    reason: str

    def read(self) -> Reading:
        yield Refused(self.title, self.reason)


def source_of_bytes(title: str, data: bytes, password: Password) -> Source:
    """Return the source that `data` is."""
    return source_of_stream(title, lambda: io.BytesIO(data), password)


def source_of_stream(title: str, open_data: Callable[[], BinaryIO], password: Password) -> Source:
    """Return the source that the octets are; large tables are not read as a whole."""
    return BoundedSource(_detect(title, open_data, password))


def _detect(title: str, open_data: Callable[[], BinaryIO], password: Password) -> Source:
    with open_data() as stream:
        beginning = stream.read(_BEGINNING_OCTETS)
        if is_ccadb_csv(beginning):
            return CcadbCsvSource(title, open_data)
        if is_certdata(beginning):
            return CertdataSource(title, open_data)
        data = beginning + stream.read(_WHOLE_OCTETS_LIMIT)
    if len(data) > _WHOLE_OCTETS_LIMIT:
        limit = _WHOLE_OCTETS_LIMIT // 2**20
        return UnknownSource(title, f"it is larger than {limit} MiB, so it was not read; split it first")
    if not data.strip():
        return UnknownSource(title, "it is empty")
    if data.startswith((JKS_MAGIC, JCEKS_MAGIC)):
        return JksSource(title, data)
    if data.startswith(b"\x30"):
        return _source_of_der(title, data, password)
    if b"-----BEGIN " in data:
        return PemSource(title, data)
    return UnknownSource(
        title,
        "it contains no certificate in a format that capath reads (PEM, DER, PKCS#7, PKCS#12, "
        "JKS, a CCADB report with PEM, certdata.txt)",
    )


def _source_of_der(title: str, data: bytes, password: Password) -> Source:
    if is_pkcs7(data):
        return Pkcs7Source(title, data)
    # PFX ::= SEQUENCE { version INTEGER (3), …; a certificate begins with two SEQUENCEs
    body = data[1:8]
    if bytes((tlv.INTEGER, 1, 3)) in body:
        return Pkcs12Source(title, data, password)
    return DerSource(title, data)
