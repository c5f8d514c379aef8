"""Where a root that a directory lacks could come from: certifi, this machine's store, a list of Mozilla's.

A root is found by name and proven by signature. What a store holds is read when it is first asked for.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from capath.errors import BadInputError, StrEnum
from capath.pki.certificate import Certificate
from capath.pki.claims import Item, ServerTrust
from capath.pki.key_identifiers import mismatch
from capath.pki.name import Name
from capath.pki.signature import signs
from capath.sources.certifi_roots import CertifiSource
from capath.sources.item import Source
from capath.sources.open_source import open_source
from capath.sources.system_store import system_places, system_source

_FILES_LIMIT = 200


class Place(StrEnum):
    """Where a root is, seen from the store that lacks it."""

    ELSEWHERE = "elsewhere"
    MISPLACED = "misplaced"
    """In a file of the store that lookup does not read."""
    DESELECTED = "deselected"
    """Kept out by the tool that owns the directory."""


@dataclass(frozen=True, slots=True)
class KnownRoot:
    """A root and the shelf it stands on: `argument` is how ``capath import`` names that, `title` for people."""

    item: Item
    argument: str
    title: str
    place: Place = Place.ELSEWHERE

    @property
    def certificate(self) -> Certificate:
        return self.item.certificate


@dataclass(frozen=True)
class Shelf:
    """One source of roots."""

    argument: str
    source: Source
    place: Place = Place.ELSEWHERE

    @property
    def title(self) -> str:
        """Its name for people: the path of this machine's store, for example."""
        return "certifi" if self.argument == "certifi" else self.source.title

    @cached_property
    def by_name(self) -> Mapping[bytes, tuple[KnownRoot, ...]]:
        """Its roots by their canonical subject, without what the source itself does not trust for servers."""
        roots: dict[bytes, list[KnownRoot]] = {}
        for found in self.source.read():
            if (
                isinstance(found, Item)
                and found.certificate.self_issued
                and found.claims.servers not in (ServerTrust.NO, ServerTrust.DISTRUSTED)
            ):
                known = KnownRoot(found, self.argument, self.title, self.place)
                roots.setdefault(found.certificate.subject.canonical, []).append(known)
        return {name: tuple(group) for name, group in roots.items()}


@dataclass(frozen=True, slots=True)
class KnownRoots:
    """Shelves, the one to be preferred first."""

    shelves: Sequence[Shelf]

    def issuer(self, child: Certificate, now: datetime) -> KnownRoot | None:
        """The root whose key signed `child`, and that it asks for: one that is valid at `now` before others."""
        proven = [
            root
            for root in self.named(child.issuer)
            if mismatch(root.certificate, child) is None and signs(root.certificate, child)
        ]
        return min(proven, key=lambda root: not _valid(root.certificate, now), default=None)

    def find(self, certificate: Certificate) -> KnownRoot | None:
        """`certificate` itself, where it stands on a shelf."""
        named = self.named(certificate.subject)
        return next((root for root in named if root.certificate.sha256 == certificate.sha256), None)

    def by_sha256(self, name: Name, sha256: str) -> KnownRoot | None:
        return next((root for root in self.named(name) if root.certificate.sha256 == sha256), None)

    @property
    def titles(self) -> tuple[str, ...]:
        """The stores that are searched, for people."""
        return tuple(shelf.title for shelf in self.shelves)

    def named(self, subject: Name) -> list[KnownRoot]:
        return [root for shelf in self.shelves for root in shelf.by_name.get(subject.canonical, ())]


NO_ROOTS = KnownRoots(())


@functools.lru_cache(maxsize=4)
def usual_roots(mozilla_file: str = "") -> KnownRoots:
    """certifi, this machine's store where it has one, and the list of Mozilla's at `mozilla_file` where given.

    Raises BadInputError where that file cannot be read.
    """
    shelves = [Shelf("certifi", CertifiSource())]
    with contextlib.suppress(BadInputError):  # a machine without a store of its own
        shelves.append(Shelf("system", system_source(system_places())))
    if mozilla_file:
        shelves.append(Shelf(mozilla_file, open_source(mozilla_file, lambda _: None)))
    return KnownRoots(tuple(shelves))


def file_shelves(paths: Sequence[str], place: Place) -> KnownRoots:
    """The files `paths`, a shelf each, as far as they can be read."""
    shelves = []
    for path in paths[:_FILES_LIMIT]:
        with contextlib.suppress(BadInputError):
            shelves.append(Shelf(path, open_source(path, lambda _: None), place))
    return KnownRoots(tuple(shelves))


def _valid(certificate: Certificate, now: datetime) -> bool:
    begin, end = certificate.not_before, certificate.not_after
    return begin is not None and end is not None and begin <= now <= end
