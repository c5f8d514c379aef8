"""Name constraints as OpenSSL applies them: which CA, which subtree, which name (RFC 5280 §4.2.1.10).

The rules are those of NAME_CONSTRAINTS_check: every certificate is held against the constraints of all that are
above it, self-issued ones below the leaf's issuer excepted.
"""

from __future__ import annotations

import contextlib
import functools
import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography import x509

from capath.errors import ParseError
from capath.pki.certificate import Certificate
from capath.pki.name import Name


@dataclass(frozen=True, slots=True)
class Violation:
    """`name` of the certificate at `depth` is outside what `ca`, further up, may issue for.

    `subtrees` are the permitted ones of that kind where `permitted`, else the excluded one that holds the name.
    Texts are raw.
    """

    ca: Certificate
    depth: int
    kind: str
    name: str
    subtrees: tuple[str, ...]
    permitted: bool


@dataclass(frozen=True, slots=True)
class _Constraints:
    permitted: tuple[x509.GeneralName, ...]
    excluded: tuple[x509.GeneralName, ...]


_NO_NAMES: tuple[x509.GeneralName, ...] = ()
_NO_CONSTRAINTS = _Constraints((), ())
_KINDS: dict[type[x509.GeneralName], str] = {
    x509.DNSName: "DNS name",
    x509.IPAddress: "IP address",
    x509.RFC822Name: "email address",
    x509.UniformResourceIdentifier: "URI",
    x509.DirectoryName: "subject",
}


def first_violation(chain: Sequence[Certificate]) -> Violation | None:
    """The first violation in `chain` (leaf first, with its anchor), in OpenSSL's order: from the anchor down."""
    for depth in range(len(chain) - 1, -1, -1):
        certificate = chain[depth]
        if depth and certificate.self_issued:
            continue
        for ca in chain[:depth:-1]:
            constraints = _constraints(ca)
            if constraints is _NO_CONSTRAINTS:
                continue
            found = _violation(ca, depth, certificate, constraints)
            if found is not None:
                return found
    return None


def _violation(ca: Certificate, depth: int, certificate: Certificate, limits: _Constraints) -> Violation | None:
    for name in _names(certificate, is_leaf=depth == 0):
        kind = _KINDS.get(type(name))
        if kind is None:
            continue
        permitted = [subtree for subtree in limits.permitted if type(subtree) is type(name)]
        if permitted and not any(_is_in(name, subtree) for subtree in permitted):
            return Violation(ca, depth, kind, _text(name), tuple(map(_text, permitted)), permitted=True)
        for subtree in limits.excluded:
            if type(subtree) is type(name) and _is_in(name, subtree):
                return Violation(ca, depth, kind, _text(name), (_text(subtree),), permitted=False)
    return None


@functools.lru_cache(maxsize=4096)
def _constraints(certificate: Certificate) -> _Constraints:
    try:
        decoded = x509.load_der_x509_certificate(certificate.der)
        value = decoded.extensions.get_extension_for_class(x509.NameConstraints).value
    except (ValueError, TypeError, x509.ExtensionNotFound, x509.DuplicateExtension, x509.InvalidVersion):
        return _NO_CONSTRAINTS
    return _Constraints(tuple(value.permitted_subtrees or ()), tuple(value.excluded_subtrees or ()))


def _names(certificate: Certificate, *, is_leaf: bool) -> Iterable[x509.GeneralName]:
    """The subject and its email addresses, the subjectAltName, the common name of a leaf without a DNS name."""
    try:
        decoded = x509.load_der_x509_certificate(certificate.der)
        subject = decoded.subject
    except (ValueError, x509.InvalidVersion):
        return
    if len(subject):
        yield x509.DirectoryName(subject)
    for attribute in subject.get_attributes_for_oid(x509.NameOID.EMAIL_ADDRESS):
        with contextlib.suppress(ValueError):
            yield x509.RFC822Name(str(attribute.value))
    try:
        names = tuple(decoded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except (ValueError, TypeError, x509.ExtensionNotFound, x509.DuplicateExtension):
        names = _NO_NAMES
    yield from names
    if is_leaf and not any(isinstance(name, x509.DNSName) for name in names):
        for attribute in subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME):
            text = str(attribute.value)
            if "." in text and " " not in text and text.isascii():
                yield x509.DNSName(text)


def _is_in(name: x509.GeneralName, subtree: x509.GeneralName) -> bool:
    match name, subtree:
        case x509.DNSName(value=host), x509.DNSName(value=base):
            return _is_under(host, base)
        case x509.IPAddress(value=address), x509.IPAddress(value=network):
            if isinstance(address, ipaddress.IPv4Address | ipaddress.IPv6Address):
                return isinstance(network, ipaddress.IPv4Network | ipaddress.IPv6Network) and address in network
            return False
        case x509.RFC822Name(value=address), x509.RFC822Name(value=base):
            return _is_mailbox_in(address, base)
        case x509.UniformResourceIdentifier(value=uri), x509.UniformResourceIdentifier(value=base):
            host = uri.partition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0]
            return _is_under(host, base) if base.startswith(".") else host.lower() == base.lower()
        case x509.DirectoryName(value=subject), x509.DirectoryName(value=base):
            return _canonical(subject).startswith(_canonical(base))
        case _:
            return False


def _is_under(host: str, base: str) -> bool:
    host, base = host.lower().rstrip("."), base.lower()
    if not base:
        return True
    if base.startswith("."):
        return host.endswith(base)
    return host == base or host.endswith(f".{base}")


def _is_mailbox_in(address: str, base: str) -> bool:
    _, _, host = address.rpartition("@")
    if "@" in base:
        return address.lower() == base.lower()
    return host.lower().endswith(base.lower()) if base.startswith(".") else host.lower() == base.lower()


def _canonical(name: x509.Name) -> bytes:
    try:
        return Name.decode(name.public_bytes()).canonical
    except ParseError:
        return name.public_bytes()


def _text(name: x509.GeneralName) -> str:
    value = name.value
    return value.rfc4514_string() if isinstance(value, x509.Name) else str(value)
