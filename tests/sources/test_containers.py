"""DER, PKCS#7, PKCS#12 and Java's keystores."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import cryptography_vectors
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12

from capath.sources.detect import source_of_bytes
from tests.minting import mint_root, raw_attribute, raw_certificate, raw_name, tlv
from tests.sources.reading import fingerprints, nobody, password_is, split

A, B = mint_root("Root A"), mint_root("Root B")
needs_keytool = pytest.mark.skipif(shutil.which("keytool") is None, reason="keytool is not there")
VECTORS = Path(cryptography_vectors.__file__).parent


def test_der_certificates_are_read_one_behind_the_other() -> None:
    """A DER file may hold several; what is behind the last is refused."""
    items, refused = split(source_of_bytes("a.der", A.der + B.der + b"rest", nobody))
    assert fingerprints(items) == [A.sha256, B.sha256]
    assert "not DER" in refused[0].reason


@pytest.mark.parametrize("encoding", [serialization.Encoding.DER, serialization.Encoding.PEM])
def test_pkcs7_gives_its_certificates(encoding: serialization.Encoding) -> None:
    """In either encoding."""
    data = pkcs7.serialize_certificates([A.certificate, B.certificate], encoding)
    items, refused = split(source_of_bytes("a.p7b", data, nobody))
    assert sorted(fingerprints(items)) == sorted([A.sha256, B.sha256])
    assert refused == []


def test_a_bad_certificate_in_pkcs7_costs_no_other() -> None:
    """Each is taken out of the message by itself."""
    bad = raw_certificate(raw_name((raw_attribute(0x02, b"\x01"),)))
    signed = tlv(0x30, b"\x02\x01\x01", tlv(0x31), tlv(0x30), tlv(0xA0, bad, A.der), tlv(0x31))
    data = tlv(0x30, tlv(0x06, bytes.fromhex("2a864886f70d010702")), tlv(0xA0, signed))
    items, refused = split(source_of_bytes("a.p7b", data, nobody))
    assert fingerprints(items) == [A.sha256]
    assert len(refused) == 1


@pytest.mark.parametrize("name", ["amazon-roots.der", "amazon-roots.p7b"])
def test_pkcs7_of_others_is_read(name: str) -> None:
    """Files that other programs made, DER and PEM."""
    items, refused = split(source_of_bytes(name, (VECTORS / "pkcs7" / name).read_bytes(), nobody))
    assert [item.certificate.subject.title for item in items] == ["Amazon Root CA 3", "Amazon Root CA 2"]
    assert refused == []


def _pkcs12(password: bytes | None) -> bytes:
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        encryption = serialization.BestAvailableEncryption(password)
    return pkcs12.serialize_key_and_certificates(b"name", A.key, A.certificate, [B.certificate], encryption)


def test_pkcs12_without_a_password_is_read_and_its_key_left() -> None:
    """The certificates come, the private key is refused."""
    items, refused = split(source_of_bytes("a.p12", _pkcs12(None), nobody))
    assert fingerprints(items) == [A.sha256, B.sha256]
    assert items[0].claims.label == "name"
    assert "private key" in refused[0].reason


def test_pkcs12_asks_for_its_password_once() -> None:
    """The name of the file is given to whom is asked, and the right answer opens it."""
    asked: list[str] = []

    def answer(title: str) -> bytes:
        asked.append(title)
        return b"secret"

    items, _ = split(source_of_bytes("a.p12", _pkcs12(b"secret"), answer))
    assert fingerprints(items) == [A.sha256, B.sha256]
    assert asked == ["a.p12"]


def test_pkcs12_with_a_wrong_or_no_password_is_refused() -> None:
    """Each refusal says what is missing."""
    data = _pkcs12(b"secret")
    assert "needs a password" in split(source_of_bytes("a.p12", data, nobody))[1][0].reason
    assert "password is wrong" in split(source_of_bytes("a.p12", data, password_is(b"x")))[1][0].reason


def test_a_java_trust_store_in_pkcs12_is_read() -> None:
    """Java's cacerts of today: certificates without keys, with names."""
    data = (VECTORS / "pkcs12" / "java-truststore.p12").read_bytes()
    items, refused = split(source_of_bytes("cacerts", data, nobody))
    assert len(items) == 2
    assert refused == []


def _java(*words: object) -> None:
    command = ["keytool", *map(str, words), "-storepass", "changeit", "-noprompt"]
    subprocess.run(command, check=True, capture_output=True)


@needs_keytool
@pytest.mark.parametrize("kind", ["jks", "jceks", "pkcs12"])
def test_a_keystore_of_java_gives_what_keytool_counts(tmp_path: Path, kind: str) -> None:
    """Its trusted certificates, in any of the formats, and a refusal for a key; the password is Java's own."""
    store, roots = tmp_path / "cacerts", [mint_root(f"Root {number}") for number in range(3)]
    for number, root in enumerate(roots):
        path = tmp_path / f"{number}.pem"
        path.write_bytes(root.pem)
        _java("-importcert", "-alias", f"root{number}", "-file", path, "-keystore", store, "-storetype", kind)
    items, refused = split(source_of_bytes("cacerts", store.read_bytes(), nobody))
    assert {item.certificate.sha256 for item in items} == {root.sha256 for root in roots}
    assert refused == []
    if kind != "pkcs12":
        assert sorted(item.claims.label for item in items) == ["root0", "root1", "root2"]
        _java("-genkeypair", "-alias", "key", "-keyalg", "EC", "-dname", "CN=me", "-keystore", store)
        items, refused = split(source_of_bytes("cacerts", store.read_bytes(), nobody))
        assert len(items) == 3
        assert ["private" in one.reason for one in refused] == [True]


@needs_keytool
def test_a_damaged_java_keystore_says_what_is_wrong(tmp_path: Path) -> None:
    """Truncated anywhere: what came before is there, and one line says so. A newer version says how to convert."""
    store, path = tmp_path / "cacerts", tmp_path / "root.pem"
    path.write_bytes(mint_root().pem)
    _java("-importcert", "-alias", "root", "-file", path, "-keystore", store, "-storetype", "jks")
    data = store.read_bytes()
    for size in range(4, len(data)):
        items, refused = split(source_of_bytes("cacerts", data[:size], nobody))
        assert items == []
        assert "truncated" in refused[0].reason
    _, refused = split(source_of_bytes("cacerts", data[:4] + bytes((0, 0, 0, 3)) + data[8:], nobody))
    assert "keytool -importkeystore" in refused[0].reason


DEBIAN = Path("/etc/ssl/certs/java/cacerts")


@needs_keytool
@pytest.mark.skipif(not DEBIAN.is_file(), reason="ca-certificates-java is not installed")
def test_debians_keystore_has_as_many_as_keytool_lists() -> None:
    """The one that ca-certificates-java writes."""
    words = ["keytool", "-list", "-keystore", str(DEBIAN), "-storepass", "changeit"]
    listed = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    items, refused = split(source_of_bytes("cacerts", DEBIAN.read_bytes(), nobody))
    assert f"contains {len(items)} entries" in listed
    assert refused == []
