"""Why a certificate is trusted, or is not: the answer of lookup, with its evidence.

Named tuples, which import fast. Two of different kinds can be equal as tuples: ask for the type.
"""

from __future__ import annotations

from typing import NamedTuple

from capath.errors import assert_never
from capath.store.link_name import IN_ASIDE

UNTRUSTED_SUFFIX = ".untrusted"


class Trusted(NamedTuple):
    """Lookup finds it at `link`."""

    link: str


class TakenOut(NamedTuple):
    """Its file is in the subdirectory ``untrusted/``, or (as earlier versions of capath left it) is named
    ``NAME.untrusted``, and nothing links to it."""

    file: str


class UsesRejected(NamedTuple):
    """Lookup finds it at `link`, as a ``TRUSTED CERTIFICATE`` that is not to be used for TLS servers."""

    link: str


class NotLinked(NamedTuple):
    """It has no hash link at all."""

    file: str


class OldHashOnly(NamedTuple):
    """It is named by its old hash alone, which OpenSSL has not asked for since 1.0."""

    link: str
    subject_hash: str


class WrongHash(NamedTuple):
    """It is linked, but under a hash that is not its own."""

    link: str
    subject_hash: str


class BehindGap(NamedTuple):
    """Its link is there, but lookup stops at `missing` before it comes to it."""

    link: str
    missing: str


class BehindBroken(NamedTuple):
    """Its link is there, but lookup stops at `broken`, which does not load. Newer versions step over it."""

    link: str
    broken: str
    reason: str


class DoesNotServe(NamedTuple):
    """Its link is there, but the file behind it does not load as a whole."""

    link: str
    reason: str


Standing = (
    Trusted
    | TakenOut
    | UsesRejected
    | NotLinked
    | OldHashOnly
    | WrongHash
    | BehindGap
    | BehindBroken
    | DoesNotServe
)


def is_trusted(standing: Standing) -> bool:
    return isinstance(standing, Trusted)


def is_meant_to_be_trusted(standing: Standing) -> bool:
    """Whether the directory's owner wants it trusted, and a defect is in the way."""
    return isinstance(standing, OldHashOnly | WrongHash | BehindGap | BehindBroken | DoesNotServe)


def why_standing(standing: Standing) -> str:
    """Say the standing in one sentence. File names are as they are: make them visible before showing them."""
    match standing:
        case Trusted(link=link):
            return f"lookup finds it at {link}"
        case TakenOut(file=file):
            if file.startswith(IN_ASIDE):
                return f"distrusted: its file is {file}, where TLS clients do not look"
            return (
                f"distrusted for OpenSSL, which does not look at {file}; programs that read every file of the "
                "directory still trust it"
            )
        case UsesRejected(link=link):
            return f"distrusted for TLS servers by the trust attributes of the file that lookup finds at {link}"
        case NotLinked():
            return "it has no hash link, so lookup never finds it"
        case OldHashOnly(link=link, subject_hash=subject_hash):
            return f"only the old hash names it ({link}); OpenSSL 1.0 and later ask for {subject_hash}"
        case WrongHash(link=link, subject_hash=subject_hash):
            return f"its link {link} has the wrong hash; lookup asks for {subject_hash}"
        case BehindGap(link=link, missing=missing):
            return f"its link {link} is after a gap: {missing} is missing, and lookup stops there"
        case BehindBroken(link=link, broken=broken, reason=reason):
            return (
                f"its link {link} is after {broken}, which does not load ({reason}); lookup stops there, "
                "except in OpenSSL 4.0 and Debian's 3.0.22"
            )
        case DoesNotServe(link=link, reason=reason):
            return f"its link {link} does not load: {reason}"
        case _:
            assert_never(standing)
