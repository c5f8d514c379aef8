"""Whether another tool owns a directory: then a change made past it lasts until that tool runs again."""

from __future__ import annotations

import os
from dataclasses import dataclass

from capath.errors import StrEnum


class Owner(StrEnum):
    """The tool that writes the directory."""

    DEBIAN = "update-ca-certificates"
    P11_KIT = "update-ca-trust"
    CERTCTL = "certctl"


@dataclass(frozen=True, slots=True)
class Managed:
    """`undone_by`: what would undo a change made here. `durable`: how its owner wants it made. Both for people."""

    owner: Owner
    undone_by: str
    durable: str

    @property
    def note(self) -> str:
        """Who owns the directory, and what that would do to a change."""
        return f"{self.owner.value} owns this directory: {self.undone_by}"


@dataclass(frozen=True, slots=True)
class DebianTree:
    """Where update-ca-certificates(8) reads and writes; each has an option of that command."""

    conf: str = "/etc/ca-certificates.conf"
    certs: str = "/usr/share/ca-certificates"
    local_certs: str = "/usr/local/share/ca-certificates"
    etc_certs: str = "/etc/ssl/certs"
    hooks: str = "/etc/ca-certificates/update.d"

    @classmethod
    def under(cls, root: str) -> DebianTree:
        """The tree of a system that is mounted, or copied, at `root`."""
        return cls(*(os.path.join(root, path.lstrip("/")) for path in _DEFAULT_PATHS))

    @property
    def options(self) -> tuple[str, ...]:
        """What update-ca-certificates is told, where this is not the running system's tree."""
        if self == DebianTree():
            return ()
        return (
            *("--certsconf", self.conf, "--certsdir", self.certs, "--localcertsdir", self.local_certs),
            *("--etccertsdir", self.etc_certs, "--hooksdir", self.hooks),
        )


_DEFAULT_PATHS = (
    "/etc/ca-certificates.conf",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/etc/ssl/certs",
    "/etc/ca-certificates/update.d",
)
_P11_KIT = ("etc/pki/ca-trust/extracted", "etc/ca-certificates/extracted")


def managed_by(directory: str, root: str = "/") -> Managed | None:
    """Return who owns `directory` on the system at `root`; None for a directory of one's own."""
    path = os.path.realpath(directory)
    debian = DebianTree.under(root)
    if path == os.path.realpath(debian.etc_certs) and os.path.isfile(debian.conf) and os.path.isdir(debian.certs):
        return Managed(
            Owner.DEBIAN,
            "the next update-ca-certificates, which every upgrade of ca-certificates runs, links again whatever "
            f"{debian.conf} selects",
            f"with --policy, capath trust and distrust edit {debian.conf} (a line that begins with ! is off) and "
            "run update-ca-certificates",
        )
    if any(_is_below(path, os.path.join(root, extracted)) for extracted in _P11_KIT):
        return Managed(
            Owner.P11_KIT,
            "the next update-ca-trust, which every upgrade of the ca-certificates package runs, rewrites the "
            "whole directory",
            "put the certificate into /etc/pki/ca-trust/source/blocklist to distrust it, or into "
            "/etc/pki/ca-trust/source/anchors to trust it, and run update-ca-trust",
        )
    if path == os.path.realpath(os.path.join(root, "etc/ssl/certs")) and os.path.isdir(
        os.path.join(root, "usr/share/certs/trusted")
    ):
        return Managed(
            Owner.CERTCTL,
            "the next certctl rehash, which every upgrade of the system runs, rewrites the whole directory",
            "run certctl untrust FILE to distrust a certificate, and certctl trust FILE to trust it",
        )
    return None


def _is_below(path: str, parent: str) -> bool:
    parent = os.path.realpath(parent)
    return path == parent or path.startswith(parent + os.sep)
