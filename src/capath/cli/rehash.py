"""``capath rehash [-old] [-compat] [-n] [-v] [--dry-run] DIR…``: openssl-rehash(1), and more."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from types import SimpleNamespace

from capath.change.assign import HashStyle, Passed
from capath.change.journal_file import JournalFile
from capath.change.quick_rehash import Rehashed, rehash_directory
from capath.errors import BadInputError, CapathError, ChangeError
from capath.pki.visible import visible

TYPE_CHECKING = False  # typing's, without importing it
if TYPE_CHECKING:
    import argparse

    from capath.change.plan import Refusal

_ERROR_COUNT_LIMIT = 125


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directories", metavar="DIR", nargs="*", help="default: SSL_CERT_DIR, else OpenSSL's own")
    parser.add_argument("-old", action="store_true", help="name links by old hashes only")
    parser.add_argument("-compat", action="store_true", help="name links by both hashes")
    parser.add_argument("-n", dest="keep", action="store_true", help="remove no links")
    parser.add_argument("-v", dest="verbose", action="store_true", help="print each link made and removed")
    parser.add_argument("--dry-run", action="store_true", help="print what would be done, and do nothing")


def plain_arguments(argv: Sequence[str]) -> argparse.Namespace | None:
    """The arguments, where they are as `openssl rehash` takes them; None where argparse must look at them.

    Importing argparse costs as much as reading a hundred certificates.
    """
    flags = {"-old": "old", "-compat": "compat", "-n": "keep", "-v": "verbose"}
    given = [argument for argument in argv if argument.startswith("-")]
    if not flags.keys() >= set(given):
        return None
    plain = SimpleNamespace(json=False, dry_run=False, old=False, compat=False, keep=False, verbose=False)
    for argument in given:
        setattr(plain, flags[argument], True)
    plain.directories = [argument for argument in argv if not argument.startswith("-")]
    return plain  # type: ignore[return-value]


def run(arguments: argparse.Namespace) -> int:
    """Rehash each directory; the exit status counts the errors, at most 125."""
    error_count = 0
    results = []
    for directory in arguments.directories or _default_directories():
        try:
            count, result = _rehash(directory, arguments)
            results.append(result)
        except ChangeError as error:
            print(f"capath: {error}", file=sys.stderr)
            count = 1
        error_count += count
    if arguments.json:
        from capath.report.document import document

        print(document({"directories": results}))
    return min(error_count, _ERROR_COUNT_LIMIT)


def _rehash(directory: str, arguments: argparse.Namespace) -> tuple[int, dict[str, object]]:
    if not os.path.isdir(directory) or not os.access(directory, os.W_OK | os.X_OK):
        raise ChangeError(f"Skipping {visible(directory)}, can't write")
    style = HashStyle.BOTH if arguments.compat else HashStyle.OLD if arguments.old else HashStyle.NEW
    if arguments.json or arguments.dry_run:
        return _rehash_told(directory, style, arguments)
    if JournalFile(directory).unfinished():
        _recover(directory)
    done = rehash_directory(directory, style, remove=not arguments.keep, verbose=arguments.verbose)
    _complain(done.passed, done.refusals)
    if arguments.verbose:
        print("\n".join([f"Doing {visible(directory)}", *map(visible, done.lines)]))
    elif sys.stderr.isatty():
        print(f"capath: {visible(directory)}: {_summary(done)}", file=sys.stderr)
    return done.error_count, {}


def _summary(done: Rehashed) -> str:
    """What was done, for a person who looks on: standard output is as silent as upstream's."""
    if done.step_count:
        steps = f"{done.step_count:,} change{'' if done.step_count == 1 else 's'}"
        return f"{steps} of hash links done (-v lists the links, capath undo takes the changes back)"
    return "nothing was changed" if done.error_count else "the hash links are right, nothing was to be done"


def _rehash_told(directory: str, style: HashStyle, arguments: argparse.Namespace) -> tuple[int, dict[str, object]]:
    """The same, with the whole plan in hand: for ``--json`` and ``--dry-run``."""
    from capath.change.apply import apply_plan
    from capath.change.plan import applicable
    from capath.change.rehash import plan_rehash
    from capath.report.change import plan_json, plan_lines
    from capath.store.scan import scan

    if not arguments.dry_run:
        _recover(directory)
    try:
        rehash = plan_rehash(scan(directory), style, remove=not arguments.keep)
    except BadInputError as error:
        raise ChangeError(str(error)) from None
    _complain(rehash.passed, rehash.plan.refusals)
    plan = applicable(rehash.plan)
    if not arguments.dry_run:
        apply_plan(plan)
    if not arguments.json:
        if arguments.verbose:
            print("\n".join([f"Doing {visible(directory)}", *map(visible, rehash.verbose_lines())]))
        from capath.cli.output import show

        show([f"would {plan.summary} in {directory}:", *plan_lines(plan)])
    return rehash.error_count, plan_json(rehash.plan, applied=not arguments.dry_run)


def _recover(directory: str) -> None:
    from capath.cli.changing import recover_first

    recover_first(directory)


def _complain(passed: Iterable[Passed], refusals: Iterable[Refusal]) -> None:
    for file in passed:
        word = "error" if file.is_error else "warning"
        print(f"capath: {word}: skipping {visible(file.file)}, {visible(file.reason)}", file=sys.stderr)
    for refusal in refusals:
        told = f"{visible(refusal.name)}: {visible(refusal.reason)}; {visible(refusal.remedy)}"
        print(f"capath: error: {told}", file=sys.stderr)


def _default_directories() -> list[str]:
    from capath.cli.openssl_directories import openssl_directories

    directories = openssl_directories()
    if not directories:
        raise CapathError("OpenSSL has no default certificate directory here; name one")
    return directories
