"""Where a certificate says that its issuer's is."""

from __future__ import annotations

from capath.pki.certificate import Certificate


def issuer_url(certificate: Certificate) -> str:
    """The first http address of the issuer's certificate (AIA caIssuers, RFC 5280 §4.2.2.1), or ``""``."""
    from cryptography import x509
    from cryptography.x509.oid import AuthorityInformationAccessOID

    try:
        decoded = x509.load_der_x509_certificate(certificate.der)
        access = decoded.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return ""
    for description in access:
        location = description.access_location
        is_issuer = description.access_method == AuthorityInformationAccessOID.CA_ISSUERS
        if (
            is_issuer
            and isinstance(location, x509.UniformResourceIdentifier)
            and location.value.startswith("http:")
        ):
            return str(location.value)
    return ""
