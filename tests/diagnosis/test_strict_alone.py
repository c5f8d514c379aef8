"""What only strict mode rejects is said to be that, and nothing else is: each is verified with it and without."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from capath.change.rehash import plan_rehash
from capath.demo import authority
from capath.demo.authority import Identity
from capath.diagnosis.cause import Cause, Diagnosis, Fixes, RemedyKind
from capath.diagnosis.diagnose import diagnose_offline
from capath.diagnosis.known_roots import NO_ROOTS
from capath.remedy.try_remedies import try_remedies_offline
from capath.store import scan
from capath.tls.offline.verify import read_certificates, verify_offline
from capath.tls.test_options import VerifyFlags
from tests.diagnosis.remade import (
    ECDSA_WITH_SHA256,
    ECDSA_WITH_SHA384,
    algorithm,
    as_version_1,
    explicit_key_info,
    key_info,
    remade,
)

ROOT = authority.root("Root")
INTERMEDIATE = authority.intermediate(ROOT, "Intermediate")
LEAF = authority.leaf(INTERMEDIATE, "host.test")
CHAIN = (LEAF.pem, INTERMEDIATE.pem, ROOT.pem)
ISSUERS = (INTERMEDIATE, ROOT, ROOT)
SIGNS = (x509.KeyUsage(True, False, False, False, False, True, False, False, False), True)


def _without(identity: Identity, issuer: Identity, *kinds: type[x509.ExtensionType]) -> bytes:
    """`identity` in PEM without the extensions of `kinds`."""
    old = identity.certificate
    builder = x509.CertificateBuilder(
        old.issuer,
        old.subject,
        old.public_key(),
        old.serial_number,
        old.not_valid_before_utc,
        old.not_valid_after_utc,
    )
    for extension in old.extensions:
        if not isinstance(extension.value, kinds):
            builder = builder.add_extension(extension.value, extension.critical)
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _verify(place: Path, chain: Sequence[bytes], *, strict: bool) -> tuple[int, Diagnosis | None]:
    """The code of the openssl binary and of pyOpenSSL's OpenSSL, and the diagnosis with its remedies tried."""
    store = place / ("strict" if strict else "plain")
    store.mkdir()
    (store / "root.pem").write_bytes(chain[-1])
    for name, target in plan_rehash(scan(store)).links:
        (store / name).symlink_to(target)
    leaf, *others = (read_certificates(item, "test")[0] for item in chain[:-1])
    flags, snapshot = VerifyFlags(strict=strict), scan(store)
    result = verify_offline(leaf, str(store), untrusted=others, flags=flags, snapshot=snapshot, ask_installed=True)
    codes = {engine.verdict.code for engine in result.engines}
    assert len(result.engines) == 2
    assert len(codes) == 1
    diagnosis = diagnose_offline(result, snapshot, roots=NO_ROOTS)
    if diagnosis is not None:
        diagnosis = try_remedies_offline(diagnosis, result, snapshot, roots=NO_ROOTS)
    return codes.pop(), diagnosis


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("depth", [0, 1, 2])
def test_explicit_curve_parameters_are_refused_in_every_mode(tmp_path: Path, depth: int, strict: bool) -> None:
    identity = (LEAF, INTERMEDIATE, ROOT)[depth]
    chain = list(CHAIN)
    chain[depth] = remade(identity, ISSUERS[depth], (key_info(identity.key), explicit_key_info(identity)))
    code, diagnosis = _verify(tmp_path, chain, strict=strict)
    assert code == 94
    assert diagnosis is not None
    assert diagnosis.cause is Cause.MALFORMED_CERTIFICATE
    assert f"at depth {depth}" in diagnosis.text
    assert "strict" not in str(diagnosis)
    assert RemedyKind.CHANGE_FLAGS not in {remedy.action for remedy in diagnosis.remedies}


def _root(*, key_identifiers: bool = True, extensions: Sequence[tuple[x509.ExtensionType, bool]] = ()) -> bytes:
    root = authority.root("Root", key=ROOT.key, key_identifiers=key_identifiers, extensions=extensions)
    return root.pem


def _leaf(*extensions: tuple[x509.ExtensionType, bool], key_identifiers: bool = True) -> Identity:
    return authority.leaf(INTERMEDIATE, "host.test", extensions=extensions, key_identifiers=key_identifiers)


OTHER_ALGORITHM = (algorithm(ECDSA_WITH_SHA256), algorithm(ECDSA_WITH_SHA384))
STRICT_ALONE = {
    "78 anchor": (78, (*CHAIN[:2], remade(ROOT, ROOT, OTHER_ALGORITHM))),
    "79 anchor of version 1": (79, (*CHAIN[:2], as_version_1(ROOT, ROOT))),
    "79 anchor by its keyUsage": (79, (*CHAIN[:2], _without(ROOT, ROOT, x509.BasicConstraints))),
    "79 leaf": (79, (_without(_leaf(SIGNS), INTERMEDIATE, x509.BasicConstraints), *CHAIN[1:])),
    "82": (82, (_leaf(SIGNS).pem, *CHAIN[1:])),
    "85": (85, (_leaf(key_identifiers=False).pem, *CHAIN[1:])),
    "86": (86, (*CHAIN[:2], _root(key_identifiers=False))),
    "92": (92, (*CHAIN[:2], _without(ROOT, ROOT, x509.KeyUsage))),
}
NOT_STRICT_ALONE = {
    "78 leaf": (78, 7, (remade(LEAF, INTERMEDIATE, OTHER_ALGORITHM), *CHAIN[1:])),
    "79 intermediate": (79, 79, (CHAIN[0], _without(INTERMEDIATE, ROOT, x509.BasicConstraints), CHAIN[2])),
    "79 anchor": (79, 79, (*CHAIN[:2], _without(ROOT, ROOT, x509.BasicConstraints, x509.KeyUsage))),
    "79 anchor that says no": (
        79,
        79,
        (*CHAIN[:2], _root(extensions=[(x509.BasicConstraints(False, None), True)])),
    ),
}


@pytest.mark.parametrize("shape", STRICT_ALONE)
def test_what_is_refused_in_strict_mode_alone(tmp_path: Path, shape: str) -> None:
    expected, chain = STRICT_ALONE[shape]
    assert _verify(tmp_path, chain, strict=False) == (0, None)
    code, diagnosis = _verify(tmp_path, chain, strict=True)
    assert code == expected
    assert diagnosis is not None
    assert diagnosis.cause is Cause.CLIENT_DIFFERS
    assert "only in strict mode" in diagnosis.text
    assert diagnosis.also == ()
    assert diagnosis.remedies[-1].trial == Fixes()


@pytest.mark.parametrize("shape", NOT_STRICT_ALONE)
def test_what_is_refused_without_it_too(tmp_path: Path, shape: str) -> None:
    strictly, plainly, chain = NOT_STRICT_ALONE[shape]
    code, diagnosis = _verify(tmp_path, chain, strict=False)
    assert (code, diagnosis is None) == (plainly, False)
    code, diagnosis = _verify(tmp_path, chain, strict=True)
    assert code == strictly
    assert diagnosis is not None
    assert diagnosis.cause is not Cause.CLIENT_DIFFERS
