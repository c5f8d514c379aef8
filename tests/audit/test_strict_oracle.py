"""Strict mode, and critical extensions, against the openssl binary."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.audit.worlds import SIGNS, Extensions, Spec, audit, identifier, make_store

KEY = ec.generate_private_key(ec.SECP256R1())
CA = (x509.BasicConstraints(True, None), True)
USAGE, SUBJECT_KEY = (SIGNS, True), (identifier(KEY), False)
AUTHORITY_KEY = x509.AuthorityKeyIdentifier.from_issuer_public_key(KEY.public_key())
SHAPES: dict[str, Extensions] = {
    "good": [CA, USAGE, SUBJECT_KEY],
    "no-key-usage": [CA, SUBJECT_KEY],
    "key-usage-not-critical": [CA, (SIGNS, False), SUBJECT_KEY],
    "constraints-not-critical": [(CA[0], False), USAGE, SUBJECT_KEY],
    "no-subject-key": [CA, USAGE],
    "no-constraints": [USAGE, SUBJECT_KEY],
    "subject-key-critical": [CA, USAGE, (SUBJECT_KEY[0], True)],
    "authority-key-critical": [CA, USAGE, SUBJECT_KEY, (AUTHORITY_KEY, True)],
    **{
        f"critical-{oid}": [
            CA,
            USAGE,
            SUBJECT_KEY,
            (x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), b"\5\0"), True),
        ]
        for oid in ("2.5.29.33", "2.5.29.36", "2.5.29.16", "2.5.29.18", "1.3.6.1.5.5.7.1.1", "1.2.3.4")
    },
}


@pytest.mark.oracle
@pytest.mark.parametrize("shape", SHAPES)
def test_findings_agree_with_openssl(tmp_path: Path, shape: str) -> None:
    """A leaf below the root verifies in strict mode where, and only where, the audit has nothing against it."""
    root = Spec(key=KEY, extensions=SHAPES[shape])
    store = make_store(tmp_path / "store", {"root.pem": root.pem()})
    found = audit(store)
    leaf_key = ec.generate_private_key(ec.SECP256R1())
    leaf_extensions: Extensions = [
        (x509.BasicConstraints(False, None), True),
        (AUTHORITY_KEY, False),
        (x509.SubjectKeyIdentifier.from_public_key(leaf_key.public_key()), False),
    ]
    leaf = Spec("leaf.test", issuer="Good Root", key=leaf_key, signer=KEY, extensions=leaf_extensions).mint()
    path = tmp_path / "leaf.pem"
    path.write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    assert _verifies(store, path, "-x509_strict") == (
        "python-strict" not in found and "unknown-critical-extension" not in found
    )
    assert _verifies(store, path) == ("unknown-critical-extension" not in found)


def _verifies(store: Path, leaf: Path, *flags: str) -> bool:
    command = ["openssl", "verify", "-no-CAfile", "-no-CAstore", "-attime", "1780272000", *flags]
    return subprocess.run([*command, "-CApath", store, leaf], capture_output=True).returncode == 0
