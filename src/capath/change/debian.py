"""The durable change as Debian wants it: `!` lines of ca-certificates.conf, then update-ca-certificates(8)."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from capath.change.operation import AddFile, EditPolicy, Operation, RemoveLink, Symlink
from capath.change.plan import Plan, Refusal
from capath.change.policy import read_policy
from capath.change.rehash import plan_rehash
from capath.change.simulate import simulate
from capath.pki.objects import CertificateObject
from capath.pki.pem import encode_pem
from capath.store.content import Readable, read_content
from capath.store.entry import symlink_target
from capath.store.listing import Listing
from capath.store.owner import DebianTree, Owner, managed_by
from capath.store.snapshot import Snapshot

_COMMAND = "update-ca-certificates"
# The command renames these when it links a certificate, and forgets to when it removes one.
_RENAMED = re.compile(r"[ (),]")


@dataclass(frozen=True, slots=True)
class Deselected:
    """A certificate that ca-certificates.conf names and does not select: its line, without the ``!``."""

    conf_name: str
    certificate: CertificateObject


def deselected(tree: DebianTree) -> tuple[Deselected, ...]:
    """The certificates that are off by policy: no link in the directory tells of them."""
    found = []
    for name in _lines(read_policy(tree.conf) or "", selected=False):
        content = read_content(os.path.join(tree.certs, name))
        if isinstance(content, Readable) and len(content.certificates) == 1:
            found.append(Deselected(name, content.certificates[0]))
    return tuple(found)


def plan_debian(
    listing: Listing, trust: Collection[str], distrust: Collection[str], tree: DebianTree | None = None
) -> Plan:
    """Plan to select and deselect the certificates whose SHA-256 are given. The plan has one step."""
    tree = tree or DebianTree()
    before = read_policy(tree.conf)
    if before is None:
        refusal = Refusal(tree.conf, "it cannot be read", "try as its owner")
        return Plan(listing.snapshot, "nothing", (), (refusal,))
    refusals: list[Refusal] = []
    off = _names_of(listing, distrust, tree, refusals)
    on = _names_to_select(listing, trust, tree, refusals)
    after = _edited(before, on, off)
    effects = _effects(listing.snapshot, on, off, tree)
    operations: tuple[Operation, ...] = ()
    if after != before:
        operations = (_edit(tree, before, after, effects),)
    chosen = [f"select {', '.join(on)}"] * bool(on) + [f"deselect {', '.join(off)}"] * bool(off)
    note = f"{_COMMAND} writes the directory: while it runs, roots can be out of reach for a moment"
    return Plan(
        listing.snapshot, "; ".join(chosen) or "nothing", operations, tuple(refusals), (note,) * bool(operations)
    )


def policy_edit(directory: str, before: str, after: str, effects: tuple[Operation, ...]) -> EditPolicy | None:
    """Return the edit of the policy that decides what is in `directory`; None where there is no such policy.

    Which file that is, and which command is run, follow from where the directory is.
    """
    path, usual = os.path.realpath(directory), DebianTree().etc_certs
    is_usual = path in (usual, os.path.realpath(usual))
    root = "/" if is_usual else path.removesuffix(usual)
    managed = None if root == path else managed_by(path, root)
    if managed is None or managed.owner is not Owner.DEBIAN:
        return None
    return _edit(DebianTree.under(root), before, after, effects)


def _edit(tree: DebianTree, before: str, after: str, effects: tuple[Operation, ...]) -> EditPolicy:
    changed = set(before.split("\n")) ^ set(after.split("\n"))
    fresh = ("--fresh",) if any(_RENAMED.search(line) for line in changed) else ()
    return EditPolicy(tree.conf, before, after, (_COMMAND, *fresh, *tree.options), effects)


def linked_as(conf_name: str) -> str:
    """The name under which the command links a certificate."""
    stem = os.path.basename(conf_name).removesuffix(".crt").replace(" ", "_").replace(",", "_")
    return re.sub(r"[()]", "=", stem) + ".pem"


def _names_of(
    listing: Listing, certificates: Iterable[str], tree: DebianTree, refusals: list[Refusal]
) -> dict[str, str]:
    """The lines of certificates that are linked here, with the links' names."""
    found: dict[str, str] = {}
    for sha256 in sorted(certificates):
        for row in listing.by_sha256.get(sha256, ()):
            target = symlink_target(listing.snapshot.entries[row.file]) or ""
            if target.startswith(tree.certs + "/"):
                found[target.removeprefix(tree.certs + "/")] = row.file
            elif target.startswith(tree.local_certs + "/"):
                remedy = f"rename {target} so that it does not end in .crt, then run {_COMMAND}"
                refusals.append(Refusal(row.file, "it comes from the administrator's own directory", remedy))
            else:
                remedy = f"distrust it by itself: {_COMMAND} leaves it as it is"
                refusals.append(Refusal(row.file, f"{_COMMAND} does not manage it", remedy))
    return found


def _names_to_select(
    listing: Listing, certificates: Collection[str], tree: DebianTree, refusals: list[Refusal]
) -> dict[str, bytes]:
    """The lines of certificates that are off by policy, with what is in their files."""
    known = {item.certificate.certificate.sha256: item for item in deselected(tree)}
    found: dict[str, bytes] = {}
    for sha256 in sorted(certificates):
        rows = listing.by_sha256.get(sha256, ())
        if sha256 in known:
            item = known[sha256]
            found[item.conf_name] = item.certificate.certificate.der
        elif not any(row.trusted for row in rows):
            name = rows[0].file if rows else sha256
            remedy = f"copy it to {tree.local_certs} as NAME.crt, then run {_COMMAND}"
            refusals.append(Refusal(name, f"{tree.conf} does not name it", remedy))
    return found


def _lines(text: str, *, selected: bool) -> list[str]:
    lines = [line for line in text.split("\n") if line and not line.startswith("#")]
    return [line.removeprefix("!") for line in lines if line.startswith("!") != selected]


def _edited(text: str, on: Collection[str], off: Collection[str]) -> str:
    """The same text with those lines, and no others, changed; a name that has none gets one at the end."""
    edited = []
    missing = dict.fromkeys(off)
    for line in text.split("\n"):
        if line in off:
            missing.pop(line, None)
            edited.append(f"!{line}")
        elif line.startswith("!") and line[1:] in on:
            edited.append(line[1:])
        else:
            missing.pop(line.removeprefix("!"), None)
            edited.append(line)
    end = [edited.pop()] if edited and not edited[-1] else []
    return "\n".join([*edited, *(f"!{name}" for name in missing), *end])


def _effects(
    snapshot: Snapshot, on: Mapping[str, bytes], off: Mapping[str, str], tree: DebianTree
) -> tuple[Operation, ...]:
    """What the command will do to the directory, as far as lookup can tell: for the preview alone."""
    links: list[Operation] = []
    for name, file in off.items():
        links.append(RemoveLink(file, Symlink(os.path.join(tree.certs, name), 0)))
    for name, encoded in on.items():
        links.append(AddFile(linked_as(name), encode_pem("CERTIFICATE", encoded)))
    return (*links, *plan_rehash(simulate(snapshot, links)).plan.operations)
