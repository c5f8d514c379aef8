"""What `openssl s_client -CApath DIR` says of the same host: the machine's own OpenSSL."""

from __future__ import annotations

import re
import shutil

from capath.tls.failure import StarttlsRefused
from capath.tls.network.deadline import Deadline, run_child
from capath.tls.network.endpoint import Address
from capath.tls.network.http import head_request
from capath.tls.network.proxy import ProxyKind
from capath.tls.offline.openssl import installed_version
from capath.tls.option_table import PROXY_PASSWORD_VARIABLE, said
from capath.tls.result import Accepted, ClientAnswer, NoAnswer, NotAccepted, NotAsked, ProbeResult
from capath.tls.test_options import HostToTest

_FIRST_ERROR = re.compile(rb"verify error:num=(\d+):(.*)")
_RETURN_CODE = re.compile(rb"Verify return code: (\d+) \((.*)\)")
_FAILURE = re.compile(rb":error:[0-9A-Fa-f]*:[^:]*:[^:]*:([^:\n]+)")
_REFUSAL_WAIT_S = 3.0


def ask(result: ProbeResult, address: Address, directory: str, deadline: Deadline) -> ClientAnswer:
    """Run `openssl s_client` against `address`. Raises CancelledError; the process never outlives the call."""
    binary = shutil.which("openssl")
    if binary is None:
        return NotAsked("openssl is not installed")
    options = result.options
    if options.identity is not None and options.identity.encrypted:
        return NotAsked("the client's key has a password, which is not passed on")
    if options.proxy is not None and options.proxy.kind is not ProxyKind.HTTP:
        return NotAsked("s_client only supports http:// proxies")
    if isinstance(result.failure, StarttlsRefused):
        return NotAsked("the server does not begin TLS, and s_client would wait for it")
    version = installed_version(binary)
    where = None if options.proxy is not None else address
    environment = {PROXY_PASSWORD_VARIABLE: options.proxy.password} if options.proxy is not None else {}
    arguments = [binary, *s_client_arguments(result.asked, directory, where)]
    request = b""
    if result.server.certificate_requested and options.starttls is None:
        # At the end of its input it would leave before a TLS 1.3 server can have refused the client.
        arguments.append("-ign_eof")
        request = head_request(result.endpoint.text)
        deadline = deadline.sooner(_REFUSAL_WAIT_S)
    ended = run_child(arguments, deadline, stdin=request, environment=environment)
    if not ended.in_time and not _RETURN_CODE.search(ended.output):
        return NoAnswer(version, "no answer in time")
    return _answer(version, ended.output)


def s_client_arguments(asked: HostToTest, directory: str, address: Address | None = None) -> list[str]:
    """The arguments of `openssl` that ask the same question; by host name where no `address` is given."""
    where = asked.endpoint.text if address is None else address.text
    return ["s_client", "-connect", where, "-CApath", directory, *said(asked, "s_client")]


def _answer(version: str, output: bytes) -> ClientAnswer:
    """Judge what s_client printed. It goes on past errors: the first is what other programs would report."""
    first = _FIRST_ERROR.search(output)
    if first is not None:
        return NotAccepted(version, _decode(first[2]), int(first[1]))
    code = _RETURN_CODE.search(output)
    failure = _FAILURE.search(output)
    if code is not None and int(code[1]) != 0:
        return NotAccepted(version, _decode(code[2]), int(code[1]))
    # After the handshake a server can refuse the client by an alert; that it hangs up is no verdict.
    complete = code is not None and b"Cipher is (NONE)" not in output
    if failure is not None and (not complete or b" alert " in failure[1]):
        return NotAccepted(version, _decode(failure[1]))
    if code is None or b"CONNECTED" not in output:
        lines = output.strip().splitlines()
        return NoAnswer(version, _decode(lines[-1]) if lines else "no output")
    return Accepted(version)


def _decode(text: bytes) -> str:
    return text.decode("utf-8", "replace").strip()
