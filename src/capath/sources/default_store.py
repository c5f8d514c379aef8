"""Where Python's OpenSSL looks without settings, and how it reads a directory there: measured, not tabled.

OpenSSL 3.0.19 reads SSL_CERT_DIR, else its own directory, as an OSSL_STORE too, which loads DER and steps over
missing slots; 3.5.7 does not.
"""

from __future__ import annotations

import functools
import os
import ssl
import subprocess
import sys
import tempfile

from capath.pki.name import Name
from capath.pki.throwaway import make_throwaway

_TIMEOUT_S = 20.0
# A handshake in memory in a process of its own: the environment that OpenSSL reads is that of a whole process.
_ASK = """
import ssl, sys
server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server.load_cert_chain(sys.argv[1])
client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
client.check_hostname = False
client.set_default_verify_paths()
one, other = ssl.MemoryBIO(), ssl.MemoryBIO()
ends = [client.wrap_bio(other, one), server.wrap_bio(one, other, server_side=True)]
for _ in range(4):
    for end in ends:
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            pass
print("verifies")
"""


def default_places() -> tuple[str, tuple[str, ...]]:
    """The CAfile, empty for none, and the directories of the CApath. A variable that is set and empty is none."""
    built_in = ssl.get_default_verify_paths()
    file = os.environ.get(built_in.openssl_cafile_env, built_in.openssl_cafile)
    directories = os.environ.get(built_in.openssl_capath_env, built_in.openssl_capath)
    return file, tuple(path for path in directories.split(":") if path)


@functools.cache
def reads_as_store() -> bool:
    """Whether Python's OpenSSL finds a root by default paths in slot 1 where there is no slot 0."""
    identity = make_throwaway("capath: default store")
    with tempfile.TemporaryDirectory(prefix="capath-") as place:
        chain, certs = os.path.join(place, "identity.pem"), os.path.join(place, "certs")
        with open(os.open(chain, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(identity.key_pem + identity.pem)
        os.mkdir(certs)
        name = Name.decode(identity.certificate.subject.public_bytes()).subject_hash
        with open(os.path.join(certs, f"{name}.1"), "wb") as file:
            file.write(identity.pem)
        variables = {"SSL_CERT_DIR": certs, "SSL_CERT_FILE": os.path.join(place, "missing")}
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-c", _ASK, chain],
                env={**os.environ, **variables},
                capture_output=True,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.SubprocessError):
            return False
        return b"verifies" in done.stdout
