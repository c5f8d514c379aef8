"""IMAP (RFC 9051 §6.2.1)."""

from __future__ import annotations

from capath.tls.starttls.conversation import Conversation, RefusedError, WrongProtocolError

_LINES_LIMIT = 200


def imap(talk: Conversation) -> None:
    greeting = talk.read_line()
    if not greeting.startswith(b"* "):
        raise WrongProtocolError(greeting)
    if greeting[2:4].upper() != b"OK":  # BYE, or PREAUTH, behind which no TLS may begin
        raise RefusedError(_text(greeting))
    offered = _command(talk, b"a1", b"CAPABILITY")
    words = {word for line in offered if line.upper().startswith(b"* CAPABILITY") for word in line.upper().split()}
    if b"STARTTLS" not in words:
        raise RefusedError("it does not offer STARTTLS")
    _command(talk, b"a2", b"STARTTLS")


def _command(talk: Conversation, tag: bytes, command: bytes) -> list[bytes]:
    """Send a command; return the untagged lines that come before its answer, which must be OK."""
    talk.send(tag + b" " + command + b"\r\n")
    untagged: list[bytes] = []
    while not (line := talk.read_line()).lower().startswith(tag + b" "):
        untagged.append(line)
        if not line.startswith(b"* ") or len(untagged) > _LINES_LIMIT:
            raise WrongProtocolError(line)
    if line.split()[1:2] not in ([b"OK"], [b"ok"], [b"Ok"]):
        raise RefusedError(_text(line))
    return untagged


def _text(line: bytes) -> str:
    return line.decode("utf-8", "surrogateescape")
