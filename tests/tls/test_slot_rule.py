"""The rule of each OpenSSL for a hash link that does not load, measured: it holds for every kind of such link."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from OpenSSL import crypto

from capath.pki.name import Name
from capath.pki.throwaway import make_throwaway
from capath.tls.offline import slot_rule
from capath.tls.offline.slot_rule import OpenSslCopy, skips_broken_slots

KINDS = ("dangling", "empty", "corrupt")


def _directory(path: Path, kind: str) -> crypto.X509:
    """A directory whose slot 0 does not load and whose slot 1 is a self-signed certificate."""
    identity = make_throwaway("slot rule")
    row = Name.decode(identity.certificate.subject.public_bytes()).subject_hash
    match kind:
        case "dangling":
            os.symlink("nowhere.pem", path / f"{row}.0")
        case "empty":
            (path / f"{row}.0").write_bytes(b"")
        case _:
            (path / f"{row}.0").write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    (path / f"{row}.1").write_bytes(identity.pem)
    return crypto.X509.from_cryptography(identity.certificate)


@pytest.mark.parametrize("kind", KINDS)
def test_pyopenssl_does_what_was_measured(tmp_path: Path, kind: str) -> None:
    certificate = _directory(tmp_path, kind)
    store = crypto.X509Store()
    store.load_locations(None, os.fsencode(tmp_path))
    try:
        crypto.X509StoreContext(store, certificate).verify_certificate()
        verified = True
    except crypto.X509StoreContextError:
        verified = False
    assert verified is skips_broken_slots(OpenSslCopy.PYOPENSSL)


@pytest.mark.oracle
@pytest.mark.parametrize("kind", KINDS)
def test_the_installed_openssl_does_what_was_measured(tmp_path: Path, kind: str) -> None:
    _directory(tmp_path, kind)
    certificate = next(tmp_path.glob("*.1"))
    command = ["openssl", "verify", "-no-CAfile", "-no-CAstore", "-CApath", str(tmp_path), str(certificate)]
    verified = subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert verified is skips_broken_slots(OpenSslCopy.INSTALLED)


def test_pythons_ssl_is_measured_by_a_handshake_that_succeeds_where_no_slot_is_broken(tmp_path: Path) -> None:
    identity = make_throwaway("slot rule")
    row = Name.decode(identity.certificate.subject.public_bytes()).subject_hash
    assert not slot_rule._with_python(identity, str(tmp_path))
    (tmp_path / f"{row}.0").write_bytes(identity.pem)
    (tmp_path / "identity.pem").unlink()
    assert slot_rule._with_python(identity, str(tmp_path))
    assert skips_broken_slots(OpenSslCopy.PYTHON) in (True, False)


def test_without_an_openssl_its_rule_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert skips_broken_slots.__wrapped__(OpenSslCopy.INSTALLED) is None
