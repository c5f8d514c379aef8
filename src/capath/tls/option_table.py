"""The one table of the options of a test.

Each row has the flags of `capath test`, how they are read, and how every client says the same: a retest with
`capath`, `openssl s_client`, curl, requests and Python's ssl, and our own context. A client that has no words for
an option that is set is noted beside its command (`unsaid`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from capath.errors import BadInputError
from capath.pki.visible import visible
from capath.tls.handshake.client_identity import read_client_identity
from capath.tls.network.endpoint import parse_endpoint
from capath.tls.network.proxy import ProxyKind, parse_proxy
from capath.tls.test_options import DEFAULT_TIMEOUT_S, HostToTest, ProbeOptions, Protocol, Starttls
from capath.tls.verify_flags import VERIFY_FLAGS, Flag, VerifyFlagRow, read_verify_flags, rows_set

if TYPE_CHECKING:
    from OpenSSL import SSL


PROXY_PASSWORD_VARIABLE = "CAPATH_PROXY_PASSWORD"  # noqa: S105 (arguments are there for all to read)
_CURL_VERSIONS = {protocol: protocol.value.removeprefix("TLSv") for protocol in Protocol}
_CURL_VERSIONS[Protocol.TLS_1_0] = "1.0"
_BEFORE_1_2 = frozenset({Protocol.TLS_1_0, Protocol.TLS_1_1})
_LEVEL_0 = "DEFAULT@SECLEVEL=0"  # above it OpenSSL has no TLS before 1.2

Values = Mapping[str, Any]
"""What was parsed of a command line, by destination."""
AskPassword = Callable[[str], str]
"""Takes the path of a key's file; returns its password."""
Column = Literal["s_client", "curl", "requests", "ssl"]
CurlSetting = tuple[str, str]
"""A long option of curl without its dashes, and its value; empty for a switch."""


def _none(_: HostToTest) -> list[Any]:
    return []


@dataclass(frozen=True, slots=True)
class TestOption:
    """One thing that a test can be told. None for a client, or from its column: it has no words for that.

    `fields` are those of ProbeOptions, `flags` exclude each other where they are `exclusive`. `read` gives the
    fields' values; it raises BadInputError. `capath` and `s_client` are arguments, `requests` keyword arguments,
    `ssl` lines on a `context`. `apply` sets our own context.
    """

    __test__ = False  # not a test of pytest's

    fields: tuple[str, ...]
    flags: tuple[Flag, ...]
    read: Callable[[Values, AskPassword], Mapping[str, object]]
    capath: Callable[[HostToTest], list[str]]
    s_client: Callable[[HostToTest], list[str] | None] = _none
    curl: Callable[[HostToTest], list[CurlSetting] | None] | None = None
    requests: Callable[[HostToTest], list[str] | None] | None = None
    ssl: Callable[[HostToTest], list[str] | None] | None = None
    apply: Callable[[SSL.Context, ProbeOptions], None] | None = None
    exclusive: bool = False


def _valued(flag: str, value: str | None) -> list[str]:
    return [] if value is None else [flag, value]


def _one(
    dest: str, field: str, read: Callable[[str], object]
) -> Callable[[Values, AskPassword], Mapping[str, object]]:
    """Reads one flag, where it was given."""

    def reading(values: Values, _: AskPassword) -> Mapping[str, object]:
        return {field: read(values[dest])} if values[dest] else {}

    return reading


def _read_seconds(text: str) -> float:
    """Raises BadInputError."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 86400:
        raise BadInputError("--timeout must be a number of seconds above 0, a day at most")
    return value


def _timeout_capath(asked: HostToTest) -> list[str]:
    seconds = asked.options.timeout_s
    return [] if seconds == DEFAULT_TIMEOUT_S else ["--timeout", f"{seconds:.10g}"]


def parse_starttls(text: str) -> Starttls:
    """Raises BadInputError, which lists the protocols."""
    try:
        return Starttls(text.lower())
    except ValueError:
        known = ", ".join(protocol.value for protocol in Starttls)
        raise BadInputError(f"{visible(text)}: there is no such protocol; the protocols are {known}") from None


def _starttls_s_client(asked: HostToTest) -> list[str]:
    protocol = asked.options.starttls
    host = ["-xmpphost", asked.checked_host] if protocol in (Starttls.XMPP, Starttls.XMPP_SERVER) else []
    return [*_valued("-starttls", protocol), *host]


def _read_servername(values: Values, _: AskPassword) -> Mapping[str, object]:
    name = "" if values["no_sni"] else values["servername"]
    return {"servername": parse_endpoint(name).host if name else name}


def _servername_capath(asked: HostToTest) -> list[str]:
    name = asked.options.servername
    return ["--no-sni"] if name == "" else _valued("--servername", name)


def _servername_s_client(asked: HostToTest) -> list[str]:
    sent = ["-servername", asked.servername] if asked.servername else ["-noservername"]
    checked = "-verify_ip" if asked.checked_host == asked.endpoint.ip else "-verify_hostname"
    return [*sent, checked, asked.checked_host]


def _servername_curl(asked: HostToTest) -> list[CurlSetting]:
    own = asked.checked_host in (asked.endpoint.host, asked.endpoint.ip)
    return [] if own else [("connect-to", f"::{asked.endpoint.text}")]


def _read_alpn(text: str) -> tuple[str, ...]:
    names = tuple(part.strip() for part in text.split(",") if part.strip())
    for name in names:
        if not name.isascii() or len(name) > 255:
            raise BadInputError(
                f"--alpn {visible(name)}: a protocol has 1 to 255 ASCII characters (RFC 7301 §3.1)"
            )
    return names


def _apply_alpn(context: SSL.Context, options: ProbeOptions) -> None:
    if options.alpn:
        context.set_alpn_protos([name.encode("ascii") for name in options.alpn])


def _read_protocols(values: Values, _: AskPassword) -> Mapping[str, object]:
    bounds = {
        field: Protocol(values[field]) for field in ("min_protocol", "max_protocol") if values[field] is not None
    }
    order = list(Protocol)
    if len(bounds) == 2 and order.index(bounds["min_protocol"]) > order.index(bounds["max_protocol"]):
        raise BadInputError(
            f"--min-protocol {bounds['min_protocol']} is above --max-protocol {bounds['max_protocol']}"
        )
    return bounds


def _bounds(options: ProbeOptions) -> tuple[Protocol | None, Protocol | None]:
    return options.min_protocol, options.max_protocol


def _needs_level_0(options: ProbeOptions) -> bool:
    return not _BEFORE_1_2.isdisjoint(_bounds(options))


def _protocols_s_client(asked: HostToTest) -> list[str]:
    lowest, highest = _bounds(asked.options)
    level = ["-cipher", _LEVEL_0] if _needs_level_0(asked.options) else []
    return [*_valued("-min_protocol", lowest), *_valued("-max_protocol", highest), *level]


def _protocols_curl(asked: HostToTest) -> list[CurlSetting]:
    lowest, highest = _bounds(asked.options)
    settings = [] if lowest is None else [(f"tlsv{_CURL_VERSIONS[lowest]}", "")]
    settings += [] if highest is None else [("tls-max", _CURL_VERSIONS[highest])]
    return [*settings, ("ciphers", _LEVEL_0)] if _needs_level_0(asked.options) else settings


def _protocols_ssl(asked: HostToTest) -> list[str]:
    named = zip(("minimum", "maximum"), _bounds(asked.options), strict=True)
    lines = [
        f"context.{bound}_version = ssl.TLSVersion.{protocol.value.replace('.', '_')}"
        for bound, protocol in named
        if protocol is not None
    ]
    return [*lines, f"context.set_ciphers({_LEVEL_0!r})"] if _needs_level_0(asked.options) else lines


def _apply_protocols(context: SSL.Context, options: ProbeOptions) -> None:
    from OpenSSL import SSL

    lowest, highest = _bounds(options)
    if lowest is not None:
        context.set_min_proto_version(getattr(SSL, f"{lowest.name.replace('_', '', 1)}_VERSION"))
    if highest is not None:
        context.set_max_proto_version(getattr(SSL, f"{highest.name.replace('_', '', 1)}_VERSION"))
    if _needs_level_0(options):
        context.set_cipher_list(_LEVEL_0.encode())


def _read_identity(values: Values, ask_password: AskPassword) -> Mapping[str, object]:
    certificate, key = values["cert"], values["key"]
    if not certificate:
        if key:
            raise BadInputError("--key goes with --cert")
        return {}
    file = key or certificate
    return {"identity": read_client_identity(certificate, file, lambda: ask_password(file))}


def _files(asked: HostToTest) -> tuple[str, ...]:
    """The certificate's file and the key's; empty where there is no identity."""
    identity = asked.options.identity
    return () if identity is None else (identity.certificate_file, identity.key_file)


def _identity_s_client(asked: HostToTest) -> list[str]:
    files = _files(asked)
    return ["-cert", files[0], "-cert_chain", files[0], "-key", files[1]] if files else []


def _apply_identity(context: SSL.Context, options: ProbeOptions) -> None:
    identity = options.identity
    if identity is None:
        return
    context.use_certificate(identity.chain[0])
    for certificate in identity.chain[1:]:
        context.add_extra_chain_cert(certificate)
    context.use_privatekey(identity.key)


def _read_proxy(values: Values, _: AskPassword) -> Mapping[str, object]:
    return {"proxy": parse_proxy(values["proxy"]) if values["proxy"] else None, "direct": values["no_proxy"]}


def _proxy_capath(asked: HostToTest) -> list[str]:
    """One that the environment named is found there again, with its password."""
    proxy = asked.options.proxy
    if asked.options.direct:
        return ["--no-proxy"]
    return [] if proxy is None or proxy.variable else ["--proxy", proxy.text]


def _proxy_s_client(asked: HostToTest) -> list[str] | None:
    proxy = asked.options.proxy
    if proxy is None:
        return []
    if proxy.kind is not ProxyKind.HTTP:
        return None
    arguments = ["-proxy", proxy.endpoint.text]
    if proxy.user:
        arguments += ["-proxy_user", proxy.user, "-proxy_pass", f"env:{PROXY_PASSWORD_VARIABLE}"]
    return arguments


def _flag_row(row: VerifyFlagRow) -> TestOption:
    def is_wanted(asked: HostToTest) -> bool:
        return row in rows_set(asked.options.flags)

    return TestOption(
        fields=(f"flags.{row.field}",),
        flags=(row.flag,),
        read=lambda values, _: {"flags": read_verify_flags(values)},
        capath=lambda asked: [row.flag.name] if is_wanted(asked) else [],
        s_client=lambda asked: [row.openssl] if is_wanted(asked) else [],
        ssl=lambda asked: [f"context.verify_flags |= ssl.{row.python}"] if is_wanted(asked) else [],
    )


TEST_OPTIONS = (
    TestOption(
        fields=("timeout_s",),
        flags=(Flag("--timeout", "seconds for one host and one client (default: 10)", "S"),),
        read=_one("timeout", "timeout_s", _read_seconds),
        capath=_timeout_capath,
        curl=_none,
        requests=lambda asked: [f"timeout={asked.options.timeout_s:.10g}"],
        ssl=_none,
    ),
    TestOption(
        fields=("servername",),
        flags=(
            Flag("--servername", "send and check this name; empty sends none", "NAME"),
            Flag("--no-sni", "send no name"),
        ),
        exclusive=True,
        read=_read_servername,
        capath=_servername_capath,
        s_client=_servername_s_client,
        curl=_servername_curl,
        ssl=lambda host: None if host.options.servername == "" else [],
    ),
    TestOption(
        fields=("starttls",),
        flags=(Flag("--starttls", f"start in plain text with: {', '.join(Starttls)}", "PROTO"),),
        read=_one("starttls", "starttls", parse_starttls),
        capath=lambda asked: _valued("--starttls", asked.options.starttls),
        s_client=_starttls_s_client,
    ),
    TestOption(
        fields=("alpn",),
        flags=(Flag("--alpn", "protocols to offer: h2,http/1.1", "LIST"),),
        read=_one("alpn", "alpn", _read_alpn),
        capath=lambda asked: _valued("--alpn", ",".join(asked.options.alpn) or None),
        s_client=lambda asked: _valued("-alpn", ",".join(asked.options.alpn) or None),
        ssl=lambda asked: [f"context.set_alpn_protocols({list(asked.options.alpn)!r})"] * bool(asked.options.alpn),
        apply=_apply_alpn,
    ),
    *(_flag_row(row) for row in VERIFY_FLAGS),
    TestOption(
        fields=("min_protocol", "max_protocol"),
        flags=(
            Flag("--min-protocol", f"lowest version: {', '.join(Protocol)}", "V", tuple(Protocol)),
            Flag("--max-protocol", "highest version", "V", tuple(Protocol)),
        ),
        read=_read_protocols,
        capath=lambda asked: [
            *_valued("--min-protocol", asked.options.min_protocol),
            *_valued("--max-protocol", asked.options.max_protocol),
        ],
        s_client=_protocols_s_client,
        curl=_protocols_curl,
        ssl=_protocols_ssl,
        apply=_apply_protocols,
    ),
    TestOption(
        fields=("identity",),
        flags=(
            Flag("--cert", "a client certificate in PEM, for servers that request one", "FILE"),
            Flag("--key", "its private key in PEM (default: in the same file)", "FILE"),
        ),
        read=_read_identity,
        capath=lambda asked: ["--cert", files[0], "--key", files[1]] if (files := _files(asked)) else [],
        s_client=_identity_s_client,
        curl=lambda asked: list(zip(("cert", "key"), _files(asked), strict=False)),
        requests=lambda asked: [f"cert={files!r}"] if (files := _files(asked)) else [],
        ssl=lambda asked: [f"context.load_cert_chain{files!r}"] if (files := _files(asked)) else [],
        apply=_apply_identity,
    ),
    TestOption(
        fields=("proxy", "direct"),
        flags=(
            Flag("--proxy", "http://, https://, socks5:// or socks5h:// (default: HTTPS_PROXY)", "URL"),
            Flag("--no-proxy", "connect directly and ignore the environment"),
        ),
        exclusive=True,
        read=_read_proxy,
        capath=_proxy_capath,
        s_client=_proxy_s_client,
        curl=lambda asked: [("proxy", proxy.text)] if (proxy := asked.options.proxy) else [("noproxy", "*")],
        requests=lambda asked: [f"proxies={{'https': {proxy.text!r}}}"] if (proxy := asked.options.proxy) else [],
    ),
)


def read_options(values: Values, ask_password: AskPassword) -> ProbeOptions:
    """The options that a command line gave. Raises BadInputError."""
    fields: dict[str, object] = {}
    for option in TEST_OPTIONS:
        fields.update(option.read(values, ask_password))
    return ProbeOptions(**fields)  # type: ignore[arg-type]


def capath_arguments(asked: HostToTest, *, but_for: Collection[str] = ()) -> list[str]:
    """The flags of `capath test` that ask the same, without the options that one of the flags `but_for` sets."""
    return [
        word
        for option in TEST_OPTIONS
        if not any(flag.name in but_for for flag in option.flags)
        for word in option.capath(asked)
    ]


def said(host: HostToTest, client: Column) -> list[Any]:
    """What `client` is told: arguments, settings or lines."""
    columns = [getattr(option, client) for option in TEST_OPTIONS]
    return [word for column in columns if column is not None for word in column(host) or ()]


def unsaid(host: HostToTest, client: Column) -> str:
    """The flags that are set and that `client` has no words for; empty for none."""
    left_out: list[str] = []
    for option in TEST_OPTIONS:
        column = getattr(option, client)
        if column is None or column(host) is None:
            has_proxy = "proxy" in option.fields and host.options.proxy is not None
            flags = option.capath(host) or ["--proxy"] * has_proxy  # the environment's has no flag in a retest
            left_out += [word for word in flags if word.startswith("--")]
    return f"without {', '.join(left_out)}" if left_out else ""
