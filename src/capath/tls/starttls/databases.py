"""MySQL, MariaDB and PostgreSQL: each function is a `capath.tls.starttls.registry.Negotiate`."""

from __future__ import annotations

from capath.tls.network.conversation import Conversation, RefusedError, WrongProtocolError

# MySQL's
_CLIENT_PROTOCOL_41 = 0x0200
_CLIENT_SSL = 0x0800
_CLIENT_SECURE_CONNECTION = 0x8000
_MAX_PACKET = 1 << 24
_UTF8 = 33
_ERROR = 0xFF
_PROTOCOL = 10
# PostgreSQL's
_SSL_REQUEST = bytes.fromhex("00000008 04d2162f")


def mysql(talk: Conversation) -> None:
    """SSLRequest after the handshake packet of the server (their “Connection Phase” documents)."""
    header = talk.read_octets(4)
    length, number = int.from_bytes(header[:3], "little"), header[3]
    if not 1 <= length <= 4096:
        raise WrongProtocolError(header)
    packet = talk.read_octets(length)
    if packet[0] == _ERROR:  # two bytes of code, then the text: "Host … is not allowed to connect"
        raise RefusedError(packet[3:].decode("utf-8", "surrogateescape"))
    _, zero, rest = packet[1:].partition(b"\0")  # the server's version
    if packet[0] != _PROTOCOL or not zero or len(rest) < 15:
        raise WrongProtocolError(header + packet)
    # After the version: 4 bytes of thread, 8 of challenge, a filler, then the lower half of the capabilities.
    if not int.from_bytes(rest[13:15], "little") & _CLIENT_SSL:
        raise RefusedError("it does not offer TLS (CLIENT_SSL is not among its capabilities)")
    capabilities = _CLIENT_PROTOCOL_41 | _CLIENT_SSL | _CLIENT_SECURE_CONNECTION
    request = capabilities.to_bytes(4, "little") + _MAX_PACKET.to_bytes(4, "little") + bytes((_UTF8,)) + bytes(23)
    talk.send(len(request).to_bytes(3, "little") + bytes((number + 1 & 0xFF,)) + request)


def postgres(talk: Conversation) -> None:
    """SSLRequest (its documentation, “Message Formats” and “SSL Session Encryption”)."""
    talk.send(_SSL_REQUEST)
    answer = talk.read_octets(1)
    if answer == b"N":
        raise RefusedError("N: it is not set up for TLS")
    if answer == b"E":
        raise RefusedError(_postgres_error(talk))
    if answer != b"S":
        raise WrongProtocolError(answer)


def _postgres_error(talk: Conversation) -> str:
    """The text of an ErrorResponse; a server before 7.0 sent a text and a zero instead."""
    length = int.from_bytes(talk.read_octets(4), "big")
    if not 4 <= length <= 30_000:
        return "an error without a text"
    fields = talk.read_octets(length - 4).split(b"\0")
    said = next((field[1:] for field in fields if field[:1] == b"M"), b"an error without a text")
    return said.decode("utf-8", "surrogateescape")
