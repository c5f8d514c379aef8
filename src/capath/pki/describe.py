"""A certificate's extensions, decoded for people by `cryptography`. What it refuses is shown as its octets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from capath.pki.certificate import Certificate

if TYPE_CHECKING:
    from cryptography import x509

_NAMES = {
    "2.5.29.14": "Subject key identifier",
    "2.5.29.15": "Key usage",
    "2.5.29.16": "Private key usage period",
    "2.5.29.17": "Subject alternative names",
    "2.5.29.18": "Issuer alternative names",
    "2.5.29.19": "Basic constraints",
    "2.5.29.30": "Name constraints",
    "2.5.29.31": "CRL distribution points",
    "2.5.29.32": "Certificate policies",
    "2.5.29.35": "Authority key identifier",
    "2.5.29.36": "Policy constraints",
    "2.5.29.37": "Extended key usage",
    "2.5.29.54": "Inhibit any policy",
    "1.3.6.1.5.5.7.1.1": "Authority information access",
    "1.3.6.1.5.5.7.1.3": "Qualified certificate statements",
    "1.3.6.1.5.5.7.1.24": "TLS feature",
    "1.3.6.1.4.1.11129.2.4.2": "Signed certificate timestamps",
    "1.3.6.1.4.1.11129.2.4.3": "Precertificate poison",
    "2.16.840.1.113730.1.1": "Netscape certificate type",
    "2.16.840.1.113730.1.13": "Netscape comment",
    "1.3.6.1.4.1.311.20.2": "Microsoft certificate template",
    "1.3.6.1.4.1.311.21.1": "Microsoft CA version",
}
_USES = {
    "1.3.6.1.5.5.7.3.1": "TLS server",
    "1.3.6.1.5.5.7.3.2": "TLS client",
    "1.3.6.1.5.5.7.3.3": "code signing",
    "1.3.6.1.5.5.7.3.4": "e-mail",
    "1.3.6.1.5.5.7.3.8": "time stamping",
    "1.3.6.1.5.5.7.3.9": "OCSP signing",
    "2.5.29.37.0": "any use",
}
_POLICIES = {
    "2.5.29.32.0": "any policy",
    "2.23.140.1.1": "extended validation",
    "2.23.140.1.2.1": "domain validated",
    "2.23.140.1.2.2": "organisation validated",
    "2.23.140.1.2.3": "individual validated",
}
_KEY_USAGES = (
    ("digital_signature", "digital signature"),
    ("content_commitment", "content commitment"),
    ("key_encipherment", "key encipherment"),
    ("data_encipherment", "data encipherment"),
    ("key_agreement", "key agreement"),
    ("key_cert_sign", "signs certificates"),
    ("crl_sign", "signs CRLs"),
)


@dataclass(frozen=True, slots=True)
class DecodedExtension:
    """One extension: its name in words, and its value as one or more lines of text (raw, not yet visible)."""

    name: str
    critical: bool
    lines: tuple[str, ...]


def describe_extensions(certificate: Certificate) -> tuple[DecodedExtension, ...]:
    """Return the extensions of `certificate` in their order, decoded as far as `cryptography` knows them."""
    decoded = _decode(certificate)
    return tuple(
        DecodedExtension(
            _NAMES.get(extension.oid, extension.oid),
            extension.critical,
            decoded.get(extension.oid) or (_octets(extension.value),),
        )
        for extension in certificate.extensions
    )


def library_refusal(certificate: Certificate) -> str:
    """Why `cryptography` refuses a certificate that OpenSSL loads; empty where it does not."""
    from cryptography import x509

    try:
        _ = x509.load_der_x509_certificate(certificate.der).extensions
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _decode(certificate: Certificate) -> dict[str, tuple[str, ...]]:
    from cryptography import x509

    try:
        extensions = x509.load_der_x509_certificate(certificate.der).extensions
    except Exception:  # its parser raises many types; octets are shown instead
        return {}
    found = {}
    for extension in extensions:
        try:
            lines = _lines(extension.value)
        except ValueError:
            continue
        found[extension.oid.dotted_string] = tuple(lines)
    return found


def _lines(value: x509.ExtensionType) -> list[str]:
    from cryptography import x509

    match value:
        case x509.BasicConstraints(ca=ca, path_length=length):
            text = "certificate authority" if ca else "not a certificate authority"
            return [text if length is None else f"{text}, at most {length} below it"]
        case x509.KeyUsage():
            return [", ".join(text for flag, text in _KEY_USAGES if getattr(value, flag)) or "none"]
        case x509.ExtendedKeyUsage():
            return [_USES.get(use.dotted_string, use.dotted_string) for use in value]
        case x509.SubjectKeyIdentifier(digest=digest):
            return [_octets(digest)]
        case x509.AuthorityKeyIdentifier(key_identifier=identifier):
            return [_octets(identifier) if identifier else "by issuer and serial number"]
        case x509.SubjectAlternativeName() | x509.IssuerAlternativeName():
            return [_general_name(name) for name in value]
        case x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=excluded):
            return [f"only {_general_name(name)}" for name in permitted or ()] + [
                f"never {_general_name(name)}" for name in excluded or ()
            ]
        case x509.CRLDistributionPoints() | x509.FreshestCRL():
            return [_general_name(name) for point in value for name in point.full_name or ()]
        case x509.AuthorityInformationAccess() | x509.SubjectInformationAccess():
            return [_general_name(item.access_location) for item in value]
        case x509.CertificatePolicies():
            return [_policy(policy) for policy in value]
        case x509.PrecertificateSignedCertificateTimestamps() | x509.SignedCertificateTimestamps():
            return [f"{stamp.timestamp:%Y-%m-%d}, log {_octets(stamp.log_id)[:23]}…" for stamp in value]
        case x509.TLSFeature():
            return [feature.name for feature in value]
        case x509.UnrecognizedExtension(value=octets):
            return [_octets(octets)]
        case _:
            return [repr(value)]


def _general_name(name: x509.GeneralName) -> str:
    from cryptography import x509

    match name:
        case x509.DNSName(value=value) | x509.RFC822Name(value=value):
            return value
        case x509.UniformResourceIdentifier(value=value):
            return value
        case x509.IPAddress(value=address):
            return str(address)
        case x509.DirectoryName(value=directory_name):
            return directory_name.rfc4514_string()
        case _:
            return str(name)


def _policy(policy: x509.PolicyInformation) -> str:
    oid = policy.policy_identifier.dotted_string
    text = _POLICIES.get(oid, oid)
    places = [item for item in policy.policy_qualifiers or () if isinstance(item, str)]
    return f"{text} ({', '.join(places)})" if places else text


def _octets(value: bytes) -> str:
    shown = value[:64].hex(" ").upper()
    return f"{shown} … ({len(value)} octets)" if len(value) > 64 else shown
