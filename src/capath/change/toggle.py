"""Trusting and distrusting certificates, permanently: the next `openssl rehash` agrees, and so does every program.

Distrust: every file of the certificate moves into the subdirectory ``untrusted/``, where TLS clients do not look;
its links go, and the row closes up. Trust is the exact inverse. A toggle acts on the certificate, so on every copy
of it.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property

from capath.change.aside import Places, is_off_by_suffix, left_by_suffix, move, moved_step, name_outside
from capath.change.grace import with_grace
from capath.change.operation import Operation
from capath.change.plan import Plan, Refusal
from capath.change.row_order import Returning
from capath.change.toggle_row import RowMemory, RowToggle
from capath.errors import RowError
from capath.store.entry import DanglingEntry, FileEntry, LinkEntry
from capath.store.link_name import (
    ASIDE,
    IN_ASIDE,
    LinkKind,
    LinkName,
    Row,
    has_rehash_extension,
    resembles_link,
)
from capath.store.listing import CertificateRow, Listing
from capath.store.standing import UsesRejected

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


class _Planner:
    """A toggle while it is planned. `_in` and `_out` are the files that move: old place to new."""

    def __init__(
        self, listing: Listing, trust: frozenset[str], distrust: frozenset[str], memory: RowMemory
    ) -> None:
        self._listing = listing
        self._snapshot = listing.snapshot
        self._trust = trust
        self._distrust = distrust
        self._memory = memory
        self._places = Places(listing.snapshot)
        self._in: dict[str, str] = {}
        self._out: dict[str, str] = {}
        self._refusals: list[Refusal] = []
        self._notes: list[str] = []
        self._rows: dict[Row, RowToggle] = {}

    def plan(self) -> Plan:
        for sha256 in sorted(self._distrust):
            self._take_out(sha256)
        for sha256 in sorted(self._trust - self._distrust):
            self._take_in(sha256)
        self._move_the_rest()
        links: list[Operation] = []
        for row in sorted(self._rows):
            try:
                links.extend(self._rows[row].operations())
            except RowError as error:
                self._refusals.append(Refusal(error.name, error.reason, error.remedy))
        moves = {**self._in, **self._out}
        for row_toggle in self._rows.values():
            moves.update(row_toggle.moves())
        # Files come in before their links, and go out after them: no link ever dangles on the way.
        operations = (
            *(step for place, name in self._in.items() for step in move(self._snapshot, place, name, moves)),
            *(step for link in links for step in moved_step(self._snapshot, link, moves)),
            *(step for name, place in self._out.items() for step in move(self._snapshot, name, place, moves)),
        )
        if ASIDE in self._snapshot.entries and any(place.startswith(IN_ASIDE) for place in moves.values()):
            reason = "distrusted certificates go into a directory of this name, and this is not one"
            self._refusals.append(Refusal(ASIDE, reason, "rename it"))
        plan = Plan(
            self._snapshot,
            self._summary(),
            with_grace(self._snapshot, operations),
            tuple(self._refusals),
            tuple(dict.fromkeys(self._notes)),
        )
        return plan if plan.refusals else self._checked(plan)

    def _row(self, row: Row) -> RowToggle:
        if row not in self._rows:
            order = self._memory.get(row, ())
            self._rows[row] = RowToggle(self._snapshot, row, self._distrust, order)
        return self._rows[row]

    def _take_out(self, sha256: str) -> None:
        for row in self._listing.by_sha256.get(sha256, ()):
            for serving in map(LinkName.parse, row.links):
                if serving is not None:
                    self._row(serving.row)
            if row.file.startswith(IN_ASIDE):
                continue
            if self._listing.certificates_in[row.file] > 1:
                remedy = "import it, which makes one file of each, and move it away"
                self._refusals.append(Refusal(row.file, "it holds several certificates", remedy))
                continue
            self._note_bundles(sha256)
            place = self._places.aside(row.file)
            link = LinkName.parse(row.file)
            if link is None:
                self._out[row.file] = place
            else:
                self._row(link.row).put_aside[link.slot] = place

    def _note_bundles(self, sha256: str) -> None:
        """OpenSSL does not look into files that are not linked; others do, however many certificates they hold."""
        for name in self._bundles.get(sha256, ()):
            self._notes.append(f"{name} holds it too, among others: programs that read every file still trust it")

    @cached_property
    def _bundles(self) -> Mapping[str, Sequence[str]]:
        """The files that are not listed by their certificates, by each of these."""
        skipped = {item.file for item in self._listing.skipped if not item.file.startswith(IN_ASIDE)}
        found: dict[str, list[str]] = {}
        for name in sorted(skipped & self._snapshot.entries.keys()):
            entry = self._snapshot.entries[name]
            if isinstance(entry, FileEntry | LinkEntry) and entry.file.held is None:
                for held in entry.file.content.load(LinkKind.CERTIFICATE).held:
                    found.setdefault(held.sha256, []).append(name)
        return found

    def _take_in(self, sha256: str) -> None:
        rows = self._listing.by_sha256.get(sha256, ())
        if not rows or rows[0].trusted:
            return
        if isinstance(rows[0].standing, UsesRejected):
            reason = "it is a TRUSTED CERTIFICATE whose own attributes reject TLS servers"
            remedy = "remove the attributes with openssl x509 -trustout -clrtrust -clrreject"
            self._refusals.append(Refusal(rows[0].file, reason, remedy))
            return
        held = rows[0].held
        once = self._memory.get(Row(held.subject_hash, LinkKind.CERTIFICATE), ())
        targets: list[str] = []
        moves: dict[str, str] = {}
        for row in rows:
            name = name_outside(row.file, once)
            link = LinkName.parse(name)
            if link is None or link.row.hash not in (held.subject_hash, held.old_hash):
                moves[row.file] = name
                if link is not None or has_rehash_extension(name) or name in once:
                    targets.append(name)
                continue
            if row.file != name:
                self._row(link.row).returning[link.slot] = Returning(row.file, (sha256,))
            self._row(link.row).must_reach.add(sha256)
            if link.row.hash != held.subject_hash:
                targets.append(name)
                self._notes.append(
                    f"{name} is named by its old hash; openssl rehash would remove the link that capath makes to "
                    "it, and knows no other way to trust it"
                )
            else:
                targets.append("")
        if not targets:
            reason = "openssl rehash looks at .pem, .crt, .cer and .crl only, so its link would not last"
            self._refusals.append(Refusal(rows[0].file, reason, "rename it to end in .pem, then trust it"))
            return
        for place, name in moves.items():
            self._bring_back(place, name)
        if linkable := sorted(filter(None, targets), key=os.fsencode):
            self._want_links(rows[0], linkable, always="" not in targets)

    def _bring_back(self, place: str, name: str) -> None:
        if place == name:
            return
        if not self._places.take(name):
            self._refuse_taken(place, name)
            return
        self._in[place] = name
        # Links in the directory that led to the file were put aside with it, and lead nowhere since.
        for other in self._dangling_asides.get(name, ()):
            if self._places.take(name_outside(other, ())):
                self._in[other] = name_outside(other, ())

    @cached_property
    def _dangling_asides(self) -> Mapping[str, Sequence[str]]:
        """Dangling links that earlier versions put aside, by the name they lead to."""
        found: dict[str, list[str]] = {}
        for name, entry in self._snapshot.entries.items():
            if isinstance(entry, DanglingEntry) and is_off_by_suffix(name):
                found.setdefault(entry.target, []).append(name)
        return found

    def _move_the_rest(self) -> None:
        """Move what earlier versions of capath left beside the others: some programs still trust it."""
        if not (self._in or self._out or self._rows):
            return
        moving = {*self._in, *self._out, *(place for row in self._rows.values() for place in row.moves())}
        moved = [name for name in left_by_suffix(self._snapshot) if name not in moving]
        for name in moved:
            self._out[name] = self._places.aside(name)
        if moved:
            files = f"{moved[0]} moves" if len(moved) == 1 else f"{len(moved)} files named *.untrusted move"
            self._notes.append(f"{files} into {ASIDE}/: programs that read every file still trusted it there")

    def _want_links(self, row: CertificateRow, linkable: Sequence[str], *, always: bool) -> None:
        """Want links to its files: those there once were, or one `always`."""
        subject = row.held
        new = Row(subject.subject_hash, LinkKind.CERTIFICATE)
        old = Row(subject.old_hash, LinkKind.CERTIFICATE)
        files = [name for name in linkable if not resembles_link(name)]
        self._row(new).want(files or linkable, (row.held.sha256,), always=always)
        if files and (old in self._memory or self._uses_old_hashes):
            self._row(old).want(files, (row.held.sha256,), always=always)

    @cached_property
    def _uses_old_hashes(self) -> bool:
        """Whether the links of other certificates here are those of `openssl rehash -compat`."""
        return any(
            link.startswith(row.held.old_hash) and link != row.file
            for row in self._listing.certificates
            if row.trusted
            for link in row.links
            if not link.startswith(row.held.subject_hash)
        )

    def _refuse_taken(self, name: str, new_name: str) -> None:
        reason = f"its new name, {new_name}, is taken"
        self._refusals.append(Refusal(name, reason, f"move {new_name} away, then try again"))

    def _checked(self, plan: Plan) -> Plan:
        """Refuse a plan that would not do what was asked, or more, rather than apply it."""
        before, after = plan.found_before, plan.found_after
        elsewhere = {sha256 for sha256 in self._trust - before.keys() if self._listing.is_trusted(sha256)}
        refusals = [
            *self._each(self._trust - self._distrust - after.keys() - elsewhere, "lookup would still not find it"),
            *self._each(self._distrust & after.keys(), "lookup would still find it"),
            *self._each(before.keys() - after.keys() - self._distrust, "lookup would not find it any more"),
        ]
        gained = sorted(after.keys() - before.keys() - self._trust)
        notes = [
            *plan.notes,
            *(f"lookup finds {after[sha256]} again, which it did not reach" for sha256 in gained),
        ]
        return Plan(plan.before, plan.summary, plan.operations, tuple(refusals), tuple(notes))

    def _each(self, certificates: Iterable[str], reason: str) -> list[Refusal]:
        remedy = "fix the links with capath rehash, then try again"
        return [
            Refusal(self._listing.by_sha256[sha256][0].file, reason, remedy)
            for sha256 in sorted(certificates)
            if sha256 in self._listing.by_sha256
        ]

    def _summary(self) -> str:
        parts = []
        for verb, chosen in (("trust", self._trust), ("distrust", self._distrust)):
            titles = [
                self._listing.by_sha256[sha256][0].certificate.subject.title
                for sha256 in sorted(chosen)
                if sha256 in self._listing.by_sha256
            ]
            if titles:
                more = f" and {len(titles) - 3} more" if len(titles) > 3 else ""
                parts.append(f"{verb} {', '.join(titles[:3])}{more}")
        return "; ".join(parts) or "nothing"
