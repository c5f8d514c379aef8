"""What a protocol brings along to begin TLS, and how that can end."""

from __future__ import annotations

from typing import Protocol

from capath.tls.starttls.conversation import Conversation


class Negotiate(Protocol):
    """One protocol's way to TLS."""

    def __call__(self, talk: Conversation) -> None:
        """Speak until the other side waits for a ClientHello.

        Raises RefusedError where it will not have one, WrongProtocolError where it speaks something else,
        EndedError where it hangs up, and whatever the wire raises.
        """
