"""A certificate's extensions for people, each decoded for itself by `cryptography`; keyUsage by its bits.

What it refuses is shown as encoded, with its reason; the others are decoded all the same.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from capath.errors import ParseError
from capath.pki import tlv
from capath.pki.certificate import Certificate
from capath.pki.decode import decode_extension, without_warnings
from capath.pki.extensions import KEY_USAGE, Extension, key_usage_bits
from capath.pki.name import Attribute, Name

if TYPE_CHECKING:
    from cryptography import x509

_NAMES = {
    "2.5.29.14": "Subject key identifier",
    "2.5.29.15": "Key usage",
    "2.5.29.16": "Private key usage period",
    "2.5.29.17": "Subject alternative names",
    "2.5.29.18": "Issuer alternative names",
    "2.5.29.19": "Basic constraints",
    "2.5.29.9": "Subject directory attributes",
    "2.5.29.30": "Name constraints",
    "2.5.29.31": "CRL distribution points",
    "2.5.29.32": "Certificate policies",
    "2.5.29.35": "Authority key identifier",
    "2.5.29.33": "Policy mappings",
    "2.5.29.36": "Policy constraints",
    "2.5.29.37": "Extended key usage",
    "2.5.29.46": "Freshest CRL",
    "2.5.29.54": "Inhibit any policy",
    "1.3.6.1.5.5.7.1.1": "Authority information access",
    "1.3.6.1.5.5.7.1.3": "Qualified certificate statements",
    "1.3.6.1.5.5.7.1.11": "Subject information access",
    "1.3.6.1.5.5.7.1.24": "TLS feature",
    "1.3.6.1.4.1.11129.2.4.2": "Signed certificate timestamps",
    "1.3.6.1.4.1.11129.2.4.3": "Precertificate poison",
    "2.16.840.1.113730.1.1": "Netscape certificate type",
    "2.16.840.1.113730.1.13": "Netscape comment",
    "1.3.6.1.4.1.311.20.2": "Microsoft certificate template",
    "1.3.6.1.4.1.311.21.1": "Microsoft CA version",
    "1.3.6.1.4.1.311.21.2": "Microsoft previous CA certificate hash",
    "1.3.6.1.4.1.311.21.7": "Microsoft certificate template",
    "1.3.6.1.4.1.311.21.10": "Microsoft application policies",
    "1.3.6.1.5.5.7.48.1.5": "OCSP no check",
}
_USES = {
    "1.3.6.1.5.5.7.3.1": "TLS server",
    "1.3.6.1.5.5.7.3.2": "TLS client",
    "1.3.6.1.5.5.7.3.3": "code signing",
    "1.3.6.1.5.5.7.3.4": "e-mail",
    "1.3.6.1.5.5.7.3.5": "IPsec end system",
    "1.3.6.1.5.5.7.3.6": "IPsec tunnel",
    "1.3.6.1.5.5.7.3.7": "IPsec user",
    "1.3.6.1.5.5.7.3.8": "time stamping",
    "1.3.6.1.5.5.7.3.9": "OCSP signing",
    "1.3.6.1.5.5.7.3.17": "IPsec IKE",
    "1.3.6.1.5.5.7.3.21": "SSH client",
    "1.3.6.1.5.5.7.3.22": "SSH server",
    "1.3.6.1.5.5.7.3.28": "CMC registration (RA)",
    "1.3.6.1.5.5.7.3.31": "brand indicators (BIMI)",
    "1.3.6.1.5.5.7.3.36": "document signing",
    "1.3.6.1.5.2.3.4": "Kerberos client (PKINIT)",
    "1.3.6.1.5.2.3.5": "Kerberos KDC (PKINIT)",
    "1.3.6.1.5.5.8.2.2": "IPsec IKE intermediate",
    "1.3.6.1.4.1.311.2.1.21": "Microsoft individual code signing",
    "1.3.6.1.4.1.311.2.1.22": "Microsoft commercial code signing",
    "1.3.6.1.4.1.311.10.3.1": "Microsoft trust list signing",
    "1.3.6.1.4.1.311.10.3.3": "Microsoft server gated crypto",
    "1.3.6.1.4.1.311.10.3.4": "Microsoft encrypting file system",
    "1.3.6.1.4.1.311.10.3.12": "Microsoft document signing",
    "1.3.6.1.4.1.311.20.2.1": "Microsoft certificate request agent",
    "1.3.6.1.4.1.311.20.2.2": "Microsoft smart card logon",
    "1.3.6.1.4.1.311.21.6": "Microsoft key recovery agent",
    "1.3.6.1.4.1.11129.2.4.4": "precertificate signing",
    "1.2.840.113583.1.1.5": "Adobe PDF signing",
    "2.16.840.1.113730.4.1": "Netscape server gated crypto",
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
    *("digital signature", "content commitment", "key encipherment", "data encipherment", "key agreement"),
    *("signs certificates", "signs CRLs", "encipher only", "decipher only"),
)


@dataclass(frozen=True, slots=True)
class DecodedExtension:
    """One extension: its name in words, and its value as one or more lines of text (raw, not yet visible)."""

    name: str
    critical: bool
    lines: tuple[str, ...]


def describe_extensions(certificate: Certificate) -> tuple[DecodedExtension, ...]:
    """Return the extensions of `certificate` in their order, each decoded as far as `cryptography` knows it."""
    return tuple(
        DecodedExtension(_NAMES.get(extension.oid, extension.oid), extension.critical, tuple(_decoded(extension)))
        for extension in certificate.extensions
    )


def use_name(oid: str) -> str:
    """What a key is for, in words; an OID that is not known here as it is."""
    return _USES.get(oid, oid)


def library_refusal(certificate: Certificate) -> str:
    """Why `cryptography` refuses a certificate that OpenSSL loads; empty where it does not."""
    from cryptography import x509

    with without_warnings():
        try:
            _ = x509.load_der_x509_certificate(certificate.der).extensions
        except Exception as error:  # its parser raises many types
            return f"{type(error).__name__}: {error}"
    return ""


def _decoded(extension: Extension) -> list[str]:
    if extension.oid == KEY_USAGE and extension.value[:1] == bytes((tlv.BIT_STRING,)):
        # `cryptography` hides encipherOnly and decipherOnly where keyAgreement is missing.
        bits = key_usage_bits(extension.value)
        names = [name for bit, name in enumerate(_KEY_USAGES) if bit in bits]
        return [", ".join(names + [f"bit {bit}" for bit in sorted(bits) if bit >= len(_KEY_USAGES)]) or "none"]
    with without_warnings():
        try:
            return _lines(decode_extension(extension)) or ["empty"]
        except ParseError as error:
            return [_octets(extension.value), f"cryptography does not decode it: {error}"]
        except Exception as error:  # a name in it that it does not encode again
            return [_octets(extension.value), f"cryptography does not decode it: {type(error).__name__}: {error}"]


def _lines(value: x509.ExtensionType) -> list[str]:
    from cryptography import x509

    match value:
        case x509.BasicConstraints(ca=ca, path_length=length):
            text = "CA" if ca else "not a CA"
            return [text if length is None else f"{text}, at most {length} below it"]
        case x509.ExtendedKeyUsage():
            return [use_name(use.dotted_string) for use in value]
        case x509.SubjectKeyIdentifier(digest=digest):
            return [_octets(digest)]
        case x509.AuthorityKeyIdentifier(key_identifier=identifier):
            return [_octets(identifier) if identifier else "by issuer and serial number"]
        case x509.SubjectAlternativeName() | x509.IssuerAlternativeName():
            return [_alternative_name(name) for name in value]
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
        case x509.PolicyConstraints(require_explicit_policy=explicit, inhibit_policy_mapping=mapping):
            found = [("an explicit policy is required", explicit), ("no policy mapping", mapping)]
            return [f"{text}, from {count} below it on" for text, count in found if count is not None]
        case x509.InhibitAnyPolicy(skip_certs=count):
            return [f"“any policy” does not count, from {count} below it on"]
        case x509.OCSPNoCheck() | x509.PrecertPoison():
            return ["present"]
        case x509.UnrecognizedExtension(value=octets):
            return [_text(octets) or _octets(octets)]
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
            return Name.decode(directory_name.public_bytes()).text or "(empty name)"
        case x509.RegisteredID(value=oid):
            return oid.dotted_string
        case x509.OtherName(type_id=oid, value=octets):
            return f"{oid.dotted_string}: {_text(octets) or _octets(octets)}"
        case _:
            return str(name)


def _alternative_name(name: x509.GeneralName) -> str:
    """A name of subjectAltName, where `cryptography` takes an address of 8 or 32 bytes for a network."""
    from cryptography import x509

    match name:
        case x509.IPAddress(value=ipaddress.IPv4Network() | ipaddress.IPv6Network() as network):
            octets = network.network_address.packed + network.netmask.packed
            return f"not an IP address: {_octets(octets)}"
        case _:
            return _general_name(name)


def _text(encoded: bytes) -> str:
    """The string that `encoded` is, whole; empty where it is something else."""
    try:
        tag, start, stop = tlv.header(encoded, 0, len(encoded))
    except ParseError:
        return ""
    is_string = tag in (tlv.UTF8_STRING, tlv.PRINTABLE_STRING, tlv.IA5_STRING, tlv.BMP_STRING)
    return Attribute("", tag, encoded[start:stop]).text if is_string and stop == len(encoded) else ""


def _policy(policy: x509.PolicyInformation) -> str:
    oid = policy.policy_identifier.dotted_string
    text = _POLICIES.get(oid, oid)
    places = [item for item in policy.policy_qualifiers or () if isinstance(item, str)]
    return f"{text} ({', '.join(places)})" if places else text


def _octets(value: bytes) -> str:
    shown = value[:64].hex(" ").upper()
    return f"{shown} … ({len(value)} bytes)" if len(value) > 64 else shown
