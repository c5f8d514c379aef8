"""Directories in which everything odd stands that a directory can hold, as Hypothesis strategies."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from hypothesis import strategies as st

from capath.pki.load import read_certificate
from tests.change.rows import roots
from tests.minting import Minted, mint_crl, mint_root, pem

FILE_NAMES = (
    *("a.pem", "a.pem", "a.pem", "a.pem.untrusted", "b.crt", "b.crt", "b.crt.untrusted"),
    *("c.pem", "c.pem", "c.CER", "d.pem.untrusted", "a.pem.untrusted", "e.txt", "f", "g.crl"),
    *(
        "line\nfeed.pem",
        "line\\x0afeed.pem",
        "\udcff.pem",
        "capath-constraints.json",
        ".capath-old.tmp",  # not a temporary name of a change
        "0a1b2c3d-x.pem",
    ),
)


@lru_cache(maxsize=1)
def slot_names() -> tuple[str, ...]:
    """Slots of the new and the old hash of both names, of no hash at all, and names that lookup never asks for."""
    subjects = [read_certificate(root.der)[0].subject for root in (roots()[0], roots()[4])]
    new, old = [subject.subject_hash for subject in subjects], [subject.old_hash for subject in subjects]
    slots = [f"{row}.{slot}" for row in new for slot in (0, 0, 1, 1, 2, 3)]
    slots += [f"{row}.{slot}" for row in old for slot in (0, 0, 1)]
    slots += [f"{new[0]}.r0", f"{new[0].upper()}.0", f"{new[0]}.01", "00000000.0", "00000000.1", "ABCDEF01.0"]
    slots += [f"{new[0]}.0.untrusted", f"{new[1]}.0.untrusted", f"{old[0]}.0.untrusted"]
    return tuple(slots)


CONTENTS = (
    *(f"root {number}" for number in range(5)),
    *(f"root {number}" for number in range(5)),
    *(
        "other 0",
        "other 1",
        "key 0",
        "with-crl 1",
        "bundle 2",
        "cut 1",
        "trusted 0",
        "text 3",
        "der 2",
        "crl 0",
        "garbage 0",
        "empty 0",
    ),
)
TARGETS = (
    "outside 0",
    "outside 1",
    "outside 4",
    "missing",
    "absent.pem",
    "itself",
    "parent",
    "name",
    "dot",
    "whole",
)


@lru_cache(maxsize=1)
def others() -> tuple[Minted, ...]:
    """Three roots of further names."""
    return tuple(mint_root(f"Other {number}") for number in range(3))


def content(what: str) -> bytes:
    """The octets of a file."""
    kind, _, number = what.partition(" ")
    root = roots()[int(number)]
    match kind:
        case "root":
            return root.pem
        case "other":
            return others()[int(number)].pem
        case "key":
            return root.pem + root.key_pem
        case "with-crl":
            return root.pem + mint_crl(roots()[0])
        case "bundle":
            return roots()[0].pem + root.pem
        case "cut":
            return root.pem + b"-----BEGIN CERTIFICATE-----\nAAAA\n"
        case "trusted":
            return pem("TRUSTED CERTIFICATE", root.der + b"\x30\x00")
        case "text":
            return b"Certificate:\n    Data:\n" + root.pem
        case "der":
            return root.der
        case "crl":
            return mint_crl(root)
        case "garbage":
            return b"not a certificate\n"
        case "empty":
            return b""
        case _:
            raise AssertionError(what)


@dataclass(frozen=True)
class Odd:
    """`files`: name and content. `links`: name, kind of target, and which of the other names where it is one."""

    files: tuple[tuple[str, str], ...]
    links: tuple[tuple[str, str, int], ...]
    hard: tuple[tuple[str, int], ...]
    others: tuple[tuple[str, str], ...]

    def build(self, directory: Path) -> Path:
        """Make it in `directory`, with files outside beside it. A name that is taken is passed over."""
        directory.mkdir(parents=True)
        for number, root in enumerate(roots()):
            (directory.parent / f"{number}.crt").write_bytes(root.pem)
        names = [name for name, _ in self.files] + [name for name, *_ in self.links]
        for name, what in self.files:
            if not os.path.lexists(directory / name):
                (directory / name).write_bytes(content(what))
        for name, number in self.hard:
            source = directory / self.files[number % len(self.files)][0]
            if not os.path.lexists(directory / name):
                os.link(source, directory / name)
        for name, kind in self.others:
            if not os.path.lexists(directory / name):
                (directory / name).mkdir() if kind == "directory" else os.mkfifo(directory / name)
        for name, target, number in self.links:
            if not os.path.lexists(directory / name):
                (directory / name).symlink_to(self._target(directory, name, target, names[number % len(names)]))
        return directory

    @staticmethod
    def _target(directory: Path, name: str, target: str, other: str) -> str:
        kind, _, number = target.partition(" ")
        return {
            "outside": str(directory.parent / f"{number}.crt"),
            "missing": other + ".untrusted",
            "absent.pem": "absent.pem",
            "itself": name,
            "parent": "..",
            "name": other,
            "dot": f"./{other}",
            "whole": str(directory / other),
        }[kind]


def _odd() -> st.SearchStrategy[Odd]:
    slots = st.sampled_from(slot_names())
    names = st.sampled_from(FILE_NAMES)
    targets = st.sampled_from((*TARGETS, *("name",) * 16))
    return st.builds(
        Odd,
        st.lists(st.tuples(names | names | slots, st.sampled_from(CONTENTS)), min_size=1, max_size=8).map(tuple),
        st.lists(st.tuples(slots | slots | slots | names, targets, st.integers(0, 15)), max_size=10).map(tuple),
        st.lists(st.tuples(slots | names, st.integers(0, 7)), max_size=2).map(tuple),
        st.lists(st.tuples(slots | names, st.sampled_from(("directory", "fifo"))), max_size=1).map(tuple),
    )


ODD = st.deferred(_odd)
