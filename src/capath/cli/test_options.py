"""The options of ``capath test``: what they are, and how hosts and their tests are made of them."""

from __future__ import annotations

import argparse
import os
import sys

from capath.errors import BadInputError
from capath.pki.visible import visible
from capath.tls.handshake.client_identity import ClientIdentity, read_client_identity
from capath.tls.many.host_list import parse_host, parse_host_list, parse_starttls
from capath.tls.many.host_to_test import HostToTest
from capath.tls.network.endpoint import parse_endpoint
from capath.tls.network.proxy import parse_proxy
from capath.tls.test_options import Client, CrlCheck, ProbeOptions, Protocol, Starttls, VerifyFlags

_JOBS_LIMIT = 256
_LIST_OCTETS_LIMIT = 16 * 1024 * 1024


def add_test_options(parser: argparse.ArgumentParser) -> None:
    """Add what says how a host is tested."""
    parser.add_argument(
        "--client",
        metavar="LIST",
        default="pyopenssl,requests",
        help=f"clients to test with: {', '.join(Client)} (default: %(default)s)",
    )
    parser.add_argument("--starttls", metavar="PROTO", help=f"start in plain text with: {', '.join(Starttls)}")
    names = parser.add_mutually_exclusive_group()
    names.add_argument("--servername", metavar="NAME", help="send and check this name; empty sends none")
    names.add_argument("--no-sni", action="store_true", help="send no name")
    parser.add_argument(
        "--timeout", metavar="S", type=_seconds, default=10.0, help="for one host and one client (default: 10)"
    )
    parser.add_argument("--jobs", metavar="N", type=_jobs, default=8, help="hosts at once (default: 8)")
    parser.add_argument("--alpn", metavar="LIST", default="", help="protocols to offer: h2,http/1.1")
    protocols = [protocol.value for protocol in Protocol]
    parser.add_argument("--min-protocol", metavar="V", choices=protocols, help=", ".join(protocols))
    parser.add_argument("--max-protocol", metavar="V", choices=protocols)
    parser.add_argument("--cert", metavar="FILE", help="a client certificate in PEM, for servers that request one")
    parser.add_argument("--key", metavar="FILE", help="its private key in PEM (default: in the same file)")
    proxies = parser.add_mutually_exclusive_group()
    proxies.add_argument(
        "--proxy", metavar="URL", help="http://, https://, socks5:// or socks5h:// (default: HTTPS_PROXY)"
    )
    proxies.add_argument("--no-proxy", action="store_true", help="connect directly and ignore the environment")
    add_verify_flags(parser)


def add_verify_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that OpenSSL's verification takes (openssl-verification-options(1))."""
    parser.add_argument("--strict", action="store_true", help="as Python 3.13 does: X509_V_FLAG_X509_STRICT")
    parser.add_argument(
        "--partial-chain", action="store_true", help="accept any certificate of DIR as trust anchor"
    )
    parser.add_argument("--crl-check", action="store_true", help="check the leaf against the CRLs of DIR")
    parser.add_argument("--crl-check-all", action="store_true", help="check every certificate of the chain")


def verify_flags(arguments: argparse.Namespace) -> VerifyFlags:
    check = CrlCheck.LEAF if arguments.crl_check else CrlCheck.NONE
    if arguments.crl_check_all:
        check = CrlCheck.ALL
    return VerifyFlags(arguments.strict, arguments.partial_chain, check)


def hosts_to_test(arguments: argparse.Namespace) -> list[HostToTest]:
    """The hosts that are named, each with its options. Raises BadInputError."""
    options = _options(arguments)
    hosts = [parse_host(text, options) for text in arguments.hosts if text.strip()]
    if arguments.file:
        try:
            hosts += parse_host_list(_read_list(arguments.file), options)
        except BadInputError as error:
            raise BadInputError(f"{visible(arguments.file)}: {error}") from None
    if not hosts:
        raise BadInputError("no host is named; give HOST[:PORT], or --file FILE with one a line")
    return hosts if arguments.proxy or arguments.no_proxy else [host.behind_proxy(os.environ) for host in hosts]


def clients_to_ask(text: str) -> list[Client]:
    """Read the list of ``--client``. Raises BadInputError."""
    known = [client.value for client in Client]
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in known:
            raise BadInputError(f"{visible(name)}: there is no such client; the clients are {', '.join(known)}")
    return [Client(name) for name in dict.fromkeys(names)]


def _read_list(path: str) -> str:
    try:
        if path == "-":
            return sys.stdin.read(_LIST_OCTETS_LIMIT)
        with open(path, encoding="utf-8") as file:
            return file.read(_LIST_OCTETS_LIMIT)
    except OSError as error:
        raise BadInputError(f"the list of hosts cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadInputError("this is not a list of hosts: it is not text") from None


def _options(arguments: argparse.Namespace) -> ProbeOptions:
    name = "" if arguments.no_sni else arguments.servername
    lowest = Protocol(arguments.min_protocol) if arguments.min_protocol else None
    highest = Protocol(arguments.max_protocol) if arguments.max_protocol else None
    order = list(Protocol)
    if lowest is not None and highest is not None and order.index(lowest) > order.index(highest):
        raise BadInputError(f"--min-protocol {lowest} is above --max-protocol {highest}")
    return ProbeOptions(
        timeout_s=arguments.timeout,
        servername=parse_endpoint(name).host if name else name,
        alpn=_alpn(arguments.alpn),
        flags=verify_flags(arguments),
        min_protocol=lowest,
        max_protocol=highest,
        starttls=parse_starttls(arguments.starttls) if arguments.starttls else None,
        identity=_identity(arguments),
        proxy=parse_proxy(arguments.proxy) if arguments.proxy else None,
    )


def _alpn(text: str) -> tuple[str, ...]:
    names = tuple(part.strip() for part in text.split(",") if part.strip())
    for name in names:
        if not name.isascii() or len(name) > 255:
            raise BadInputError(
                f"--alpn {visible(name)}: a protocol has 1 to 255 ASCII characters (RFC 7301 §3.1)"
            )
    return names


def _identity(arguments: argparse.Namespace) -> ClientIdentity | None:
    if not arguments.cert:
        if arguments.key:
            raise BadInputError("--key goes with --cert")
        return None
    key = arguments.key or arguments.cert
    return read_client_identity(arguments.cert, key, lambda: _ask_password(key))


def _ask_password(path: str) -> str:
    import getpass

    if not sys.stdin.isatty():
        raise BadInputError(f"{visible(path)}: the key has a password, which can only be asked for on a terminal")
    return getpass.getpass(f"Password of {visible(path)}: ")


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 86400:
        raise argparse.ArgumentTypeError("it must be a number of seconds above 0, a day at most")
    return value


def _jobs(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _JOBS_LIMIT:
        raise argparse.ArgumentTypeError(f"it must be a number from 1 to {_JOBS_LIMIT}")
    return int(text)
