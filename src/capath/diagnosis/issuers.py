"""Where a certificate says that its issuer's is."""

from __future__ import annotations

from capath.pki.certificate import Certificate
from capath.pki.general_names import issuer_addresses


def issuer_url(certificate: Certificate) -> str:
    """The first http address of the issuer's certificate (AIA caIssuers, RFC 5280 §4.2.2.1), or ``""``."""
    return next((url for url in issuer_addresses(certificate) if url.startswith("http:")), "")
