"""Whether an OpenSSL goes on after a hash link that does not load (`capath.store.lookup`): measured, not tabled.

3.0.19, 4.0.0 and 4.0.1 stop looking for an issuer there, 4.0.3 and Debian's 3.0.22 skip the link. So each OpenSSL
is given a directory whose ``.0`` is dangling and whose ``.1`` is the certificate, once per process.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace

from capath.errors import StrEnum
from capath.pki.name import Name
from capath.pki.throwaway import Throwaway, make_throwaway
from capath.tls.handshake.verification import Verification
from capath.tls.offline.openssl import installed_version

_TIMEOUT_S = 10.0


class OpenSslCopy(StrEnum):
    """The copies of OpenSSL that can be on one machine."""

    PYOPENSSL = "pyopenssl"
    """The one inside cryptography, which judges in `probe`."""
    PYTHON = "python"
    """The one of Python's ssl, which requests uses."""
    INSTALLED = "openssl"
    """The one of the `openssl` on the PATH."""


@functools.cache
def skips_broken_slots(copy: OpenSslCopy = OpenSslCopy.PYOPENSSL) -> bool | None:
    """Whether `copy` skips a slot that does not load; None where it cannot be asked."""
    identity = make_throwaway("capath: slot rule")
    with tempfile.TemporaryDirectory(prefix="capath-") as place:
        row = os.path.join(place, Name.decode(identity.certificate.subject.public_bytes()).subject_hash)
        os.symlink("missing.pem", f"{row}.0")
        with open(f"{row}.1", "wb") as file:
            file.write(identity.pem)
        with contextlib.suppress(OSError, ssl.SSLError, subprocess.SubprocessError):
            return _VERIFIES[copy](identity, place)
    return None


def with_stopping(verification: Verification) -> Verification:
    """Name the OpenSSLs of this machine that stop at a link that does not load, where the anchor is after one."""
    if not verification.after_broken:
        return verification
    binary = shutil.which("openssl")
    versions = {
        OpenSslCopy.PYTHON: f"Python's ssl ({ssl.OPENSSL_VERSION})",
        OpenSslCopy.INSTALLED: f"the openssl command ({installed_version(binary)})" if binary else "",
    }
    stopping = tuple(name for copy, name in versions.items() if skips_broken_slots(copy) is False)
    return replace(verification, stopping=stopping)


def _with_pyopenssl(identity: Throwaway, directory: str) -> bool:
    from OpenSSL import crypto

    store = crypto.X509Store()
    store.load_locations(None, os.fsencode(directory))
    context = crypto.X509StoreContext(store, crypto.X509.from_cryptography(identity.certificate))
    try:
        context.verify_certificate()
    except crypto.X509StoreContextError:
        return False
    return True


def _with_python(identity: Throwaway, directory: str) -> bool:
    """A handshake in memory: ssl has no other way to verify."""
    chain = os.path.join(directory, "identity.pem")
    with open(os.open(chain, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(identity.key_pem + identity.pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.load_verify_locations(capath=directory)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(to_client, to_server), server.wrap_bio(to_server, to_client, server_side=True)]
    for _ in range(4):  # flights of a handshake, at most
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError:
                return False
    return True


def _with_installed(identity: Throwaway, directory: str) -> bool | None:
    binary = shutil.which("openssl")
    if binary is None:
        return None
    arguments = [binary, "verify", "-no-CAfile", "-no-CAstore", "-CApath", directory]
    done = subprocess.run(arguments, input=identity.pem, capture_output=True, timeout=_TIMEOUT_S, check=False)
    if b": OK" in done.stdout:
        return True
    return False if b"verification failed" in done.stderr else None


_VERIFIES: dict[OpenSslCopy, Callable[[Throwaway, str], bool | None]] = {
    OpenSslCopy.PYOPENSSL: _with_pyopenssl,
    OpenSslCopy.PYTHON: _with_python,
    OpenSslCopy.INSTALLED: _with_installed,
}
