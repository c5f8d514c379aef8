"""How a host is tested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from capath.errors import StrEnum
from capath.tls.handshake.client_identity import ClientIdentity
from capath.tls.network.endpoint import Endpoint
from capath.tls.network.proxy import Proxy, proxy_from_environment

DEFAULT_TIMEOUT_S = 10.0


class CrlCheck(StrEnum):
    """Whose revocation is looked up in the directory's ``.rN`` links (openssl-verification-options(1))."""

    NONE = "none"
    LEAF = "leaf"
    """``-crl_check``: only of the leaf."""
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


@dataclass(frozen=True, slots=True)
class ProbeOptions:
    """`timeout_s` holds for the whole test of one host, each client for itself.

    `servername` is sent as SNI and checked against the certificate instead of the endpoint's host; None means the
    host, an empty text sends no SNI and checks the host. `starttls` is None where TLS begins at once, `proxy`
    where the host is reached directly; `direct` says that this was wanted, whatever the environment names. `at`
    (aware) is the time that certificates are judged by, None for the present; the other clients know the present
    only.
    """

    timeout_s: float = DEFAULT_TIMEOUT_S
    servername: str | None = None
    alpn: tuple[str, ...] = ()
    flags: VerifyFlags = VerifyFlags()
    min_protocol: Protocol | None = None
    max_protocol: Protocol | None = None
    starttls: Starttls | None = None
    identity: ClientIdentity | None = None
    proxy: Proxy | None = None
    direct: bool = False
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HostToTest:
    """A host that somebody wants tested, and how. `note` says what it is for; empty where nobody said."""

    endpoint: Endpoint
    options: ProbeOptions = field(default_factory=ProbeOptions)
    note: str = ""

    @property
    def servername(self) -> str:
        """The SNI that is sent, empty for none."""
        if self.options.servername is not None:
            return self.options.servername
        return "" if self.endpoint.ip else self.endpoint.host

    @property
    def checked_host(self) -> str:
        """The name or the address that the certificate has to be for."""
        return self.options.servername or self.endpoint.ip or self.endpoint.host

    def behind_proxy(self, environment: Mapping[str, str]) -> HostToTest:
        """The same through the proxy that the environment names for it, unless its options say how to reach it.

        Raises BadInputError for one that cannot be used.
        """
        if self.options.proxy is not None or self.options.direct:
            return self
        proxy = proxy_from_environment(self.endpoint, environment)
        return self if proxy is None else replace(self, options=replace(self.options, proxy=proxy))
