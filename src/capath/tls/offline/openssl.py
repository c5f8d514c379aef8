"""What the installed `openssl verify` says of a certificate: the verdict that `capath verify` gives where it can.

The OpenSSL inside pyOpenSSL is another version than the machine's, and versions differ: 3.0 takes a delta CRL for
a whole one and in strict mode wants basicConstraints critical, 4.0 does neither; they stop or do not stop at a
slot that does not load. Whoever is told a verdict compares it with that of the programs on the machine.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from capath.pki.certificate import Certificate
from capath.pki.pem import encode_pem
from capath.tls.capath_argument import capath_argument
from capath.tls.handshake.verification import VerifyError
from capath.tls.handshake.verify_codes import VerifyCode
from capath.tls.network.endpoint import is_address
from capath.tls.offline.in_process import Question
from capath.tls.verify_flags import openssl_arguments

_TIMEOUT_S = 60.0
_ERROR = re.compile(rb"error (\d+) at (-?\d+) depth lookup")
_FAILED = re.compile(rb"error (/.*): verification failed")
_LEAVES_A_PROCESS = 200
_VERSION = re.compile(r"OpenSSL (\d+)\.")
_UNSPECIFIED = VerifyError(VerifyCode.UNSPECIFIED, 0)
_FIRST_MAJOR = 3  # -no-CAstore, without which a verdict would not be of only the directory, came with it


@dataclass(frozen=True, slots=True)
class InstalledVerdict:
    """`errors` in the order in which it met them; none means that it verified."""

    version: str
    errors: tuple[VerifyError, ...]


@dataclass(frozen=True, slots=True)
class NoVerdict:
    """There is no `openssl` that could be asked, or it could not do what was asked; `reason` is for people."""

    reason: str


def ask_openssl_verify(question: Question) -> InstalledVerdict | NoVerdict:
    """Let the installed `openssl` answer `question`, but for its `also_trusted`."""
    return ask_openssl_verify_all(question, [question.leaf])[0]


def ask_openssl_verify_all(
    question: Question, leaves: Sequence[Certificate]
) -> Sequence[InstalledVerdict | NoVerdict]:
    """The same for each of `leaves` in place of the question's own, by few processes."""
    binary = shutil.which("openssl")
    if binary is None:
        return [NoVerdict("openssl is not installed")] * len(leaves)
    version = installed_version(binary)
    major = _VERSION.match(version)
    if major is None or int(major[1]) < _FIRST_MAJOR:
        return [NoVerdict(f"{version} cannot trust only one directory")] * len(leaves)
    verdicts: list[InstalledVerdict | NoVerdict] = []
    for start in range(0, len(leaves), _LEAVES_A_PROCESS):
        verdicts += _ask(binary, version, question, leaves[start : start + _LEAVES_A_PROCESS])
    return verdicts


def _ask(
    binary: str, version: str, question: Question, leaves: Sequence[Certificate]
) -> Sequence[InstalledVerdict | NoVerdict]:
    with _arguments(question, leaves) as (arguments, paths):
        try:
            done = subprocess.run(
                [binary, *arguments, *paths],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env={**os.environ, "LC_ALL": "C"},
                timeout=_TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.SubprocessError) as error:
            return [NoVerdict(f"{version} gave no verdict: {error}")] * len(leaves)
        failed = _errors_by_path(done.stderr)
        good = set(done.stdout.splitlines())
        return [_verdict(version, path, failed, f"{path}: OK".encode() in good) for path in paths]


def _errors_by_path(said: bytes) -> dict[str, tuple[VerifyError, ...]]:
    """The errors of each file that did not verify. `openssl` names the file after its errors."""
    found: dict[str, tuple[VerifyError, ...]] = {}
    errors: list[VerifyError] = []
    for line in said.splitlines():
        if (match := _ERROR.match(line)) is not None:
            errors.append(VerifyError(int(match[1]), int(match[2])))
        elif (end := _FAILED.match(line)) is not None:
            found[os.fsdecode(end[1])] = tuple(dict.fromkeys(errors))
            errors = []
    return found


def _verdict(
    version: str, path: str, failed: Mapping[str, tuple[VerifyError, ...]], is_good: bool
) -> InstalledVerdict | NoVerdict:
    errors = failed.get(path)
    if (errors is None) != is_good:
        return NoVerdict(f"{version} gave no verdict")
    # It may give up before it comes to an error with a code, at a key that does not decode.
    return InstalledVerdict(version, () if errors is None else errors or (_UNSPECIFIED,))


@contextlib.contextmanager
def _arguments(question: Question, leaves: Sequence[Certificate]) -> Iterator[tuple[list[str], list[str]]]:
    """The arguments and the leaves' files, with the certificates in files that last as long as the block."""
    with (
        capath_argument(question.directory) as directory,
        tempfile.TemporaryDirectory(prefix="capath-verify-") as place,
    ):
        arguments = ["verify", "-no-CAfile", "-no-CAstore", "-CApath", directory, "-nameopt", "RFC2253"]
        if question.untrusted:
            arguments += ["-untrusted", _write(place, "untrusted.pem", question.untrusted)]
        if question.host:
            arguments += ["-verify_ip" if is_address(question.host) else "-verify_hostname", question.host]
        if question.at is not None:
            arguments += ["-attime", str(int(question.at.timestamp()))]
        arguments += openssl_arguments(question.flags)
        if question.purpose is not None:
            arguments += ["-purpose", question.purpose]
        yield arguments, [_write(place, f"{number}.pem", [leaf]) for number, leaf in enumerate(leaves)]


def _write(place: str, name: str, certificates: Sequence[Certificate]) -> str:
    path = os.path.join(place, name)
    with open(path, "wb") as file:
        file.writelines(encode_pem("CERTIFICATE", certificate.der) for certificate in certificates)
    return path


@functools.lru_cache(maxsize=4)
def installed_version(binary: str) -> str:
    """What the program at `binary` calls itself, as ``OpenSSL 3.0.19 27 Jan 2026``."""
    try:
        done = subprocess.run([binary, "version"], capture_output=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)
    words = done.stdout.decode("utf-8", "replace").split("(")[0].split()
    return " ".join(words) or "openssl"
