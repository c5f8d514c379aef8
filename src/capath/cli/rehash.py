"""``capath rehash [-old] [-compat] [-n] [-v] [--dry-run] DIR…``: openssl-rehash(1), and more."""

from __future__ import annotations

import argparse
import os
import sys

from capath.cli.changing import recover_first
from capath.errors import BadInputError, CapathError, ChangeError
from capath.pki.visible import visible

_ERROR_COUNT_LIMIT = 125


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directories", metavar="DIR", nargs="*", help="default: SSL_CERT_DIR, else OpenSSL's own")
    parser.add_argument("-old", action="store_true", help="name links by old hashes only")
    parser.add_argument("-compat", action="store_true", help="name links by both hashes")
    parser.add_argument("-n", dest="keep", action="store_true", help="remove no links")
    parser.add_argument("-v", dest="verbose", action="store_true", help="print each link made and removed")
    parser.add_argument("--dry-run", action="store_true", help="print what would be done, and do nothing")


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
    from capath.change.apply import apply_plan
    from capath.change.operation import RemoveLink
    from capath.change.plan import applicable
    from capath.change.rehash import HashStyle, plan_rehash
    from capath.report.change import plan_json, plan_text
    from capath.store import scan

    if not os.path.isdir(directory) or not os.access(directory, os.W_OK | os.X_OK):
        raise ChangeError(f"Skipping {visible(directory)}, can't write")
    if not arguments.dry_run:
        recover_first(directory)
    style = HashStyle.BOTH if arguments.compat else HashStyle.OLD if arguments.old else HashStyle.NEW
    try:
        rehash = plan_rehash(scan(directory), style, remove=not arguments.keep)
    except BadInputError as error:
        raise ChangeError(str(error)) from None
    for passed in rehash.passed:
        word = "error" if passed.is_error else "warning"
        print(f"capath: {word}: skipping {visible(passed.file)}, {visible(passed.reason)}", file=sys.stderr)
    for refusal in rehash.plan.refusals:
        print(
            f"capath: error: {visible(refusal.name)}: {visible(refusal.reason)}; {visible(refusal.remedy)}",
            file=sys.stderr,
        )
    plan = applicable(rehash.plan)
    if not arguments.dry_run:
        apply_plan(plan)
    if not arguments.json:
        if arguments.verbose:
            print(f"Doing {visible(directory)}")
            for name, target in rehash.links:
                print(f"link {visible(target)} -> {name}")
            for operation in plan.operations:
                if isinstance(operation, RemoveLink):
                    print(f"unlink {visible(operation.name)}")
        if arguments.dry_run:
            print(f"would {plan.summary} in {visible(directory)}:")
            print(plan_text(plan))
    return rehash.error_count, plan_json(rehash.plan, applied=not arguments.dry_run)


def _default_directories() -> list[str]:
    if value := os.environ.get("SSL_CERT_DIR"):
        return value.split(":")
    import ssl

    path = ssl.get_default_verify_paths().openssl_capath
    if not path:
        raise CapathError("OpenSSL has no default certificate directory here; name one")
    return [path]
