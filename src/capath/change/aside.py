"""Where the files of distrusted certificates go, and how they come back: ``untrusted/NAME``.

No program looks into a subdirectory of a store, so what is there is distrusted for all of them. A symbolic link
that is moved still leads to its file, and coming back is the exact inverse.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping

from capath.change.operation import (
    Absent,
    MakeLink,
    Operation,
    RemoveLink,
    RenameFile,
    ReplaceFile,
    RestoreFile,
    Symlink,
)
from capath.store.entry import Entry, FileEntry, LinkEntry, symlink_target
from capath.store.link_name import ASIDE, IN_ASIDE, resembles_link
from capath.store.snapshot import Snapshot
from capath.store.standing import UNTRUSTED_SUFFIX

_LONGEST = 255 + len(IN_ASIDE)
_NUMBERED = re.compile(r"(.+)~[0-9]+(\.[^.]*)?", re.DOTALL)


def is_off_by_suffix(name: str) -> bool:
    """Whether earlier versions of capath named it so: off for OpenSSL, and not for others."""
    return name.endswith(UNTRUSTED_SUFFIX) and "/" not in name


class Places:
    """The places that files move to in one plan: each is free, and none is given twice."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._taken = set(snapshot.entries)

    def aside(self, name: str) -> str:
        """A free place in the subdirectory for the file `name`: ``a.pem``, else ``a~2.pem``, …"""
        name = name.removesuffix(UNTRUSTED_SUFFIX)
        place, number = IN_ASIDE + name, 1
        stem, dot, extension = name.rpartition(".") if "." in name else (name, "", "")
        while place in self._taken or len(os.fsencode(place)) > _LONGEST:
            number, stem = (number + 1, stem) if place in self._taken else (number, stem[:-1])
            place = f"{IN_ASIDE}{stem}~{number}{dot}{extension}"
        self._taken.add(place)
        return place

    def take(self, name: str) -> bool:
        """Whether `name` was free; it is taken from now on."""
        is_free = name not in self._taken
        self._taken.add(name)
        return is_free


def name_outside(place: str, once: Collection[str]) -> str:
    """The name that a distrusted file comes back under. `once` are the link targets that its row had."""
    if not place.startswith(IN_ASIDE):
        return place if place in once else place.removesuffix(UNTRUSTED_SUFFIX)
    name = place.removeprefix(IN_ASIDE)
    numbered = _NUMBERED.fullmatch(name)
    if numbered is not None and name not in once:
        before = numbered[1] + (numbered[2] or "")
        if before in once or resembles_link(before):
            return before
    return name


def left_by_suffix(snapshot: Snapshot) -> list[str]:
    """The files and links that are off by their suffix alone, hold a certificate or CRL, and are not linked to."""
    linked = {symlink_target(entry) for slots in snapshot.rows.values() for entry in slots.values()}
    return [
        name
        for name in snapshot.names
        if is_off_by_suffix(name) and name not in linked and _holds_something(snapshot.entries[name])
    ]


def move(snapshot: Snapshot, place: str, new_place: str, moves: Mapping[str, str]) -> list[Operation]:
    """The steps that move what is at `place`. `moves` is all that moves in the same plan: old place to new."""
    entry = snapshot.entries[place]
    target = symlink_target(entry)
    if target is None or target.startswith("/"):
        return [RenameFile(place, new_place)]
    leads_to = snapshot.place(place, target)
    leads_to = moves.get(leads_to, leads_to)
    if snapshot.place(new_place, target) == leads_to:
        return [RenameFile(place, new_place)]
    was = Symlink(target, getattr(entry, "mtime_ns", 0))
    new_target = _new_target(place, new_place, target, leads_to if leads_to in moves.values() else "")
    return [MakeLink(new_place, new_target, Absent(), was.mtime_ns), RemoveLink(place, was)]


def moved_step(snapshot: Snapshot, step: Operation, moves: Mapping[str, str]) -> list[Operation]:
    """The same for a step of a row of slots, where what moves may be a link instead of a file."""
    match step:
        case RenameFile(name=name, new_name=new_name):
            return move(snapshot, name, new_name, moves)
        case ReplaceFile(name=name, new_name=place, target=target, mtime_ns=mtime_ns):
            *made, last = move(snapshot, name, place, moves)
            if isinstance(last, RemoveLink):
                return [*made, MakeLink(name, target, last.was, mtime_ns)]
        case RestoreFile(name=name, file_name=place, was=was):
            first, *rest = move(snapshot, place, name, moves)
            if isinstance(first, MakeLink):
                return [MakeLink(name, first.target, was, first.mtime_ns), *rest]
        case _:
            pass
    return [step]


def _new_target(place: str, new_place: str, target: str, moved_to: str) -> str:
    """The text that leads from `new_place` to where `target` led from `place`, or to where that has `moved_to`."""
    goes_in = new_place.startswith(IN_ASIDE)
    if moved_to:
        is_in = moved_to.startswith(IN_ASIDE)
        return f"../{moved_to}" if goes_in and not is_in else moved_to.removeprefix(IN_ASIDE if goes_in else "")
    if goes_in == place.startswith(IN_ASIDE):
        return target
    if goes_in:
        return f"../{target}"
    return target[3:] if target.startswith("../") else f"{ASIDE}/{target}"


def _holds_something(entry: Entry) -> bool:
    if not isinstance(entry, FileEntry | LinkEntry):
        return False
    if entry.file.held is not None:
        return True
    content = entry.file.content
    return bool(getattr(content, "certificates", ())) or bool(getattr(content, "crls", ()))
