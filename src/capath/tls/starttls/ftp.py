"""FTP (RFC 4217)."""

from __future__ import annotations

from capath.tls.starttls.conversation import Conversation
from capath.tls.starttls.replies import expect


def ftp(talk: Conversation) -> None:
    greeting = expect(talk, 120, 220)
    if greeting.code == 120:  # "ready in a few minutes"; the greeting proper follows
        expect(talk, 220)
    talk.send(b"AUTH TLS\r\n")
    expect(talk, 234)
