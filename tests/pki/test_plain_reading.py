"""The quick reading of ordinary files takes in only what the careful one does, and says the same of it."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest

from capath.errors import ParseError
from capath.pki.certificate import read_certificate
from capath.pki.frame import frame_certificate
from capath.pki.objects import BrokenObject, CertificateObject, read_objects
from capath.pki.ordinary import only_certificate
from capath.pki.plain_frame import plain_names
from tests.benchmarks.stores import make_store
from tests.minting import mint_crl, mint_leaf, mint_root, pem, raw_attribute, raw_certificate, raw_name
from tests.oracle.mutants import mutate_der, odd_pem


@pytest.mark.parametrize("seed", range(4))
def test_damaged_certificates(seed: int, tmp_path: Path) -> None:
    """Whatever is damaged: the careful reading accepts it too, with the same names and fingerprint."""
    rng = random.Random(seed)
    root = mint_root()
    (store,) = make_store(tmp_path / "d", 1).iterdir()
    (found,) = read_objects(store.read_bytes())
    assert isinstance(found, CertificateObject)
    sources = [root.der, mint_leaf(root).der, found.certificate.der]
    accepted = 0
    for _ in range(5000):
        data = mutate_der(rng, rng.choice(sources))
        names = plain_names(data)
        if names is None:
            continue
        accepted += 1
        frame = frame_certificate(data)  # raises where the quick reading was too quick
        assert names == (data[slice(*frame.issuer)], data[slice(*frame.subject)])
        assert frame.end == len(data)
        quick = only_certificate(pem("CERTIFICATE", data))
        try:
            certificate = read_certificate(data)[0]
        except ParseError:
            assert quick is None
        else:
            assert quick in (None, (data, certificate.subject.encoded, certificate.subject.canonical))
            assert certificate.sha1 == hashlib.sha1(data).hexdigest()
    assert accepted > 1000


@pytest.mark.parametrize("seed", range(4))
def test_odd_files(seed: int) -> None:
    """Blank lines, headers, text, NULs, several blocks: one certificate alone, or the careful reading."""
    rng = random.Random(seed)
    root = mint_root()
    certificates = [mint_leaf(root, "x" * length).der for length in range(1, 49)]
    others = [mint_crl(root), root.key_pem]
    accepted = 0
    for _ in range(5000):
        data = odd_pem(rng, certificates, others)
        quick = only_certificate(data)
        if quick is None:
            continue
        accepted += 1
        (found,) = read_objects(data)
        assert isinstance(found, CertificateObject)
        assert found.certificate.der == quick[0]
        assert found.trust.encoded == b""
    assert accepted > 50


def test_a_blank_line_at_the_end_of_full_lines_is_seen() -> None:
    """OpenSSL takes the lines before a blank line for a header, and the block for empty."""
    names = (raw_name((raw_attribute(0x0C, b"x" * length),)) for length in range(60, 108))
    content = next(data for data in map(raw_certificate, names) if len(data) % 48 == 0)
    whole = pem("CERTIFICATE", content)
    blank = whole.replace(b"\n-----END", b"\n\n-----END")
    assert only_certificate(whole) is not None
    assert only_certificate(blank) is None
    (broken,) = read_objects(blank)
    assert isinstance(broken, BrokenObject)


def test_ordinary_files_are_read_quickly(tmp_path: Path) -> None:
    """Nearly all real files go this way: without it the rehash would be right, and slow."""
    for path in make_store(tmp_path / "d", 50).iterdir():
        assert only_certificate(path.read_bytes()) is not None
    assert only_certificate(b"# comment\n" + mint_root().pem) is not None
