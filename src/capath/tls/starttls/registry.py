"""The protocols there are, and how a wire is brought to the point where TLS begins.

A new protocol is one function in a module here, a line in this table, and its name in
`capath.tls.test_options.Starttls`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from capath.tls.failure import Closed, Failure, NotTls, Stage, StarttlsRefused, TimedOut
from capath.tls.network.conversation import Conversation, EndedError, RefusedError, WrongProtocolError
from capath.tls.network.deadline import DeadlinePassedError
from capath.tls.network.wire import FIRST_OCTETS_LIMIT, Wire
from capath.tls.starttls.databases import mysql, postgres
from capath.tls.starttls.ldap import ldap
from capath.tls.starttls.line_protocols import ftp, imap, lmtp, nntp, pop3, sieve, smtp
from capath.tls.starttls.xmpp import xmpp, xmpp_server
from capath.tls.test_options import Starttls

_TLS_RECORDS = (b"\x15\x03", b"\x16\x03")  # an alert, or a handshake message


class Negotiate(Protocol):
    """One protocol's way to TLS."""

    def __call__(self, talk: Conversation) -> None:
        """Speak until the other side waits for a ClientHello.

        Raises RefusedError where it will not have one, WrongProtocolError where it speaks something else,
        EndedError where it hangs up, and whatever the wire raises.
        """


@dataclass(frozen=True, slots=True)
class Way:
    """`port` is the registered one on which the protocol begins in plain text."""

    port: int
    negotiate: Negotiate


WAYS = {
    Starttls.SMTP: Way(25, smtp),
    Starttls.LMTP: Way(24, lmtp),
    Starttls.IMAP: Way(143, imap),
    Starttls.POP3: Way(110, pop3),
    Starttls.FTP: Way(21, ftp),
    Starttls.LDAP: Way(389, ldap),
    Starttls.XMPP: Way(5222, xmpp),
    Starttls.XMPP_SERVER: Way(5269, xmpp_server),
    Starttls.POSTGRES: Way(5432, postgres),
    Starttls.MYSQL: Way(3306, mysql),
    Starttls.SIEVE: Way(4190, sieve),
    Starttls.NNTP: Way(119, nntp),
}


@dataclass(frozen=True, slots=True)
class Ready:
    """The other side waits for a ClientHello.

    `thrown_away` is what it said in plain text after its go-ahead. Nothing of it has reached TLS.
    """

    thrown_away: bytes


def begin_tls(wire: Wire, protocol: Starttls, peer: str) -> Ready | Failure:
    """Speak `protocol` on `wire` with the server called `peer`. Raises CancelledError."""
    talk = Conversation(wire, peer)
    try:
        WAYS[protocol].negotiate(talk)
        return Ready(talk.left_over())
    except RefusedError as error:
        return StarttlsRefused(protocol, str(error))
    except WrongProtocolError as error:
        said = error.said[:200].decode("utf-8", "replace").strip()
        return _wrong(wire, protocol, error.said) or StarttlsRefused(protocol, f"its answer was: {said}")
    except DeadlinePassedError:
        return TimedOut(Stage.STARTTLS)
    except EndedError:
        return _wrong(wire, protocol, b"") or Closed(Stage.STARTTLS, reset=False, tls_seen=False)
    except OSError:
        return Closed(Stage.STARTTLS, reset=True, tls_seen=False)


def _wrong(wire: Wire, protocol: Starttls, said: bytes) -> Failure | None:
    """Tell TLS and other protocols by the first words; None where these were all right."""
    first = wire.first_octets
    if first.startswith(_TLS_RECORDS):
        return StarttlsRefused(protocol, "this port begins with TLS")
    return NotTls(first) if said and first.startswith(said[:FIRST_OCTETS_LIMIT]) else None
