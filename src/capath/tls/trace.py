"""Where each certificate of a chain came from, and which hash links lookup asked for on the way."""

from __future__ import annotations

import os
from collections.abc import Sequence

from capath.errors import ParseError
from capath.pki.certificate import Certificate, read_certificate
from capath.store import Snapshot
from capath.store.entry import symlink_target
from capath.store.link_name import LinkKind, Row
from capath.store.lookup import find_issuers, walk
from capath.tls.verification import (
    Anchor,
    ChainElement,
    FromCapath,
    FromServer,
    Lookup,
    Verification,
    VerifyError,
)

# With one of these the chain does not end in an anchor: no issuer, an unknown root, a root that is rejected.
_NO_ANCHOR = frozenset({2, 18, 19, 20, 21, 22, 27, 28})


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
    chain = tuple(
        ChainElement(certificate, _origin(depth, certificate, sent, snapshot, steps_over))
        for depth, certificate in enumerate(built)
    )
    lookups = _lookups(chain, snapshot, steps_over)
    has_anchor = not any(error.code in _NO_ANCHOR for error in errors)
    anchor = _anchor(chain, snapshot, steps_over) if has_anchor else None
    return Verification(tuple(errors), sent, chain, lookups, anchor, tuple(dict.fromkeys(unreadable)))


def _read_all(encoded: Sequence[bytes], unreadable: list[str]) -> tuple[Certificate, ...]:
    certificates = []
    for data in encoded:
        try:
            certificates.append(read_certificate(data)[0])
        except ParseError as error:
            unreadable.append(str(error))
    return tuple(certificates)


def _origin(
    depth: int, certificate: Certificate, sent: Sequence[Certificate], snapshot: Snapshot, steps_over: bool
) -> FromServer | FromCapath:
    position = next((at for at, other in enumerate(sent) if other.sha256 == certificate.sha256), None)
    if depth == 0 and position is not None:
        return FromServer(position)
    served = _served(
        certificate, snapshot, steps_over
    )  # OpenSSL prefers the directory's (X509_V_FLAG_TRUSTED_FIRST)
    if served is not None or position is None:
        return served or FromCapath("", "")
    return FromServer(position)


def _served(certificate: Certificate, snapshot: Snapshot, steps_over: bool) -> FromCapath | None:
    for found in find_issuers(snapshot, certificate.subject, steps_over=steps_over):
        if found.certificate.certificate.sha256 == certificate.sha256:
            return FromCapath(found.link, _file(snapshot, found.link))
    return None


def _file(snapshot: Snapshot, link: str) -> str:
    target = symlink_target(snapshot.entries[link])
    return link if target is None else os.path.basename(target)


def _lookups(chain: Sequence[ChainElement], snapshot: Snapshot, steps_over: bool) -> tuple[Lookup, ...]:
    lookups = []
    for depth, element in enumerate(chain):
        if element.certificate.self_issued and isinstance(element.origin, FromCapath):
            break
        above = chain[depth + 1] if depth + 1 < len(chain) else None
        issuer = element.certificate.issuer
        row = Row(issuer.subject_hash, LinkKind.CERTIFICATE)
        answers = find_issuers(snapshot, issuer, steps_over=steps_over)
        found = above.origin.link if above is not None and isinstance(above.origin, FromCapath) else None
        lookups.append(
            Lookup(
                issuer,
                walk(snapshot, row, steps_over=steps_over).tried,
                tuple(dict.fromkeys(answer.link for answer in answers)),
                found,
            )
        )
    return tuple(lookups)


def _anchor(chain: Sequence[ChainElement], snapshot: Snapshot, steps_over: bool) -> Anchor | None:
    if not chain:
        return None
    top = chain[-1].certificate
    served = _served(top, snapshot, steps_over)
    return None if served is None else Anchor(top, served.link, served.file)
