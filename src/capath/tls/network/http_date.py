"""The clock of a web server, by its own word."""

from __future__ import annotations

import email.utils
from datetime import datetime, timezone


def head_request(host: str) -> bytes:
    """What to ask for the Date: a HEAD of ``/``."""
    return f"HEAD / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode("ascii")


def http_date(answer: bytes) -> datetime | None:
    """The Date of an HTTP answer (RFC 9110 §6.6.1), None where there is none."""
    if not answer.startswith(b"HTTP/"):
        return None
    for line in answer.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"date":
            try:
                date = email.utils.parsedate_to_datetime(value.strip().decode("ascii"))
            except (ValueError, TypeError, UnicodeDecodeError):
                return None
            return date if date.tzinfo is not None else date.replace(tzinfo=timezone.utc)
    return None
