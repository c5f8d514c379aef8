"""Who decides what is a certificate: what a library refuses, discourages or disputes is still read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from OpenSSL import crypto

from capath.errors import ParseError
from capath.pki.load import read_certificate, read_crl
from capath.pki.objects import BrokenObject, CertificateObject, read_objects
from tests.minting import mint_crl, mint_root, pem, raw_attribute, raw_certificate, raw_name, tlv
from tests.oracle.openssl import needs_openssl, openssl

_NAME = raw_name((raw_attribute(0x0C, b"Root A"),))


@needs_openssl
@pytest.mark.parametrize("octets", [b"\0", b"\xff", b"\x80\x01", b"\0\0", b"\xff\x80", b"\0\x80", b"\x01"])
def test_any_serial_number_that_the_binary_takes(tmp_path: Path, octets: bytes) -> None:
    """Zero and negative numbers are certificates; padded ones are not."""
    plain = raw_certificate(_NAME, serial=1)
    encoded = plain.replace(b"\x02\x01\x01\x30", tlv(0x02, octets) + b"\x30", 1)
    grown = len(octets) - 1
    encoded = b"\x30\x82" + (len(plain) - 4 + grown).to_bytes(2, "big") + encoded[4:]
    encoded = (
        encoded[:4] + b"\x30\x82" + (int.from_bytes(plain[6:8], "big") + grown).to_bytes(2, "big") + encoded[8:]
    )
    path = tmp_path / "a.pem"
    path.write_bytes(pem("CERTIFICATE", encoded))
    theirs = openssl("x509", "-in", path, "-noout", "-subject_hash").stdout.decode().strip()
    try:
        certificate = read_certificate(encoded)[0]
    except ParseError:
        assert not theirs
    else:
        assert certificate.subject_hash == theirs
        assert certificate.serial == int.from_bytes(octets, "big", signed=True)
        assert certificate.der == encoded


def test_nothing_is_written_to_standard_error(tmp_path: Path) -> None:
    """Libraries warn of what is in certificates; that is not for the terminal, nor an error under -W error."""
    zero = raw_certificate(_NAME, serial=0)
    empty = raw_certificate(raw_name((raw_attribute(0x0C, b""),)))
    (tmp_path / "a.pem").write_bytes(pem("CERTIFICATE", zero))
    (tmp_path / "b.pem").write_bytes(pem("CERTIFICATE", empty))
    for command in (["rehash", "-v"], ["list"], ["check"], ["show"]):
        which = ["a.pem"] if command == ["show"] else []
        done = subprocess.run(
            [sys.executable, "-W", "always", "-m", "capath", *command, str(tmp_path), *which],
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert done.stderr == b"", command


def test_what_a_newer_openssl_refuses_is_loaded_and_said() -> None:
    """A UTCTime without seconds: OpenSSL 3.0 loads it, 4.0 does not."""
    encoded = raw_certificate(_NAME).replace(b"\x17\x0d200101000000Z", b"\x17\x0d2001010000+0Z"[:15])
    try:
        crypto.load_certificate(crypto.FILETYPE_ASN1, encoded)
    except crypto.Error:
        refused = True
    else:
        refused = False
    certificate = read_certificate(encoded)[0]
    assert bool(certificate.refused_by_newer) == refused
    assert certificate.not_before is None
    assert certificate.not_after is not None


def test_bytes_after_the_certificate_are_returned() -> None:
    """In a block of its own they are a fault, unless they are trust attributes."""
    root = mint_root()
    certificate, rest = read_certificate(root.der + b"\x30\x00")
    assert (certificate.der, rest) == (root.der, b"\x30\x00")
    (broken,) = read_objects(pem("CERTIFICATE", root.der + b"junk"))
    assert isinstance(broken, BrokenObject)
    assert not broken.ends_reading


def test_octets_that_are_something_else_are_refused_with_a_reason() -> None:
    """Nothing but ParseError is raised, whatever the octets."""
    for data in (
        b"",
        b"0",
        b"\x30\x80",
        b"\x30\x00",
        b"0 is a digit",
        mint_root().key_pem,
        b"\x30\x84\xff\xff\xff\xff",
    ):
        for read in (read_certificate, read_crl):
            with pytest.raises(ParseError, match=r"\w"):
                read(data)
    crl = mint_crl(mint_root())
    (broken,) = read_objects(crl.replace(b"X509 CRL", b"CERTIFICATE"))
    assert isinstance(broken, BrokenObject)


def test_a_blank_line_at_the_end_of_full_lines_is_seen() -> None:
    """OpenSSL takes the lines before a blank line for a header, and the block for empty."""
    names = (raw_name((raw_attribute(0x0C, b"x" * length),)) for length in range(60, 108))
    content = next(data for data in map(raw_certificate, names) if len(data) % 48 == 0)
    whole = pem("CERTIFICATE", content)
    (found,) = read_objects(whole)
    assert isinstance(found, CertificateObject)
    (broken,) = read_objects(whole.replace(b"\n-----END", b"\n\n-----END"))
    assert isinstance(broken, BrokenObject)


@needs_openssl
def test_an_empty_name_whose_length_is_in_five_octets(tmp_path: Path) -> None:
    """BER at its oddest: OpenSSL loads it, and both hashes are of the octets that are there."""
    empty = b"\x30\x84\0\0\0\0"
    path = tmp_path / "a.pem"
    path.write_bytes(pem("CERTIFICATE", raw_certificate(empty)))
    printed = openssl("x509", "-in", path, "-noout", "-subject_hash", "-subject_hash_old").stdout.decode().split()
    certificate = read_certificate(raw_certificate(empty))[0]
    assert [certificate.subject_hash, certificate.subject.old_hash] == printed
    assert certificate.subject.title == "(empty name)"


@needs_openssl
def test_a_crl_with_a_fault_inside_does_not_decide_on_the_next_certificate(tmp_path: Path) -> None:
    """OpenSSL loads the CRL and leaves an error behind, which its next answer must not be taken from."""
    fault = tlv(0x30, b"\x06\x03\x55\x1d\x23", tlv(0x04, tlv(0x30, b"\x80\xff")))
    algorithm = tlv(0x30, tlv(0x06, bytes.fromhex("2a8648ce3d040302")))
    times = tlv(0x17, b"200101000000Z") + tlv(0x17, b"490101000000Z")
    signed = tlv(0x30, b"\x02\x01\x02", algorithm, _NAME, times, tlv(0xA0, tlv(0x30, fault)))
    crl = tlv(0x30, signed, algorithm, tlv(0x03, b"\0\0"))
    (tmp_path / "crl.pem").write_bytes(pem("X509 CRL", crl))
    theirs = openssl("crl", "-in", tmp_path / "crl.pem", "-noout", "-hash").stdout.decode().strip()
    odd = raw_certificate(_NAME).replace(b"\x17\x0d200101000000Z", b"\x17\x0d2001010000+0Z")
    for _ in range(2):
        assert read_crl(crl).issuer.subject_hash == theirs
        assert read_certificate(odd)[0].subject_hash == theirs
