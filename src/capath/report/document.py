"""The one JSON object a command prints."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

SCHEMA_VERSION = 1
Json = dict[str, Any]
_INDENTED_LIMIT = 20


def document(content: Mapping[str, Any]) -> str:
    """Return `content` as the text of one JSON object with its ``schema_version``."""
    return json_text({"schema_version": SCHEMA_VERSION, **content})


def json_text(content: Mapping[str, Any]) -> str:
    """Return `content` as indented JSON in ASCII."""
    return _printable(json.dumps(content, indent=2, ensure_ascii=True))


def element(item: Json) -> str:
    """Return `item` as one line of JSON, for `document_of_elements`."""
    return _printable(json.dumps(item, ensure_ascii=True))


def _printable(text: str) -> str:
    """JSON in ASCII, in which DEL is the one character that does not print. It can only stand in a string."""
    return text.replace("\x7f", "\\u007f")


def document_of_elements(content: Mapping[str, Any], name: str, elements: Sequence[str]) -> Iterator[str]:
    """The same with ``name``, a list of elements, in pieces. Where these are many, each stays one line."""
    if len(elements) <= _INDENTED_LIMIT:
        yield document({**content, name: [json.loads(line) for line in elements]})
        return
    yield document(content).removesuffix("\n}")
    yield f',\n  "{name}": [\n'
    for number, line in enumerate(elements):
        yield f",\n{line}" if number else line
    yield "\n  ]\n}"


def moment(value: datetime | None) -> str | None:
    """A time as ISO 8601 in UTC, ``2035-06-04T11:04:38Z``."""
    if value is None:
        return None
    return value.astimezone(timezone.utc).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
