"""What a list says of roots and PEM cannot carry: kept beside them in one small file.

``capath-constraints.json`` in the directory, by SHA-256, so that it holds whatever a certificate's file is
called and whether it is on or off. `openssl rehash` does not look at it, and neither does any lookup.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from capath.errors import ParseError
from capath.files import read_file
from capath.store.link_name import CONSTRAINTS_FILE

OWN_LIMIT = "capath limit"
"""The source of a limit that the user has set."""
_OCTETS_LIMIT = 8 * 1024 * 1024
_ABOUT = (
    "Limits on roots of this directory that a certificate file cannot carry. Leaves issued after distrust_after "
    "are not to be accepted, older ones are. Kept by capath; OpenSSL does not read it."
)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one root. `source` says whose word the date and the DNS names are."""

    sha256: str
    label: str
    distrust_after: datetime | None
    constraints: str
    source: str


@dataclass(frozen=True, slots=True)
class KeptConstraints:
    """The file's content. `fault`: why it could not be read, empty where it could or is not there."""

    by_sha256: dict[str, Kept] = field(default_factory=dict)
    octets: bytes | None = None
    fault: str = ""


def read_constraints_file(directory: str | os.PathLike[str]) -> KeptConstraints:
    """Read the file of `directory`, never waiting for what is no file."""
    path = os.path.join(directory, CONSTRAINTS_FILE)
    try:
        octets = read_file(path, _OCTETS_LIMIT)
    except FileNotFoundError:
        return KeptConstraints()
    except OSError as error:
        return KeptConstraints(fault=f"it cannot be read: {error.strerror}")
    try:
        return KeptConstraints(parse_constraints(octets), octets)
    except ParseError as error:
        return KeptConstraints(octets=octets, fault=str(error))


def parse_constraints(octets: bytes) -> dict[str, Kept]:
    """Return what the file's content keeps, by SHA-256. Raises ParseError."""
    try:
        roots = json.loads(octets)["roots"]
        return {str(sha256): _kept(str(sha256), value) for sha256, value in roots.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ParseError(f"it is not what capath writes there: {error!r}") from None


def render_constraints(kept: Mapping[str, Kept]) -> bytes:
    """The file's content for `kept`; the same for the same roots, whatever their order."""
    roots = {
        sha256: {
            "label": item.label,
            "distrust_after": None if item.distrust_after is None else f"{item.distrust_after:%Y-%m-%dT%H:%M:%SZ}",
            "constraints": item.constraints,
            "source": item.source,
        }
        for sha256, item in sorted(kept.items())
    }
    text = json.dumps({"schema_version": 1, "about": _ABOUT, "roots": roots}, indent=2, ensure_ascii=False)
    return text.encode() + b"\n"


def _kept(sha256: str, value: dict[str, Any]) -> Kept:
    after = value["distrust_after"]
    date = None if after is None else datetime.strptime(after, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    return Kept(sha256, str(value["label"]), date, str(value["constraints"]), str(value["source"]))
