"""Where to connect: ``HOST[:PORT]`` as people type it, made exact, and the addresses behind it."""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from capath.errors import BadInputError
from capath.pki.visible import visible, without_password

HTTPS_PORT = 443
# Schemes that begin with TLS at once, and their registered ports (IANA Service Name Registry).
_TLS_SCHEMES = {
    "https": 443,
    "wss": 443,
    "ldaps": 636,
    "imaps": 993,
    "pop3s": 995,
    "smtps": 465,
    "ftps": 990,
    "nntps": 563,
    "ircs": 6697,
    "mqtts": 8883,
    "amqps": 5671,
    "sips": 5061,
}
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host and a port. `host` is an IP address without brackets, or a name in ASCII (A-labels), lowercase."""

    host: str
    port: int

    @property
    def ip(self) -> str | None:
        """The address without its zone where the host is one (RFC 4007 §11), None where it is a name."""
        address = self.host.partition("%")[0]
        return address if is_address(address) else None

    @property
    def text(self) -> str:
        """``host:port``, an IPv6 address in brackets (RFC 3986 §3.2.2)."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Address:
    """An IP address, its zone for a link-local one (RFC 4007 §11), and a port."""

    ip: str
    port: int
    zone: str = ""

    @property
    def family(self) -> socket.AddressFamily:
        return socket.AF_INET6 if ":" in self.ip else socket.AF_INET

    @property
    def sockaddr(self) -> tuple[str, int] | tuple[str, int, int, int]:
        """What `socket.connect` takes. Raises OSError where there is no interface called `zone`."""
        if self.family == socket.AF_INET:
            return self.ip, self.port
        return self.ip, self.port, 0, _scope_id(self.zone)

    @property
    def text(self) -> str:
        return f"[{self.ip}]:{self.port}" if ":" in self.ip else f"{self.ip}:{self.port}"


def parse_endpoint(text: str, *, default_port: int = HTTPS_PORT) -> Endpoint:
    """Read ``HOST``, ``HOST:PORT``, ``[IPv6]:PORT``, a bare IPv6 address, or a URL whose scheme begins with TLS.

    Raises BadInputError, which says what is wrong and what would do.
    """
    stripped = text.strip()
    if not stripped:
        raise BadInputError("a host is missing", hint="name one, for example example.org or example.org:8443")
    if "://" in stripped:
        host, port_text, default_port = _split_url(stripped)
    else:
        host, port_text = _split(stripped)
    return Endpoint(_host(host, text), _port(port_text, text) if port_text is not None else default_port)


def _split_url(text: str) -> tuple[str, str | None, int]:
    scheme = text.partition("://")[0].lower()
    if scheme not in _TLS_SCHEMES:
        advice = "give HOST:PORT, with --starttls where the protocol begins in plain text"
        raise _wrong(text, f"{visible(scheme)}:// does not begin with TLS", hint=advice)
    try:
        netloc = urlsplit(text).netloc
    except ValueError:
        raise _wrong(text, "this is not a URL", hint="give HOST:PORT") from None
    host, port_text = _split(netloc.rpartition("@")[2])
    return host, port_text, _TLS_SCHEMES[scheme]


def _split(text: str) -> tuple[str, str | None]:
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise _wrong(text, "the brackets do not close", hint="write [IPv6]:PORT")
        if ":" not in host:
            raise _wrong(text, "brackets are for IPv6 addresses", hint="write HOST:PORT")
        return host, rest[1:] if rest else None
    if text.count(":") > 1:
        return text, None
    host, colon, port_text = text.partition(":")
    return host, port_text if colon else None


def _port(port_text: str, text: str) -> int:
    if port_text.isascii() and port_text.isdigit() and len(port_text) <= 9 and 1 <= int(port_text) <= 65535:
        return int(port_text)
    shown = "not a number" if "@" in text else visible(port_text) or "nothing"  # it could be a password
    raise _wrong(text, f"the port is {shown}", hint="it must be a number from 1 to 65535")


def _host(host: str, text: str) -> str:
    address, percent, zone = host.partition("%")
    if is_address(address):
        if percent and (":" not in address or not zone.isalnum()):
            raise _wrong(text, "the zone of the address is not an interface's name")
        return host.lower()
    if "@" in host:
        raise _wrong(text, "a host has no user name", hint="leave out what is before the @")
    if ":" in host:
        raise _wrong(text, "this is not an IPv6 address", hint="write HOST:PORT or [IPv6]:PORT")
    name = host.removesuffix(".")
    if not name.isascii():
        name = _to_ascii(name, text)
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise _wrong(text, f"{visible(host) or 'nothing'} is not a host name")
    if labels[-1].isdigit():
        raise _wrong(text, f"{visible(host)} is neither an IPv4 address nor a host name")
    return name.lower()


def _to_ascii(name: str, text: str) -> str:
    import idna

    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise _wrong(text, f"this is not an international host name ({visible(str(error))})") from None


def _wrong(text: str, reason: str, *, hint: str = "") -> BadInputError:
    return BadInputError(f"{without_password(text)}: {reason}", hint=hint)


@lru_cache(maxsize=4096)
def is_address(text: str) -> bool:
    """Whether `text` is an IP address, without brackets or a zone."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def _scope_id(zone: str) -> int:
    if not zone:
        return 0
    return int(zone) if zone.isdigit() else socket.if_nametoindex(zone)
