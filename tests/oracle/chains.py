"""Odd chains for verification: each certificate and CRL drawn part by part, right or wrong."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from capath.pki import tlv

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
KEYS = [ec.generate_private_key(ec.SECP256R1()) for _ in range(8)]
HOST = "www.host.test"
_ECDSA_WITH_SHA256 = tlv.encode(tlv.SEQUENCE, tlv.encode(tlv.OID, bytes.fromhex("2a8648ce3d040302")))

USAGES = {
    "none": None,
    "server": (ExtendedKeyUsageOID.SERVER_AUTH,),
    "client": (ExtendedKeyUsageOID.CLIENT_AUTH,),
    "any": (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,),
}
CONSTRAINTS = {
    "none": None,
    "dns permitted": ([x509.DNSName("host.test")], None),
    "dns other": ([x509.DNSName("other.test")], None),
    "dns excluded": (None, [x509.DNSName("host.test")]),
    "dns dot": ([x509.DNSName(".host.test")], None),
    "dns empty excluded": (None, [x509.DNSName("")]),
    "ip permitted": ([x509.IPAddress(ipaddress.ip_network("192.0.2.0/24"))], None),
    "ip other": ([x509.IPAddress(ipaddress.ip_network("198.51.100.0/24"))], None),
    "ip6 excluded": (None, [x509.IPAddress(ipaddress.ip_network("::/0"))]),
    "email": ([x509.RFC822Name("host.test")], None),
    "email other": ([x509.RFC822Name("other.test")], None),
    "uri": ([x509.UniformResourceIdentifier(".host.test")], None),
    "dirname": (
        [x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Org")]))],
        None,
    ),
    "dirname excluded": (
        None,
        [x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Org")]))],
    ),
}
NAMES = {
    "host": (x509.DNSName(HOST),),
    "none": (),
    "wildcard": (x509.DNSName("*.host.test"),),
    "partial wildcard": (x509.DNSName("w*.host.test"),),
    "other": (x509.DNSName("other.test"),),
    "trailing dot": (x509.DNSName(f"{HOST}."),),
    "upper": (x509.DNSName("WWW.Host.TEST"),),
    "ip": (x509.IPAddress(ipaddress.ip_address("192.0.2.7")),),
    "ip6": (x509.IPAddress(ipaddress.ip_address("2001:db8::7")), x509.DNSName(HOST)),
    "email": (x509.RFC822Name("a@host.test"),),
    "uri": (x509.UniformResourceIdentifier("https://www.host.test/"), x509.DNSName(HOST)),
    "a-label": (x509.DNSName("xn--bcher-kva.host.test"),),
    "address as name": (x509.DNSName("192.0.2.7"),),
}


@dataclass(frozen=True)
class Part:
    """One certificate to be made. Names are numbers of keys: certificate `name` is issued by `issuer`.

    `key` signs what it issues; `signer` is the key that signs this one, by default its issuer's.
    """

    common_name: str
    issuer_name: str
    key: int
    signer: int
    days: tuple[int, int] = (-100, 100)
    is_ca: bool | None = True
    critical: bool = True
    path_length: int | None = None
    key_usage: str = "right"
    usage: str = "none"
    constraints: str = "none"
    subject_identifier: bool = True
    authority_identifier: str = "right"
    unknown: str = "none"
    names: str = "none"
    damaged: bool = False
    version_1: bool = False
    empty_subject: bool = False
    serial: int = 1


def name_of(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Org"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def make(part: Part) -> bytes:
    """The certificate in DER."""
    subject = x509.Name([]) if part.empty_subject else name_of(part.common_name)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(name_of(part.issuer_name))
        .public_key(KEYS[part.key].public_key())
        .serial_number(part.serial)
        .not_valid_before(NOW + timedelta(days=part.days[0]))
        .not_valid_after(NOW + timedelta(days=part.days[1]))
    )
    for extension, critical in _extensions(part):
        builder = builder.add_extension(extension, critical)
    encoded = builder.sign(KEYS[part.signer], hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    if part.version_1:
        encoded = _as_version_1(encoded, KEYS[part.signer])
    return encoded[:-1] + bytes((encoded[-1] ^ 1,)) if part.damaged else encoded


def _extensions(part: Part) -> list[tuple[x509.ExtensionType, bool]]:
    found: list[tuple[x509.ExtensionType, bool]] = []
    if part.is_ca is not None:
        length = part.path_length if part.is_ca else None
        found.append((x509.BasicConstraints(part.is_ca, length), part.critical))
    if part.key_usage != "none":
        signs = (part.key_usage == "right") == (part.is_ca is True)
        found.append((_key_usage(signs, signs), part.critical))
    if (usages := USAGES[part.usage]) is not None:
        found.append((x509.ExtendedKeyUsage(usages), False))
    if (constraints := CONSTRAINTS[part.constraints]) is not None:
        found.append((x509.NameConstraints(*constraints), part.critical))
    if part.subject_identifier:
        found.append((x509.SubjectKeyIdentifier.from_public_key(KEYS[part.key].public_key()), False))
    if part.authority_identifier != "none":
        found.append((_authority_identifier(part), False))
    if part.unknown != "none":
        unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.25.1"), b"\x05\x00")
        found.append((unknown, part.unknown == "critical"))
    if names := NAMES[part.names]:
        found.append((x509.SubjectAlternativeName(names), part.empty_subject))
    return found


def _key_usage(signs_certificates: bool, signs_lists: bool) -> x509.KeyUsage:
    return x509.KeyUsage(True, False, False, False, False, signs_certificates, signs_lists, False, False)


def _authority_identifier(part: Part) -> x509.AuthorityKeyIdentifier:
    match part.authority_identifier:
        case "other":
            return x509.AuthorityKeyIdentifier(b"\x01" * 20, None, None)
        case "serial":
            issuer = [x509.DirectoryName(name_of("Nobody"))]
            return x509.AuthorityKeyIdentifier(None, issuer, 99)
        case _:
            return x509.AuthorityKeyIdentifier.from_issuer_public_key(KEYS[part.signer].public_key())


def _as_version_1(encoded: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
    """The same without version and extensions, signed again (RFC 5280 §4.1.2.1)."""
    start, end = tlv.expect(encoded, 0, len(encoded), tlv.SEQUENCE, "certificate")
    tbs, tbs_end = tlv.expect(encoded, start, end, tlv.SEQUENCE, "tbs")
    kept = b"".join(
        encoded[at:stop] for tag, at, _, stop in tlv.elements(encoded, tbs, tbs_end) if tag not in (0xA0, 0xA3)
    )
    body = tlv.encode(tlv.SEQUENCE, kept)
    signature = tlv.encode(tlv.BIT_STRING, b"\0" + key.sign(body, ec.ECDSA(hashes.SHA256())))
    return tlv.encode(tlv.SEQUENCE, body + _ECDSA_WITH_SHA256 + signature)


@dataclass(frozen=True)
class List:
    """A CRL to be made. `revokes` is a serial number."""

    issuer_name: str
    signer: int
    days: tuple[int, int] = (-10, 10)
    revokes: int = 0
    number: int = 1
    delta_of: int = 0
    indirect: bool = False
    only: str = ""
    unknown_critical: bool = False
    damaged: bool = False


def make_list(part: List) -> bytes:
    """The CRL in DER."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(name_of(part.issuer_name))
        .last_update(NOW + timedelta(days=part.days[0]))
        .next_update(NOW + timedelta(days=part.days[1]))
        .add_extension(x509.CRLNumber(part.number), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(KEYS[part.signer].public_key()), False)
    )
    if part.revokes:
        entry = x509.RevokedCertificateBuilder().serial_number(part.revokes)
        builder = builder.add_revoked_certificate(entry.revocation_date(NOW - timedelta(days=5)).build())
    if part.delta_of:
        builder = builder.add_extension(x509.DeltaCRLIndicator(part.delta_of), True)
    if part.indirect or part.only:
        point = x509.IssuingDistributionPoint(
            full_name=[x509.UniformResourceIdentifier("http://a.test/x.crl")] if part.only == "named" else None,
            relative_name=None,
            only_contains_user_certs=part.only == "users",
            only_contains_ca_certs=part.only == "authorities",
            only_some_reasons=None,
            indirect_crl=part.indirect,
            only_contains_attribute_certs=False,
        )
        builder = builder.add_extension(point, True)
    if part.unknown_critical:
        builder = builder.add_extension(
            x509.UnrecognizedExtension(x509.ObjectIdentifier("2.25.1"), b"\x05\x00"), True
        )
    encoded = builder.sign(KEYS[part.signer], hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    return encoded[:-1] + bytes((encoded[-1] ^ 1,)) if part.damaged else encoded


ROOT = Part("Root", "Root", 0, 0)
MIDDLE = Part("Middle", "Root", 1, 0, serial=2)
LOWER = Part("Lower", "Middle", 2, 1, serial=3)
LEAF = Part("www.host.test", "Middle", 3, 1, is_ca=False, usage="server", names="host", serial=4)


@dataclass(frozen=True)
class World:
    """What is in the directory, what is sent, and what is asked. Keys of `trusted` are file names."""

    leaf: Part = LEAF
    sent: Sequence[Part] = (MIDDLE,)
    trusted: Sequence[Part] = (ROOT,)
    lists: Sequence[List] = ()
    options: Sequence[str] = ()
    host: str = ""
    at: datetime = field(default=NOW)


def under_lower(leaf: Part = LEAF) -> Part:
    """A leaf one authority deeper."""
    return replace(leaf, issuer_name="Lower", signer=2)
