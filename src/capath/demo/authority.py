"""CAs of our own, minted on the spot, for servers on loopback."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
ORGANISATION = "capath demo"


def new_key() -> ec.EllipticCurvePrivateKey:
    """A P-256 key: quick to make, taken by everything."""
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True, slots=True)
class Template:
    """What to put into a certificate. The defaults make what a careful CA would.

    `not_before` and `not_after` are counted from now. `names` are DNS names or IP addresses for the
    subjectAltName. With `key_identifiers` off, the certificate names neither its own key nor its issuer's.
    """

    common_name: str
    names: Sequence[str] = ()
    is_ca: bool = False
    path_length: int | None = None
    not_before: timedelta = timedelta(days=-30)
    not_after: timedelta = timedelta(days=365)
    key: PrivateKey = field(default_factory=new_key)
    digest: hashes.HashAlgorithm = field(default_factory=hashes.SHA256)
    usages: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.SERVER_AUTH,)
    issuer_url: str = ""
    key_identifiers: bool = True
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def issue(self, template: Template) -> Identity:
        """Sign a certificate made from `template`, whatever this one allows."""
        return _sign(template, self)

    def revoke(
        self, *revoked: Identity, next_update: timedelta = timedelta(days=30), only_ca_certificates: bool = False
    ) -> bytes:
        """A CRL in PEM that lists `revoked`, issued an hour before the earlier of now and `next_update`."""
        now = datetime.now(timezone.utc)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(min(now, now + next_update) - timedelta(hours=1))
            .next_update(now + next_update)
            .add_extension(_authority_key_identifier(self.certificate), critical=False)
            .add_extension(x509.CRLNumber(1), critical=False)
        )
        if only_ca_certificates:
            scope = x509.IssuingDistributionPoint(None, None, False, True, None, False, False)
            builder = builder.add_extension(scope, critical=True)
        for identity in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(identity.certificate.serial_number)
            builder = builder.add_revoked_certificate(entry.revocation_date(now - timedelta(days=1)).build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def self_signed(template: Template) -> Identity:
    """Sign a certificate made from `template` with its own key."""
    return _sign(template, None)


def root(common_name: str, **changes: object) -> Identity:
    """A self-signed CA."""
    template = Template(common_name, is_ca=True, not_after=timedelta(days=3650), usages=())
    return self_signed(replace(template, **changes))  # type: ignore[arg-type]


def intermediate(issuer: Identity, common_name: str, **changes: object) -> Identity:
    """A CA under `issuer`."""
    template = Template(common_name, is_ca=True, path_length=0, not_after=timedelta(days=1825), usages=())
    return issuer.issue(replace(template, **changes))  # type: ignore[arg-type]


def leaf(issuer: Identity, name: str, **changes: object) -> Identity:
    """A server's certificate for the DNS name or IP address `name`."""
    return issuer.issue(replace(Template(name, names=(name,)), **changes))  # type: ignore[arg-type]


def _sign(template: Template, issuer: Identity | None) -> Identity:
    now = datetime.now(timezone.utc).replace(microsecond=0)
    subject = _name(template.common_name)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(template.key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + template.not_before)
        .not_valid_after(now + template.not_after)
    )
    for extension, critical in _extensions(template, issuer):
        builder = builder.add_extension(extension, critical)
    certificate = builder.sign(issuer.key if issuer else template.key, template.digest)  # type: ignore[arg-type]
    return Identity(certificate, template.key)


def _extensions(template: Template, issuer: Identity | None) -> list[tuple[x509.ExtensionType, bool]]:
    own = list(template.extensions)
    standard: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(template.is_ca, template.path_length), True),
        (_key_usage(template.is_ca), True),
    ]
    if template.key_identifiers:
        standard.append((x509.SubjectKeyIdentifier.from_public_key(template.key.public_key()), False))
        if issuer is not None:
            standard.append((_authority_key_identifier(issuer.certificate), False))
    if template.names:
        standard.append((x509.SubjectAlternativeName([_general_name(name) for name in template.names]), False))
    if template.usages:
        standard.append((x509.ExtendedKeyUsage(template.usages), False))
    if template.issuer_url:
        location = x509.UniformResourceIdentifier(template.issuer_url)
        access = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, location)
        standard.append((x509.AuthorityInformationAccess([access]), False))
    given = {extension.oid for extension, _ in own}
    return [*(item for item in standard if item[0].oid not in given), *own]


def _key_usage(is_ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        encipher_only=False,
        decipher_only=False,
    )


def _authority_key_identifier(certificate: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    try:
        own = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(certificate.public_key())  # type: ignore[arg-type]
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
