"""Through a proxy: HTTP CONNECT (RFC 9110 §9.3.6) and SOCKS 5 (RFC 1928, RFC 1929) on a wire."""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Callable

from capath.errors import assert_never
from capath.tls.failure import Closed, Failure, ProxyRefused, Stage, TimedOut
from capath.tls.network.conversation import Conversation, EndedError, RefusedError, WrongProtocolError
from capath.tls.network.deadline import DeadlinePassedError
from capath.tls.network.endpoint import Endpoint
from capath.tls.network.proxy import Proxy, ProxyKind
from capath.tls.network.wire import Wire

_HEADERS_LIMIT = 200
_NO_PASSWORD, _PASSWORD = 0, 2
_SOCKS_REPLIES = {
    1: "general failure",
    2: "its rules do not allow the connection",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "time to live expired",
    7: "it does not support CONNECT",
    8: "it does not support this type of address",
}


def open_tunnel(
    wire: Wire, proxy: Proxy, target: Endpoint, secure: Callable[[Wire, Endpoint], None]
) -> Failure | None:
    """Let the proxy at the other end of `wire` connect us to `target`; None when it has.

    `secure` begins TLS with a proxy that speaks it itself. What the target said at once is left on the wire.
    Raises CancelledError.
    """
    talk = Conversation(wire, proxy.endpoint.host)
    try:
        match proxy.kind:
            case ProxyKind.HTTP:
                _connect(talk, proxy, target)
            case ProxyKind.HTTPS:
                secure(wire, proxy.endpoint)
                _connect(talk, proxy, target)
            case ProxyKind.SOCKS5 | ProxyKind.SOCKS5H:
                _socks(talk, proxy, target)
            case _:
                assert_never(proxy.kind)
        talk.hand_over()
        return None
    except RefusedError as error:
        return ProxyRefused(proxy.text, str(error))
    except WrongProtocolError as error:
        said = error.said[:200].decode("latin-1")
        return ProxyRefused(proxy.text, f"its answer is not that of a proxy: {said}")
    except DeadlinePassedError:
        return TimedOut(Stage.PROXY)
    except EndedError:
        return Closed(Stage.PROXY, reset=False, tls_seen=False)
    except OSError:
        return Closed(Stage.PROXY, reset=True, tls_seen=False)


def _connect(talk: Conversation, proxy: Proxy, target: Endpoint) -> None:
    head = f"CONNECT {target.text} HTTP/1.1\r\nHost: {target.text}\r\n"
    if proxy.user:
        secret = base64.b64encode(f"{proxy.user}:{proxy.password}".encode()).decode("ascii")
        head += f"Proxy-Authorization: Basic {secret}\r\n"
    talk.send(f"{head}\r\n".encode("ascii"))
    status = talk.read_line()
    version, _, rest = status.partition(b" ")
    if not version.startswith(b"HTTP/1."):
        raise WrongProtocolError(status)
    for _ in range(_HEADERS_LIMIT):
        if not talk.read_line():
            break
    else:
        raise WrongProtocolError(status)
    if not rest.startswith(b"2"):
        raise RefusedError(rest.decode("latin-1"))


def _socks(talk: Conversation, proxy: Proxy, target: Endpoint) -> None:
    talk.send(bytes((5, 2, _NO_PASSWORD, _PASSWORD)) if proxy.user else bytes((5, 1, _NO_PASSWORD)))
    version, method = talk.read_octets(2)
    if version != 5:
        raise WrongProtocolError(bytes((version, method)))
    if method == _PASSWORD and proxy.user:
        user, password = proxy.user.encode()[:255], proxy.password.encode()[:255]
        talk.send(bytes((1, len(user))) + user + bytes((len(password),)) + password)
        if talk.read_octets(2)[1]:
            raise RefusedError("it does not accept this user name and password")
    elif method != _NO_PASSWORD:
        raise RefusedError("it requires a user name and password" if not proxy.user else "it accepts no password")
    talk.send(b"\x05\x01\x00" + _address(target) + target.port.to_bytes(2, "big"))
    _, code, _, kind = talk.read_octets(4)
    if code:
        raise RefusedError(_SOCKS_REPLIES.get(code, f"reply {code}"))
    length = {1: 4, 4: 16}.get(kind) or talk.read_octets(1)[0]
    talk.read_octets(length + 2)


def _address(target: Endpoint) -> bytes:
    if target.ip is None:
        name = target.host.encode("ascii")
        return bytes((3, len(name))) + name
    address = ipaddress.ip_address(target.ip)
    return bytes((1 if address.version == 4 else 4,)) + address.packed
