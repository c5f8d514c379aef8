"""POP3 (RFC 2595 §4)."""

from __future__ import annotations

from capath.tls.starttls.conversation import Conversation, RefusedError, WrongProtocolError


def pop3(talk: Conversation) -> None:
    _expect_ok(talk)
    talk.send(b"STLS\r\n")
    _expect_ok(talk)


def _expect_ok(talk: Conversation) -> None:
    line = talk.read_line()
    if line.startswith(b"-ERR"):
        raise RefusedError(line.decode("utf-8", "surrogateescape"))
    if not line.startswith(b"+OK"):
        raise WrongProtocolError(line)
