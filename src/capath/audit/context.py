"""What the rules look at: one store at one time, and the lists it is compared with."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
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

    @cached_property
    def facts(self) -> tuple[Facts, ...]:
        """Every certificate of the store, once."""
        return tuple(read_facts(rows) for rows in self.listing.by_sha256.values())

    @cached_property
    def by_key(self) -> Mapping[bytes, tuple[Facts, ...]]:
        """The certificates of each public key."""
        found: dict[bytes, list[Facts]] = {}
        for facts in self.facts:
            found.setdefault(facts.decoded.key_info, []).append(facts)
        return {key: tuple(group) for key, group in found.items()}

    @cached_property
    def _by_name_and_key(self) -> Mapping[tuple[bytes, bytes], tuple[Facts, ...]]:
        found: dict[tuple[bytes, bytes], list[Facts]] = {}
        for facts in self.facts:
            found.setdefault(_name_and_key(facts), []).append(facts)
        return {key: tuple(group) for key, group in found.items()}

    def twins(self, facts: Facts) -> Iterator[Facts]:
        """The other certificates of the same name and key."""
        return (other for other in self._by_name_and_key[_name_and_key(facts)] if other is not facts)

    def is_valid_now(self, facts: Facts) -> bool:
        """Whether the time is within its validity."""
        if facts.decoded.not_before is None or facts.decoded.not_after is None:
            return False
        return facts.decoded.not_before <= self.now <= facts.decoded.not_after

    def command(self, name: str, *files: str) -> str:
        """The capath command on this store, quoted for a shell."""
        separator = ("--",) if any(file.startswith("-") for file in files) else ()
        return shell_command(["capath", name, *separator, self.listing.snapshot.directory, *files])

    def path(self, file: str) -> str:
        """The path of a file of this store, quoted for a shell."""
        return self.quote(os.path.join(self.listing.snapshot.directory, file))

    @staticmethod
    def quote(word: str) -> str:
        return shell_command([word])


def _name_and_key(facts: Facts) -> tuple[bytes, bytes]:
    return facts.certificate.subject.canonical, facts.decoded.key_info
