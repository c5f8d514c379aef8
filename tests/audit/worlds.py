"""Certificates with chosen faults, and small stores that hold them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

from capath.audit import Finding, Policy
from capath.audit import audit as run_audit
from capath.change.apply import apply_plan
from capath.change.rehash import HashStyle, plan_rehash
from capath.sources.mozilla_roots import MozillaList, MozillaRoot, TlsTrust
from capath.store import list_store, scan
from capath.store.constraints import KeptConstraints
from tests.minting import name_of

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
LIST_DATE = date(2026, 5, 1)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | dsa.DSAPrivateKey
Extensions = Sequence[tuple[x509.ExtensionType, bool]]
SIGNS = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
SIGNS_NOT = x509.KeyUsage(True, False, False, False, False, False, False, False, False)


@dataclass(frozen=True)
class Spec:
    """How a certificate is to be; what is not said is as a good root has it."""

    name: str = "Good Root"
    issuer: str = ""
    key: Key = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    signer: Key | None = None
    extensions: Extensions | None = None
    not_before: datetime = datetime(2020, 1, 1, tzinfo=timezone.utc)
    not_after: datetime = datetime(2040, 1, 1, tzinfo=timezone.utc)
    serial: int = 4711

    def mint(self) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(name_of(self.name) if self.name else x509.Name([]))
            .issuer_name(name_of(self.issuer or self.name) if self.issuer or self.name else x509.Name([]))
            .public_key(self.key.public_key())
            .serial_number(self.serial)
            .not_valid_before(self.not_before)
            .not_valid_after(self.not_after)
        )
        for extension, critical in good_extensions(self.key) if self.extensions is None else self.extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(self.signer or self.key, hashes.SHA256())

    def pem(self) -> bytes:
        return self.mint().public_bytes(serialization.Encoding.PEM)


def identifier(key: Key) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key())


def good_extensions(key: Key) -> Extensions:
    """What RFC 5280 wants of a root."""
    return [(x509.BasicConstraints(True, None), True), (SIGNS, True), (identifier(key), False)]


def sha256_of(pem: bytes) -> str:
    return x509.load_pem_x509_certificate(pem).fingerprint(hashes.SHA256()).hex()


def mozilla_root(
    sha256: str,
    *,
    removed: date | None = None,
    tls: TlsTrust = TlsTrust.YES,
    distrust_after: datetime | None = None,
    constraints: str = "",
    reason: str = "",
) -> MozillaRoot:
    return MozillaRoot(sha256, "x", date(2010, 1, 1), removed, tls, distrust_after, constraints, reason)


def mozilla_list(*roots: MozillaRoot) -> MozillaList:
    return MozillaList(LIST_DATE, {root.sha256: root for root in roots})


def make_store(directory: Path, files: dict[str, bytes], *, rehash: bool = True) -> Path:
    """A directory of `files`, linked."""
    directory.mkdir(exist_ok=True)
    for name, content in files.items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_bytes(content)
        os.chmod(directory / name, 0o644)
    if rehash:
        apply_plan(plan_rehash(scan(directory), HashStyle.NEW).plan)
    return directory


def audit(
    directory: Path,
    *,
    now: datetime = NOW,
    mozilla: MozillaList | None = None,
    policy: Policy | None = None,
    directory_mode: int = 0o40755,
    kept: KeptConstraints | None = None,
) -> dict[str, list[Finding]]:
    """The findings by rule. Mozilla's list is every root of the store unless another is given."""
    listing = list_store(scan(directory))
    if mozilla is None:
        mozilla = mozilla_list(*(mozilla_root(sha256) for sha256 in listing.by_sha256))
    found: dict[str, list[Finding]] = {}
    for finding in run_audit(
        listing, now, directory_mode=directory_mode, policy=policy, mozilla=mozilla, kept=kept
    ).findings:
        found.setdefault(finding.rule, []).append(finding)
    return found
