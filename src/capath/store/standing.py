"""Why a certificate is trusted, or is not: the answer of lookup, with its evidence."""

from __future__ import annotations

from capath.errors import assert_never
from capath.store.link_name import IN_ASIDE
from capath.values import value_class

UNTRUSTED_SUFFIX = ".untrusted"


@value_class
class Trusted:
    """Lookup finds it at `link`."""

    __slots__ = ("link",)

    def __init__(self, link: str) -> None:
        self.link = link


@value_class
class TakenOut:
    """Its file is in the subdirectory ``untrusted/``, or (as earlier versions of capath left it) is named
    ``NAME.untrusted``, and nothing links to it."""

    __slots__ = ("file",)

    def __init__(self, file: str) -> None:
        self.file = file


@value_class
class UsesRejected:
    """Lookup finds it at `link`, as a ``TRUSTED CERTIFICATE`` that is not to be used for TLS servers."""

    __slots__ = ("link",)

    def __init__(self, link: str) -> None:
        self.link = link


@value_class
class NotLinked:
    """It has no hash link at all."""

    __slots__ = ("file",)

    def __init__(self, file: str) -> None:
        self.file = file


@value_class
class OldHashOnly:
    """It is named by its old hash alone, which OpenSSL has not asked for since 1.0."""

    __slots__ = ("link", "subject_hash")

    def __init__(self, link: str, subject_hash: str) -> None:
        self.link = link
        self.subject_hash = subject_hash


@value_class
class WrongHash:
    """It is linked, but under a hash that is not its own."""

    __slots__ = ("link", "subject_hash")

    def __init__(self, link: str, subject_hash: str) -> None:
        self.link = link
        self.subject_hash = subject_hash


@value_class
class BehindGap:
    """Its link is there, but lookup stops at `missing` before it comes to it."""

    __slots__ = ("link", "missing")

    def __init__(self, link: str, missing: str) -> None:
        self.link = link
        self.missing = missing


@value_class
class BehindBroken:
    """Its link is there, but lookup stops at `broken`, which does not load. Newer versions step over it."""

    __slots__ = ("broken", "link", "reason")

    def __init__(self, link: str, broken: str, reason: str) -> None:
        self.link = link
        self.broken = broken
        self.reason = reason


@value_class
class DoesNotServe:
    """Its link is there, but the file behind it does not load as a whole."""

    __slots__ = ("link", "reason")

    def __init__(self, link: str, reason: str) -> None:
        self.link = link
        self.reason = reason


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


def explain(standing: Standing) -> str:
    """Say the standing in one sentence. File names are as they are: make them visible before showing them."""
    match standing:
        case Trusted(link=link):
            return f"lookup finds it at {link}"
        case TakenOut(file=file):
            if file.startswith(IN_ASIDE):
                return f"distrusted: its file is {file}, where no program looks"
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
