"""The CApaths that OpenSSL itself uses where none is named."""

from __future__ import annotations

import os


def openssl_directories() -> list[str]:
    """Those of `SSL_CERT_DIR`, else the one that OpenSSL was built to use; none where it has none."""
    value = os.environ.get("SSL_CERT_DIR")
    if not value:
        import ssl

        value = ssl.get_default_verify_paths().openssl_capath or ""
    return [directory for directory in value.split(":") if directory]
