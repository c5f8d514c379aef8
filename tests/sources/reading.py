"""What the tests of sources share: minted certificates in the shapes that real files have."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from capath.sources.item import Item, Password, Refused, Source

REAL_DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
needs_real_data = pytest.mark.skipif(
    not REAL_DATA.is_dir(), reason="the real files are not there (../shared/data)"
)


def nobody(_: str) -> bytes | None:
    """There is no one to ask for a password."""
    return None


def password_is(password: bytes) -> Password:
    return lambda _: password


def split(source: Source) -> tuple[list[Item], list[Refused]]:
    """What a source gives, sorted into certificates and refusals."""
    found = list(source.read())
    items = [item for item in found if isinstance(item, Item)]
    return items, [refused for refused in found if isinstance(refused, Refused)]


def fingerprints(items: Iterable[Item]) -> list[str]:
    return [item.certificate.sha256 for item in items]


def octal(data: bytes) -> str:
    """Octets as certdata.txt writes them, sixteen a line."""
    lines = ["".join(f"\\{octet:03o}" for octet in data[at : at + 16]) for at in range(0, len(data), 16)]
    return "\n".join(["MULTILINE_OCTAL", *lines, "END"])
