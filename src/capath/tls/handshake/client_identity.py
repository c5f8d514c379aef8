"""A client's own certificate and key, for servers that ask for one."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from capath.errors import BadInputError
from capath.files import read_file
from capath.pki.visible import visible

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

    SigningKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey

_FILE_BYTES_LIMIT = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ClientIdentity:
    """`chain` is the certificate and what is sent with it; the files are for clients that read for themselves.

    `encrypted`: the key's file has a password, which was asked for once and is kept nowhere.
    """

    certificate_file: str
    key_file: str
    encrypted: bool
    chain: tuple[x509.Certificate, ...] = field(repr=False)
    key: SigningKey = field(repr=False)


def read_client_identity(certificate_file: str, key_file: str, ask_password: Callable[[], str]) -> ClientIdentity:
    """Read PEM files; `ask_password` is called where the key has one. Raises BadInputError."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    try:
        chain = tuple(x509.load_pem_x509_certificates(_read(certificate_file)))
    except ValueError:
        raise BadInputError(f"{visible(certificate_file)}: there is no PEM certificate in it") from None
    content = _read(key_file)
    encrypted = b"ENCRYPTED" in content
    key = _read_key(key_file, content, ask_password().encode() if encrypted else None)
    public = [
        item.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        for item in (key.public_key(), chain[0].public_key())
    ]
    if public[0] != public[1]:
        raise BadInputError(f"{visible(key_file)}: this is not the key of {visible(certificate_file)}")
    return ClientIdentity(os.path.abspath(certificate_file), os.path.abspath(key_file), encrypted, chain, key)


def _read_key(path: str, content: bytes, password: bytes | None) -> SigningKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    kinds = (
        ec.EllipticCurvePrivateKey,
        rsa.RSAPrivateKey,
        ed25519.Ed25519PrivateKey,
        ed448.Ed448PrivateKey,
    )
    try:
        key = load_pem_private_key(content, password)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        reason = "there is no PEM private key in it" if password is None else "the password does not open the key"
        raise BadInputError(f"{visible(path)}: {reason}") from None
    if not isinstance(key, kinds):
        raise BadInputError(
            f"{visible(path)}: this kind of key cannot sign a TLS handshake; use RSA, EC or Ed25519"
        )
    return key


def _read(path: str) -> bytes:
    try:
        return read_file(path, _FILE_BYTES_LIMIT)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise BadInputError(f"{visible(path)}: it cannot be read: {reason}") from None
