"""The quick reading of ordinary files takes in only what the careful one does, and says the same of it."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

from capath.errors import ParseError
from capath.pki.certificate import read_certificate
from capath.pki.found import NotSingle, several
from capath.pki.frame import frame_certificate
from capath.pki.objects import BrokenObject, CertificateObject, read_objects
from capath.pki.ordinary import certificate_count, only_certificate
from capath.pki.plain_frame import plain_names
from capath.store.entry import Readable
from capath.store.single import single_object
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


def _odd_files(seed: int) -> Iterator[bytes]:
    """Five thousand files with anything in them that PEM knows, and more."""
    rng = random.Random(seed)
    root = mint_root()
    certificates = [mint_leaf(root, "x" * length).der for length in range(1, 49)]
    others = [mint_crl(root), root.key_pem]
    for _ in range(5000):
        yield odd_pem(rng, certificates, others)


@pytest.mark.parametrize("seed", range(4))
def test_odd_files(seed: int) -> None:
    """Blank lines, headers, text, NULs, several blocks: one certificate alone, or the careful reading."""
    accepted = 0
    for data in _odd_files(seed):
        quick = only_certificate(data)
        if quick is None:
            continue
        accepted += 1
        (found,) = read_objects(data)
        assert isinstance(found, CertificateObject)
        assert found.certificate.der == quick[0]
        assert found.trust.encoded == b""
    assert accepted > 50


@pytest.mark.parametrize("seed", range(4))
def test_odd_bundles(seed: int) -> None:
    """A bundle that is counted has that many certificates, all of them whole, and nothing else."""
    counted = 0
    for data in _odd_files(seed):
        count = certificate_count(data)
        if count:
            counted += 1
            found = read_objects(data)
            assert [type(item) for item in found] == [CertificateObject] * count
            quick = several(count) if count > 1 else None
            careful = single_object(Readable(found))
            assert quick is None or (isinstance(careful, NotSingle) and careful.reason == quick.reason)
    assert counted > 50


def test_a_bundle_as_systems_keep_it_is_counted() -> None:
    blocks = [mint_root(f"Root {number}").pem for number in range(20)]
    assert certificate_count(b"".join(blocks)) == 20
    assert certificate_count(b"\n".join(b"# a root\n" + block for block in blocks)) == 20
    assert certificate_count(b"".join([*blocks, mint_crl(mint_root())])) == 0


def test_times_behind_2049_are_plain() -> None:
    """A root that lasts longer, or whose dates are all in the long form, as Certum's second one has them."""
    years = datetime(2060, 1, 1, tzinfo=timezone.utc)
    assert plain_names(mint_root(not_after=years).der) is not None


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
