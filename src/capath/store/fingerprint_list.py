"""A set of roots as text: fingerprints and names, for people to read, keep under version control and apply."""

from __future__ import annotations

import re
from collections.abc import Iterable

from capath.errors import BadInputError
from capath.pki.certificate import Certificate
from capath.pki.visible import visible

_LINE = re.compile(r"([0-9A-Fa-f]{64}|[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){31})(?:\s(.*))?", re.ASCII)
_LINES_LIMIT = 1_000_000
LIST_HEAD = "# One a line: SHA-256, then the name. capath trust DIR --only @FILE applies it."


def render_fingerprints(certificates: Iterable[Certificate], title: str) -> str:
    """One certificate a line, by name: its SHA-256 and what people call it. `title` heads the list."""
    lines = {
        certificate.sha256: f"{certificate.sha256}  {visible(certificate.subject.title)}"
        for certificate in sorted(certificates, key=lambda item: (item.subject.title.casefold(), item.sha256))
    }
    head = f"# {visible(title)}\n{LIST_HEAD}\n"
    return head + "".join(f"{line}\n" for line in lines.values())


def is_fingerprint_list(text: str) -> bool:
    """Whether the first line of `text` that is not empty or a comment begins with a fingerprint."""
    lines = (line.strip() for line in text.removeprefix("\ufeff").splitlines())
    first = next((line for line in lines if line and not line.startswith("#")), "")
    return _LINE.fullmatch(first) is not None


def parse_fingerprints(text: str, where: str) -> dict[str, str]:
    """Return the SHA-256 fingerprints of a list, in order, each with the name that follows it.

    A fingerprint is 64 hex digits, with colons or without. Empty lines and lines that begin with ``#`` are for
    people. Raises BadInputError, with the line, for anything else: misreading a fingerprint would change trust.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines()[:_LINES_LIMIT], 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _LINE.fullmatch(stripped)
        if match is None:
            raise BadInputError(
                f"{visible(where)}: line {number}: this does not begin with a SHA-256 (64 hex digits): "
                f"{visible(stripped[:60])}"
            )
        found[match[1].replace(":", "").lower()] = (match[2] or "").strip()
    return found
