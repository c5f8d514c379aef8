"""Certificates that are themselves at fault."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from capath.demo import authority
from capath.demo.authority import Identity
from capath.demo.scenarios.registry import scenario
from capath.demo.scene import Scene, Site
from capath.diagnosis.cause import Cause


@scenario(Cause.WRONG_PURPOSE)
def wrong_purpose(scene: Scene) -> Site:
    """[leaf for TLS clients ← intermediate] ← root, trusted."""
    leaf = authority.leaf(scene.intermediate, scene.host, usages=(ExtendedKeyUsageOID.CLIENT_AUTH,))
    return Site(scene.https(leaf, scene.intermediate))


@scenario(Cause.WRONG_PURPOSE)
def not_an_authority(scene: Scene) -> Site:
    """[leaf ← another leaf ← intermediate] ← root, trusted."""
    issuer = authority.leaf(scene.intermediate, "issuer.capath.test")
    return Site(scene.https(authority.leaf(issuer, scene.host), issuer, scene.intermediate))


@scenario(Cause.WEAK_KEY_OR_SIGNATURE)
def weak_key(scene: Scene) -> Site:
    """[leaf with an RSA key of 1024 bits ← intermediate] ← root, trusted."""
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505 (weakness is what it shows)
    return Site(scene.https(authority.leaf(scene.intermediate, scene.host, key=key), scene.intermediate))


@scenario(Cause.MALFORMED_CERTIFICATE)
def critical_extension(scene: Scene) -> Site:
    """[leaf with a critical extension that nobody knows ← intermediate] ← root, trusted."""
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.25.1"), b"\x05\x00")
    leaf = authority.leaf(scene.intermediate, scene.host, extensions=((unknown, True),))
    return Site(scene.https(leaf, scene.intermediate))


@scenario(Cause.BAD_SIGNATURE)
def bad_signature(scene: Scene) -> Site:
    """[leaf, changed after it was signed ← intermediate] ← root, trusted."""
    leaf = authority.leaf(scene.intermediate, scene.host)
    encoded = bytearray(leaf.certificate.public_bytes(Encoding.DER))
    encoded[-1] ^= 1
    changed = Identity(x509.load_der_x509_certificate(bytes(encoded)), leaf.key)
    return Site(scene.https(changed, scene.intermediate))


@scenario(Cause.PATH_LENGTH)
def path_length(scene: Scene) -> Site:
    """[leaf ← intermediate] ← root, trusted, that allows no CA below it."""
    root = authority.root("capath demo root of path length 0", path_length=0)
    scene.trust(root)
    intermediate = authority.intermediate(root, "capath demo intermediate that should not be")
    return Site(scene.https(authority.leaf(intermediate, scene.host), intermediate))
