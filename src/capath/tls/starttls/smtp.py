"""SMTP (RFC 3207) and LMTP, which differs in its greeting alone (RFC 2033)."""

from __future__ import annotations

from capath.tls.starttls.conversation import Conversation, RefusedError
from capath.tls.starttls.replies import expect


def smtp(talk: Conversation) -> None:
    _begin(talk, "EHLO")


def lmtp(talk: Conversation) -> None:
    _begin(talk, "LHLO")


def _begin(talk: Conversation, hello: str) -> None:
    expect(talk, 220)
    # A client that has no name of its own gives its address (RFC 5321 §4.1.4); the machine's name is nobody's.
    address = talk.own_address
    literal = f"IPv6:{address}" if ":" in address else address
    talk.send(f"{hello} [{literal}]\r\n".encode("ascii"))
    offered = expect(talk, 250)
    if not offered.offers("STARTTLS"):
        extensions = ", ".join(line for line in offered.lines[1:] if line) or "nothing"
        raise RefusedError(f"it does not offer STARTTLS; it offers {extensions}")
    talk.send(b"STARTTLS\r\n")
    expect(talk, 220)
