"""ManageSieve (RFC 5804 §1.5, §2.2)."""

from __future__ import annotations

import re

from capath.tls.starttls.conversation import Conversation, RefusedError, WrongProtocolError

_LITERAL = re.compile(rb"\{(\d{1,6})\+?\}\Z")
_LINES_LIMIT = 200


def sieve(talk: Conversation) -> None:
    offered = _read_answer(talk)
    if not any(line.upper().startswith(b'"STARTTLS"') for line in offered):
        raise RefusedError("it does not offer STARTTLS")
    talk.send(b"STARTTLS\r\n")
    _read_answer(talk)


def _read_answer(talk: Conversation) -> list[bytes]:
    """Return the lines before the one that begins with OK. Raises RefusedError for NO and BYE."""
    lines: list[bytes] = []
    while True:
        line = talk.read_line()
        while (literal := _LITERAL.search(line)) is not None:  # a string of so many octets, then the line goes on
            line = line[: literal.start()] + talk.read_octets(int(literal[1])) + talk.read_line()
        word = line.split(b" ")[0].upper()
        if word == b"OK":
            return lines
        if word in (b"NO", b"BYE"):
            raise RefusedError(line.decode("utf-8", "surrogateescape"))
        if not line.startswith((b'"', b"{")) or len(lines) > _LINES_LIMIT:
            raise WrongProtocolError(line)
        lines.append(line)
