"""SOURCE on a command line: files and stores of this machine, addresses, and the chain that a host shows."""

from __future__ import annotations

import argparse
import getpass
import sys
import tempfile
from dataclasses import dataclass
from urllib.parse import urlsplit

from capath.cli.output import progress, say
from capath.errors import BadInputError, CapathError
from capath.files import read_input
from capath.pki.visible import shell_command, visible, without_password
from capath.sources.item import Password, Source
from capath.sources.open_source import MOZILLA_REPORT, ChainSource, open_source

_TIMEOUT_S = 20.0
_INPUT_OCTETS_LIMIT = 64 * 1024 * 1024


class NotReachedError(CapathError):
    """The host of a source did not answer."""


@dataclass(frozen=True, slots=True)
class SourceReader:
    """Opens sources. `password` asks for a file's password."""

    password: Password

    def open(self, text: str) -> Source:
        """Return the source that `text` names. Raises BadInputError, and NotReachedError for what is far away."""
        if text == "-":
            from capath.sources.detect import source_of_bytes

            return source_of_bytes("standard input", sys.stdin.buffer.read(_INPUT_OCTETS_LIMIT), self.password)
        if text == "mozilla":
            return self._fetch(MOZILLA_REPORT, "mozilla")
        if "://" not in text:
            return open_source(text, self.password)
        try:
            parts = urlsplit(text)
        except ValueError:
            raise BadInputError(f"{without_password(text)}: this is not a URL") from None
        if parts.scheme.lower() != "https":
            raise BadInputError(f"{without_password(text)}: only https addresses are fetched")
        if parts.path in ("", "/") and not parts.query:
            return self._chain(parts.netloc.rpartition("@")[2])
        return self._fetch(text, without_password(text))

    def _fetch(self, url: str, title: str) -> Source:
        from capath.sources.detect import source_of_bytes
        from capath.tls.network.download import DownloadError, download

        def show_progress(received: int, expected: int) -> None:
            progress(f"capath: {received:,}{f' of {expected:,}' if expected else ''} bytes")

        try:
            data = download(url, progress=show_progress)
        except DownloadError as error:
            command = shell_command(["curl", "-o", "roots", without_password(url)])
            name = "mozilla" if title == "mozilla" else "the URL"
            hint = f"fetch it on a machine that can reach it ({command}) and give that file in place of {name}"
            raise NotReachedError(error.text, hint=hint) from None
        finally:
            progress("")
        return source_of_bytes(title, data, self.password)

    def _chain(self, where: str) -> Source:
        from capath.diagnosis.diagnose import diagnose
        from capath.store import scan
        from capath.tls.network.endpoint import parse_endpoint
        from capath.tls.probe import probe
        from capath.tls.test_options import ProbeOptions

        endpoint = parse_endpoint(where)
        with tempfile.TemporaryDirectory() as nothing:
            snapshot = scan(nothing)
            result = probe(endpoint, nothing, snapshot=snapshot, options=ProbeOptions(timeout_s=_TIMEOUT_S))
            sent = result.verification.sent
            why = None if sent else diagnose(result, snapshot)
        if not sent:
            said = "it sent no certificate" if why is None else why.text
            raise NotReachedError(f"{visible(endpoint.text)}: {said}")
        count = f"{len(sent)} certificate{'' if len(sent) == 1 else 's'}"
        say(
            f"{visible(endpoint.text)} sends {count}. Nothing proves that they "
            f"are authentic: an intercepting proxy "
            "could have sent them. Verify the fingerprints out of band before you trust one."
        )
        return ChainSource(endpoint.text, tuple(certificate.der for certificate in sent))


def add_password_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--password-file``: a password on the command line would be seen by every process."""
    parser.add_argument(
        "--password-file",
        metavar="FILE",
        help="the first line is the password of PKCS#12 files (default: asked for)",
    )


def password_from(arguments: argparse.Namespace) -> Password:
    """Who gives the password of a file: the file that is named, else the person at the terminal."""
    path = arguments.password_file
    if path is not None:
        line = read_input(path, 65536).split(b"\n")[0].removesuffix(b"\r")
        return lambda _: line
    return asking_for_password()


def asking_for_password() -> Password:
    """Ask the person at the terminal, where there is one."""
    if not sys.stdin.isatty():
        return lambda _: None
    return lambda title: getpass.getpass(f"password of {visible(title)}: ").encode()
