"""What Firefox would say of a chain that OpenSSL accepts: limits on roots that no certificate file can hold.

They never change the verdict. Each names the list that it comes from.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from capath.diagnosis.cause import title
from capath.diagnosis.names import subject_alternative_names
from capath.errors import StrEnum
from capath.pki.certificate import Certificate
from capath.pki.visible import visible
from capath.sources.mozilla_roots import Limits, MozillaList, TlsTrust, limits_of, mozilla_roots
from capath.store.constraints import OWN_LIMIT, Kept
from capath.tls.handshake.verification import Verification


class Limit(StrEnum):
    DISTRUSTED = "distrusted"
    REMOVED = "removed"
    NOT_FOR_SERVERS = "not-for-servers"
    DISTRUST_AFTER = "distrust-after"
    NAME_CONSTRAINT = "name-constraint"


@dataclass(frozen=True, slots=True)
class Opinion:
    """Why Firefox would not accept the leaf under this `root`; `source` says so."""

    limit: Limit
    root: Certificate
    text: str
    source: str


def mozilla_view(
    verification: Verification, kept: Mapping[str, Kept], mozilla: MozillaList | None = None
) -> tuple[Opinion, ...]:
    """Why Firefox would reject a chain that verifies; nothing where it would not.

    `kept` is what is kept beside the store (`capath.store.constraints`). Nothing is said of a root that Mozilla
    never had: it is a private one.
    """
    anchor, leaf = verification.anchor, verification.at(0)
    if anchor is None or leaf is None or verification.errors:
        return ()
    table = mozilla_roots() if mozilla is None else mozilla
    root = anchor.certificate
    limits = limits_of(root.sha256, kept, table)
    found = (_standing(root, table), _date(root, leaf, limits), _names(root, leaf, limits))
    return tuple(opinion for opinion in found if opinion is not None)


def _opinion(limit: Limit, root: Certificate, because: str, source: str) -> Opinion:
    who = "the limit kept for it does not" if source == f"kept from {OWN_LIMIT}" else "Firefox would not"
    text = f"OpenSSL accepts “{title(root.subject)}” here; {who}: {because} ({visible(source)})."
    return Opinion(limit, root, text, source)


def _standing(root: Certificate, table: MozillaList) -> Opinion | None:
    known = table.roots.get(root.sha256)
    if known is None:
        return None
    source = f"Mozilla's list of {table.date}"
    why = f", for {visible(known.reason)}" if known.reason else ""
    if known.tls is TlsTrust.DISTRUSTED:
        return _opinion(Limit.DISTRUSTED, root, f"Mozilla actively distrusts it{why}", source)
    if known.removed is not None:
        return _opinion(Limit.REMOVED, root, f"Mozilla removed it on {known.removed}{why}", source)
    if known.tls is TlsTrust.NO:
        return _opinion(Limit.NOT_FOR_SERVERS, root, "Mozilla does not trust it for TLS servers", source)
    return None


def _date(root: Certificate, leaf: Certificate, limits: Limits) -> Opinion | None:
    issued, until = leaf.not_before, limits.distrust_after
    if until is None or issued is None or issued <= until:
        return None
    because = (
        f"it accepts certificates under this root only if they were issued before {until:%Y-%m-%d}, and this "
        "one was "
        f"issued on {issued:%Y-%m-%d}"
    )
    return _opinion(Limit.DISTRUST_AFTER, root, because, limits.source)


def _names(root: Certificate, leaf: Certificate, limits: Limits) -> Opinion | None:
    suffixes = _suffixes(limits.constraints)
    if not suffixes:
        return None
    outside = [name for name in subject_alternative_names(leaf) if not _is_under(name, suffixes)]
    if not outside:
        return None
    allowed = ", ".join(visible(suffix) for suffix in suffixes)
    because = (
        f"it accepts only names under {allowed} from this root, and this certificate is for {visible(outside[0])}"
    )
    return _opinion(Limit.NAME_CONSTRAINT, root, because, limits.source)


@functools.lru_cache(maxsize=64)
def _suffixes(constraints: str) -> tuple[str, ...]:
    """The domains of ``*.tr``, ``.tr; .gov`` and the like."""
    words = constraints.replace(";", " ").replace(",", " ").split()
    return tuple(word.lower().removeprefix("*").strip(".") for word in words if word.strip("*."))


def _is_under(name: str, suffixes: tuple[str, ...]) -> bool:
    host = name.lower().rstrip(".")
    return any(host == suffix or host.endswith(f".{suffix}") for suffix in suffixes)
