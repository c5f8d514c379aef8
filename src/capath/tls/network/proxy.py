"""Proxies that connect us to a host: which one the environment names for it, and how they are written."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote, unquote

from capath.errors import BadInputError, StrEnum
from capath.pki.visible import visible
from capath.tls.network.endpoint import Endpoint, parse_endpoint

# As curl and requests look for them; in small letters first.
PROXY_VARIABLES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
_EXCEPTIONS = ("no_proxy", "NO_PROXY")


class ProxyKind(StrEnum):
    HTTP = "http"
    """CONNECT (RFC 9110 §9.3.6)."""
    HTTPS = "https"
    """CONNECT inside TLS with the proxy."""
    SOCKS5 = "socks5"
    """SOCKS 5 (RFC 1928) to an address that we look up."""
    SOCKS5H = "socks5h"
    """SOCKS 5 to a name that the proxy looks up."""


_PORTS = {ProxyKind.HTTP: 3128, ProxyKind.HTTPS: 443, ProxyKind.SOCKS5: 1080, ProxyKind.SOCKS5H: 1080}


@dataclass(frozen=True, slots=True)
class Proxy:
    """`user` and `password` are empty where the proxy asks for none; `text` never shows them.

    `variable` is what in the environment named it, empty where a person did.
    """

    kind: ProxyKind
    endpoint: Endpoint
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    variable: str = ""

    @property
    def text(self) -> str:
        return f"{self.kind}://{self.endpoint.text}"

    @property
    def told(self) -> str:
        """`text`, and who named it, for people; raw."""
        return f"{self.text} (from {self.variable})" if self.variable else self.text

    @property
    def url(self) -> str:
        """With the password, for programs; not for people."""
        if not self.user:
            return self.text
        return f"{self.kind}://{quote(self.user, safe='')}:{quote(self.password, safe='')}@{self.endpoint.text}"


def parse_proxy(text: str) -> Proxy:
    """Read ``[http|https|socks5|socks5h://][user[:password]@]HOST[:PORT]``. Raises BadInputError."""
    scheme, separator, rest = text.strip().partition("://")
    if not separator:
        scheme, rest = "http", text.strip()
    known = [kind.value for kind in ProxyKind]
    if scheme.lower() not in known:
        kinds = ", ".join(f"{kind}://" for kind in known)
        raise BadInputError(f"{visible(scheme)}://: the URL of a proxy begins with one of {kinds}")
    kind = ProxyKind(scheme.lower())
    credentials, _, where = rest.rstrip("/").rpartition("@")
    user, _, password = credentials.partition(":")
    return Proxy(kind, parse_endpoint(where, default_port=_PORTS[kind]), unquote(user), unquote(password))


def proxy_from_environment(endpoint: Endpoint, environment: Mapping[str, str]) -> Proxy | None:
    """The proxy that HTTPS_PROXY or ALL_PROXY names for `endpoint`, None where NO_PROXY excepts it.

    Raises BadInputError for one that cannot be used.
    """
    variable = next((name for name in PROXY_VARIABLES if environment.get(name)), "")
    exceptions = next((environment[name] for name in _EXCEPTIONS if environment.get(name)), "")
    if not variable or any(_covers(entry.strip().lower(), endpoint) for entry in exceptions.split(",")):
        return None
    try:
        return replace(parse_proxy(environment[variable]), variable=variable)
    except BadInputError as error:
        advice = "unset it, name the host in NO_PROXY, or give capath test --no-proxy"
        raise BadInputError(f"{variable} in the environment: {error}", hint=advice) from None


def _covers(entry: str, endpoint: Endpoint) -> bool:
    """Whether NO_PROXY's `entry` covers the host: ``*``, a domain, an address, its port too, a network."""
    if entry == "*":
        return True
    if endpoint.ip is not None:
        address = ipaddress.ip_address(endpoint.ip)
        if entry in (endpoint.text, f"{endpoint.ip}:{endpoint.port}"):
            return True
        try:
            return address in ipaddress.ip_network(entry.strip("[]"), strict=False)
        except ValueError:
            return False
    domain, colon, port = entry.partition(":")
    domain = domain.removeprefix("*").strip(".")
    if not domain or (colon and port != str(endpoint.port)):
        return False
    return endpoint.host == domain or endpoint.host.endswith(f".{domain}")
