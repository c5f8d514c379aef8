"""Who takes a certificate of a directory for a root: OpenSSL's lookup, and programs that read every file.

Measured with real clients: the second kind (Go, GnuTLS with git and wget, uv, mbedTLS, wolfSSL, Node and Bun with
``--use-system-ca``) takes every PEM certificate of every regular file, linked or not, whatever the file's name. It
does not look into subdirectories, and does not know ``TRUSTED CERTIFICATE``.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from capath.store.entry import FileEntry, LinkEntry
from capath.store.link_name import IN_ASIDE
from capath.store.snapshot import Snapshot

_DEBIAN_BUNDLE = "ca-certificates.crt"


class Readers(NamedTuple):
    """Whether each kind of program takes a certificate. `bundle`: None where the directory's owner keeps none."""

    openssl: bool
    all_files: bool
    bundle: bool | None

    @property
    def disagree(self) -> bool:
        return self.openssl is not self.all_files


class ReaderIndex:
    """What programs that read every file find in a directory, looked up when it is first asked for."""

    def __init__(self, snapshot: Snapshot, root: str = "/") -> None:
        self._snapshot = snapshot
        self._root = root

    def readers(self, sha256: str, *, trusted: bool) -> Readers:
        """Who takes this certificate; `trusted` says whether OpenSSL does."""
        bundle = self._bundle
        return Readers(trusted, sha256 in self._in_files, None if bundle is None else sha256 in bundle)

    @cached_property
    def _in_files(self) -> frozenset[str]:
        found: set[str] = set()
        for name, entry in self._snapshot.entries.items():
            if isinstance(entry, FileEntry | LinkEntry) and not name.startswith(IN_ASIDE):
                held = entry.file.held
                if held is None:
                    found |= _plain_certificates(entry)
                elif not held.is_crl:
                    found.add(held.sha256)
        return frozenset(found)

    @cached_property
    def _bundle(self) -> frozenset[str] | None:
        entry = self._snapshot.entries.get(_DEBIAN_BUNDLE)
        if not isinstance(entry, FileEntry | LinkEntry) or entry.file.held is not None:
            return None
        from capath.store.owner import Owner, managed_by

        managed = managed_by(self._snapshot.directory, self._root)
        if managed is None or managed.owner is not Owner.DEBIAN:
            return None
        return frozenset(_plain_certificates(entry))


def _plain_certificates(entry: FileEntry | LinkEntry) -> set[str]:
    """The certificates in a file that are in blocks which others than OpenSSL read."""
    from capath.store.content import Readable

    content = entry.file.content
    if not isinstance(content, Readable) or (content.has_trusted_block and len(content.certificates) == 1):
        return set()
    return {item.certificate.sha256 for item in content.certificates if not item.trust.encoded}
