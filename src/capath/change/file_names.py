"""File names for certificates: for people to know them by, and safe on any file system and command line."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from capath.store.link_name import IN_ASIDE
from capath.store.standing import UNTRUSTED_SUFFIX

_STEM_LENGTH_LIMIT = 80
_UNSAFE = re.compile(r"[^A-Za-z0-9._+-]+")
_LETTERS = str.maketrans(
    {"ı": "i", "ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "æ": "ae"}
)


class FileNames:
    """The names of a directory, and of the files that are going to be in it."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = {_key(name) for name in taken}

    def choose(self, label: str, sha256: str) -> str:
        """Return a free name that ends in ``.pem`` for the certificate that people call `label`.

        ``ISRG Root X1`` becomes ``ISRG_Root_X1.pem``; where that is taken, be it in other capitals or by a file
        that is off, the fingerprint's first digits tell the two apart.
        """
        stem = safe_stem(label)
        candidates = [stem] if stem else []
        candidates.extend("_".join(filter(None, (stem, sha256[:digits]))) for digits in (8, 16, 64))
        name = next(f"{candidate}.pem" for candidate in candidates if _key(f"{candidate}.pem") not in self._taken)
        self._taken.add(_key(name))
        return name


def safe_stem(label: str) -> str:
    """Return `label` in the letters, digits and marks that are safe everywhere; empty where none are left."""
    plain = unicodedata.normalize("NFKD", label.translate(_LETTERS))
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    return _UNSAFE.sub("_", plain)[:_STEM_LENGTH_LIMIT].strip("._-+")


def _key(name: str) -> str:
    return name.removeprefix(IN_ASIDE).removesuffix(UNTRUSTED_SUFFIX).casefold()
