"""One certificate as JSON and as text: what it says of trust and of itself."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from capath.pki.trust_attributes import SERVER_AUTH, encode_trust_attributes
from capath.report.certificate import certificate_json, certificate_text
from capath.store import CertificateRow, list_store, scan
from tests.minting import mint_root, pem, raw_attribute, raw_certificate, raw_name, tlv
from tests.oracle.openssl import needs_openssl, openssl

_NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
_EMAIL = "1.3.6.1.5.5.7.3.4"


def _row(directory: Path, content: bytes) -> CertificateRow:
    (directory / "a.pem").write_bytes(content)
    (row,) = list_store(scan(directory)).certificates
    return row


@pytest.mark.parametrize(
    ("trusted", "rejected", "text"),
    [
        ((_EMAIL,), (), "trusted for e-mail"),
        ((), (SERVER_AUTH,), "rejected for TLS server"),
        ((_EMAIL,), (SERVER_AUTH, "1.2.3"), "trusted for e-mail; rejected for TLS server, 1.2.3"),
        ((), (), "no uses"),
    ],
)
def test_trust_attributes_are_shown(
    tmp_path: Path, trusted: tuple[str, ...], rejected: tuple[str, ...], text: str
) -> None:
    """By OID in JSON and by name in text."""
    attributes = encode_trust_attributes(trusted, rejected)
    row = _row(tmp_path, pem("TRUSTED CERTIFICATE", mint_root().der + attributes))
    assert certificate_json(row, ())["trust"] == {"trusted_uses": list(trusted), "rejected_uses": list(rejected)}
    assert f"Trust        {text} (TRUSTED CERTIFICATE, which only OpenSSL reads)" in certificate_text(
        row, (), _NOW
    )


@needs_openssl
def test_trust_attributes_are_written_as_the_binary_writes_them(tmp_path: Path) -> None:
    """Octet for octet, read back and written again."""
    (tmp_path / "root.crt").write_bytes(mint_root().pem)
    arguments = ("-addtrust", "emailProtection", "-addreject", "serverAuth", "-trustout")
    theirs = openssl("x509", "-in", tmp_path / "root.crt", *arguments).stdout
    store = tmp_path / "store"
    store.mkdir()
    row = _row(store, theirs)
    assert row.trust.encoded == encode_trust_attributes((_EMAIL,), (SERVER_AUTH,))
    assert row.trust == type(row.trust)(row.trust.trusted, row.trust.rejected, "", row.trust.encoded)


def test_a_plain_certificate_has_no_trust_attributes(tmp_path: Path) -> None:
    row = _row(tmp_path, mint_root().pem)
    assert certificate_json(row, ())["trust"] == {"trusted_uses": [], "rejected_uses": []}
    assert "TRUSTED" not in certificate_text(row, (), _NOW)


def test_self_signed_is_false_beside_another_authority_key_identifier(tmp_path: Path) -> None:
    """A certificate that one CA issued to itself with another key is not a root."""
    own = tlv(0x30, b"\x06\x03\x55\x1d\x0e", tlv(0x04, tlv(0x04, b"\x01" * 20)))
    other = tlv(0x30, b"\x06\x03\x55\x1d\x23", tlv(0x04, tlv(0x30, tlv(0x80, b"\x02" * 20))))
    name = raw_name((raw_attribute(0x0C, b"Root A"),))
    rolled = raw_certificate(name, extra=tlv(0xA3, tlv(0x30, own, other)))
    assert certificate_json(_row(tmp_path, pem("CERTIFICATE", rolled)), ())["self_signed"] is False
