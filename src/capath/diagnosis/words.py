"""Certificates in the words of a sentence. What `subject_alternative_names` gives is raw."""

from __future__ import annotations

from datetime import datetime

from capath.pki.certificate import Certificate
from capath.pki.general_names import alternative_names
from capath.pki.name import Name
from capath.pki.visible import visible


def title(name: Name) -> str:
    """What people call a name, safe to show."""
    return visible(name.title)


def which(certificate: Certificate) -> str:
    """How commands name a certificate: a prefix of its SHA-256 that no other one shares in practice."""
    return certificate.sha256[:16]


def day(moment: datetime | None) -> str:
    """A date for a sentence, in UTC."""
    return "an unreadable date" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"


def subject_alternative_names(certificate: Certificate) -> list[str]:
    """The DNS names and IP addresses that a certificate is for; none where the extension does not decode."""
    names = alternative_names(certificate)
    return [name.decode("ascii", "backslashreplace") for name in names.dns] + [
        str(item) for item in names.addresses
    ]
