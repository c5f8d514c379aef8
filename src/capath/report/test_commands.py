"""The same question in other words: commands and code that ask a host with a directory as the only trust.

All of it is made to be pasted: quoted for a shell, or as Python. Passwords of proxies are never in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from capath.errors import StrEnum
from capath.pki.certificate import Certificate
from capath.pki.pem import encode_pem
from capath.pki.visible import shell_command, visible
from capath.report.document import Json, document
from capath.report.test import result_json
from capath.store import Snapshot, scan
from capath.store.lookup import reachable
from capath.tls.clients.openssl import s_client_arguments
from capath.tls.network.proxy import ProxyKind
from capath.tls.option_table import PROXY_PASSWORD_VARIABLE, Column, capath_arguments, said, unsaid
from capath.tls.result import ProbeResult
from capath.tls.test_options import HostToTest


class Wording(StrEnum):
    CAPATH = "capath"
    S_CLIENT = "openssl"
    CURL = "curl"
    REQUESTS = "requests"
    SSL = "ssl"
    HTTPX = "httpx"
    ENVIRONMENT = "environment"
    SENT_PEM = "sent-pem"
    CHAIN_PEM = "chain-pem"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Equivalent:
    """One thing to copy: `title` for people, `text` as it is pasted. `note` says where it asks something else."""

    wording: Wording
    title: str
    text: str
    note: str = ""


def equivalents(host: HostToTest, directory: str, snapshot: Snapshot | None = None) -> tuple[Equivalent, ...]:
    """The commands and the code for `host`. `snapshot` is what is in `directory`; curl needs a file of it.

    What begins by STARTTLS has no words for HTTP clients.
    """
    found = [
        Equivalent(Wording.CAPATH, "capath test", _capath(host, directory), _password_note(host)),
        Equivalent(Wording.S_CLIENT, "openssl s_client", _s_client(host, directory), _s_client_note(host)),
    ]
    if host.options.starttls is None:
        found += [
            _curl(host, directory, snapshot),
            Equivalent(
                Wording.REQUESTS, "Python with requests", _requests(host, directory), _note(host, "requests")
            ),
            Equivalent(Wording.SSL, "Python with ssl", _ssl(host, directory), _note(host, "ssl")),
            Equivalent(Wording.HTTPX, "Python with httpx", _httpx(host, directory), _httpx_note(host)),
        ]
    return (*found, Equivalent(Wording.ENVIRONMENT, "environment", environment_lines(directory)))


def evidence(result: ProbeResult, found_json: str = "") -> tuple[Equivalent, ...]:
    """What a finished test has to copy: the result (`found_json`, or plain), the chain as sent and as built."""
    verification = result.verification
    pieces = [Equivalent(Wording.JSON, "the result, JSON", found_json or result_document(result))]
    if verification.sent:
        pieces.append(Equivalent(Wording.SENT_PEM, "the chain it sent, PEM", chain_pem(verification.sent)))
    if verification.chain:
        built = [element.certificate for element in verification.chain]
        pieces.append(Equivalent(Wording.CHAIN_PEM, "the chain as built, PEM", chain_pem(built)))
    return tuple(pieces)


def equivalents_text(host: HostToTest, directory: str) -> str:
    """The commands and the code, for people who paste from the terminal."""
    lines = []
    for item in equivalents(host, directory, scan(directory)):
        note = f"  ({item.note})" if item.note else ""
        lines.append(f"    {item.title}{note}:")
        lines.extend(f"      {visible(line)}" for line in item.text.rstrip().splitlines())
    return "\n".join(lines)


def equivalents_json(host: HostToTest, directory: str) -> list[Json]:
    """``commands``."""
    found = equivalents(host, directory, scan(directory))
    return [{"for": item.wording.value, "text": item.text, "note": item.note or None} for item in found]


def chain_pem(certificates: Sequence[Certificate]) -> str:
    """Certificates as PEM, one after the other."""
    return "".join(encode_pem("CERTIFICATE", certificate.der).decode("ascii") for certificate in certificates)


def result_document(result: ProbeResult) -> str:
    """One result as ``capath test --json`` prints it, without a diagnosis."""
    return document({"results": [result_json(result, None)]})


def environment_lines(directory: str) -> str:
    """What makes programs of a shell take `directory`: OpenSSL's default, and what requests has for one."""
    quoted = shell_command([directory])
    return f"export SSL_CERT_DIR={quoted} SSL_CERT_FILE=/dev/null\nexport REQUESTS_CA_BUNDLE={quoted}\n"


def _capath(asked: HostToTest, directory: str) -> str:
    words = ["capath", "test", asked.endpoint.text, "--capath", directory, *capath_arguments(asked)]
    return shell_command(words)


def _note(asked: HostToTest, client: Column) -> str:
    """What the client is not asked."""
    password = "" if client == "ssl" else _password_note(asked)
    return "; ".join(filter(None, (unsaid(asked, client), password)))


def _password_note(asked: HostToTest) -> str:
    proxy = asked.options.proxy
    return "the proxy's password is left out" if proxy is not None and proxy.user and not proxy.variable else ""


def _s_client(asked: HostToTest, directory: str) -> str:
    words = ["openssl", *s_client_arguments(asked, directory), "-verify_return_error"]
    return f"{shell_command(words)} </dev/null"


def _s_client_note(asked: HostToTest) -> str:
    proxy = asked.options.proxy
    if proxy is None or proxy.kind is not ProxyKind.HTTP:
        return unsaid(asked, "s_client")
    return f"the proxy's password is read from {PROXY_PASSWORD_VARIABLE}" if proxy.user else ""


def _curl(asked: HostToTest, directory: str, snapshot: Snapshot | None) -> Equivalent:
    """curl goes on reading the distribution's bundle beside --capath, unless another file takes its place."""
    words = ["curl", "--capath", directory]
    link = "" if snapshot is None else next(iter(reachable(snapshot).values()), "")
    bundle = "" if link else "curl also trusts the bundle of the distribution"
    words += ["--cacert", f"{directory.rstrip('/')}/{link}"] if link else []
    for name, value in said(asked, "curl"):
        words += [f"--{name}", value] if value else [f"--{name}"]
    if asked.options.proxy is not None and asked.options.proxy.kind is ProxyKind.HTTPS:
        words += ["--proxy-capath", directory]
    note = "; ".join(filter(None, (bundle, _note(asked, "curl"))))
    return Equivalent(Wording.CURL, "curl", shell_command([*words, _url(asked.checked_host, asked)]), note)


def _url(host: str, asked: HostToTest) -> str:
    where = f"[{host}]" if ":" in host else host
    port = asked.endpoint.port
    return f"https://{where}/" if port == 443 else f"https://{where}:{port}/"


def _requests(asked: HostToTest, directory: str) -> str:
    arguments = [repr(_url(asked.endpoint.host, asked)), f"verify={directory!r}", *said(asked, "requests")]
    return f"import requests\n\nresponse = requests.get({', '.join(arguments)})\n"


def _context(asked: HostToTest, directory: str) -> list[str]:
    """Lines that make an ssl context that trusts only the directory, with the flags of the test and no others."""
    return [
        "context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)",
        f"context.load_verify_locations(capath={directory!r})",
        *said(asked, "ssl"),
    ]


def _ssl(asked: HostToTest, directory: str) -> str:
    where = asked.endpoint.host, asked.endpoint.port
    lines = [
        "import socket",
        "import ssl",
        "",
        *_context(asked, directory),
        f"with socket.create_connection({where!r}, timeout={asked.options.timeout_s:.10g}) as connection:",
        f"    with context.wrap_socket(connection, server_hostname={asked.checked_host!r}) as secured:",
        "        print(secured.version(), secured.cipher())",
    ]
    return "\n".join(lines) + "\n"


def _httpx(asked: HostToTest, directory: str) -> str:
    proxy = asked.options.proxy
    arguments = [
        repr(_url(asked.endpoint.host, asked)),
        "verify=context",
        f"timeout={asked.options.timeout_s:.10g}",
    ]
    arguments += [f"proxy={proxy.text!r}"] if proxy is not None else []
    lines = ["import ssl", "", "import httpx", "", *_context(asked, directory)]
    return "\n".join([*lines, f"response = httpx.get({', '.join(arguments)})"]) + "\n"


def _httpx_note(asked: HostToTest) -> str:
    """It takes the context that `ssl` makes and goes through a proxy, and sends the host's own name."""
    name = "" if asked.options.servername is None else "it sends and checks the host's own name"
    return "; ".join(filter(None, (name, _password_note(asked))))
