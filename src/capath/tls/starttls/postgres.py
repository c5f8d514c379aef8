"""PostgreSQL: SSLRequest (its documentation, “Message Formats” and “SSL Session Encryption”)."""

from __future__ import annotations

from capath.tls.starttls.conversation import Conversation, RefusedError, WrongProtocolError

_SSL_REQUEST = bytes.fromhex("00000008 04d2162f")


def postgres(talk: Conversation) -> None:
    talk.send(_SSL_REQUEST)
    answer = talk.read_octets(1)
    if answer == b"N":
        raise RefusedError("N: it is not set up for TLS")
    if answer == b"E":
        raise RefusedError(_error(talk))
    if answer != b"S":
        raise WrongProtocolError(answer)


def _error(talk: Conversation) -> str:
    """The text of an ErrorResponse; a server before 7.0 sent a text and a zero instead."""
    length = int.from_bytes(talk.read_octets(4), "big")
    if not 4 <= length <= 30_000:
        return "an error without a text"
    fields = talk.read_octets(length - 4).split(b"\0")
    said = next((field[1:] for field in fields if field[:1] == b"M"), b"an error without a text")
    return said.decode("utf-8", "surrogateescape")
