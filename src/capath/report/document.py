"""The one JSON object a command prints."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

SCHEMA_VERSION = 1
Json = dict[str, Any]


def document(content: Mapping[str, Any]) -> str:
    """Return `content` as the text of one JSON object with its ``schema_version``."""
    return json.dumps({"schema_version": SCHEMA_VERSION, **content}, indent=2, ensure_ascii=True)


def moment(value: datetime | None) -> str | None:
    """A time as ISO 8601 in UTC, ``2035-06-04T11:04:38Z``."""
    if value is None:
        return None
    return value.astimezone(timezone.utc).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
