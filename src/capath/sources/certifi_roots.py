"""The roots of the installed certifi: Mozilla's list for TLS servers, of the day that certifi was released."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from capath.pki.objects import CertificateObject, read_objects
from capath.sources.item import Claims, Item, Reading, ServerTrust
from capath.sources.pem import read_pem_bundle


@dataclass(frozen=True, slots=True)
class CertifiSource:
    """certifi's bundle. All of it is for TLS servers."""

    @property
    def title(self) -> str:
        import certifi

        return f"certifi {certifi.__version__}"

    def read(self) -> Reading:
        for found in read_pem_bundle("certifi", _bundle()):
            if isinstance(found, Item):
                yield replace(found, claims=Claims(servers=ServerTrust.YES))
            else:
                yield found


@lru_cache(maxsize=1)
def certifi_sha256() -> frozenset[str]:
    """Return the SHA-256 of each root of certifi."""
    return frozenset(
        item.certificate.sha256 for item in read_objects(_bundle()) if isinstance(item, CertificateObject)
    )


def _bundle() -> bytes:
    import certifi

    return certifi.contents().encode("ascii", "replace")
