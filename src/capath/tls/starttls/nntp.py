"""NNTP (RFC 4642)."""

from __future__ import annotations

from capath.tls.starttls.conversation import Conversation, RefusedError, WrongProtocolError
from capath.tls.starttls.replies import expect, read_reply

_LINES_LIMIT = 500


def nntp(talk: Conversation) -> None:
    expect(talk, 200, 201)
    talk.send(b"CAPABILITIES\r\n")
    if read_reply(talk).code == 101:  # an older server knows no such command, and may know STARTTLS
        offered = _read_list(talk)
        if not any(line.split()[:1] == [b"STARTTLS"] for line in offered):
            raise RefusedError("it does not offer STARTTLS")
    talk.send(b"STARTTLS\r\n")
    expect(talk, 382)


def _read_list(talk: Conversation) -> list[bytes]:
    """Read up to the line that is a dot (RFC 3977 §3.1.1)."""
    lines: list[bytes] = []
    while (line := talk.read_line()) != b".":
        lines.append(line.upper())
        if len(lines) > _LINES_LIMIT:
            raise WrongProtocolError(line)
    return lines
