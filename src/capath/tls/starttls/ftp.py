"""FTP (RFC 4217)."""

from __future__ import annotations

from capath.tls.starttls.conversation import Conversation
from capath.tls.starttls.replies import expect, read_reply


def ftp(talk: Conversation) -> None:
    if read_reply(talk).code == 120:  # "ready in a few minutes"; the greeting proper follows
        expect(talk, 220)
    talk.send(b"AUTH TLS\r\n")
    expect(talk, 234)
