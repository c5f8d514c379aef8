"""`openssl rehash`, planned: the links a directory should have, and the steps there (openssl-rehash(1))."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from typing_extensions import assert_never

from capath.change.operation import Operation
from capath.change.plan import Plan, Refusal, identities, row_slots
from capath.change.row_order import Blocked, FixedSlot, LinkSlot, Wanted, lay_out, row_operations
from capath.change.toggle import has_rehash_extension
from capath.errors import StrEnum
from capath.pki.name import Name
from capath.pki.objects import BrokenObject, CertificateObject, CrlObject, ForeignObject, KeyObject
from capath.store.entry import (
    DanglingEntry,
    FileEntry,
    LinkEntry,
    Loaded,
    OtherEntry,
    Readable,
    Unreadable,
    load_slot,
)
from capath.store.link_name import LinkKind, Row, resembles_link
from capath.store.snapshot import Snapshot

COLLISIONS_LIMIT = 256
SKIPPED_TEXT = "it does not contain exactly one certificate or CRL"


class HashStyle(StrEnum):
    """Which hashes links are named by: ``-old`` and ``-compat`` of openssl-rehash(1)."""

    NEW = "new"
    OLD = "old"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Passed:
    """A file that gets no link. `is_error` counts in the exit status, as upstream counts it."""

    file: str
    reason: str
    is_error: bool


@dataclass(frozen=True, slots=True)
class Rehash:
    """The plan for one directory, the links it should end with, and the files that get none."""

    plan: Plan
    links: tuple[tuple[str, str], ...]
    passed: tuple[Passed, ...]

    @property
    def error_count(self) -> int:
        return len(self.plan.refusals) + sum(passed.is_error for passed in self.passed)


def plan_rehash(snapshot: Snapshot, style: HashStyle = HashStyle.NEW, *, remove: bool = True) -> Rehash:
    """Plan the links of `snapshot`. Without `remove` (``-n``) no link is taken away."""
    rehasher = _Rehasher(snapshot, style)
    rehasher.collect()
    operations: list[Operation] = []
    links: list[tuple[str, str]] = []
    refusals: list[Refusal] = []
    for row in sorted(snapshot.rows.keys() | rehasher.wanted.keys()):
        slots = row_slots(snapshot, row)
        served = {sha for there in slots.values() if isinstance(there, FixedSlot) for sha in there.serves}
        wanted = [item for item in rehasher.wanted.get(row, ()) if not served.issuperset(item.serves)]
        layout = lay_out(slots, wanted, keep_places=True)
        match layout:
            case Blocked(slot=slot):
                reason = f"it is no link and does not load, so the {len(wanted)} behind it are out of reach"
                refusals.append(Refusal(row.name(slot), reason, "move it away, then rehash again"))
            case _:
                going = [slot for slot, there in slots.items() if isinstance(there, LinkSlot)] if remove else []
                operations.extend(row_operations(row, slots, layout, going))
                links.extend((row.name(slot), item.target) for slot, item in sorted(layout.items()))
    plan = Plan(snapshot, f"rehash ({style.value} hashes)", tuple(operations), tuple(refusals))
    return Rehash(plan, tuple(links), tuple(rehasher.passed))


@dataclass(frozen=True, slots=True)
class _One:
    """The one object in a file that links are made for."""

    kind: LinkKind
    name: Name
    sha256: str
    sha1: str


@dataclass
class _Rehasher:
    snapshot: Snapshot
    style: HashStyle
    wanted: dict[Row, list[Wanted]] = field(default_factory=dict)
    passed: list[Passed] = field(default_factory=list)
    _seen: dict[tuple[Row, str], str] = field(default_factory=dict)

    def collect(self) -> None:
        """Go through the files in byte order, as upstream does."""
        for name in self.snapshot.names:
            entry = self.snapshot.entries[name]
            if resembles_link(name) or not has_rehash_extension(name):
                continue
            match entry:
                case FileEntry(content=content) | LinkEntry(content=content):
                    self._add(name, content)
                case DanglingEntry(reason=reason):
                    self.passed.append(Passed(name, reason, is_error=True))
                case OtherEntry(kind=kind):
                    self.passed.append(Passed(name, f"{SKIPPED_TEXT}: it is {kind.value}", is_error=False))
                case _:
                    assert_never(entry)

    def _add(self, name: str, content: Readable | Unreadable) -> None:
        if isinstance(content, Unreadable):
            self.passed.append(Passed(name, content.reason, is_error=True))
            return
        one = _only_object(content)
        if isinstance(one, _One):
            for row in self._rows(one):
                self._want(name, row, one)
            if one.kind is LinkKind.CERTIFICATE and content.crls:
                self.passed.append(Passed(name, "its CRL gets no link, its certificate does", is_error=False))
        else:
            self.passed.append(Passed(name, one[0], is_error=one[1]))

    def _rows(self, one: _One) -> list[Row]:
        rows = []
        if self.style is not HashStyle.OLD:
            rows.append(Row(one.name.subject_hash, one.kind))
        if self.style is not HashStyle.NEW:
            rows.append(Row(one.name.old_hash, one.kind))
        return rows

    def _want(self, name: str, row: Row, one: _One) -> None:
        first = self._seen.setdefault((row, one.sha1), name)
        if first != name:
            what = "certificate" if one.kind is LinkKind.CERTIFICATE else "CRL"
            self.passed.append(Passed(name, f"it is the same {what} as {first}", is_error=False))
            return
        wanted = self.wanted.setdefault(row, [])
        if len(wanted) >= COLLISIONS_LIMIT:
            self.passed.append(Passed(name, f"{COLLISIONS_LIMIT} others share the hash {row.hash}", is_error=True))
            return
        loaded = load_slot(self.snapshot.entries[name], one.kind)
        wanted.append(Wanted(name, identities(loaded) if isinstance(loaded, Loaded) else ()))


def _only_object(content: Readable) -> _One | tuple[str, Literal[True, False]]:
    """The one certificate or CRL of a file, as PEM_X509_INFO_read_bio groups it; else why, and if an error."""
    groups = 0
    open_group: set[type] = set()
    first: _One | None = None
    for item in content.objects:
        match item:
            case BrokenObject(label=label, reason=reason):
                return f"the {label} in it does not decode: {reason}", False
            case ForeignObject():
                continue
            case KeyObject(label=label, problem=problem) if problem:
                return f"the {label} in it does not decode: {problem}", False
            case CertificateObject() | CrlObject() | KeyObject():
                if type(item) in open_group:
                    groups += 1
                    open_group.clear()
                open_group.add(type(item))
        if isinstance(item, CertificateObject):
            found = item.certificate
            certificate = _One(LinkKind.CERTIFICATE, found.subject, found.sha256, found.sha1)
            if first is None or first.kind is LinkKind.CRL:
                first = certificate
        elif isinstance(item, CrlObject) and first is None:
            first = _One(LinkKind.CRL, item.crl.issuer, item.crl.sha256, item.crl.sha1)
    groups += bool(open_group)
    if groups != 1:
        return (f"{SKIPPED_TEXT}" + (": it is DER" if content.is_der else "")), False
    if first is None:
        return "it holds a private key and no certificate", True
    return first
