"""CCADB reports of several years and layouts."""

from __future__ import annotations

import csv
import io
import tracemalloc
from datetime import datetime, timezone
from pathlib import Path

import pytest

from capath.sources.detect import source_of_bytes
from capath.sources.item import Item, ServerTrust
from capath.sources.open_source import open_source
from tests.minting import mint_root
from tests.sources.reading import REAL_DATA, fingerprints, needs_real_data, nobody, split

A, B = mint_root("Root A"), mint_root("Root B")


def _csv(rows: list[dict[str, str]], line_end: str = "\n") -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, rows[0].keys(), quoting=csv.QUOTE_ALL, lineterminator=line_end)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _row(pem: bytes, **more: str) -> dict[str, str]:
    row = {
        "Owner": "Ownér, Inc.",
        "Common Name or Certificate Name": "Root\nof two lines",
        "SHA-256 Fingerprint": "",
        "Trust Bits": "Websites;Email",
        "Distrust for TLS After Date": "",
        "Distrust for S/MIME After Date": "2020.01.01",
        "Mozilla Applied Constraints": "",
        "PEM Info": f"'{pem.decode().strip()}'",
    }
    return row | {name.replace("_", " "): value for name, value in more.items()}


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r\r\n"])
@pytest.mark.parametrize("column", ["PEM", "PEM Info", "X.509 Certificate (PEM)"])
def test_all_line_ends_and_column_names_are_read(line_end: str, column: str) -> None:
    """Cells with line breaks, quotes round the PEM and any of the three line ends."""
    rows = [_row(minted.pem) for minted in (A, B)]
    for row in rows:
        row[column] = row.pop("PEM Info").replace("\n", line_end)
    items, refused = split(source_of_bytes("r.csv", _csv(rows, line_end), nobody))
    assert fingerprints(items) == [A.sha256, B.sha256]
    assert refused == []
    assert items[0].claims.label == "Root of two lines"


def test_a_byte_order_mark_and_any_order_of_columns_are_fine() -> None:
    """Columns are found by name."""
    row = dict(reversed(_row(A.pem).items()))
    items, _ = split(source_of_bytes("r.csv", b"\xef\xbb\xbf" + _csv([row]), nobody))
    assert fingerprints(items) == [A.sha256]
    assert items[0].claims.servers is ServerTrust.YES


@pytest.mark.parametrize(
    ("bits", "servers"),
    [("Websites", "yes"), ("Email; Websites", "yes"), ("Email", "no"), ("", "no"), ("Code Signing", "no")],
)
def test_trust_bits_are_read(bits: str, servers: str) -> None:
    """Only Websites means TLS servers."""
    items, _ = split(source_of_bytes("r.csv", _csv([_row(A.pem) | {"Trust Bits": bits}]), nobody))
    assert items[0].claims.servers == servers


@pytest.mark.parametrize("date", ["2022.11.30", "2022-11-30", "2022/11/30"])
def test_distrust_after_is_the_end_of_its_day(date: str) -> None:
    """A leaf that was issued on the day itself is still good; the S/MIME date is another matter."""
    data = _csv([_row(A.pem) | {"Distrust for TLS After Date": date}])
    items, _ = split(source_of_bytes("r.csv", data, nobody))
    assert items[0].claims.distrust_after == datetime(2022, 11, 30, 23, 59, 59, tzinfo=timezone.utc)


def test_a_date_that_is_none_is_a_note() -> None:
    """The root still comes, and the date is shown as it stands."""
    data = _csv([_row(A.pem) | {"Distrust for TLS After Date": "30th Feb"}])
    items, _ = split(source_of_bytes("r.csv", data, nobody))
    assert items[0].claims.distrust_after is None
    assert "30th Feb" in items[0].notes[0]


@pytest.mark.parametrize(
    ("text", "constraints"),
    [
        ("*.tr", "*.tr"),
        ("No name constraints are to be applied", ""),
        ("", ""),
        ("*.gov.xx, *.mil.xx", "*.gov.xx, *.mil.xx"),
    ],
)
def test_prose_is_no_constraint(text: str, constraints: str) -> None:
    """That there are none is said in a sentence; names are names."""
    items, _ = split(source_of_bytes("r.csv", _csv([_row(A.pem) | {"Mozilla Applied Constraints": text}]), nobody))
    assert items[0].claims.constraints == constraints


def test_a_pem_that_is_not_what_its_fingerprint_says_is_refused() -> None:
    """The report's own SHA-256 is checked; with colons and in capitals it is the same."""
    good = ":".join(A.sha256[at : at + 2] for at in range(0, 64, 2)).upper()
    rows = [_row(A.pem) | {"SHA-256 Fingerprint": good}, _row(B.pem) | {"SHA-256 Fingerprint": A.sha256.upper()}]
    items, refused = split(source_of_bytes("r.csv", _csv(rows), nobody))
    assert fingerprints(items) == [A.sha256]
    assert "is not the one that it states" in refused[0].reason
    assert "row 3" in refused[0].origin


def test_the_short_report_for_tls_is_all_for_servers() -> None:
    """Three columns, no trust bits: the report holds the roots of websites alone."""
    row = {"PEM": A.pem.decode(), "Distrust for TLS After Date": "", "Mozilla Applied Constraints": ""}
    items, _ = split(source_of_bytes("r.csv", _csv([row]), nobody))
    assert items[0].claims.servers is ServerTrust.YES


def test_rows_that_are_short_or_empty_are_refused_and_the_rest_is_read() -> None:
    """A row without its cells costs itself alone."""
    data = _csv([_row(A.pem), _row(b""), _row(B.pem)]) + b'"cut short"\n'
    items, refused = split(source_of_bytes("r.csv", data, nobody))
    assert fingerprints(items) == [A.sha256, B.sha256]
    assert len(refused) == 2


def test_a_quote_that_never_ends_is_refused_in_bounded_memory() -> None:
    """A hostile cell of megabytes is no certificate and no way to fill the memory."""
    data = _csv([_row(A.pem)]) + b'"' + b"x" * (8 << 20)
    items, refused = split(source_of_bytes("r.csv", data, nobody))
    assert fingerprints(items) == [A.sha256]
    assert refused


def test_a_report_without_pem_says_which_to_download() -> None:
    """The CCADB has reports of both kinds, and their names are alike."""
    _, refused = split(source_of_bytes("r.csv", b'"Owner","SHA-256 Fingerprint"\n"x","y"\n', nobody))
    assert "no certificate in a format" in refused[0].reason


def test_a_large_report_is_read_in_little_memory(tmp_path: Path) -> None:
    """Rows come one at a time: 4 MB of them need no 4 MB."""
    path = tmp_path / "large.csv"
    header, row = _csv([_row(A.pem)]).split(b"\n", 1)
    count = (4 << 20) // len(row)
    path.write_bytes(header + b"\n" + row * count)
    tracemalloc.start()
    number = sum(isinstance(found, Item) for found in open_source(str(path), nobody).read())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert number == count
    assert peak < 1 << 20


@needs_real_data
@pytest.mark.parametrize(
    ("name", "count", "for_servers", "dated", "constrained"),
    [
        ("IncludedCACertificateReportPEMCSV_2024-06.csv", 170, 147, 0, 1),
        ("IncludedCACertificateReportPEMCSV_1row.csv", 1, 1, 0, 0),
        ("IncludedRootsDistrustTLSSSLPEMCSV_2023-11.csv", 144, 144, 3, 1),
    ],
)
def test_real_reports_give_the_counts_that_grep_gives(
    name: str, count: int, for_servers: int, dated: int, constrained: int
) -> None:
    """As many certificates as there are BEGIN lines, none refused."""
    data = (REAL_DATA / name).read_bytes()
    items, refused = split(source_of_bytes(name, data, nobody))
    assert refused == []
    assert len(set(fingerprints(items))) == count == data.count(b"-----BEGIN CERTIFICATE-----")
    assert sum(item.claims.servers is ServerTrust.YES for item in items) == for_servers
    assert sum(item.claims.distrust_after is not None for item in items) == dated
    assert sum(bool(item.claims.constraints) for item in items) == constrained
