"""CSV reports of the CCADB (Mozilla's and the other programs' database of CAs), of any year.

Columns are found by their names, which drift: the PEM column alone has had three. A report is read row by row,
so that the largest, of all intermediates, needs no more memory than the smallest.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import BinaryIO

from capath.sources.decode import item_from_block
from capath.sources.item import Claims, Item, Reading, Refused, ServerTrust

_PEM_COLUMNS = ("pem", "pem info", "x.509 certificate (pem)", "x.509 certificate pem", "certificate pem")
_LABEL_COLUMNS = ("common name or certificate name", "certificate name", "certificate subject common name")
_FINGERPRINT_COLUMN = "sha-256 fingerprint"
_DISTRUST_COLUMN = "distrust for tls after date"
_CONSTRAINTS_COLUMN = "mozilla applied constraints"
_TRUST_COLUMN = "trust bits"
_CELL_OCTETS_LIMIT = 1 << 20
_DATE = re.compile(r"(\d{4})[.\-/](\d{1,2})[.\-/](\d{1,2})", re.ASCII)
_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]*CERTIFICATE-----")
_END = re.compile(r"-----END [A-Z0-9 ]*CERTIFICATE-----")


@dataclass(frozen=True, slots=True)
class CcadbCsvSource:
    """The certificates of a CCADB report. `open_data` gives its octets, from the start, each time."""

    title: str
    open_data: Callable[[], BinaryIO]

    def read(self) -> Reading:
        yield from _read(self.title, self.open_data())


def is_ccadb_csv(beginning: bytes) -> bool:
    """Whether a file that begins so is a CSV whose first line names a column of PEM."""
    header = beginning.removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"").lstrip()
    header = header.split(b"\n", 1)[0].split(b"\r", 1)[0]
    if b"-----BEGIN" in header or not (b"," in header or header.strip(b' "').upper() == b"PEM"):
        return False
    names = next(csv.reader([header.decode("utf-8", "replace")]), [])
    return _pem_column(_columns(names)) is not None


def _read(title: str, data: BinaryIO) -> Reading:
    with io.TextIOWrapper(data, encoding="utf-8-sig", errors="replace", newline="") as text:
        rows = _rows(title, text)
        header = next(rows, None)
        if not isinstance(header, list):
            yield header if header is not None else Refused(title, "it is empty")
            return
        columns = _columns(header)
        pem_column = _pem_column(columns)
        if pem_column is None:
            yield Refused(title, "it has no PEM column; download a report whose name contains PEM")
            return
        for number, row in enumerate(rows, 2):
            if isinstance(row, Refused):
                yield row
            elif row:
                yield _item(f"{title} row {number}", row, columns, pem_column)


def _rows(title: str, text: io.TextIOWrapper) -> Iterator[list[str] | Refused]:
    reader = csv.reader(_without_nul(text))
    number = 0
    while True:
        number += 1
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Refused(f"{title} row {number}", f"this is not CSV: {error}")


def _without_nul(text: io.TextIOWrapper) -> Iterator[str]:
    """The lines; a line without an end is cut off before it fills the memory."""
    while line := text.readline(_CELL_OCTETS_LIMIT):
        yield line.replace("\0", "")


def _columns(names: Sequence[str]) -> dict[str, int]:
    columns: dict[str, int] = {}
    for at, name in enumerate(names):
        columns.setdefault(" ".join(name.strip().casefold().split()), at)
    return columns


def _pem_column(columns: Mapping[str, int]) -> int | None:
    for name in _PEM_COLUMNS:
        if name in columns:
            return columns[name]
    return next((at for name, at in columns.items() if "pem" in name.split()), None)


def _item(origin: str, row: Sequence[str], columns: Mapping[str, int], pem_column: int) -> Item | Refused:
    def cell(*names: str) -> str:
        found = (row[columns[name]].strip() for name in names if name in columns and columns[name] < len(row))
        return next((text for text in found if text), "")

    label = " ".join(cell(*_LABEL_COLUMNS).split())
    origin = f"{origin} ({label})" if label else origin
    pem = row[pem_column].strip().strip("'").strip() if pem_column < len(row) else ""
    begin = _BEGIN.search(pem)
    end = _END.search(pem, begin.end()) if begin else None
    if begin is None or end is None:
        return Refused(origin, "its PEM cell has no complete certificate" if pem else "its PEM cell is empty")
    item = item_from_block(_lines(pem[begin.start() : end.end()]), origin)
    if isinstance(item, Refused):
        return item
    stated = cell(_FINGERPRINT_COLUMN).replace(":", "").lower()
    if stated and stated != item.certificate.sha256:
        return Refused(
            origin, f"the SHA-256 of its PEM ({item.certificate.sha256}) is not the one that it states ({stated})"
        )
    notes = item.notes
    distrust_after = _end_of_day(cell(_DISTRUST_COLUMN))
    if cell(_DISTRUST_COLUMN) and distrust_after is None:
        notes = (*notes, f"its distrust-after date cannot be read: {cell(_DISTRUST_COLUMN)}")
    claims = Claims(
        label, _server_trust(columns, cell(_TRUST_COLUMN)), distrust_after, _constraints(cell(_CONSTRAINTS_COLUMN))
    )
    return replace(item, claims=claims, notes=notes)


def _lines(block: str) -> bytes:
    return block.replace("\r", "\n").replace("\n\n", "\n").replace("\n\n", "\n").encode("ascii", "replace") + b"\n"


def _server_trust(columns: Mapping[str, int], bits: str) -> ServerTrust:
    if _TRUST_COLUMN in columns:
        words = {word.strip().casefold() for word in re.split("[;,]", bits)}
        return ServerTrust.YES if words & {"websites", "website", "server authentication"} else ServerTrust.NO
    # Reports without trust bits are made for one use, and only those for TLS have a date for TLS.
    return ServerTrust.YES if _DISTRUST_COLUMN in columns else ServerTrust.UNSAID


def _end_of_day(text: str) -> datetime | None:
    """The last second of a date: a leaf issued on that day is still accepted."""
    match = _DATE.match(text)
    if match is None:
        return None
    try:
        return datetime(int(match[1]), int(match[2]), int(match[3]), 23, 59, 59, tzinfo=timezone.utc)
    except ValueError:
        return None


def _constraints(text: str) -> str:
    """The names, where the cell holds names; that there are none is said in prose."""
    text = " ".join(text.split())
    return "" if text.casefold().startswith(("no ", "none", "n/a", "not applicable")) else text
