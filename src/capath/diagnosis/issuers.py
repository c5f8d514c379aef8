"""Who could have issued a certificate: found by name, and proven by verifying the signature."""

from __future__ import annotations

from capath.pki.certificate import Certificate


def signs(issuer: Certificate, child: Certificate) -> bool:
    """Whether the key of `issuer` verifies the signature of `child`. Names are not compared."""
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key = load_der_public_key(issuer.public_key_info)
        signed = x509.load_der_x509_certificate(child.der)
        signature, data = signed.signature, signed.tbs_certificate_bytes
        digest = signed.signature_hash_algorithm
        match key:
            case rsa.RSAPublicKey() if digest is not None:
                scheme = signed.signature_algorithm_parameters
                if not isinstance(scheme, padding.PSS | padding.PKCS1v15):
                    return False
                key.verify(signature, data, scheme, digest)
            case ec.EllipticCurvePublicKey() if digest is not None:
                key.verify(signature, data, ec.ECDSA(digest))
            case dsa.DSAPublicKey() if digest is not None:
                key.verify(signature, data, digest)
            case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
                key.verify(signature, data)
            case _:
                return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


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
