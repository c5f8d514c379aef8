"""What the rules look at: one store at one time, and the lists it is compared with."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from capath.audit.facts import Facts, read_facts
from capath.audit.policy import Policy
from capath.pki.visible import shell_command
from capath.sources.mozilla_roots import MozillaList
from capath.store import Listing
from capath.store.constraints import KeptConstraints


@dataclass(frozen=True)
class Context:
    """`directory_mode` is the directory's own st_mode. `newer_roots` gives the SHA-256 of roots that a list
    newer than `mozilla` has; it is asked only where the store holds a root that `mozilla` does not know. `kept`
    are the limits kept with the store; they take precedence over those of `mozilla`."""

    listing: Listing
    now: datetime
    directory_mode: int
    policy: Policy
    mozilla: MozillaList
    newer_roots: Callable[[], frozenset[str]]
    kept: KeptConstraints

    @property
    def facts(self) -> Iterator[Facts]:
        """Every certificate of the store, once."""
        return map(self.facts_of, self.listing.by_sha256)

    def facts_of(self, sha256: str) -> Facts:
        """One certificate of the store, read when it is first asked for."""
        found = self._read.get(sha256)
        if found is None:
            found = self._read[sha256] = read_facts(self.listing.by_sha256[sha256])
        return found

    def same_key(self, facts: Facts) -> tuple[Facts, ...]:
        """The certificates with its public key, itself among them. No other is read."""
        near = map(self.facts_of, self._by_key[facts.row.held.key])
        return tuple(other for other in near if other.decoded.key_info == facts.decoded.key_info)

    def twins(self, facts: Facts) -> Iterator[Facts]:
        """The other certificates of the same name and key."""
        name = facts.certificate.subject.canonical
        family = (other for other in self.same_key(facts) if other is not facts)
        return (other for other in family if other.certificate.subject.canonical == name)

    @cached_property
    def _read(self) -> dict[str, Facts]:
        return {}

    @cached_property
    def _by_key(self) -> Mapping[bytes, Sequence[str]]:
        """The SHA-256 of the certificates of each public key."""
        found: dict[bytes, list[str]] = {}
        for sha256, rows in self.listing.by_sha256.items():
            found.setdefault(rows[0].held.key, []).append(sha256)
        return found

    def is_valid_now(self, facts: Facts) -> bool:
        """Whether the time is within its validity."""
        if facts.decoded.not_before is None or facts.decoded.not_after is None:
            return False
        return facts.decoded.not_before <= self.now <= facts.decoded.not_after

    def command(self, name: str, *files: str) -> str:
        """The capath command on this store, quoted for a shell."""
        separator = ("--",) if any(file.startswith("-") for file in files) else ()
        return shell_command(["capath", name, *separator, self.listing.snapshot.title, *files])

    def path(self, file: str) -> str:
        """The path of a file of this store, quoted for a shell."""
        return self.quote(os.path.join(self.listing.snapshot.directory, file))

    @staticmethod
    def quote(word: str) -> str:
        return shell_command([word])
