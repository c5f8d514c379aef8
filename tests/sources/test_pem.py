"""PEM files and bundles, well made and badly."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from cryptography import x509

from capath.sources.detect import source_of_bytes
from capath.sources.item import ServerTrust
from tests.minting import mint_crl, mint_root, pem, raw_attribute, raw_certificate, raw_name
from tests.sources.reading import fingerprints, nobody, split

A, B = mint_root("Root A"), mint_root("Root B")
EMAIL_ONLY = bytes.fromhex("300c300a06082b06010505070304")
SERVERS_REJECTED = bytes.fromhex("300ca00a06082b06010505070301")


def test_every_certificate_of_a_bundle_is_read() -> None:
    """Text round the blocks, CRLF and a byte order mark do not matter."""
    data = b"\xef\xbb\xbf# Root A\r\n" + A.pem.replace(b"\n", b"\r\n") + b"\nRoot B\n=====\n" + B.pem
    items, refused = split(source_of_bytes("b.pem", data, nobody))
    assert fingerprints(items) == [A.sha256, B.sha256]
    assert refused == []


def test_a_bad_block_costs_no_other() -> None:
    """OpenSSL reads nothing behind a fault; an import reads on and says what it refuses."""
    bad = A.pem.replace(b"M", b"!", 1)
    items, refused = split(source_of_bytes("b.pem", bad + B.pem, nobody))
    assert fingerprints(items) == [B.sha256]
    assert "base64" in refused[0].reason


def test_what_openssl_refuses_for_its_lines_is_written_anew() -> None:
    """A blank line after BEGIN and lines of 76 characters hide no certificate, and are said."""
    text = base64.b64encode(A.der)
    lines = b"\n".join(text[at : at + 76] for at in range(0, len(text), 76))
    data = b"-----BEGIN CERTIFICATE-----\n\n" + lines + b"\n-----END CERTIFICATE-----\n"
    items, refused = split(source_of_bytes("b.pem", data, nobody))
    assert fingerprints(items) == [A.sha256]
    assert "encodes it again" in items[0].notes[0]
    assert refused == []


def test_a_block_without_an_end_is_refused() -> None:
    """A file cut short loses its last certificate only."""
    items, refused = split(source_of_bytes("b.pem", A.pem + B.pem[:-40], nobody))
    assert fingerprints(items) == [A.sha256]
    assert "END line" in refused[0].reason


def test_keys_crls_and_requests_are_refused_by_what_they_are() -> None:
    """What is no certificate is named."""
    data = A.key_pem + A.pem + mint_crl(A) + pem("CERTIFICATE REQUEST", b"\x30\x00")
    items, refused = split(source_of_bytes("b.pem", data, nobody))
    assert fingerprints(items) == [A.sha256]
    assert ["private key" in refused[0].reason, "CRL" in refused[1].reason, "REQUEST" in refused[2].reason] == [
        True
    ] * 3


def test_trusted_certificates_say_whether_they_are_for_servers() -> None:
    """OpenSSL's own form is understood, and its uses become what the source says of the root."""
    data = pem("TRUSTED CERTIFICATE", A.der + EMAIL_ONLY) + pem("TRUSTED CERTIFICATE", B.der + SERVERS_REJECTED)
    items, _ = split(source_of_bytes("b.pem", data, nobody))
    assert [item.claims.servers for item in items] == [ServerTrust.NO, ServerTrust.NO]
    assert items[0].notes


def test_a_certificate_that_both_libraries_refuse_has_both_reasons() -> None:
    """The refusal says what OpenSSL says and what cryptography says."""
    cut = A.der[:-10]
    odd = raw_certificate(raw_name((raw_attribute(0x02, b"\x01"),)))
    data = pem("CERTIFICATE", cut) + pem("CERTIFICATE", odd)
    _, refused = split(source_of_bytes("b.pem", data, nobody))
    with pytest.raises(ValueError) as caught:
        x509.load_der_x509_certificate(cut)
    assert str(caught.value)
    assert [item.reason.startswith("OpenSSL: ") for item in refused] == [True, True]
    assert [item.reason.partition("; cryptography: ")[2] for item in refused] == [
        str(caught.value),
        "it loads, but OpenSSL cannot use it",
    ]


def test_an_empty_or_foreign_file_is_one_refusal(tmp_path: Path) -> None:
    """Nothing, and nonsense, are told apart."""
    assert split(source_of_bytes("x", b" \n", nobody))[1][0].reason == "it is empty"
    assert "no certificate in a format" in split(source_of_bytes("x", b"hello", nobody))[1][0].reason
