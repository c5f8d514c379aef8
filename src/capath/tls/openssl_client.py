"""What `openssl s_client -CApath DIR` says of the same host: the machine's own OpenSSL."""

from __future__ import annotations

import functools
import os
import re
import select
import shutil
import subprocess

from capath.tls.address import Address
from capath.tls.deadline import SLICE_S, Deadline, DeadlinePassedError
from capath.tls.options import CrlCheck, ProbeOptions
from capath.tls.result import Accepted, ClientAnswer, NoAnswer, NotAccepted, NotAsked, ProbeResult

_OUTPUT_LIMIT = 1_000_000
_FIRST_ERROR = re.compile(rb"verify error:num=(\d+):(.*)")
_RETURN_CODE = re.compile(rb"Verify return code: (\d+) \((.*)\)")
_FAILURE = re.compile(rb":error:[0-9A-Fa-f]*:[^:]*:[^:]*:([^:\n]+)")


def ask_openssl(result: ProbeResult, address: Address, directory: str, deadline: Deadline) -> ClientAnswer:
    """Run `openssl s_client` against `address`. Raises CancelledError; the process never outlives the call."""
    binary = shutil.which("openssl")
    if binary is None:
        return NotAsked("openssl is not installed")
    version = _version(binary)
    arguments = [binary, *s_client_arguments(result, directory, address)]
    process = subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "LC_ALL": "C"},
    )
    try:
        output = _read(process, deadline)
    except DeadlinePassedError:
        return NoAnswer(version, "no answer in time")
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    return _answer(version, output)


def s_client_arguments(result: ProbeResult, directory: str, address: Address | None = None) -> list[str]:
    """The arguments of `openssl` that ask the same question; by host name where no `address` is given."""
    where = result.endpoint.text if address is None else address.text
    arguments = ["s_client", "-connect", where, "-CApath", directory]
    arguments += ["-servername", result.servername] if result.servername else ["-noservername"]
    checked = "-verify_ip" if result.checked_host == result.endpoint.ip else "-verify_hostname"
    return [*arguments, checked, result.checked_host, *_options(result.options)]


def _options(options: ProbeOptions) -> list[str]:
    arguments = []
    if options.flags.strict:
        arguments.append("-x509_strict")
    if options.flags.partial_chain:
        arguments.append("-partial_chain")
    if options.flags.crl_check is CrlCheck.LEAF:
        arguments.append("-crl_check")
    if options.flags.crl_check is CrlCheck.ALL:
        arguments.append("-crl_check_all")
    if options.alpn:
        arguments += ["-alpn", ",".join(options.alpn)]
    return arguments


def _read(process: subprocess.Popen[bytes], deadline: Deadline) -> bytes:
    assert process.stdout is not None
    descriptor = process.stdout.fileno()
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    output = b""
    while len(output) < _OUTPUT_LIMIT:
        if poll.poll(min(deadline.remaining_s(), SLICE_S) * 1000):
            part = os.read(descriptor, 65536)
            if not part:
                break
            output += part
    return output


def _answer(version: str, output: bytes) -> ClientAnswer:
    """Judge what s_client printed. It goes on past errors: the first is what other programs would report."""
    first = _FIRST_ERROR.search(output)
    if first is not None:
        return NotAccepted(version, _decode(first[2]), int(first[1]))
    code = _RETURN_CODE.search(output)
    failure = _FAILURE.search(output)
    if code is not None and int(code[1]) != 0:
        return NotAccepted(version, _decode(code[2]), int(code[1]))
    if failure is not None:
        return NotAccepted(version, _decode(failure[1]))
    if code is None or b"CONNECTED" not in output:
        lines = output.strip().splitlines()
        return NoAnswer(version, _decode(lines[-1]) if lines else "no output")
    return Accepted(version)


def _decode(text: bytes) -> str:
    return text.decode("utf-8", "replace").strip()


@functools.lru_cache(maxsize=4)
def _version(binary: str) -> str:
    done = subprocess.run([binary, "version"], capture_output=True, timeout=10, check=False)
    words = _decode(done.stdout).split("(")[0].split()
    return " ".join(words) or "openssl"
