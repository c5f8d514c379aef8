"""What a scenario works with: a CApath that fills, a CA that is trusted, and servers."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass, field
from datetime import timedelta

from capath.change.rehash import plan_rehash
from capath.demo import authority
from capath.demo.authority import Identity
from capath.demo.server import LOOPBACK, Handler, Loopback, http, tls, tls_context
from capath.pki.load import read_certificate
from capath.pki.pem import read_pem
from capath.store import scan
from capath.store.link_name import IN_ASIDE
from capath.tls.test_options import ProbeOptions


@dataclass(frozen=True, slots=True)
class Site:
    """Where a scenario's host is, and how it has to be tested to show its cause. An empty `ip` has no address."""

    port: int
    options: ProbeOptions = field(default_factory=ProbeOptions)
    ip: str = LOOPBACK


@dataclass
class Scene:
    """The directory and the servers, while scenarios are being set up. `host` is the name of the one at hand."""

    directory: str
    loopback: Loopback
    root: Identity = field(default_factory=lambda: authority.root("capath demo root"))
    host: str = ""
    _late_links: list[tuple[str, str]] = field(default_factory=list)
    _late_files: list[tuple[str, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.intermediate = authority.intermediate(self.root, "capath demo intermediate")
        self.trust(self.root)

    def trust(self, identity: Identity) -> None:
        """Put a certificate into the directory, linked."""
        self.write(f"{file_name(identity)}.pem", identity.pem)

    def take_out(self, identity: Identity) -> None:
        """Put a certificate into the directory, distrusted."""
        self.write(f"{IN_ASIDE}{file_name(identity)}.pem", identity.pem)

    def break_link(self, identity: Identity) -> None:
        """Put a certificate into the directory with a link in slot 1 and nothing in slot 0."""
        name = f"{file_name(identity)}.pem"
        self._late_files.append((name, identity.pem))
        self._late_links.append((f"{subject_hash(identity)}.1", name))

    def hide(self, identity: Identity) -> None:
        """Put a certificate into the directory with a link in slot 1, after a dangling link in slot 0."""
        self.break_link(identity)
        self._late_links.append((f"{subject_hash(identity)}.0", "capath_demo_gone.pem"))

    def write(self, name: str, content: bytes) -> None:
        path = os.path.join(self.directory, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)

    def https(self, identity: Identity, *others: Identity, clock_offset: timedelta = timedelta(0)) -> int:
        """Serve HTTPS with `identity`, sending `others` too. Returns the port."""
        return self.secured(tls_context(identity, *others), http(clock_offset=clock_offset))

    def secured(self, context: ssl.SSLContext, handler: Handler) -> int:
        return self.loopback.serve(tls(context, handler))

    def finish(self) -> None:
        """Make the hash links, then what scenarios want to be wrong with them."""
        for name, target in plan_rehash(scan(self.directory)).links:
            os.symlink(target, os.path.join(self.directory, name))
        for name, content in self._late_files:
            self.write(name, content)
        for name, target in self._late_links:
            os.symlink(target, os.path.join(self.directory, name))


def file_name(identity: Identity) -> str:
    """A certificate's name as a file name, without extension."""
    certificate, _ = read_certificate(_der(identity))
    return "_".join(certificate.subject.title.split())


def subject_hash(identity: Identity) -> str:
    certificate, _ = read_certificate(_der(identity))
    return certificate.subject_hash


def _der(identity: Identity) -> bytes:
    return next(block.content for block in read_pem(identity.pem) if hasattr(block, "content"))
