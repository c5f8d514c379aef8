"""Random rows of slots, good and bad, as Hypothesis strategies; and roots of one name to fill them with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from hypothesis import strategies as st

from capath.pki.load import read_certificate
from tests.minting import Minted, mint_crl, mint_root


@lru_cache(maxsize=1)
def roots() -> tuple[Minted, ...]:
    """Four roots of one name, and one of another."""
    return (*(mint_root("Root A") for _ in range(4)), mint_root("Root B"))


@lru_cache(maxsize=1)
def row_hash() -> str:
    return read_certificate(roots()[0].der)[0].subject_hash


def other_hash() -> str:
    return read_certificate(roots()[4].der)[0].subject_hash


@dataclass(frozen=True)
class Recipe:
    """A directory: file names to what is in them, slot names to what stands there."""

    files: tuple[tuple[str, int], ...]
    slots: tuple[str, ...]

    def build(self, directory: Path) -> Path:
        directory.mkdir(parents=True)
        for name, number in self.files:
            (directory / name).parent.mkdir(exist_ok=True)
            (directory / name).write_bytes(roots()[number].pem)
        for slot, what in enumerate(self.slots):
            self._put(directory / f"{row_hash()}.{slot}", what)
        return directory

    def _put(self, path: Path, what: str) -> None:
        kind, _, argument = what.partition(" ")
        match kind:
            case "gap":
                pass
            case "link":
                path.symlink_to(self.files[int(argument) % len(self.files)][0])
            case "dangling":
                path.symlink_to("gone.pem")
            case "file":
                path.write_bytes(roots()[int(argument)].pem)
            case "cut":
                path.write_bytes(roots()[int(argument)].pem + b"-----BEGIN CERTIFICATE-----\nAAAA\n")
            case "bundle":
                path.write_bytes(roots()[0].pem + roots()[int(argument)].pem)
            case "garbage":
                path.write_bytes(b"not a certificate\n")
            case "crl":
                path.write_bytes(mint_crl(roots()[0]))
            case "directory":
                path.mkdir()
            case _:
                raise AssertionError(what)


_NAMES = ("a.pem", "b.crt", "c.pem", "d.cer", "e.pem", "f.PEM", "untrusted/g.pem", "h.txt")
_FILES = st.lists(
    st.tuples(st.sampled_from(_NAMES), st.integers(0, 4)), min_size=1, max_size=6, unique_by=lambda f: f[0]
)
_FILES_OF_EARLIER_VERSIONS = st.lists(
    st.tuples(st.sampled_from((*_NAMES, "i.pem.untrusted", "a.pem.untrusted")), st.integers(0, 4)),
    min_size=1,
    max_size=6,
    unique_by=lambda f: f[0],
)
_GOOD = st.integers(0, 5).map("link {}".format)
_ODD = st.one_of(
    st.sampled_from(["gap", "dangling", "garbage", "crl", "directory", "bundle 1"]),
    st.integers(0, 4).map("file {}".format),
    st.integers(0, 3).map("cut {}".format),
)
RECIPES = st.builds(
    Recipe, _FILES_OF_EARLIER_VERSIONS.map(tuple), st.lists(_GOOD | _GOOD | _GOOD | _ODD, max_size=6).map(tuple)
)
FILES_AND_LINKS = st.builds(
    Recipe,
    _FILES.map(tuple),
    st.lists(_GOOD | _GOOD | st.integers(0, 3).map("file {}".format), max_size=6).map(tuple),
)
