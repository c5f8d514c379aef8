"""How a host is tested."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from capath.errors import StrEnum, assert_never
from capath.tls.handshake.client_identity import ClientIdentity
from capath.tls.network.proxy import Proxy


class CrlCheck(StrEnum):
    """Whose revocation is looked up in the directory's ``.rN`` links (openssl-verification-options(1))."""

    NONE = "none"
    LEAF = "leaf"
    """``-crl_check``: the leaf's alone."""
    ALL = "all"
    """``-crl_check_all``: of every certificate of the chain."""


class Protocol(StrEnum):
    TLS_1_0 = "TLSv1"
    TLS_1_1 = "TLSv1.1"
    TLS_1_2 = "TLSv1.2"
    TLS_1_3 = "TLSv1.3"


class Purpose(StrEnum):
    """What a certificate is to be good for; the names are those of `openssl verify -purpose`."""

    SERVER = "sslserver"
    CLIENT = "sslclient"
    ANY = "any"


class Client(StrEnum):
    """Who verifies. PYOPENSSL always runs: the facts come from it."""

    PYOPENSSL = "pyopenssl"
    REQUESTS = "requests"
    OPENSSL = "openssl"
    CURL = "curl"


class Starttls(StrEnum):
    """Protocols that begin in plain text (`capath.tls.starttls.registry`); the names are those of s_client."""

    SMTP = "smtp"
    LMTP = "lmtp"
    IMAP = "imap"
    POP3 = "pop3"
    FTP = "ftp"
    LDAP = "ldap"
    XMPP = "xmpp"
    XMPP_SERVER = "xmpp-server"
    POSTGRES = "postgres"
    MYSQL = "mysql"
    SIEVE = "sieve"
    NNTP = "nntp"


@dataclass(frozen=True, slots=True)
class VerifyFlags:
    """What OpenSSL is asked to check beyond its defaults (X509_VERIFY_PARAM_set_flags(3))."""

    strict: bool = False
    partial_chain: bool = False
    crl_check: CrlCheck = CrlCheck.NONE

    @property
    def told(self) -> tuple[str, ...]:
        """Each flag that is not the default, in words and by its name in OpenSSL."""
        words = []
        if self.strict:
            words.append("strict (X509_V_FLAG_X509_STRICT)")
        if self.partial_chain:
            words.append("any certificate here is an anchor (X509_V_FLAG_PARTIAL_CHAIN)")
        match self.crl_check:
            case CrlCheck.NONE:
                pass
            case CrlCheck.LEAF:
                words.append("the leaf looked up in CRLs (X509_V_FLAG_CRL_CHECK)")
            case CrlCheck.ALL:
                words.append("every certificate looked up in CRLs (X509_V_FLAG_CRL_CHECK_ALL)")
            case _:
                assert_never(self.crl_check)
        return tuple(words)


@dataclass(frozen=True, slots=True)
class ProbeOptions:
    """`timeout_s` holds for the whole test of one host, each client for itself.

    `servername` is sent as SNI and checked against the certificate instead of the endpoint's host; None means the
    host, an empty text sends no SNI and checks the host. `starttls` is None where TLS begins at once, `proxy`
    where the host is reached directly. `at` (aware) is the time that certificates are judged by, None for the
    present; the other clients know the present alone.
    """

    timeout_s: float = 10.0
    servername: str | None = None
    alpn: tuple[str, ...] = ()
    flags: VerifyFlags = VerifyFlags()
    min_protocol: Protocol | None = None
    max_protocol: Protocol | None = None
    starttls: Starttls | None = None
    identity: ClientIdentity | None = None
    proxy: Proxy | None = None
    at: datetime | None = None
