"""The protocols there are. A new one is one function in a module here, a line in this table, and its name in
`capath.tls.test_options.Starttls`.
"""

from __future__ import annotations

from dataclasses import dataclass

from capath.tls.starttls.ftp import ftp
from capath.tls.starttls.imap import imap
from capath.tls.starttls.ldap import ldap
from capath.tls.starttls.mysql import mysql
from capath.tls.starttls.negotiation import Negotiate
from capath.tls.starttls.nntp import nntp
from capath.tls.starttls.pop3 import pop3
from capath.tls.starttls.postgres import postgres
from capath.tls.starttls.sieve import sieve
from capath.tls.starttls.smtp import lmtp, smtp
from capath.tls.starttls.xmpp import xmpp, xmpp_server
from capath.tls.test_options import Starttls


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
