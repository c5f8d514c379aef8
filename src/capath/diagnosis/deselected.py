"""Roots that the owner of a directory keeps out of it: Debian's ``!``, p11-kit's blocklist, certctl's untrusted.

`capath.store.owner` says which tool that is. What it keeps out is in files elsewhere on the system.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from capath.change.debian import deselected
from capath.diagnosis.cause import Cause, CauseFound, Programs, Remedy, RemedyKind, title
from capath.diagnosis.known_roots import KnownRoot, KnownRoots, Place, Shelf, file_shelves
from capath.errors import assert_never
from capath.pki.visible import visible
from capath.store.owner import DebianTree, Owner, managed_by

if TYPE_CHECKING:
    from capath.diagnosis.case import Case

_DIRECTORIES = {
    Owner.DEBIAN: "/etc/ssl/certs",
    Owner.CERTCTL: "/etc/ssl/certs",
    Owner.P11_KIT: "/etc/pki/ca-trust/extracted",
}
_BASIC, _QUOTED = re.compile(r"[.*\[\]^$\\|]"), r"\\\g<0>"  # what sed's basic regular expressions treat as special
_KEPT_OUT = {Owner.P11_KIT: "etc/pki/ca-trust/source/blocklist", Owner.CERTCTL: "etc/ssl/untrusted"}


def deselected_roots(directory: str) -> KnownRoots:
    """The roots that the owner of `directory` deselects, a shelf for each file; none where it has no owner."""
    owned = _owner_of(directory)
    return KnownRoots(() if owned is None else tuple(_shelves(*owned)))


def explain_deselected(case: Case, known: KnownRoot) -> CauseFound:
    """The tool that owns the directory keeps `known` out of it."""
    owner, system = _owner_of(case.snapshot.directory) or (Owner.DEBIAN, "/")
    name, root, file = title(known.certificate.subject), known.certificate, visible(known.argument)
    text = f"“{name}” is deselected: {owner.value} keeps {file} out of the directory."
    match owner:
        case Owner.DEBIAN:
            tree = DebianTree.under(system)
            line = os.path.relpath(known.argument, tree.certs)
            select = f"Remove the ! before {visible(line)} in {visible(tree.conf)}, and run {owner.value}."
            edit = ("sed", "-i", f"\\|^!{_BASIC.sub(_QUOTED, line)}$|s/^!//", tree.conf)
            command = Programs((edit, (owner.value, *tree.options)))
        case Owner.P11_KIT:
            select = f"Move {file} to another directory, and run {owner.value}."
            command = Programs(((owner.value,),))
        case Owner.CERTCTL:
            select = f"Trust “{name}” with {owner.value}."
            command = Programs(((owner.value, "trust", known.argument),))
        case _:
            assert_never(owner)
    return CauseFound(Cause.DESELECTED, text, (Remedy(RemedyKind.TRUST, select, command, root.sha256),))


def _owner_of(directory: str) -> tuple[Owner, str] | None:
    """Which tool owns `directory`, and the root of the system that it is on."""
    path = os.path.realpath(directory)
    for owner, usual in _DIRECTORIES.items():
        before, found, _ = path.partition(usual)
        managed = managed_by(path, before or "/") if found else None
        if managed is not None and managed.owner is owner:
            return owner, before or "/"
    return None


def _shelves(owner: Owner, root: str) -> Iterator[Shelf]:
    if owner is Owner.DEBIAN:
        tree = DebianTree.under(root)
        paths = [os.path.join(tree.certs, item.conf_name) for item in deselected(tree)]
    else:
        place = os.path.join(root, _KEPT_OUT[owner])
        names = sorted(os.listdir(place)) if os.path.isdir(place) else []
        paths = [os.path.join(place, name) for name in names]
    yield from file_shelves(paths, Place.DESELECTED).shelves
