"""What OpenSSL finds in a CApath: `X509_LOOKUP_hash_dir`, step by step (X509_LOOKUP_hash_dir(3)).

Versions differ at a slot that is there and does not load: 3.0.19 and 3.5 stop, 4.0 and Debian's 3.0.22 go on.
A certificate is called trusted by the rule that stops, which is what every version can find.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from capath.store.entry import Entry
from capath.store.held import Held
from capath.store.link_name import LinkKind, Row
from capath.store.slot import DoesNotLoad, Loaded, load_slot
from capath.store.snapshot import Snapshot

TYPE_CHECKING = False  # typing's, which mypy knows
if TYPE_CHECKING:
    from capath.pki.name import Name
    from capath.pki.objects import CertificateObject
    from capath.store.slot import Objects


class ServedSlot(NamedTuple):
    """A slot that was reached, and what was taken in from it: all of it, or what comes before its fault."""

    slot: int
    name: str
    entry: Entry
    loaded: Loaded | DoesNotLoad

    @property
    def held(self) -> tuple[Held, ...]:
        """What was taken in, told by hashes and digests."""
        return self.loaded.held

    @property
    def objects(self) -> Objects:
        """The same as objects, read for it."""
        return self.loaded.objects


class EndOfRow(NamedTuple):
    """Lookup stopped at `name` because nothing is there. `beyond`: later slots that it therefore never sees."""

    name: str
    beyond: tuple[str, ...]


class BlockedRow(NamedTuple):
    """Lookup stopped at `name`, which is there and does not load. `beyond`: slots that it hides."""

    name: str
    reason: str
    beyond: tuple[str, ...]


class Walk(NamedTuple):
    """One walk through a row: what was served, in order, and what ended it."""

    row: Row
    served: tuple[ServedSlot, ...]
    end: EndOfRow | BlockedRow

    @property
    def tried(self) -> tuple[str, ...]:
        """The names asked for, in order, the last in vain."""
        return tuple(dict.fromkeys((*(slot.name for slot in self.served), self.end.name)))


def walk(snapshot: Snapshot, row: Row, *, steps_over: bool = False) -> Walk:
    """Walk `row` as lookup does. `steps_over` is the rule of versions that pass a slot that does not load."""
    slots = snapshot.rows.get(row, {})
    served = []
    slot = 0
    while (entry := slots.get(slot)) is not None:
        loaded = load_slot(entry, row.kind)
        if loaded.held:
            served.append(ServedSlot(slot, entry.name, entry, loaded))
        if isinstance(loaded, DoesNotLoad) and not steps_over:
            beyond = tuple([row.name(other) for other in slots if other > slot])
            return Walk(row, tuple(served), BlockedRow(entry.name, loaded.reason, beyond))
        slot += 1
    beyond = () if slot == len(slots) else tuple([row.name(other) for other in slots if other > slot])
    return Walk(row, tuple(served), EndOfRow(row.name(slot), beyond))


class LookupHit(NamedTuple):
    """A certificate that lookup returns for a name, and the link it came through."""

    certificate: CertificateObject
    link: str


def find_issuers(snapshot: Snapshot, name: Name, *, steps_over: bool = False) -> tuple[LookupHit, ...]:
    """Return the certificates whose subject is `name` that a fresh lookup finds, in slot order."""
    from capath.pki.objects import CertificateObject

    row = Row(name.subject_hash, LinkKind.CERTIFICATE)
    wanted = name.canonical
    return tuple(
        LookupHit(item, slot.name)
        for slot in walk(snapshot, row, steps_over=steps_over).served
        for item in slot.objects
        if isinstance(item, CertificateObject) and item.certificate.subject.canonical == wanted
    )


def reachable(snapshot: Snapshot, rows: Iterable[Row] | None = None) -> dict[str, str]:
    """Return every certificate that a fresh lookup of its own subject finds: SHA-256 to the first link.

    With `rows`, only those that are found in one of them.
    """
    return found_in([walk(snapshot, row) for row in (snapshot.rows if rows is None else rows)])


def found_in(walks: Iterable[Walk]) -> dict[str, str]:
    """Every certificate that was found under its own subject hash: SHA-256 to the first link."""
    found: dict[str, str] = {}
    for row, served, _ in walks:
        if row.kind is LinkKind.CERTIFICATE:
            for slot in served:
                for held in slot.loaded.held:
                    if held.subject_hash == row.hash:
                        found.setdefault(held.sha256, slot.name)
    return found
