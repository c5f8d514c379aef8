"""The part of a directory that toggling some of its certificates touches or depends on, read with care.

A plan made from it is the plan that would be made from all of the directory, entry for entry: every name of a
certificate is in it, and every row whole in which one of them, or a link to one of them, stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property

from capath.change.digest_cache import LETTER, OLD_HASH, SHA1, SHA256, SUBJECT_HASH, packed
from capath.change.inventory import Inventory, take_inventory
from capath.pki.certificate import Certificate
from capath.pki.found import Single
from capath.pki.visible import visible
from capath.store.entry import Entry, FileEntry, LinkEntry, readable
from capath.store.link_name import LinkKind, LinkName, resembles_link
from capath.store.listing import Listing, list_store
from capath.store.scan import scan_names
from capath.store.select import is_fingerprint, is_hash, is_subject
from capath.store.single import single_entry
from capath.store.snapshot import Snapshot
from capath.store.standing import UNTRUSTED_SUFFIX

_IN_A_ROW = re.compile(r"[0-9a-f]{8}\.r?[0-9]", re.ASCII)
_CERTIFICATE = b"\0"


def list_part(directory: str, which: Sequence[str], sha256s: Collection[str], *, trusting: bool) -> Listing | None:
    """List what a toggle of the certificates that `which` (as `select_one` takes it) and `sha256s` name needs.

    `trusting`: some of them are to be taken in. None where a scan of the directory is needed to tell.
    """
    if any(map(is_subject, which)):
        return None
    inventory = take_inventory(directory)
    if inventory is None:
        return None
    part = _Part(directory, inventory)
    chosen = part.chosen(which, sha256s)
    if not chosen:
        return None
    snapshot = part.read(part.names(chosen, trusting=trusting))
    return None if snapshot is None else list_store(snapshot)


class _Part:
    """What is known of the directory, and the questions that lead from a certificate to names."""

    def __init__(self, directory: str, inventory: Inventory) -> None:
        self.directory = directory
        self.inventory = inventory
        odd = scan_names(directory, (name for name in inventory.names if name in inventory.odd))
        self.odd = odd.entries
        self.writable = odd.writable
        self.odd_values: Mapping[str, Sequence[bytes]] = {
            name: _values(entry) for name, entry in odd.entries.items()
        }

    def chosen(self, which: Iterable[str], sha256s: Iterable[str]) -> set[bytes]:
        """The certificates (SHA-256) that may be meant; which of them are, selecting from the listing tells."""
        found = set(map(bytes.fromhex, sha256s))
        for one in which:
            for name in (one, one + UNTRUSTED_SUFFIX, *(name for name in self._escaped if visible(name) == one)):
                found.update(value[SHA256] for value in self._certificates_at(name))
            means = _matcher(one)
            if means is not None:
                every = (value for value in self.inventory.values.values() if value[LETTER] == _CERTIFICATE)
                found.update(value[SHA256] for value in every if means(value))
                for values in self.odd_values.values():
                    found.update(value[SHA256] for value in values if means(value))
        return found

    @cached_property
    def _escaped(self) -> Sequence[str]:
        """The names that are not shown as they are."""
        together = "".join(self.inventory.names)
        if together.isascii() and together.isprintable():
            return ()
        return [name for name in self.inventory.names if visible(name) != name]

    def names(self, chosen: Collection[bytes], *, trusting: bool) -> set[str]:
        """The names of the part. More than are needed do no harm."""
        held = self._holders(chosen)
        touched = {other for name in held for other in _with_and_without_suffix(name)}
        certificates = (value for name in held for value in self._certificates_at(name))
        rows = {row for value in certificates if value[SHA256] in chosen for row in _rows(value)}
        rows.update(name[:8] for name in touched if _IN_A_ROW.match(name))
        links: set[str] = set()
        while True:  # until no further link leads to what may be touched
            more = {
                name
                for name, target in self.inventory.targets.items()
                if (target in touched or target[:8] in rows) and name not in links
            }
            if not more:
                break
            links |= more
            aside = {other for name in more for other in _with_and_without_suffix(name)}
            touched |= aside
            rows.update(name[:8] for name in aside if _IN_A_ROW.match(name))
        also = self._witnesses_of_old_hashes() if trusting else {}
        rows.update(row for value in also.values() for row in _rows(value))
        slots = {name for name in self.inventory.names if name[:8] in rows and resembles_link(name)}
        beside = {value[SHA256] for name in slots for value in self._certificates_at(name)}
        part = touched | slots | self.odd.keys() | self._holders((beside | also.keys()) - set(chosen))
        # And where links lead that are replaced, be it to no certificate: all that a step names is in the part.
        part.update([target for name in part if (target := self.inventory.targets.get(name)) is not None])
        return part

    def read(self, names: Collection[str]) -> Snapshot | None:
        """Read those of `names` that are there; None where something is not what the inventory took it for."""
        inventory = self.inventory
        plain = scan_names(self.directory, (name for name in names if name not in inventory.odd))
        entries: dict[str, Entry] = {}
        for name in inventory.names:
            if name in self.odd:
                entries[name] = self.odd[name]
            elif name in names and name not in inventory.odd:
                entry = plain.entries.get(name)
                if entry is None or not _is_still(entry, inventory.value(name)):
                    return None
                entries[name] = entry
        return Snapshot(self.directory, entries, self.writable)

    def _certificates_at(self, name: str) -> Sequence[bytes]:
        if name in self.odd_values:
            return self.odd_values[name]
        value = self.inventory.value(name)
        return (value,) if value is not None and value[LETTER] == _CERTIFICATE else ()

    def _holders(self, chosen: Collection[bytes]) -> set[str]:
        """All names of these certificates, links among them."""
        if not chosen:
            return set()
        found = {name for name, value in self.inventory.values.items() if value[SHA256] in chosen}
        found.update(self.inventory.links_to(frozenset(found)))
        found.update(
            name for name, values in self.odd_values.items() if any(value[SHA256] in chosen for value in values)
        )
        return found

    def _witnesses_of_old_hashes(self) -> dict[bytes, bytes]:
        """The certificates that tell whether trusted ones are linked by their old hashes too (see `toggle`).

        One that plainly is, where there is one; else all that may be.
        """
        unsure: dict[bytes, bytes] = {}
        values, targets = self.inventory.values, self.inventory.targets
        for name, target in targets.items():
            value = values.get(target)
            if value is not None and value[OLD_HASH].hex() == name[:8] and _is_old_link(name, value):
                if name not in values and self._is_found(value):
                    return {value[SHA256]: value}
                unsure[value[SHA256]] = value
        for name in (*values, *self.odd_values):
            if name[8:9] == ".":
                certificates = self._certificates_at(name)
                unsure.update((value[SHA256], value) for value in certificates if _is_old_link(name, value))
        return unsure

    def _is_found(self, value: bytes) -> bool:
        """Whether lookup finds the certificate for sure."""
        row, slot = value[SUBJECT_HASH].hex(), 0
        while (there := self.inventory.value(f"{row}.{slot}")) is not None and there[LETTER] == _CERTIFICATE:
            if there[SHA256] == value[SHA256]:
                return True
            slot += 1
        return False


def _matcher(which: str) -> Callable[[bytes], bool] | None:
    """Whether a certificate is named by `which`, a hash or the beginning of a fingerprint."""
    digits = which.replace(":", "").lower()
    if not is_fingerprint(digits):
        return None
    whole = bytes.fromhex(digits[: len(digits) // 2 * 2])
    hashed = is_hash(which)

    def means(value: bytes) -> bool:
        return (
            (hashed and whole in (value[SUBJECT_HASH], value[OLD_HASH]))
            or (value.startswith(whole, SHA256.start) and value[SHA256].hex().startswith(digits))
            or (value.startswith(whole, SHA1.start) and value[SHA1].hex().startswith(digits))
        )

    return means


def _rows(value: bytes) -> tuple[str, str]:
    return value[SUBJECT_HASH].hex(), value[OLD_HASH].hex()


def _is_old_link(name: str, value: bytes) -> bool:
    """Whether a link of this name finds the certificate by its old hash, and not by its new one."""
    link = LinkName.parse(name)
    return (
        link is not None
        and link.row.kind is LinkKind.CERTIFICATE
        and value[LETTER] == _CERTIFICATE
        and value[OLD_HASH].hex() == link.row.hash != value[SUBJECT_HASH].hex()
    )


def _with_and_without_suffix(name: str) -> tuple[str, str, str]:
    return name, name + UNTRUSTED_SUFFIX, name.removesuffix(UNTRUSTED_SUFFIX)


def _values(entry: Entry) -> Sequence[bytes]:
    content = readable(entry)
    return () if content is None else tuple(_packed(item.certificate) for item in content.certificates)


def _packed(certificate: Certificate) -> bytes:
    sha256, sha1 = bytes.fromhex(certificate.sha256), bytes.fromhex(certificate.sha1)
    return packed(Single("", certificate.subject_hash, certificate.subject.old_hash, sha256, sha1))


def _is_still(entry: Entry, value: bytes | None) -> bool:
    if not isinstance(entry, FileEntry | LinkEntry):
        return False
    found = single_entry(entry)
    return isinstance(found, Single) and not found.remark and packed(found) == value
