"""Directories, certifi, this machine's store, and SOURCE as people name it."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path

import pytest

from capath.errors import BadInputError
from capath.sources.certifi_roots import CertifiSource, certifi_sha256
from capath.sources.directory import DirectorySource
from capath.sources.item import ServerTrust
from capath.sources.open_source import ChainSource, open_source
from capath.sources.system_store import system_places, system_source
from capath.store.constraints import Kept, render_constraints
from capath.store.link_name import CONSTRAINTS_FILE
from tests.minting import mint_root
from tests.sources.reading import REAL_DATA, fingerprints, needs_real_data, nobody, split

A, B, C = mint_root("Root A"), mint_root("Root B"), mint_root("Root C")


def test_each_file_of_a_directory_is_read_once_whatever_it_is_called(tmp_path: Path) -> None:
    """Links to a file here are the file; names and extensions do not matter; FIFOs and directories do not hang."""
    (tmp_path / "a.pem").write_bytes(A.pem)
    (tmp_path / "12345678.0").write_bytes(B.pem)
    (tmp_path / "c.der").write_bytes(C.der)
    os.symlink("a.pem", tmp_path / "00000000.0")
    os.symlink("gone", tmp_path / "00000000.1")
    os.mkfifo(tmp_path / "fifo.pem")
    (tmp_path / "sub.pem").mkdir()
    items, refused = split(DirectorySource(str(tmp_path)))
    assert fingerprints(items) == [B.sha256, A.sha256, C.sha256]
    assert refused == []


def test_what_is_off_there_is_said_to_be_off(tmp_path: Path) -> None:
    """Another CApath of capath's keeps its choices."""
    (tmp_path / "untrusted").mkdir()
    (tmp_path / "untrusted/a.pem").write_bytes(A.pem)
    (tmp_path / "b.pem.untrusted").write_bytes(B.pem)
    items, _ = split(DirectorySource(str(tmp_path)))
    assert fingerprints(items) == [B.sha256, A.sha256]
    assert all(found.claims.servers is ServerTrust.NO for found in items)
    assert all("distrusted in its source" in found.notes[0] for found in items)


def test_constraints_kept_beside_a_store_come_with_it(tmp_path: Path) -> None:
    """The dates that a first import kept are not lost by a second."""
    date = datetime(2024, 11, 30, 23, 59, 59, tzinfo=timezone.utc)
    kept = Kept(A.sha256, "Root A", date, "*.tr", "certdata.txt")
    (tmp_path / "a.pem").write_bytes(A.pem)
    (tmp_path / CONSTRAINTS_FILE).write_bytes(render_constraints({A.sha256: kept}))
    items, refused = split(DirectorySource(str(tmp_path)))
    assert items[0].claims.distrust_after == date
    assert items[0].claims.constraints == "*.tr"
    assert refused == []


def test_certifi_is_all_for_servers() -> None:
    """Every certificate of the bundle comes, as for TLS."""
    items, refused = split(CertifiSource())
    assert set(fingerprints(items)) == certifi_sha256()
    assert {item.claims.servers for item in items} == {ServerTrust.YES}
    assert refused == []


def test_the_system_store_is_the_first_place_that_is_there(tmp_path: Path) -> None:
    """A bundle, else a directory with something in it."""
    bundle, directory, empty = tmp_path / "bundle.pem", tmp_path / "certs", tmp_path / "empty"
    bundle.write_bytes(A.pem)
    directory.mkdir()
    empty.mkdir()
    (directory / "b.pem").write_bytes(B.pem)
    assert fingerprints(split(system_source(["/nowhere", str(bundle), str(directory)]))[0]) == [A.sha256]
    assert fingerprints(split(system_source([str(empty), str(directory)]))[0]) == [B.sha256]
    with pytest.raises(BadInputError, match="nowhere"):
        system_source(["/nowhere"])
    assert all(os.path.isabs(place) for place in system_places())


def test_a_source_is_opened_by_what_is_in_it(tmp_path: Path) -> None:
    """Names do not matter: DER called .pem is DER."""
    (tmp_path / "a.pem").write_bytes(A.der)
    assert fingerprints(split(open_source(str(tmp_path / "a.pem"), nobody))[0]) == [A.sha256]
    assert fingerprints(split(open_source(str(tmp_path), nobody))[0]) == [A.sha256]
    assert open_source("certifi", nobody) == CertifiSource()


@pytest.mark.parametrize("make", ["nothing", "fifo"])
def test_what_cannot_be_opened_is_bad_input(tmp_path: Path, make: str) -> None:
    """A missing file and a FIFO are refused at once, not waited for."""
    path = tmp_path / "source"
    if make == "fifo":
        os.mkfifo(path)
    with pytest.raises(BadInputError, match="source"):
        open_source(str(path), nobody)


def test_a_chain_gives_each_certificate_with_its_depth() -> None:
    """What a server showed, and what of it is no certificate."""
    items, refused = split(ChainSource("host:443", (A.der, b"\x30\x00")))
    assert items[0].origin == "host:443 depth 0"
    assert refused[0].origin == "host:443 depth 1"


@needs_real_data
def test_androids_store_is_read() -> None:
    """Regular files named by old hashes, PEM before a text dump."""
    items, refused = split(open_source(str(REAL_DATA / "aosp_cacerts"), nobody))
    assert len(set(fingerprints(items))) == len(os.listdir(REAL_DATA / "aosp_cacerts"))
    assert refused == []


@pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="there is no /proc/self/mem")
def test_a_file_that_opens_and_does_not_read_is_bad_input() -> None:
    with pytest.raises(BadInputError, match=r"/proc/self/mem: it cannot be read"):
        open_source("/proc/self/mem", nobody)
