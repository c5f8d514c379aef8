"""Where each certificate of a chain came from, and which hash links lookup asked for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from weakref import WeakKeyDictionary

from capath.errors import ParseError
from capath.pki.certificate import Certificate
from capath.pki.load import read_certificate
from capath.pki.name import Name
from capath.store import Snapshot
from capath.store.entry import symlink_target
from capath.store.link_name import LinkKind, Row
from capath.store.lookup import LookupHit, find_issuers, walk
from capath.tls.handshake.verification import (
    Anchor,
    ChainElement,
    FromCapath,
    FromServer,
    Lookup,
    Verification,
    VerifyError,
)
from capath.tls.handshake.verify_codes import NO_ANCHOR

_KEPT_OCTETS_LIMIT = 8192


def trace(
    errors: Sequence[VerifyError],
    sent_der: Sequence[bytes],
    built_der: Sequence[bytes],
    snapshot: Snapshot,
    *,
    steps_over: bool,
) -> Verification:
    """Join what OpenSSL reported with what lookup in `snapshot` gives.

    `built_der` is OpenSSL's chain, leaf first; `steps_over` is the rule of its lookup (`capath.store.lookup`).
    """
    unreadable: list[str] = []
    sent = _read_all(sent_der, unreadable)
    built = _read_all(built_der, unreadable)
    directory = _Directory(snapshot, steps_over)
    chain = tuple(
        ChainElement(certificate, _origin(depth, certificate, sent, directory))
        for depth, certificate in enumerate(built)
    )
    lookups = _lookups(chain, directory)
    has_anchor = not any(error.code in NO_ANCHOR for error in errors)
    anchor = _anchor(chain, directory) if has_anchor else None
    after_broken = (
        steps_over and anchor is not None and _Directory(snapshot, False).served(anchor.certificate) is None
    )
    return Verification(
        tuple(errors), sent, chain, lookups, anchor, tuple(dict.fromkeys(unreadable)), after_broken
    )


def _read_all(encoded: Sequence[bytes], unreadable: list[str]) -> tuple[Certificate, ...]:
    certificates = []
    for data in encoded:
        read = _read_again(data) if len(data) <= _KEPT_OCTETS_LIMIT else _read(data)
        if isinstance(read, str):
            unreadable.append(read)
        else:
            certificates.append(read)
    return tuple(certificates)


def _read(data: bytes) -> Certificate | str:
    """The certificate, or why it does not decode."""
    try:
        return read_certificate(data)[0]
    except ParseError as error:
        return str(error)


# Hosts share intermediates and roots, and a chain as it was built repeats what was sent.
_read_again = lru_cache(maxsize=1024)(_read)


class _Sought:
    """What was sought in a snapshot, by the name and by how lookup goes on."""

    def __init__(self) -> None:
        self.found: dict[tuple[bytes, bool], tuple[LookupHit, ...]] = {}
        self.tried: dict[tuple[str, bool], tuple[str, ...]] = {}


_SOUGHT: WeakKeyDictionary[Snapshot, _Sought] = WeakKeyDictionary()


class _Directory:
    """Lookup in one snapshot, each name sought once for all hosts: they share their issuers."""

    def __init__(self, snapshot: Snapshot, steps_over: bool) -> None:
        self._snapshot = snapshot
        self._steps_over = steps_over
        self._sought = _SOUGHT.setdefault(snapshot, _Sought())

    def find(self, name: Name) -> tuple[LookupHit, ...]:
        """The certificates of that subject, in slot order."""
        key = (name.encoded, self._steps_over)
        found = self._sought.found.get(key)
        if found is None:
            found = self._sought.found[key] = find_issuers(self._snapshot, name, steps_over=self._steps_over)
        return found

    def tried(self, name: Name) -> tuple[str, ...]:
        """The links that are asked for."""
        key = (name.subject_hash, self._steps_over)
        tried = self._sought.tried.get(key)
        if tried is None:
            row = Row(name.subject_hash, LinkKind.CERTIFICATE)
            tried = self._sought.tried[key] = walk(self._snapshot, row, steps_over=self._steps_over).tried
        return tried

    def served(self, certificate: Certificate) -> FromCapath | None:
        """Where lookup finds `certificate` itself."""
        for found in self.find(certificate.subject):
            if found.certificate.certificate.sha256 == certificate.sha256:
                target = symlink_target(self._snapshot.entries[found.link])
                file = found.link if target is None else os.path.basename(target)
                return FromCapath(found.link, file)
        return None


def _origin(
    depth: int, certificate: Certificate, sent: Sequence[Certificate], directory: _Directory
) -> FromServer | FromCapath:
    position = next((at for at, other in enumerate(sent) if other.sha256 == certificate.sha256), None)
    if depth == 0 and position is not None:
        return FromServer(position)
    served = directory.served(certificate)  # OpenSSL prefers the directory's (X509_V_FLAG_TRUSTED_FIRST)
    if served is not None or position is None:
        return served or FromCapath("", "")
    return FromServer(position)


def _lookups(chain: Sequence[ChainElement], directory: _Directory) -> tuple[Lookup, ...]:
    lookups = []
    for depth, element in enumerate(chain):
        if element.certificate.self_issued and isinstance(element.origin, FromCapath):
            break
        above = chain[depth + 1] if depth + 1 < len(chain) else None
        issuer = element.certificate.issuer
        answered = tuple(dict.fromkeys(answer.link for answer in directory.find(issuer)))
        found = above.origin.link if above is not None and isinstance(above.origin, FromCapath) else None
        lookups.append(Lookup(issuer, directory.tried(issuer), answered, found))
    return tuple(lookups)


def _anchor(chain: Sequence[ChainElement], directory: _Directory) -> Anchor | None:
    if not chain:
        return None
    top = chain[-1].certificate
    served = directory.served(top)
    return None if served is None else Anchor(top, served.link, served.file)
