"""``capath verify STORE LEAF…``: as `openssl verify -CApath`, trusting only DIR."""

from __future__ import annotations

import argparse
import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from capath.cli.exit_status import ExitStatus
from capath.cli.output import say, show, width
from capath.cli.parser import add_store
from capath.cli.test_options import add_verify_flags, verify_flags
from capath.errors import BadInputError
from capath.files import read_input
from capath.pki.certificate import Certificate
from capath.pki.visible import shell_command, visible
from capath.report.document import SCHEMA_VERSION
from capath.store import Snapshot
from capath.tls.network.endpoint import parse_endpoint
from capath.tls.test_options import Purpose

if TYPE_CHECKING:
    from capath.report.verify import Offline
    from capath.tls.offline.openssl import InstalledVerdict, NoVerdict

_AT_ONCE = 200
_FILE_BYTES_LIMIT = 32 * 1024 * 1024
_SECONDS = re.compile(r"-?[0-9]{1,12}", re.ASCII)
_DATE = re.compile(r"(19|20)[0-9]{6}", re.ASCII)


def configure(parser: argparse.ArgumentParser) -> None:
    add_store(parser, before="leaves")
    parser.add_argument(
        "leaves",
        metavar="LEAF",
        nargs="+",
        help="a certificate in PEM or DER, the first of its file; - is standard input",
    )
    parser.add_argument(
        "--untrusted", metavar="FILE", action="append", default=[], help="intermediates that may be used"
    )
    parser.add_argument("--hostname", metavar="HOST", default="", help="the name or address it has to be for")
    parser.add_argument(
        "--purpose",
        choices=[purpose.value for purpose in Purpose],
        help="check its use and trust attributes too, as TLS clients and servers do",
    )
    parser.add_argument(
        "--at", metavar="TIME", help="at this time: 2026-01-31, 2026-01-31T12:00:00Z or seconds since 1970"
    )
    parser.add_argument("--jsonl", action="store_true", help="print one JSON object a line, for each LEAF")
    add_verify_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    from capath.report.document import document, document_of_elements, element
    from capath.report.verify import offline_json, offline_lines, offline_summary

    judge = _Judge(arguments)
    answers = []
    for answer in judge.answers(arguments.leaves):
        answers.append(answer)
        if isinstance(answer, _NotRead):
            say(answer.reason)
        elif arguments.jsonl:
            print(element({"schema_version": SCHEMA_VERSION, "file": answer.file, **offline_json(answer.seen)}))
        elif not arguments.json:
            show(offline_lines(answer.seen, width=width()))
    judged = [answer for answer in answers if isinstance(answer, _Judged)]
    bad = sum(bool(answer.seen.result.verification.errors) for answer in judged)
    if bad and judge.chains:
        path = judge.chains[0]
        say(
            f"{visible(path)} has more than one certificate, and only the first was used; "
            f"{shell_command(['--untrusted', path])} uses the others as intermediates"
        )
    if arguments.json and len(arguments.leaves) == 1 and judged:
        print(document(offline_json(judged[0].seen)))
    elif arguments.json:
        elements = [element({"file": answer.file, **offline_json(answer.seen)}) for answer in judged]
        for piece in document_of_elements({"directory": arguments.store.text}, "results", elements):
            print(piece, end="")
        print()
    elif not arguments.jsonl:
        for line in offline_summary(len(answers), len(judged), bad, has_purpose=arguments.purpose is not None):
            say(line)
    if len(judged) < len(answers):
        return ExitStatus.USAGE
    return ExitStatus.BAD if bad else ExitStatus.GOOD


@dataclass(frozen=True, slots=True)
class _Judged:
    """A certificate of `file`, verified."""

    file: str
    seen: Offline


@dataclass(frozen=True, slots=True)
class _NotRead:
    """A file that gave no certificate; `reason` names it."""

    reason: str


@dataclass
class _Judge:
    """The question of all leaves: they share the store, the intermediates and the options."""

    arguments: argparse.Namespace
    snapshot: Snapshot = field(init=False)
    chains: list[str] = field(init=False, default_factory=list)
    """The files that have more certificates than the leaf, which are not used."""

    def __post_init__(self) -> None:
        self.snapshot = self.arguments.store.scan()
        asked = self.arguments
        self._untrusted = [certificate for path in asked.untrusted for certificate in _read(path)]
        self._at = datetime.now(timezone.utc) if asked.at is None else _time(asked.at)
        self._purpose = None if asked.purpose is None else Purpose(asked.purpose)

    def answers(self, paths: Sequence[str]) -> Iterator[_Judged | _NotRead]:
        """One for each path, in their order; the installed openssl is asked for many at once."""
        for start in range(0, len(paths), _AT_ONCE):
            yield from self._some(paths[start : start + _AT_ONCE])

    def _some(self, paths: Sequence[str]) -> Iterator[_Judged | _NotRead]:
        from capath.tls.offline.in_process import Question
        from capath.tls.offline.openssl import ask_openssl_verify_all

        read = [self._leaf(path) for path in paths]
        leaves = [leaf for leaf in read if isinstance(leaf, Certificate)]
        verdicts: Iterator[InstalledVerdict | NoVerdict] = iter(())
        if leaves:
            host, flags = _host(self.arguments.hostname), verify_flags(self.arguments)
            directory = self.arguments.directory
            asked = Question(directory, leaves[0], tuple(self._untrusted), host, self._at, flags, self._purpose)
            verdicts = iter(ask_openssl_verify_all(asked, leaves))
        for path, leaf in zip(paths, read, strict=True):
            yield leaf if isinstance(leaf, _NotRead) else _Judged(path, self._judge(leaf, next(verdicts)))

    def _leaf(self, path: str) -> Certificate | _NotRead:
        try:
            leaf, *others = _read(path)
        except BadInputError as error:
            return _NotRead(str(error))
        if others and path not in self.arguments.untrusted:
            self.chains.append(path)
        return leaf

    def _judge(self, leaf: Certificate, installed: InstalledVerdict | NoVerdict) -> Offline:
        from capath.diagnosis.diagnose import diagnose_offline
        from capath.diagnosis.mozilla_view import mozilla_view
        from capath.remedy.try_remedies import try_remedies_offline
        from capath.report.verify import Offline
        from capath.store.constraints import read_constraints_file
        from capath.tls.offline.verify import verify_offline

        result = verify_offline(
            leaf,
            self.arguments.directory,
            untrusted=self._untrusted,
            host=_host(self.arguments.hostname),
            at=self._at,
            flags=verify_flags(self.arguments),
            purpose=self._purpose,
            snapshot=self.snapshot,
            installed=installed,
        )
        diagnosis = diagnose_offline(result, self.snapshot, directory=self.snapshot.title)
        if diagnosis is not None:
            diagnosis = try_remedies_offline(diagnosis, result, self.snapshot, directory=self.snapshot.title)
        kept = read_constraints_file(self.arguments.directory).by_sha256
        return Offline(result, diagnosis, mozilla_view(result.verification, kept), self.snapshot.title)


def _read(path: str) -> tuple[Certificate, ...]:
    from capath.tls.offline.verify import read_certificates

    name = "the standard input" if path == "-" else visible(path)
    return read_certificates(read_input(path, _FILE_BYTES_LIMIT), name)


def _host(text: str) -> str:
    """What is checked, as OpenSSL takes it; it knows international names only by their A-labels."""
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
