"""Taking certificates into trust and out of it, so that it lasts: the next `openssl rehash` agrees.

Out: the file is renamed ``NAME.untrusted`` (rehash does not look at it), its links go, the row closes up.
In: the exact inverse. A toggle acts on the certificate, so on every copy of it in the directory.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from capath.change.grace import with_grace
from capath.change.operation import Operation, RenameFile
from capath.change.plan import Plan, Refusal
from capath.change.row_order import Returning
from capath.change.toggle_row import RowMemory, RowToggle
from capath.errors import RowError
from capath.store.entry import DanglingEntry
from capath.store.link_name import LinkKind, LinkName, Row, has_rehash_extension, resembles_link
from capath.store.listing import CertificateRow, Listing
from capath.store.standing import UNTRUSTED_SUFFIX

__all__ = ["RowMemory", "plan_toggle"]


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


@dataclass
class _Planner:
    listing: Listing
    trust: frozenset[str]
    distrust: frozenset[str]
    memory: RowMemory
    renames: list[Operation] = field(default_factory=list)
    late_renames: list[Operation] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rows: dict[Row, RowToggle] = field(default_factory=dict)

    def plan(self) -> Plan:
        for sha256 in sorted(self.distrust):
            self._take_out(sha256)
        for sha256 in sorted(self.trust - self.distrust):
            self._take_in(sha256)
        links: list[Operation] = []
        for row in sorted(self.rows):
            try:
                links.extend(self.rows[row].operations())
            except RowError as error:
                self.refusals.append(Refusal(error.name, error.reason, error.remedy))
        # Files come in before their links, and go out after them: no link ever dangles on the way.
        operations = with_grace(self.listing.snapshot, (*self.renames, *links, *self.late_renames))
        plan = Plan(
            self.listing.snapshot,
            self._summary(),
            operations,
            tuple(self.refusals),
            tuple(dict.fromkeys(self.notes)),
        )
        return plan if plan.refusals else self._checked(plan)

    def _row(self, row: Row) -> RowToggle:
        if row not in self.rows:
            order = self.memory.get(row, ())
            self.rows[row] = RowToggle(self.listing.snapshot, row, self.distrust, order)
        return self.rows[row]

    def _take_out(self, sha256: str) -> None:
        rows = self.listing.by_sha256.get(sha256, ())
        for row in rows:
            for serving in map(LinkName.parse, row.links):
                if serving is not None:
                    self._row(serving.row)
            link = LinkName.parse(row.file)
            if link is None and not has_rehash_extension(row.file):
                continue  # rehash does not look at it as it is
            if self.listing.certificates_in[row.file] > 1:
                remedy = "import it, which makes one file of each, and move it away"
                self.refusals.append(Refusal(row.file, "it holds several certificates", remedy))
                continue
            aside = row.file + UNTRUSTED_SUFFIX
            if aside in self.listing.snapshot.entries:
                self._refuse_taken(row.file, aside)
            elif link is not None:
                self._row(link.row).put_aside[link.slot] = aside
            else:
                self.late_renames.append(RenameFile(row.file, aside))

    def _take_in(self, sha256: str) -> None:
        rows = self.listing.by_sha256.get(sha256, ())
        if not rows or rows[0].trusted:
            return
        certificate = rows[0].held
        targets: list[str] = []
        for row in rows:
            once = self.memory.get(Row(certificate.subject_hash, LinkKind.CERTIFICATE), ())
            name = row.file if row.file in once else row.file.removesuffix(UNTRUSTED_SUFFIX)
            link = LinkName.parse(name)
            if link is None and not has_rehash_extension(name) and name not in once:
                continue
            if link is None or link.row.hash not in (certificate.subject_hash, certificate.old_hash):
                targets.append(name)
                self._rename_back(row.file, name)
                continue
            if row.file != name:
                self._row(link.row).returning[link.slot] = Returning(row.file, (sha256,))
            self._row(link.row).must_reach.add(sha256)
            if link.row.hash != certificate.subject_hash:
                targets.append(name)
                self.notes.append(
                    f"{name} is named by its old hash; openssl rehash would remove the link that capath makes to "
                    "it, and knows no other way to trust it"
                )
            else:
                targets.append("")
        linkable = sorted(filter(None, targets), key=os.fsencode)
        if not targets:
            reason = "openssl rehash looks at .pem, .crt, .cer and .crl only, so its link would not last"
            self.refusals.append(Refusal(rows[0].file, reason, "rename it to end in .pem, then trust it"))
        if linkable:
            self._want_links(rows[0], linkable, always="" not in targets)

    def _rename_back(self, file: str, name: str) -> None:
        if file == name:
            return
        if name in self.listing.snapshot.entries:
            self._refuse_taken(file, name)
            return
        self.renames.append(RenameFile(file, name))
        # Links in the directory that led to the file were put aside with it, and lead nowhere since.
        for other in self._put_aside_links.get(name, ()):
            self.renames.append(RenameFile(other, other.removesuffix(UNTRUSTED_SUFFIX)))

    @cached_property
    def _put_aside_links(self) -> Mapping[str, Sequence[str]]:
        """Dangling links that were put aside, by the name they lead to."""
        found: dict[str, list[str]] = {}
        for name, entry in self.listing.snapshot.entries.items():
            if isinstance(entry, DanglingEntry) and name.endswith(UNTRUSTED_SUFFIX):
                found.setdefault(entry.target, []).append(name)
        return found

    def _want_links(self, row: CertificateRow, linkable: Sequence[str], *, always: bool) -> None:
        """Want links to its files: those there once were, or one `always`."""
        subject = row.held
        new = Row(subject.subject_hash, LinkKind.CERTIFICATE)
        old = Row(subject.old_hash, LinkKind.CERTIFICATE)
        files = [name for name in linkable if not resembles_link(name)]
        self._row(new).want(files or linkable, (row.held.sha256,), always=always)
        if files and (old in self.memory or self._uses_old_hashes):
            self._row(old).want(files, (row.held.sha256,), always=always)

    @cached_property
    def _uses_old_hashes(self) -> bool:
        """Whether the links of other certificates here are those of `openssl rehash -compat`."""
        return any(
            link.startswith(row.held.old_hash) and link != row.file
            for row in self.listing.certificates
            if row.trusted
            for link in row.links
            if not link.startswith(row.held.subject_hash)
        )

    def _refuse_taken(self, name: str, new_name: str) -> None:
        reason = f"its new name, {new_name}, is taken"
        self.refusals.append(Refusal(name, reason, f"move {new_name} away, then try again"))

    def _checked(self, plan: Plan) -> Plan:
        """Refuse a plan that would not do what was asked, or more, rather than apply it."""
        before, after = plan.found_before, plan.found_after
        elsewhere = {sha256 for sha256 in self.trust - before.keys() if self.listing.is_trusted(sha256)}
        refusals = [
            *self._each(self.trust - self.distrust - after.keys() - elsewhere, "lookup would still not find it"),
            *self._each(self.distrust & after.keys(), "lookup would still find it"),
            *self._each(before.keys() - after.keys() - self.distrust, "lookup would not find it any more"),
        ]
        gained = sorted(after.keys() - before.keys() - self.trust)
        notes = [
            *plan.notes,
            *(f"lookup finds {after[sha256]} again, which it did not reach" for sha256 in gained),
        ]
        return Plan(plan.before, plan.summary, plan.operations, tuple(refusals), tuple(notes))

    def _each(self, certificates: Iterable[str], reason: str) -> list[Refusal]:
        remedy = "fix the links with capath rehash, then try again"
        return [
            Refusal(self.listing.by_sha256[sha256][0].file, reason, remedy)
            for sha256 in sorted(certificates)
            if sha256 in self.listing.by_sha256
        ]

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
