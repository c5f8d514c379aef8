"""``capath rehash [-old] [-compat] [-n] [-v] [--dry-run] DIR…``: openssl-rehash(1), and more."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from types import SimpleNamespace

from capath.change.journal_file import JournalFile
from capath.change.plan import Plan, applicable
from capath.change.rehash import HashStyle, Rehash, plan_rehash
from capath.errors import BadInputError, CapathError, ChangeError
from capath.pki.visible import shell_command, visible
from capath.store.walk import scan

TYPE_CHECKING = False  # typing's, without importing it
if TYPE_CHECKING:
    import argparse

_ERROR_COUNT_LIMIT = 125


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directories", metavar="DIR", nargs="*", help="default: SSL_CERT_DIR, else OpenSSL's own")
    parser.add_argument("-old", action="store_true", help="name links by old hashes only")
    parser.add_argument("-compat", action="store_true", help="name links by both hashes")
    parser.add_argument("-n", dest="keep", action="store_true", help="remove no links")
    parser.add_argument("-v", dest="verbose", action="store_true", help="print each link made and removed")
    parser.add_argument("--dry-run", action="store_true", help="print what would be done, and do nothing")
    from capath.cli.changing import add_no_history

    add_no_history(parser)


def plain_arguments(argv: Sequence[str]) -> argparse.Namespace | None:
    """The arguments, where they are as `openssl rehash` takes them; None where argparse must look at them.

    Importing argparse costs as much as reading a hundred certificates.
    """
    flags = {"-old": "old", "-compat": "compat", "-n": "keep", "-v": "verbose", "--no-history": "no_history"}
    given = [argument for argument in argv if argument.startswith("-")]
    if not flags.keys() >= set(given):
        return None
    plain = SimpleNamespace(json=False, dry_run=False, **dict.fromkeys(flags.values(), False))
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
            rehash = _rehash(directory, arguments)
        except ChangeError as error:
            print(f"capath: {error}", file=sys.stderr)
            error_count += 1
            continue
        error_count += rehash.error_count
        if arguments.json:
            from capath.report.change import plan_json

            results.append(plan_json(rehash.plan, applied=not arguments.dry_run))
        else:
            _tell(rehash, arguments)
    if arguments.json:
        from capath.report.document import document

        print(document({"directories": results}))
    return min(error_count, _ERROR_COUNT_LIMIT)


def _rehash(directory: str, arguments: argparse.Namespace) -> Rehash:
    """Plan, warn, and apply what can be applied. Raises ChangeError where nothing could be done."""
    if not os.path.isdir(directory) or not os.access(directory, os.W_OK | os.X_OK):
        raise ChangeError(f"Skipping {visible(directory)}, can't write")
    if not arguments.dry_run and not arguments.no_history and JournalFile(directory).unfinished():
        from capath.cli.changing import recover_first

        recover_first(directory)
    style = HashStyle.BOTH if arguments.compat else HashStyle.OLD if arguments.old else HashStyle.NEW
    try:
        rehash = plan_rehash(scan(directory), style, remove=not arguments.keep)
    except BadInputError as error:
        raise ChangeError(str(error)) from None
    _complain(rehash)
    if rehash.plan.operations and not arguments.dry_run:
        from capath.change.apply import apply_plan

        apply_plan(applicable(rehash.plan), history=not arguments.no_history)
    return rehash


def _complain(rehash: Rehash) -> None:
    for passed in rehash.passed:
        word = "error" if passed.is_error else "warning"
        print(f"capath: {word}: skipping {visible(passed.file)}, {visible(passed.reason)}", file=sys.stderr)
    for refusal in rehash.plan.refusals:
        told = f"{visible(refusal.name)}: {visible(refusal.reason)}; {visible(refusal.remedy)}"
        print(f"capath: error: {told}", file=sys.stderr)


def _tell(rehash: Rehash, arguments: argparse.Namespace) -> None:
    """Print what ``-v`` and ``--dry-run`` print; to a person also a summary. Otherwise as silent as upstream."""
    plan = rehash.plan
    directory = visible(plan.before.directory)
    if arguments.verbose:
        print("\n".join([f"Doing {directory}", *map(visible, rehash.verbose_lines())]))
    if arguments.dry_run:
        from capath.cli.output import show
        from capath.report.change import plan_lines

        show([f"would {plan.summary} in {plan.before.directory}:", *plan_lines(applicable(plan))])
    elif not arguments.verbose and sys.stderr.isatty():
        undo = "" if arguments.no_history else shell_command(["capath", "undo", plan.before.directory])
        summary = _summary(plan, rehash.error_count, undo)
        print(f"capath: {directory}: {summary}", file=sys.stderr)


def _summary(plan: Plan, error_count: int, undo: str) -> str:
    if count := len(plan.operations):
        steps = f"{count:,} change{'' if count == 1 else 's'}"
        return (
            f"{steps} of hash links made (-v lists the links{f', {undo} takes the changes back' if undo else ''})"
        )
    return "nothing was changed" if error_count else "the hash links are right, nothing had to be changed"


def _default_directories() -> list[str]:
    from capath.cli.openssl_directories import openssl_directories

    directories = openssl_directories()
    if not directories:
        raise CapathError("OpenSSL has no default certificate directory here; name one")
    return directories
