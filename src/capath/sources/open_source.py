"""SOURCE as people name it: a path, or the name of a well-known store."""

from __future__ import annotations

import os
from dataclasses import dataclass

from capath.pki.visible import visible
from capath.sources.certifi_roots import CertifiSource
from capath.sources.decode import item_from_der
from capath.sources.detect import source_of_stream
from capath.sources.directory import DirectorySource
from capath.sources.files import open_file
from capath.sources.item import Item, Password, Reading, Source
from capath.sources.store import open_store, several
from capath.sources.system_store import system_places, system_source
from capath.store import list_store

CCADB_REPORTS = "https://ccadb.my.salesforce-sites.com"
MOZILLA_REPORT = f"{CCADB_REPORTS}/mozilla/IncludedCACertificateReportPEMCSV"


@dataclass(frozen=True, slots=True)
class ChainSource:
    """The certificates that a server showed, leaf first, as octets."""

    title: str
    encoded: tuple[bytes, ...]

    def read(self) -> Reading:
        for number, encoded in enumerate(self.encoded):
            yield item_from_der(encoded, f"{self.title} depth {number}")


@dataclass(frozen=True, slots=True)
class StoreSource:
    """What a store that is several places trusts: ``default``, or directories ``a:b``."""

    title: str

    def read(self) -> Reading:
        with open_store(self.title) as store:
            yield from store.refused
            for row in list_store(store.scan()).certificates:
                if row.trusted:
                    yield Item(row.certificate, row.file)


def open_source(text: str, password: Password) -> Source:
    """Return the source on this machine that `text` names: ``certifi``, ``system``, ``default`` or a path.

    Raises BadInputError where there is no such thing. Addresses are fetched by the caller, who gives the
    octets to `source_of_bytes`.
    """
    if text == "certifi":
        return CertifiSource()
    if text == "system":
        return system_source(system_places())
    if text == "default" or several(text):
        return StoreSource(text)
    if os.path.isdir(text):
        return DirectorySource(text)
    open_file(text).close()
    return source_of_stream(visible(os.path.basename(text)), lambda: open_file(text), password)
