"""The roots of the installed certifi: Mozilla's list for TLS servers, of the day that certifi was released."""

from __future__ import annotations

from functools import lru_cache

from capath.pki.objects import CertificateObject, read_objects


@lru_cache(maxsize=1)
def certifi_sha256() -> frozenset[str]:
    """Return the SHA-256 of each root of certifi."""
    import certifi

    return frozenset(
        item.certificate.sha256
        for item in read_objects(certifi.contents().encode("ascii", "replace"))
        if isinstance(item, CertificateObject)
    )
