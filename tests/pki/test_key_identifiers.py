"""Key identifiers, well and badly encoded."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from capath.demo import authority
from capath.pki import tlv
from capath.pki.certificate import Certificate
from capath.pki.key_identifiers import OtherIssuer, OtherKey, OtherSerial, mismatch, subject_key
from capath.pki.load import read_certificate
from capath.tls.offline.verify import read_certificates

ROOT = authority.root("Root")
NAME = x509.DirectoryName(ROOT.certificate.subject)


def _certificate(identity: authority.Identity) -> Certificate:
    return read_certificates(identity.pem, "test")[0]


def _child(authority_key: bytes) -> Certificate:
    odd = x509.UnrecognizedExtension(ExtensionOID.AUTHORITY_KEY_IDENTIFIER, authority_key)
    return _certificate(authority.leaf(ROOT, "leaf.test", extensions=[(odd, False)]))


def _encoded(key: bytes | None, serial: int | None) -> bytes:
    names = None if serial is None else [NAME]
    return x509.AuthorityKeyIdentifier(key, names, serial).public_bytes()


def test_what_is_asked_for() -> None:
    root = _certificate(ROOT)
    own = subject_key(root)
    assert own is not None
    assert mismatch(root, _child(_encoded(own, root.serial))) is None
    assert mismatch(root, _child(_encoded(b"\x01", root.serial))) == OtherKey(b"\x01", own)
    assert mismatch(root, _child(_encoded(own, 7))) == OtherSerial(7, root.serial)
    lower = _certificate(authority.intermediate(authority.intermediate(ROOT, "Upper"), "Lower"))
    asks = mismatch(lower, _child(_encoded(None, lower.serial)))
    assert isinstance(asks, OtherIssuer)
    assert (asks.asked.title, asks.own.title) == ("Root", "Upper")


def test_who_names_no_key_is_asked_for_none() -> None:
    nameless = _certificate(authority.root("Root", key_identifiers=False))
    assert subject_key(nameless) is None
    assert mismatch(nameless, _child(_encoded(b"\x01", None))) is None
    assert (
        mismatch(_certificate(ROOT), _certificate(authority.leaf(ROOT, "a.test", key_identifiers=False))) is None
    )


@pytest.mark.parametrize("what", ["cut", "changed"])
def test_what_does_not_decode_asks_for_nothing_or_for_something_else(what: str) -> None:
    """Whatever its octets are, nothing is raised."""
    whole = _encoded(b"\x01" * 20, 7)
    root = _certificate(ROOT)
    for at in range(len(whole)):
        odd = whole[:at] if what == "cut" else whole[:at] + bytes((whole[at] ^ 0x21,)) + whole[at + 1 :]
        found = mismatch(root, _child(odd))
        assert found is None or isinstance(found, OtherKey | OtherSerial | OtherIssuer)
        assert what == "changed" or found is None


def test_a_subject_key_identifier_that_does_not_decode() -> None:
    value = tlv.encode(tlv.OCTET_STRING, b"\x01" * 20)
    odd = x509.UnrecognizedExtension(ExtensionOID.SUBJECT_KEY_IDENTIFIER, value[:-1])
    encoded = _certificate(authority.root("Root", extensions=[(odd, False)])).der
    assert subject_key(read_certificate(encoded)[0]) is None
