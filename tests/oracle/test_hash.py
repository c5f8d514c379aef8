"""The subject hash and the old hash against the openssl binary."""

from __future__ import annotations

import tempfile
from pathlib import Path

import certifi
import cryptography_vectors
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capath.errors import ParseError
from capath.pki.certificate import Certificate
from capath.pki.load import read_certificate
from capath.pki.name import Name
from capath.pki.objects import CertificateObject, read_objects
from capath.pki.pem import PemBlock, read_pem
from tests.minting import pem, raw_attribute, raw_certificate, raw_name, tlv
from tests.oracle.openssl import linked_by_rehash, needs_openssl, openssl

pytestmark = [pytest.mark.oracle, needs_openssl]
DEBIAN = Path("/usr/share/ca-certificates")
VECTORS = Path(cryptography_vectors.__file__).parent / "x509"


def _agrees(tmp_path: Path, contents: dict[str, bytes]) -> dict[str, bool]:
    """For each DER file, whether capath and OpenSSL give it the same two hashes, or both refuse it."""
    files = {name: pem("CERTIFICATE", content) for name, content in contents.items()}
    theirs = linked_by_rehash(tmp_path / "d", files)
    agrees = {}
    for name, content in contents.items():
        try:
            found = read_certificate(content)[0]
            ours = {found.subject.subject_hash, found.subject.old_hash}
        except ParseError:
            ours = set()
        agrees[name] = ours == theirs[name]
    return agrees


def _all_in(path: Path) -> list[Certificate]:
    return [item.certificate for item in read_objects(path.read_bytes()) if isinstance(item, CertificateObject)]


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="no ca-certificates on this machine")
def test_every_certificate_of_debian() -> None:
    """`openssl x509 -subject_hash -subject_hash_old` says the same of all of them."""
    paths = sorted(DEBIAN.rglob("*.crt"))
    assert paths
    for path in paths:
        (certificate,) = _all_in(path)
        said = openssl("x509", "-in", path, "-noout", "-subject_hash", "-subject_hash_old").stdout.decode()
        assert [certificate.subject.subject_hash, certificate.subject.old_hash] == said.split(), path


def test_every_certificate_of_certifi(tmp_path: Path) -> None:
    """The same for the bundle that requests uses."""
    certificates = _all_in(Path(certifi.where()))
    assert len(certificates) > 100
    contents = {f"{n}.pem": found.der for n, found in enumerate(certificates)}
    assert all(_agrees(tmp_path, contents).values())


def test_every_certificate_of_the_cryptography_vectors(tmp_path: Path) -> None:
    """Odd, broken and historical certificates: the same are accepted, and hashed the same."""
    contents: dict[str, bytes] = {}
    for path in sorted(VECTORS.rglob("*")):
        if path.suffix == ".der":
            contents[f"{len(contents)}.pem"] = path.read_bytes()
        elif path.suffix in (".pem", ".crt"):
            for block in read_pem(path.read_bytes()):
                if isinstance(block, PemBlock) and block.label == "CERTIFICATE":
                    contents[f"{len(contents)}.pem"] = block.content
    assert len(contents) > 150
    agrees = _agrees(tmp_path, contents)
    assert [name for name in agrees if not agrees[name]] == []


def test_every_tag_a_name_value_can_have(tmp_path: Path) -> None:
    """All 256 identifier octets, with contents of every alignment: the same load, and hash the same."""
    values = (b"", b"\0ab", b"abcd", b"A  bC\xe9 ", b"\0A\0b", b"\0\0\0A", b"\x07\xff", b"\x05", b"\x04\x01a")
    contents = {
        f"{tag:02x}-{number}.pem": raw_certificate(raw_name((raw_attribute(tag, value),)))
        for tag in range(256)
        for number, value in enumerate(values)
    }
    agrees = _agrees(tmp_path, contents)
    assert [name for name in agrees if not agrees[name]] == []


_SPACES = st.text(" \t\n\v\f\r\xa0\u2003", max_size=4)
_WORDS = st.text(st.characters(codec="utf-16", exclude_categories=["Cs"]), max_size=8)
_TEXTS = st.lists(_WORDS | _SPACES, max_size=4).map("".join)
_STRINGS = st.one_of(
    _TEXTS.map(lambda text: (0x0C, text.encode())),
    _TEXTS.map(lambda text: (0x1C, text.encode("utf-32-be"))),
    _TEXTS.map(lambda text: (0x1E, text.encode("utf-16-be"))),
    st.tuples(st.sampled_from([0x12, 0x13, 0x14, 0x16, 0x1A, 0x03, 0x0C, 0x1C, 0x1E]), st.binary(max_size=12)),
)
_TYPES = st.sampled_from([b"\x55\x04\x03", b"\x55\x04\x06", b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01", b"\x29\x01"])
_ATTRIBUTES = st.builds(lambda value, oid: raw_attribute(value[0], value[1], oid), _STRINGS, _TYPES)
_NAMES = st.lists(st.lists(_ATTRIBUTES, max_size=3).map(tuple), max_size=4).map(lambda rdns: raw_name(*rdns))


@settings(max_examples=40, deadline=None)
@given(st.lists(_NAMES, min_size=10, max_size=40))
def test_any_name(names: list[bytes]) -> None:
    """Every string type, several values in one RDN, empty RDNs and names, white space and case of all scripts."""
    contents = {f"{n}.pem": raw_certificate(name) for n, name in enumerate(names)}
    with tempfile.TemporaryDirectory() as directory:
        agrees = _agrees(Path(directory), contents)
    assert [names[int(name[:-4])].hex() for name in agrees if not agrees[name]] == []


def test_the_examples_of_the_manual() -> None:
    """Names that differ in case and inner space share the subject hash, not the old one; empty is eea339da."""
    first = Name.decode(raw_name((raw_attribute(0x13, b"Root A"),)))
    second = Name.decode(raw_name((raw_attribute(0x0C, b" root \t a "),)))
    assert first.subject_hash == second.subject_hash
    assert first.old_hash != second.old_hash
    assert Name.decode(tlv(0x30)).subject_hash == "eea339da"
