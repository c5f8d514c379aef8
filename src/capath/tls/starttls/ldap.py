"""LDAP: the StartTLS extended operation (RFC 4511 §4.14)."""

from __future__ import annotations

from capath.tls.network.conversation import TOTAL_OCTETS_LIMIT, Conversation, RefusedError, WrongProtocolError

# LDAPMessage 1: ExtendedRequest with requestName 1.3.6.1.4.1.1466.20037, and no value.
_REQUEST = bytes.fromhex("301d 020101 7718 8016") + b"1.3.6.1.4.1.1466.20037"
_SEQUENCE = 0x30
_INTEGER = 0x02
_ENUMERATED = 0x0A
_OCTET_STRING = 0x04
_EXTENDED_RESPONSE = 0x78
# Result codes that are likely here (RFC 4511 §4.1.9).
_RESULTS = {
    1: "operations error",
    2: "protocol error: it does not support StartTLS",
    10: "referral",
    13: "confidentiality required",
    51: "busy",
    52: "unavailable",
    53: "unwilling to perform",
    80: "other",
}


def ldap(talk: Conversation) -> None:
    talk.send(_REQUEST)
    tag, message = _read_element(talk)
    if tag != _SEQUENCE:
        raise WrongProtocolError(bytes((tag,)) + message)
    parts = _elements(message)
    if len(parts) < 2 or parts[0][0] != _INTEGER or parts[1][0] != _EXTENDED_RESPONSE:
        raise WrongProtocolError(message)
    fields = _elements(parts[1][1])
    if not fields or fields[0][0] != _ENUMERATED:
        raise WrongProtocolError(message)
    code = int.from_bytes(fields[0][1], "big")
    if code:
        said = fields[2][1] if len(fields) > 2 and fields[2][0] == _OCTET_STRING else b""
        words = _RESULTS.get(code, "refused")
        text = said.decode("utf-8", "surrogateescape")
        raise RefusedError(f"result {code} ({words}){': ' if text else ''}{text}")


def _read_element(talk: Conversation) -> tuple[int, bytes]:
    tag, length = talk.read_octets(2)
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4:  # LDAP has only definite lengths (RFC 4511 §5.1), often in four bytes
            raise WrongProtocolError(bytes((tag, length)))
        length = int.from_bytes(talk.read_octets(count), "big")
    if length > TOTAL_OCTETS_LIMIT:
        raise WrongProtocolError(bytes((tag,)))
    return tag, talk.read_octets(length)


def _elements(data: bytes) -> list[tuple[int, bytes]]:
    """The tags and contents of the elements in `data`, as far as they are whole."""
    found = []
    at = 0
    while at + 2 <= len(data):
        tag, length = data[at], data[at + 1]
        at += 2
        if length & 0x80:
            count = length & 0x7F
            length = int.from_bytes(data[at : at + count], "big")
            at += count
        if at + length > len(data):
            break
        found.append((tag, data[at : at + length]))
        at += length
    return found
