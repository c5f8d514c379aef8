"""The same question in other words: commands and code that ask a host with a directory as the only trust.

All of it is made to be pasted: quoted for a shell, or as Python. Passwords of proxies are never in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from capath.errors import StrEnum
from capath.pki.certificate import Certificate
from capath.pki.pem import encode_pem
from capath.pki.visible import shell_command, visible
from capath.report.document import Json, document
from capath.report.test import result_json
from capath.store import Snapshot, scan
from capath.store.lookup import reachable
from capath.tls.clients.openssl import s_client_arguments
from capath.tls.failure import Cancelled
from capath.tls.many.host_to_test import HostToTest
from capath.tls.network.proxy import ProxyKind
from capath.tls.result import ProbeResult, Timings, Unreachable
from capath.tls.test_options import CrlCheck, ProbeOptions, Protocol

_VERSIONS = {
    Protocol.TLS_1_0: "1.0",
    Protocol.TLS_1_1: "1.1",
    Protocol.TLS_1_2: "1.2",
    Protocol.TLS_1_3: "1.3",
}


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
    asked = _as_result(host, directory)
    found = [
        Equivalent(Wording.CAPATH, "capath test", _capath(host, directory), _note_capath(host.options)),
        Equivalent(Wording.S_CLIENT, "openssl s_client", _s_client(asked, directory)),
    ]
    if host.options.starttls is None:
        found += [
            _curl(asked, directory, snapshot),
            Equivalent(
                Wording.REQUESTS, "Python with requests", _requests(asked, directory), _note_requests(asked)
            ),
            Equivalent(Wording.SSL, "Python with ssl", _ssl(asked, directory)),
            Equivalent(Wording.HTTPX, "Python with httpx", _httpx(asked, directory), _note_requests(asked)),
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
    """Certificates as PEM, one behind the other."""
    return "".join(encode_pem("CERTIFICATE", certificate.der).decode("ascii") for certificate in certificates)


def result_document(result: ProbeResult) -> str:
    """One result as ``capath test --json`` prints it, without a diagnosis."""
    return document({"results": [result_json(result, None)]})


def environment_lines(directory: str) -> str:
    """What makes programs of a shell take `directory`: OpenSSL's default, and what requests has for one."""
    quoted = shell_command([directory])
    return f"export SSL_CERT_DIR={quoted} SSL_CERT_FILE=/dev/null\nexport REQUESTS_CA_BUNDLE={quoted}\n"


def _as_result(host: HostToTest, directory: str) -> ProbeResult:
    """The question in the shape in which clients are asked it; nothing is tested."""
    name = host.endpoint.ip or host.endpoint.host
    wanted = host.options.servername
    return ProbeResult(
        host.endpoint,
        directory,
        host.options,
        servername=("" if host.endpoint.ip else name) if wanted is None else wanted,
        checked_host=wanted or name,
        started_at=datetime.fromtimestamp(0, timezone.utc),
        attempts=(),
        timings=Timings(),
        outcome=Unreachable(Cancelled()),
    )


def _capath(host: HostToTest, directory: str) -> str:
    options = host.options
    words = ["capath", "test", host.endpoint.text, "--capath", directory]
    if options.servername is not None:
        words += ["--servername", options.servername] if options.servername else ["--no-sni"]
    if options.starttls is not None:
        words += ["--starttls", options.starttls.value]
    words += ["--alpn", ",".join(options.alpn)] if options.alpn else []
    words += ["--strict"] if options.flags.strict else []
    words += ["--partial-chain"] if options.flags.partial_chain else []
    checks = {CrlCheck.LEAF: ["--crl-check"], CrlCheck.ALL: ["--crl-check-all"], CrlCheck.NONE: []}
    words += checks[options.flags.crl_check]
    words += ["--min-protocol", options.min_protocol.value] if options.min_protocol else []
    words += ["--max-protocol", options.max_protocol.value] if options.max_protocol else []
    if options.identity is not None:
        words += ["--cert", options.identity.certificate_file, "--key", options.identity.key_file]
    words += ["--proxy", options.proxy.text] if options.proxy is not None else []
    return shell_command(words)


def _note_capath(options: ProbeOptions) -> str:
    return "the proxy's password is left out" if options.proxy is not None and options.proxy.user else ""


def _s_client(asked: ProbeResult, directory: str) -> str:
    words = ["openssl", *s_client_arguments(asked, directory), "-verify_return_error"]
    return f"{shell_command(words)} </dev/null"


def _curl(asked: ProbeResult, directory: str, snapshot: Snapshot | None) -> Equivalent:
    """curl goes on reading the distribution's bundle beside --capath, unless another file takes its place."""
    words = ["curl", "--capath", directory]
    link = "" if snapshot is None else next(iter(reachable(snapshot).values()), "")
    note = "" if link else "curl also trusts the bundle of the distribution"
    words += ["--cacert", f"{directory.rstrip('/')}/{link}"] if link else []
    options = asked.options
    words += [f"--tlsv{_VERSIONS[options.min_protocol]}"] if options.min_protocol else []
    words += ["--tls-max", _VERSIONS[options.max_protocol]] if options.max_protocol else []
    if options.identity is not None:
        words += ["--cert", options.identity.certificate_file, "--key", options.identity.key_file]
    words += ["--proxy", options.proxy.text] if options.proxy is not None else ["--noproxy", "*"]
    if options.proxy is not None and options.proxy.kind is ProxyKind.HTTPS:
        words += ["--proxy-capath", directory]
    if asked.checked_host not in (asked.endpoint.host, asked.endpoint.ip):
        words += ["--connect-to", f"::{asked.endpoint.text}"]
    if options.flags != type(options.flags)():
        note = "; ".join(filter(None, (note, "curl has no options for the verification flags")))
    return Equivalent(Wording.CURL, "curl", shell_command([*words, _url(asked)]), note)


def _url(asked: ProbeResult) -> str:
    host = asked.checked_host
    where = f"[{host}]" if ":" in host else host
    port = asked.endpoint.port
    return f"https://{where}/" if port == 443 else f"https://{where}:{port}/"


def _requests(asked: ProbeResult, directory: str) -> str:
    arguments = [repr(_endpoint_url(asked)), f"verify={directory!r}", f"timeout={asked.options.timeout_s:g}"]
    if asked.options.identity is not None:
        files = asked.options.identity.certificate_file, asked.options.identity.key_file
        arguments.append(f"cert={files!r}")
    if asked.options.proxy is not None:
        arguments.append(f"proxies={{'https': {asked.options.proxy.text!r}}}")
    return f"import requests\n\nresponse = requests.get({', '.join(arguments)})\n"


def _endpoint_url(asked: ProbeResult) -> str:
    port = asked.endpoint.port
    where = f"[{asked.endpoint.host}]" if ":" in asked.endpoint.host else asked.endpoint.host
    return f"https://{where}/" if port == 443 else f"https://{where}:{port}/"


def _note_requests(asked: ProbeResult) -> str:
    return "it sends and checks the host's own name" if asked.options.servername is not None else ""


def _context(asked: ProbeResult, directory: str) -> list[str]:
    """Lines that make an ssl context that trusts the directory alone, with the flags of the test and no others."""
    flags, options = asked.options.flags, asked.options
    lines = [
        "context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)",
        f"context.load_verify_locations(capath={directory!r})",
    ]
    lines += ["context.verify_flags |= ssl.VERIFY_X509_STRICT"] if flags.strict else []
    lines += ["context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN"] if flags.partial_chain else []
    checks = {CrlCheck.LEAF: "LEAF", CrlCheck.ALL: "CHAIN"}
    if flags.crl_check in checks:
        lines.append(f"context.verify_flags |= ssl.VERIFY_CRL_CHECK_{checks[flags.crl_check]}")
    for bound, protocol in (("minimum", options.min_protocol), ("maximum", options.max_protocol)):
        if protocol is not None:
            lines.append(f"context.{bound}_version = ssl.TLSVersion.{protocol.value.replace('.', '_')}")
    lines += [f"context.set_alpn_protocols({list(options.alpn)!r})"] if options.alpn else []
    if options.identity is not None:
        files = options.identity.certificate_file, options.identity.key_file
        lines.append(f"context.load_cert_chain({files[0]!r}, {files[1]!r})")
    return lines


def _ssl(asked: ProbeResult, directory: str) -> str:
    where = asked.endpoint.host, asked.endpoint.port
    lines = [
        "import socket",
        "import ssl",
        "",
        *_context(asked, directory),
        f"with socket.create_connection({where!r}, timeout={asked.options.timeout_s:g}) as connection:",
        f"    with context.wrap_socket(connection, server_hostname={asked.checked_host!r}) as secured:",
        "        print(secured.version(), secured.cipher())",
    ]
    return "\n".join(lines) + "\n"


def _httpx(asked: ProbeResult, directory: str) -> str:
    arguments = f"{_endpoint_url(asked)!r}, verify=context"
    lines = [
        "import ssl",
        "",
        "import httpx",
        "",
        *_context(asked, directory),
        f"response = httpx.get({arguments})",
    ]
    return "\n".join(lines) + "\n"
