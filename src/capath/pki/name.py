"""X.501 names: decoded for people, and hashed as OpenSSL hashes them (`X509_NAME_hash`, x509(1) -subject_hash)."""

from __future__ import annotations

from dataclasses import dataclass, field

from capath.pki import der
from capath.pki.canonical import STRING_CODECS, canonical_bytes, name_hash, old_name_hash, rdns

_LABELS = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "street",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.15": "businessCategory",
    "2.5.4.17": "postalCode",
    "2.5.4.42": "GN",
    "2.5.4.46": "dnQualifier",
    "2.5.4.97": "organizationIdentifier",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
    "1.3.6.1.4.1.311.60.2.1.1": "jurisdictionL",
    "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionST",
    "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionC",
}


@dataclass(frozen=True, slots=True)
class Attribute:
    """One AttributeTypeAndValue (RFC 5280 §4.1.2.4): dotted `oid`, DER `tag` of the value, content octets."""

    oid: str
    tag: int
    value: bytes

    @property
    def label(self) -> str:
        return _LABELS.get(self.oid, self.oid)

    @property
    def text(self) -> str:
        """The value as text; ``#hex`` of the octets where it is no string (RFC 4514 §2.4)."""
        codec = STRING_CODECS.get(self.tag, "latin-1" if self.tag == der.NUMERIC_STRING else None)
        if codec is None:
            return "#" + der.encode(self.tag, self.value).hex()
        return self.value.decode(codec, "replace")


@dataclass(frozen=True, slots=True)
class Name:
    """A distinguished name: its encoded bytes (the whole SEQUENCE element), and the `canonical` ones that
    OpenSSL compares and hashes names by (see `canonical_bytes`)."""

    encoded: bytes
    canonical: bytes
    _subject_hash: str = field(default="", init=False, repr=False, compare=False)

    @classmethod
    def decode(cls, encoded: bytes) -> Name:
        """Return the name that `encoded` is. Raises ParseError where OpenSSL would not load it."""
        return cls(encoded, canonical_bytes(encoded))

    @property
    def rdns(self) -> tuple[tuple[Attribute, ...], ...]:
        """The relative distinguished names in encoded order (most often country first)."""
        return tuple(
            tuple(Attribute(der.oid_text(oid), tag, value) for oid, tag, value in rdn)
            for rdn in rdns(self.encoded)
        )

    @property
    def text(self) -> str:
        """The name as RFC 4514 writes it: last RDN first, special characters escaped with a backslash."""
        return ",".join(
            "+".join(f"{attribute.label}={_escape(attribute.text)}" for attribute in rdn)
            for rdn in reversed(self.rdns)
        )

    @property
    def title(self) -> str:
        """What people call it: the common name, else the lowest unit or organisation, else the whole."""
        attributes = [attribute for rdn in reversed(self.rdns) for attribute in rdn]
        for label in ("CN", "OU", "O"):
            for attribute in attributes:
                if attribute.label == label and attribute.text.strip():
                    return attribute.text
        return self.text or "(empty name)"

    @property
    def organisation(self) -> str:
        """The O attribute, or an empty string."""
        return next((a.text for rdn in self.rdns for a in rdn if a.label == "O"), "")

    @property
    def subject_hash(self) -> str:
        """``openssl x509 -subject_hash``: eight lowercase hex digits."""
        if not self._subject_hash:
            object.__setattr__(self, "_subject_hash", name_hash(self.canonical))
        return self._subject_hash

    @property
    def old_hash(self) -> str:
        """``openssl x509 -subject_hash_old``: eight lowercase hex digits."""
        return old_name_hash(self.encoded)


def read_name(data: bytes, offset: int, end: int) -> tuple[Name, int]:
    """Return the name at `offset` and where it ends. Raises ParseError where OpenSSL would not load it."""
    _, stop = der.expect(data, offset, end, der.SEQUENCE, "name")
    return Name.decode(data[offset:stop]), stop


def _escape(text: str) -> str:
    text = text.replace("\\", "\\\\")
    for special in ',+"<>;=':
        text = text.replace(special, "\\" + special)
    if text.startswith((" ", "#")):
        text = "\\" + text
    if text.endswith(" "):
        text = text[:-1] + "\\ "
    return text
