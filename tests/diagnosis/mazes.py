"""Meshes of cross-signed CAs in which some certificates lead nowhere: shapes that path building is tested with.

An entity is a name with a key. An edge is a certificate that one entity issued to another.
"""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from capath.change.rehash import plan_rehash
from capath.demo import authority
from capath.demo.authority import Identity, Template
from capath.diagnosis.cause import Diagnosis
from capath.diagnosis.diagnose import diagnose_offline
from capath.diagnosis.known_roots import NO_ROOTS
from capath.pki.certificate import Certificate
from capath.remedy.try_remedies import try_remedies_offline
from capath.store import Snapshot, scan
from capath.tls.offline.verify import read_certificates, verify_offline
from capath.tls.result import OfflineResult

HOST = "host.test"
EXPIRED: dict[str, object] = {"not_after": timedelta(days=-2)}
NOT_YET: dict[str, object] = {"not_before": timedelta(days=2)}
NOT_A_CA: dict[str, object] = {"is_ca": False, "path_length": None}
NO_LENGTH: dict[str, object] = {"path_length": 0}
OTHER_NAMES: dict[str, object] = {
    "extensions": ((x509.NameConstraints([x509.DNSName("example.org")], None), True),)
}
EXCLUDED: dict[str, object] = {"extensions": ((x509.NameConstraints(None, [x509.DNSName("test")]), True),)}
UNKNOWN_EXTENSION: dict[str, object] = {
    "extensions": ((x509.UnrecognizedExtension(x509.ObjectIdentifier("2.25.9"), b"\x05\x00"), True),)
}
OFFLINE_FAULTS = (EXPIRED, NOT_YET, NOT_A_CA, NO_LENGTH, OTHER_NAMES, EXCLUDED, UNKNOWN_EXTENSION)
CLIENT_ONLY: dict[str, object] = {"usages": (ExtendedKeyUsageOID.CLIENT_AUTH,)}


@dataclass(frozen=True)
class Edge:
    """`issuer` certifies `subject`; `changes` are what is different from a good CA certificate."""

    issuer: str
    subject: str
    changes: tuple[tuple[str, object], ...] = ()


def edge(issuer: str, subject: str, **changes: object) -> Edge:
    return Edge(issuer, subject, tuple(changes.items()))


class Maze:
    """Keys by entity, and the certificates of its edges; those without an issuer of their own are roots."""

    def __init__(self) -> None:
        self.roots: dict[str, Identity] = {}
        self._keys: dict[str, Identity] = {}

    def entity(self, name: str) -> Identity:
        """A self-signed certificate of the entity, to issue with."""
        if name not in self._keys:
            self._keys[name] = authority.root(name)
        return self._keys[name]

    def certificate(self, made: Edge) -> Identity:
        own = self.entity(made.subject)
        template = {"is_ca": True, "usages": (), "key": own.key, **dict(made.changes)}
        return self.entity(made.issuer).issue(Template(made.subject, **template))  # type: ignore[arg-type]

    def leaf(self, issuer: str, **changes: object) -> Identity:
        return authority.leaf(self.entity(issuer), HOST, **changes)


def store(place: Path, *roots: Identity) -> Snapshot:
    """A CApath of `roots`."""
    place.mkdir(parents=True, exist_ok=True)
    for number, identity in enumerate(roots):
        (place / f"root{number}.pem").write_bytes(identity.pem)
    for name, target in plan_rehash(scan(str(place))).links:
        os.symlink(target, place / name)
    return scan(str(place))


def read(identity: Identity) -> Certificate:
    return read_certificates(identity.pem, "test")[0]


def verify(snapshot: Snapshot, leaf: Identity, sent: Sequence[Identity]) -> OfflineResult:
    return verify_offline(
        read(leaf), snapshot.directory, untrusted=[read(item) for item in sent], snapshot=snapshot
    )


def explain(snapshot: Snapshot, leaf: Identity, sent: Sequence[Identity]) -> Diagnosis | None:
    """What is said of it, remedies tried."""
    result = verify(snapshot, leaf, sent)
    diagnosis = diagnose_offline(result, snapshot, roots=NO_ROOTS)
    return None if diagnosis is None else try_remedies_offline(diagnosis, result, snapshot, roots=NO_ROOTS)


def some_subset_verifies(snapshot: Snapshot, leaf: Identity, sent: Sequence[Identity]) -> bool:
    """Whether any choice of at most three of `sent`, in any order, verifies: by OpenSSL alone."""
    for size in range(min(len(sent), 3) + 1):
        for chosen in itertools.permutations(sent, size):
            if not verify(snapshot, leaf, chosen).verification.errors:
                return True
    return False


def random_mazes(seed: int, count: int) -> Iterator[tuple[Maze, Identity, list[Identity]]]:
    """`count` mazes with the trusted entity "Root": maze, leaf, and what is sent, in an order by chance."""
    chance = random.Random(seed)
    for _ in range(count):
        maze = Maze()
        entities = ["A", "B", "C"]
        edges = []
        for issuer, subject in itertools.product(["Root", "Other", *entities], entities):
            if issuer != subject and chance.random() < 0.4:
                faulty = chance.random() < 0.35
                edges.append(edge(issuer, subject, **(chance.choice(OFFLINE_FAULTS) if faulty else {})))
        sent = [maze.certificate(item) for item in edges]
        if chance.random() < 0.3:
            sent.append(maze.entity("Other"))
        chance.shuffle(sent)
        yield maze, maze.leaf(chance.choice(entities)), sent
