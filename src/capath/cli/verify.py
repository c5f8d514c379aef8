"""``capath verify DIR LEAF.pem``: as `openssl verify -CApath`, trusting DIR alone."""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
from datetime import datetime, timezone

from capath.cli.exit_status import ExitStatus
from capath.cli.output import show, width
from capath.cli.parser import add_directory
from capath.cli.test_options import add_verify_flags, verify_flags
from capath.errors import BadInputError
from capath.pki.certificate import Certificate
from capath.pki.visible import visible
from capath.store import scan
from capath.store.content import Unreadable, read_content
from capath.tls.network.endpoint import parse_endpoint

_FILE_OCTETS_LIMIT = 32 * 1024 * 1024
_SECONDS = re.compile(r"-?[0-9]{1,12}", re.ASCII)
_DATE = re.compile(r"(19|20)[0-9]{6}", re.ASCII)


def configure(parser: argparse.ArgumentParser) -> None:
    add_directory(parser, before="leaf")
    parser.add_argument("leaf", metavar="LEAF", help="the certificate, in PEM or DER; - is standard input")
    parser.add_argument(
        "--untrusted", metavar="FILE", action="append", default=[], help="intermediates that the server would send"
    )
    parser.add_argument("--hostname", metavar="HOST", default="", help="the host name that it must match")
    parser.add_argument(
        "--at", metavar="TIME", help="at this time: 2026-01-31, 2026-01-31T12:00:00Z or seconds since 1970"
    )
    add_verify_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    from capath.diagnosis.diagnose import diagnose_offline
    from capath.diagnosis.mozilla_view import mozilla_view
    from capath.remedy.try_remedies import try_remedies_offline
    from capath.report.document import document
    from capath.report.verify import offline_json, offline_lines
    from capath.store.constraints import read_constraints_file
    from capath.tls.offline.verify import verify_offline

    snapshot = scan(arguments.directory)
    leaf = _read(arguments.leaf)[0]
    result = verify_offline(
        leaf,
        arguments.directory,
        untrusted=[certificate for path in arguments.untrusted for certificate in _read(path)],
        host=_host(arguments.hostname),
        at=None if arguments.at is None else _time(arguments.at),
        flags=verify_flags(arguments),
        snapshot=snapshot,
        ask_installed=True,
    )
    diagnosis = diagnose_offline(result, snapshot)
    if diagnosis is not None:
        diagnosis = try_remedies_offline(diagnosis, result, snapshot)
    opinions = mozilla_view(result.verification, read_constraints_file(arguments.directory).by_sha256)
    if arguments.json:
        print(document(offline_json(result, diagnosis, opinions)))
    else:
        show(offline_lines(result, diagnosis, opinions, width=width()))
    return ExitStatus.BAD if result.verification.errors else ExitStatus.GOOD


def _read(path: str) -> tuple[Certificate, ...]:
    from capath.tls.offline.verify import read_certificates

    if path == "-":
        return read_certificates(sys.stdin.buffer.read(_FILE_OCTETS_LIMIT), "the input")
    # The store's reader waits for nothing: it tells a FIFO or a device from a file before either is read.
    content = read_content(path)
    if isinstance(content, Unreadable):
        raise BadInputError(f"{visible(path)}: {content.reason}")
    with open(path, "rb") as file:
        return read_certificates(file.read(_FILE_OCTETS_LIMIT), visible(path))


def _host(text: str) -> str:
    """What is checked, as OpenSSL takes it; it knows international names by their A-labels alone."""
    return text if text.isascii() else parse_endpoint(text).host


def _time(text: str) -> datetime:
    """What `text` says, in UTC. Eight digits are a date where they can be one: 20260131."""
    try:
        if _DATE.fullmatch(text):
            with contextlib.suppress(ValueError):
                return datetime.strptime(text, "%Y%m%d").replace(tzinfo=timezone.utc)
        if _SECONDS.fullmatch(text):
            return datetime.fromtimestamp(int(text), timezone.utc)
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return moment.replace(tzinfo=moment.tzinfo or timezone.utc).astimezone(timezone.utc)
    except (ValueError, OverflowError, OSError):
        raise BadInputError(
            f"{visible(text)}: this is not a time; write 2026-01-31, 2026-01-31T12:00:00Z or seconds since 1970"
        ) from None
