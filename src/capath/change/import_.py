"""Bringing certificates in: one file each, linked as `openssl rehash` would, as one plan like any other."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from capath.change.file_names import FileNames
from capath.change.limit import faulty, limit_operations
from capath.change.operation import AddFile, Operation
from capath.change.plan import Plan, Refusal
from capath.change.simulate import simulate
from capath.change.toggle import RowMemory, plan_toggle
from capath.pki.certificate import Certificate
from capath.pki.claims import Claims, Item, Refused, ServerTrust
from capath.pki.describe import library_refusal
from capath.pki.pem import encode_pem
from capath.store.constraints import Kept, KeptConstraints
from capath.store.link_name import IN_ASIDE
from capath.store.listing import Listing, list_store


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """`off`: add without trusting. `only_websites`: leave out what its source does not trust for TLS servers;
    `all_uses`: trust that too. Without either it comes in off."""

    off: bool = False
    only_websites: bool = False
    all_uses: bool = False


@dataclass(frozen=True, slots=True)
class Added:
    """A new certificate, and the file it will be. `why_off` says why it is not trusted; empty where it is."""

    item: Item
    file: str
    why_off: str


@dataclass(frozen=True, slots=True)
class AlreadyHere:
    """The directory has it, in `file`. It stays as it is, on or off."""

    item: Item
    file: str
    trusted: bool


@dataclass(frozen=True, slots=True)
class LeftOut:
    """It could come in, and does not."""

    item: Item
    reason: str


Entry = Added | AlreadyHere | LeftOut | Refused


@dataclass(frozen=True, slots=True)
class Import:
    """What an import would do: the plan, and what becomes of each thing that the sources hold.

    `repeats` counts certificates that came more than once. `kept` are the limits (distrust-after,
    constraints) of roots in the directory that are written down or changed.
    """

    plan: Plan
    entries: tuple[Entry, ...]
    repeats: int
    kept: tuple[Kept, ...]


def plan_import(
    listing: Listing,
    found: Iterable[Item | Refused],
    source: str,
    options: ImportOptions,
    constraints: KeptConstraints,
    memory: RowMemory | None = None,
) -> Import:
    """Plan to bring in what is `found`. `source` is its title; `constraints` what is kept beside the store."""
    planner = _Planner(listing, options)
    for offered in found:
        planner.take(offered)
    adds = planner.adds
    with_files = list_store(simulate(listing.snapshot, adds))
    links = plan_toggle(with_files, planner.trust, (), memory)
    kept, kept_operations, refusals = _keep(planner.entries, source, constraints)
    plan = Plan(
        listing.snapshot,
        _summary(planner.entries, len(kept), source),
        (*adds, *links.operations, *kept_operations),
        (*links.refusals, *refusals),
        links.notes,
    )
    return Import(plan, tuple(planner.entries), planner.repeats, kept)


@dataclass
class _Planner:
    listing: Listing
    options: ImportOptions
    entries: list[Entry] = field(default_factory=list)
    adds: list[Operation] = field(default_factory=list)
    trust: list[str] = field(default_factory=list)
    repeats: int = 0

    def __post_init__(self) -> None:
        self._names = FileNames(self.listing.snapshot.entries)
        # A certificate among others in one file cannot be taken in or out by itself: it counts as not here.
        self._alone = {
            file for file, count in Counter(row.file for row in self.listing.certificates).items() if count == 1
        }
        self._seen: set[str] = set()

    def take(self, offered: Item | Refused) -> None:
        """Decide on one thing that the source holds."""
        if isinstance(offered, Refused):
            self.entries.append(offered)
            return
        sha256 = offered.certificate.sha256
        if sha256 in self._seen:
            self.repeats += 1
            return
        self._seen.add(sha256)
        rows = [row for row in self.listing.by_sha256.get(sha256, ()) if row.file in self._alone]
        if rows:
            self.entries.append(AlreadyHere(offered, rows[0].file, any(row.trusted for row in rows)))
        elif reason := self._why_not(offered.claims):
            self.entries.append(LeftOut(offered, reason))
        else:
            self._add(offered)

    def _why_not(self, claims: Claims) -> str:
        if claims.servers is ServerTrust.DISTRUSTED:
            return "its source actively distrusts it"
        if claims.servers is ServerTrust.NO and self.options.only_websites:
            return "its source does not trust it for TLS servers"
        return ""

    def _add(self, item: Item) -> None:
        certificate = item.certificate
        why_off = self._why_off(item)
        name = self._names.choose(_label(item), certificate.sha256)
        if why_off:
            name = IN_ASIDE + name
        else:
            self.trust.append(certificate.sha256)
        self.adds.append(AddFile(name, encode_pem("CERTIFICATE", certificate.der)))
        self.entries.append(Added(_with_refusal(item), name, why_off))

    def _why_off(self, item: Item) -> str:
        if self.options.off:
            return "--off was given"
        if item.claims.servers is ServerTrust.NO and not self.options.all_uses:
            return "its source does not trust it for TLS servers"
        if _is_served_leaf(item.certificate):
            return "it is not a CA, so trusting it has no use"
        return ""


def _label(item: Item) -> str:
    """What its source calls it, else what it calls itself; a CN that only repeats the O names no root."""
    subject = item.certificate.subject
    title = subject.title
    if title == subject.organisation:
        units = (part.text for rdn in reversed(subject.rdns) for part in rdn if part.label == "OU")
        title = next((unit for unit in units if unit.strip()), title)
    return item.claims.label or title


def _with_refusal(item: Item) -> Item:
    """With what `cryptography` says of it, where that refuses what OpenSSL loads."""
    with warnings.catch_warnings():  # what is only discouraged is the audit's to say
        warnings.simplefilter("ignore")
        refusal = library_refusal(item.certificate)
    if not refusal:
        return item
    return replace(item, notes=(*item.notes, f"OpenSSL loads it; cryptography refuses it: {refusal}"))


def _is_served_leaf(certificate: Certificate) -> bool:
    constraints = certificate.basic_constraints
    return constraints is not None and not constraints.ca and not certificate.self_issued


def _keep(
    entries: Iterable[Entry], source: str, constraints: KeptConstraints
) -> tuple[tuple[Kept, ...], tuple[Operation, ...], tuple[Refusal, ...]]:
    """Write down the limits that the source puts on roots that are, or come, in the directory."""
    changed = []
    for entry in entries:
        if isinstance(entry, Added | AlreadyHere):
            limits = _limits(entry.item, source)
            known = constraints.by_sha256.get(entry.item.certificate.sha256)
            if limits is not None and (known is None or _differs(limits, known)):
                changed.append(limits)
    if not changed:
        return (), (), ()
    if constraints.fault:
        return (), (), (faulty(constraints),)
    wanted = constraints.by_sha256 | {kept.sha256: kept for kept in changed}
    return tuple(changed), limit_operations(constraints, wanted), ()


def _limits(item: Item, source: str) -> Kept | None:
    claims = item.claims
    if claims.distrust_after is None and not claims.constraints:
        return None
    return Kept(item.certificate.sha256, _label(item), claims.distrust_after, claims.constraints, source)


def _differs(new: Kept, old: Kept) -> bool:
    return (new.distrust_after, new.constraints) != (old.distrust_after, old.constraints)


def _summary(entries: Iterable[Entry], kept: int, source: str) -> str:
    added = [entry for entry in entries if isinstance(entry, Added)]
    if kept and not added:
        return f"keep the limits of {_count(kept, 'root')} from {source}"
    off = sum(bool(entry.why_off) for entry in added)
    return f"import {_count(len(added), 'certificate')} from {source}" + (f", {off} of them off" if off else "")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
