"""Exporting: what is written can be read again, by capath and by OpenSSL."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import tarfile
from datetime import datetime, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capath.change.export import (
    bundle,
    check_replaceable,
    der_files,
    tar_archive,
    trusted_certificates,
    write_export,
    write_files,
)
from capath.errors import BadInputError, ChangeError
from capath.pki.certificate import Certificate
from capath.pki.load import read_certificate
from capath.pki.objects import CertificateObject, read_objects
from capath.store import list_store, scan
from capath.store.constraints import Kept, parse_constraints
from capath.store.fingerprint_list import parse_fingerprints, render_fingerprints
from capath.store.link_name import CONSTRAINTS_FILE
from tests.minting import mint_leaf, mint_root

ROOTS = [mint_root("Root B"), mint_root("Root A"), mint_root("Root A")]
CERTIFICATES: list[Certificate] = [read_certificate(root.der)[0] for root in ROOTS]
KEPT = Kept(ROOTS[0].sha256, "Root B", datetime(2024, 11, 30, tzinfo=timezone.utc), "*.tr", "certdata.txt")
LIMITS = {KEPT.sha256: KEPT}


def test_a_bundle_holds_every_root_once_with_its_limits_in_words() -> None:
    """PEM cannot carry limits, so the comment before the certificate says them."""
    content = bundle([*CERTIFICATES, *CERTIFICATES], LIMITS)
    objects = read_objects(content)
    assert [item.certificate.sha256 for item in objects if isinstance(item, CertificateObject)] == [
        *sorted([ROOTS[1].sha256, ROOTS[2].sha256]),
        ROOTS[0].sha256,
    ]
    text = content.decode()
    assert "# certificates issued after 2024-11-30 00:00:00Z are not to be accepted (certdata.txt)" in text
    assert "# only for names under *.tr" in text


def test_der_files_have_names_of_their_own() -> None:
    """Two roots of one name are two files."""
    files = der_files(CERTIFICATES)
    assert len(files) == 3
    assert sorted(files.values()) == sorted(root.der for root in ROOTS)
    assert all(name.endswith(".der") for name in files)


@pytest.mark.oracle
def test_an_unpacked_archive_is_a_capath_that_openssl_uses(tmp_path: Path) -> None:
    """Links and files are as openssl rehash would make them, and a leaf verifies."""
    with tarfile.open(fileobj=io.BytesIO(tar_archive(CERTIFICATES, LIMITS))) as archive:
        archive.extractall(tmp_path, filter="data")
    assert list_store(scan(tmp_path)).trusted_count == 3
    assert parse_constraints((tmp_path / CONSTRAINTS_FILE).read_bytes()) == LIMITS
    before = {
        name: os.readlink(tmp_path / name) for name in os.listdir(tmp_path) if (tmp_path / name).is_symlink()
    }
    subprocess.run(["openssl", "rehash", tmp_path], check=True, capture_output=True)
    assert before == {name: os.readlink(tmp_path / name) for name in before}
    leaf = tmp_path / "leaf"
    leaf.write_bytes(mint_leaf(ROOTS[0]).pem)
    command = ["openssl", "verify", "-no-CAfile", "-no-CAstore", "-CApath", str(tmp_path), str(leaf)]
    assert subprocess.run(command, capture_output=True).returncode == 0


def test_an_archive_is_the_same_octets_each_time() -> None:
    """It can be compared, signed and kept under version control."""
    assert tar_archive(CERTIFICATES, {}) == tar_archive(reversed(CERTIFICATES), {})


def test_only_what_lookup_finds_is_exported(tmp_path: Path) -> None:
    """A file without a link is no trusted root."""
    (tmp_path / "a.pem").write_bytes(ROOTS[0].pem)
    (tmp_path / "b.pem").write_bytes(ROOTS[1].pem)
    os.symlink("a.pem", tmp_path / f"{CERTIFICATES[0].subject_hash}.0")
    assert [item.sha256 for item in trusted_certificates(list_store(scan(tmp_path)))] == [ROOTS[0].sha256]


def test_a_list_of_fingerprints_is_read_back() -> None:
    """What is rendered is parsed to the same set, and names are for people only."""
    text = render_fingerprints(CERTIFICATES, "Roots of crts")
    assert set(parse_fingerprints(text, "f")) == {root.sha256 for root in ROOTS}
    assert "  Root A\n" in text


def test_fingerprints_are_taken_as_openssl_prints_them() -> None:
    """Capitals, colons, a byte order mark, CRLF, comments and repeats are fine."""
    colons = ":".join(["AB"] * 32)
    assert parse_fingerprints(f"\ufeff# x\r\n\r\n{colons}\r\n{'ab' * 32}  Root\r\n", "f") == {"ab" * 32: "Root"}


@pytest.mark.parametrize("line", ["abcd", "ab" * 31, "ab" * 33, "Root A", "g" * 64, "ab" * 32 + "x"])
def test_a_line_that_is_no_fingerprint_is_refused(line: str) -> None:
    """A fingerprint that is cut short or misspelt must not quietly distrust a root."""
    with pytest.raises(BadInputError, match=r"roots\.txt: line 2"):
        parse_fingerprints(f"# list\n{line}\n", "roots.txt")


@given(st.text(max_size=200))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    """No text raises anything else."""
    try:
        found = parse_fingerprints(text, "f")
    except BadInputError:
        return
    assert all(len(sha256) == 64 for sha256 in found)


def test_files_are_written_whole_and_readable(tmp_path: Path) -> None:
    """An old file is replaced in one step, and nothing else is left behind."""
    path = tmp_path / "out" / "a.der"
    write_files(str(tmp_path / "out"), {"a.der": b"1"})
    write_export(str(path), b"2")
    assert path.read_bytes() == b"2"
    assert path.stat().st_mode & 0o777 == 0o644
    assert os.listdir(path.parent) == ["a.der"]


def test_what_is_no_regular_file_is_written_to_and_stays(tmp_path: Path) -> None:
    """A pipe is written to, as is a device; a symbolic link goes on leading where it led."""
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_export(str(tmp_path / "pipe"), b"1")
        assert os.read(reader, 9) == b"1"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    (tmp_path / "link").symlink_to("target")
    for content in (b"1", b"2"):
        write_export(str(tmp_path / "link"), content)
        assert (os.readlink(tmp_path / "link"), (tmp_path / "target").read_bytes()) == ("target", content)


@pytest.mark.parametrize(
    "content",
    [
        b"precious",
        b"# a comment\n",
        b"# a comment\n" + ROOTS[0].pem + b"trailing",
        ROOTS[0].pem,
        b"# Root\n" + ROOTS[0].pem.replace(b"CERTIFICATE", b"X509 CERTIFICATE"),
        bytes(1024),
        b"# title\n" + b"0" * 64 + b"  Root\n",
    ],
    ids=["text", "comment", "more behind", "no name before", "other label", "zeros", "other list"],
)
def test_what_only_resembles_an_export_is_not_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(ChangeError, match="--force"):
        check_replaceable(str(path), b"new")
    check_replaceable(str(path), content)


def test_what_cannot_be_written_is_a_change_error(tmp_path: Path) -> None:
    """It says where, and leaves nothing."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ChangeError, match=r"file/x"):
        write_export(str(tmp_path / "file" / "x"), b"")
    with pytest.raises(ChangeError, match="file"):
        write_files(str(tmp_path / "file"), {})
    (tmp_path / "directory").mkdir()
    with pytest.raises(ChangeError):
        write_export(str(tmp_path / "directory"), b"x")
    assert sorted(os.listdir(tmp_path)) == ["directory", "file"]
