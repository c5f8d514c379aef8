"""What `curl --capath DIR` says of the same host.

curl reads the distribution's bundle beside the directory unless another one is named, so it is given one that
holds nothing but a certificate that was made a moment ago, signed with a key that is gone.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import tempfile

from capath.pki.throwaway import make_throwaway
from capath.tls.handshake.verify_codes import VerifyCode
from capath.tls.network.deadline import Deadline, run_child
from capath.tls.network.endpoint import Address
from capath.tls.option_table import CurlSetting, said
from capath.tls.result import (
    Accepted,
    ClientAnswer,
    ConnectionRefused,
    NoAnswer,
    NotAccepted,
    NotAsked,
    ProbeResult,
)
from capath.tls.test_options import HostToTest

_RESULT = re.compile(rb"capath verify=(\d+) tls=([0-9.]+)\s*\Z")
_ERROR = re.compile(rb"curl: \((\d+)\) ([^\r\n]*)")
_CERTIFICATE_REFUSED = 60
# libcurl looks certificates up by hash only with these; GnuTLS reads every file of a directory.
_BACKENDS = ("OpenSSL", "LibreSSL", "BoringSSL", "AWS-LC", "quictls")
# Set for the address that was tested, and with the password.
_ITS_OWN = frozenset({"connect-to", "noproxy", "proxy"})


def ask(result: ProbeResult, address: Address, directory: str, deadline: Deadline) -> ClientAnswer:
    """Fetch ``/`` with curl. Raises CancelledError; the process never outlives the call."""
    binary = shutil.which("curl")
    if binary is None:
        return NotAsked("curl is not installed")
    version = _version(binary)
    if not any(backend in version for backend in _BACKENDS):
        return NotAsked(f"{version}: it does not look certificates up by hash")
    if (reason := _cannot(result)) is not None:
        return NotAsked(reason)
    with tempfile.TemporaryDirectory(prefix="capath-") as place:
        bundle = os.path.join(place, "nothing.pem")
        with open(bundle, "wb") as file:
            file.write(_nobody())
        lines = [*_settings(result.asked, directory, bundle), *_way(result.asked, address)]
        ended = run_child([binary, "-q", "-K", "-"], deadline, stdin="\n".join(lines).encode())
    return _answer(result, version, ended.output) if ended.in_time else NoAnswer(version, "no answer in time")


def _cannot(result: ProbeResult) -> str | None:
    """Why curl cannot ask this question, None where it can."""
    options = result.options
    if options.starttls is not None:
        return "it is only used for HTTPS"
    if options.identity is not None and options.identity.encrypted:
        return "the client's key has a password, which is not passed on"
    if not result.servername and result.endpoint.ip is None:
        return "it always sends the name (SNI)"
    return None


def _settings(asked: HostToTest, directory: str, bundle: str) -> list[str]:
    """Lines of a curl configuration: what to fetch, and what to trust."""
    host = asked.checked_host
    where = f"[{host}]" if ":" in host else host
    return [
        f"url = {_quoted(f'https://{where}:{asked.endpoint.port}/')}",
        *(f"{who}capath = {_quoted(directory)}" for who in ("", "proxy-")),
        *(f"{who}cacert = {_quoted(bundle)}" for who in ("", "proxy-")),
        "silent",
        "show-error",
        f"output = {_quoted(os.devnull)}",
        'write-out = "\\ncapath verify=%{ssl_verify_result} tls=%{time_appconnect}\\n"',
        *(_line(setting) for setting in said(asked, "curl") if setting[0] not in _ITS_OWN),
    ]


def _way(asked: HostToTest, address: Address) -> list[str]:
    """To the very address that was tested, or through the proxy, whose password it is told as well."""
    proxy = asked.options.proxy
    where = address.text if proxy is None else asked.endpoint.text
    direct = ['noproxy = "*"'] if proxy is None else ['noproxy = ""', f"proxy = {_quoted(proxy.url)}"]
    return [*direct, f"connect-to = {_quoted(f'::{where}')}"]


def _line(setting: CurlSetting) -> str:
    name, value = setting
    return f"{name} = {_quoted(value)}" if value else name


def _quoted(text: str) -> str:
    """A value of a curl configuration (curl(1), -K)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'


def _answer(result: ProbeResult, version: str, output: bytes) -> ClientAnswer:
    found, error = _RESULT.search(output), _ERROR.search(output)
    code = int(found[1]) if found else 0
    said = error[2].decode("utf-8", "replace").strip() if error else ""
    if error is not None and int(error[1]) == _CERTIFICATE_REFUSED:
        if (not code and "does not match" in said) or "no alternative" in said:
            is_address = result.checked_host == result.endpoint.ip
            code = VerifyCode.IP_ADDRESS_MISMATCH if is_address else VerifyCode.HOSTNAME_MISMATCH
        return NotAccepted(version, said, code)
    if error is not None and isinstance(result.outcome, ConnectionRefused):
        return NotAccepted(version, said)
    if found is not None and float(found[2]) > 0:
        return Accepted(version, said)  # TLS was there, and verified; what failed came after it
    return NoAnswer(version, said or "no output")


@functools.lru_cache(maxsize=1)
def _nobody() -> bytes:
    """A certificate that nothing can be signed with: its key is not kept."""
    return make_throwaway("capath: nobody", expired=True).pem


@functools.lru_cache(maxsize=4)
def _version(binary: str) -> str:
    done = subprocess.run([binary, "-q", "--version"], capture_output=True, timeout=10, check=False)
    words = done.stdout.decode("utf-8", "replace").split()
    libraries = [word for word in words[:12] if word.startswith((*_BACKENDS, "GnuTLS", "mbedTLS", "wolfSSL"))]
    return " ".join([*words[:2], *libraries[:1]])
