"""Taking certificates into trust and out of it, so that it lasts: the next `openssl rehash` agrees.

Out: the file is renamed ``NAME.untrusted`` (rehash does not look at it), its links go, the row closes up.
In: the exact inverse. A toggle acts on the certificate, so on every copy of it in the directory.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from capath.change.operation import Operation, RenameFile
from capath.change.plan import Plan, Refusal, row_slots
from capath.change.row_order import Blocked, FixedSlot, LinkSlot, Slot, Wanted, lay_out, row_operations
from capath.store.link_name import LinkKind, LinkName, Row, resembles_link
from capath.store.listing import CertificateRow, Listing
from capath.store.lookup import reachable
from capath.store.standing import UNTRUSTED_SUFFIX

REHASH_EXTENSIONS = frozenset({"pem", "crt", "cer", "crl"})
RowMemory = Mapping[Row, Sequence[str]]
"""The order of link targets that a row had, for those rows whose order was recorded."""


def plan_toggle(
    listing: Listing,
    trust: Collection[str],
    distrust: Collection[str],
    memory: RowMemory | None = None,
) -> Plan:
    """Plan to trust and distrust the certificates whose SHA-256 are given.

    `memory` is how rows stood before they were last changed, so that a root comes back to its old slot.
    """
    planner = _Planner(listing, frozenset(trust), frozenset(distrust), memory or {})
    return planner.plan()


def has_rehash_extension(name: str) -> bool:
    """Whether `openssl rehash` looks at a file of this name: its last extension, in any case, is one of four."""
    _, dot, extension = name.rpartition(".")
    return bool(dot) and extension.lower() in REHASH_EXTENSIONS


@dataclass
class _Planner:
    listing: Listing
    trust: frozenset[str]
    distrust: frozenset[str]
    memory: RowMemory
    renames: list[Operation] = field(default_factory=list)
    late_renames: list[Operation] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    incoming: dict[Row, list[Wanted]] = field(default_factory=dict)

    def plan(self) -> Plan:
        touched: dict[Row, None] = {}
        for sha256 in sorted(self.distrust):
            for row in self._take_out(sha256):
                touched[row] = None
        for sha256 in sorted(self.trust):
            self._take_in(sha256)
        touched.update(dict.fromkeys(self.incoming))
        links: list[Operation] = []
        for row in sorted(touched):
            links.extend(self._move_row(row))
        # Files come in before their links, and go out after them: no link ever dangles on the way.
        operations = (*self.renames, *links, *self.late_renames)
        plan = Plan(self.listing.snapshot, self._summary(), operations, tuple(self.refusals))
        return plan if plan.refusals else self._checked(plan)

    def _take_out(self, sha256: str) -> list[Row]:
        rows = self.listing.by_sha256.get(sha256, ())
        for row in rows:
            name = row.file
            if name.endswith(UNTRUSTED_SUFFIX) or (resembles_link(name) and self._is_link(name)):
                continue
            if sum(other.file == name for other in self.listing.certificates) > 1:
                self.refusals.append(
                    Refusal(name, "it holds several certificates", "import it, which makes one file of each")
                )
                continue
            self._rename(self.late_renames, name, name + UNTRUSTED_SUFFIX)
        links = (LinkName.parse(link) for row in rows for link in row.links)
        return [link.row for link in links if link is not None]

    def _take_in(self, sha256: str) -> None:
        rows = self.listing.by_sha256.get(sha256, ())
        if not rows or rows[0].trusted:
            return
        candidates = [self._name_in(row) for row in rows]
        linkable = sorted((name for name in candidates if name and not resembles_link(name)), key=os.fsencode)
        certificate = rows[0].certificate
        if not linkable:
            if any(candidates):
                return  # a regular file in a slot's name: the rename alone brings it back
            file = rows[0].file
            reason = "openssl rehash looks at .pem, .crt, .cer and .crl only, so its link would not last"
            self.refusals.append(Refusal(file, reason, "rename it to end in .pem, then trust it"))
            return
        for row in self._rows_for(rows):
            target = self._remembered_target(row, linkable) or linkable[0]
            self.incoming.setdefault(row, []).append(Wanted(target, (certificate.sha256,)))

    def _rows_for(self, rows: Sequence[CertificateRow]) -> list[Row]:
        certificate = rows[0].certificate
        wanted = [Row(certificate.subject_hash, LinkKind.CERTIFICATE)]
        old = Row(certificate.subject.old_hash, LinkKind.CERTIFICATE)
        if old in self.memory or self._uses_old_hashes():
            wanted.append(old)
        return wanted

    def _uses_old_hashes(self) -> bool:
        return any(
            link.startswith(row.certificate.subject.old_hash)
            for row in self.listing.certificates
            if row.trusted
            for link in row.links
            if not link.startswith(row.certificate.subject_hash)
        )

    def _name_in(self, row: CertificateRow) -> str | None:
        """The name this copy has when trusted; renames it there. None where rehash would not look at it."""
        if not row.file.endswith(UNTRUSTED_SUFFIX):
            return row.file if has_rehash_extension(row.file) or resembles_link(row.file) else None
        name = row.file.removesuffix(UNTRUSTED_SUFFIX)
        if not (has_rehash_extension(name) or resembles_link(name)):
            return None
        self._rename(self.renames, row.file, name)
        return name

    def _rename(self, into: list[Operation], name: str, new_name: str) -> None:
        if new_name in self.listing.snapshot.entries:
            self.refusals.append(
                Refusal(name, f"its new name, {new_name}, is taken", f"move {new_name} away, then try again")
            )
            return
        into.append(RenameFile(name, new_name))

    def _is_link(self, name: str) -> bool:
        return any(isinstance(slot, LinkSlot) for slot in self._slot(name))

    def _slot(self, name: str) -> list[Slot]:
        link = LinkName.parse(name)
        return [] if link is None else [row_slots(self.listing.snapshot, link.row)[link.slot]]

    def _remembered_target(self, row: Row, names: Sequence[str]) -> str | None:
        return next((target for target in self.memory.get(row, ()) if target in names), None)

    def _move_row(self, row: Row) -> list[Operation]:
        slots = row_slots(self.listing.snapshot, row)
        going = {
            slot
            for slot, there in slots.items()
            if isinstance(there, LinkSlot) and self.distrust.intersection(there.serves)
        }
        prefix: list[tuple[int, LinkSlot]] = []
        slot = 0
        while (there := slots.get(slot)) is not None and there.serves:
            if isinstance(there, LinkSlot):
                prefix.append((slot, there))
            slot += 1
        staying = [Wanted(there.link.target, there.serves) for slot, there in prefix if slot not in going]
        wanted = self._insert(row, staying, self.incoming.get(row, []))
        fixed = {
            slot: there
            for slot, there in slots.items()
            if isinstance(there, FixedSlot) and not self.distrust.intersection(there.serves)
        }
        layout = self._lay_out_with_fixed(row, slots, wanted, fixed)
        if isinstance(layout, Blocked):
            name = row.name(layout.slot)
            self.refusals.append(
                Refusal(name, "it is no link, does not load, and hides what is behind it", "move it away")
            )
            return []
        return list(row_operations(row, slots, layout, going | {slot for slot, _ in prefix}))

    def _lay_out_with_fixed(
        self, row: Row, slots: Mapping[int, Slot], wanted: list[Wanted], fixed: Mapping[int, FixedSlot]
    ) -> dict[int, Wanted] | Blocked:
        """Lay out, and where a regular file in the row would fall behind a gap, link to it from in front."""
        while True:
            layout = lay_out(slots, wanted, keep_places=False)
            if isinstance(layout, Blocked):
                return layout
            top = 0
            while top in layout or top in fixed:
                top += 1
            cut_off = [slot for slot in fixed if slot > top and self._reached(slots, slot)]
            if not cut_off:
                return layout
            wanted = [*wanted, Wanted(row.name(cut_off[0]), fixed[cut_off[0]].serves)]

    @staticmethod
    def _reached(slots: Mapping[int, Slot], slot: int) -> bool:
        return all((there := slots.get(other)) is not None and there.serves for other in range(slot + 1))

    def _insert(self, row: Row, staying: list[Wanted], incoming: list[Wanted]) -> list[Wanted]:
        result = list(staying)
        order = list(self.memory.get(row, ()))
        for item in incoming:
            targets = [other.target for other in result]
            if item.target in order:
                before = set(order[: order.index(item.target)])
                at = max((n + 1 for n, target in enumerate(targets) if target in before), default=0)
            elif targets == sorted(targets, key=os.fsencode):
                at = sum(os.fsencode(target) < os.fsencode(item.target) for target in targets)
            else:
                at = len(result)
            result.insert(at, item)
        return result

    def _checked(self, plan: Plan) -> Plan:
        """Refuse a plan that would not do what was asked, rather than apply half of it."""
        found = reachable(plan.after)
        refusals = [
            Refusal(self.listing.by_sha256[sha256][0].file, "lookup would still not find it", "capath links")
            for sha256 in sorted(self.trust - found.keys())
        ] + [
            Refusal(found[sha256], "lookup would still find it there", "remove that link's other certificates")
            for sha256 in sorted(self.distrust & found.keys())
        ]
        if not refusals:
            return plan
        return Plan(plan.before, plan.summary, plan.operations, tuple(refusals), plan.notes)

    def _summary(self) -> str:
        parts = []
        for verb, chosen in (("trust", self.trust), ("distrust", self.distrust)):
            titles = [
                self.listing.by_sha256[sha256][0].certificate.subject.title
                for sha256 in sorted(chosen)
                if sha256 in self.listing.by_sha256
            ]
            if titles:
                more = f" and {len(titles) - 3} more" if len(titles) > 3 else ""
                parts.append(f"{verb} {', '.join(titles[:3])}{more}")
        return "; ".join(parts) or "nothing"
