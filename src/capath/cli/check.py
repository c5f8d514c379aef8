"""``capath check STORE``: the health of the links, and the audit of the certificates."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from capath.cli.exit_status import ExitStatus
from capath.cli.output import say, show, width
from capath.cli.parser import add_store
from capath.cli.store_view import now_utc, read_listing
from capath.errors import BadInputError, ChangeError
from capath.files import read_input
from capath.pki.visible import visible

if TYPE_CHECKING:
    from capath.audit import AuditResult, Finding, Policy
    from capath.store import Listing

POLICY_FILE = "capath-audit.json"
_POLICY_OCTETS_LIMIT = 1 << 20
_FORMATS = ("text", "json", "sarif", "junit")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        f"The policy is the file --policy names, else {POLICY_FILE} in DIR. It is JSON: the thresholds "
        "expires_within_days, long_validity_years, rsa_bits_minimum; severity ({RULE: error, warning or info}); "
        "off ({RULE: reason}); accept (a list of {rule, sha256 or name, reason}). --init writes one with the "
        "defaults. The exit status is 1 if anything is found that --fail-on names."
    )
    add_store(parser)
    parser.add_argument("--rule", metavar="NAME", default="", help="only this rule, with everything it found")
    parser.add_argument("--all", action="store_true", help="show notes too, and everything in full")
    parser.add_argument(
        "--fail-on",
        metavar="WHAT",
        action="append",
        default=[],
        help="error, warning, info or a rule; may be repeated (default: error)",
    )
    parser.add_argument("--policy", metavar="FILE", help="the policy")
    parser.add_argument("--init", action="store_true", help=f"write a policy file, by default DIR/{POLICY_FILE}")
    parser.add_argument("--rules", action="store_true", help="list the rules and exit")
    parser.add_argument("--format", choices=_FORMATS, default="text", help="sarif and junit are for CI")


def run(arguments: argparse.Namespace) -> int:
    from capath.audit import audit
    from capath.store.constraints import read_constraints_file

    if arguments.json and arguments.format in ("sarif", "junit"):
        raise BadInputError(f"--json and --format {arguments.format}: give one of them")
    as_json = arguments.json or arguments.format == "json"
    if arguments.rules:
        return _show_rules(as_json=as_json)
    if arguments.init:
        return _write_policy(arguments)
    fails_on = _severities_and_rules(arguments.fail_on or ["error"])
    check_rule(arguments.rule)
    listing = read_listing(arguments)
    policy = _policy(arguments)
    result = audit(
        listing,
        now_utc(),
        directory_mode=os.stat(arguments.directory).st_mode,
        policy=policy,
        kept=read_constraints_file(arguments.directory),
    )
    failing = [found for found in result.findings if found.severity.value in fails_on or found.rule in fails_on]
    _show(arguments, listing, result, policy, failing, as_json=as_json)
    return ExitStatus.BAD if failing else ExitStatus.GOOD


def _show(
    arguments: argparse.Namespace,
    listing: Listing,
    result: AuditResult,
    policy: Policy,
    failing: Sequence[Finding],
    *,
    as_json: bool,
) -> None:
    from capath.report.document import document, json_text

    if as_json:
        from capath.report.audit import audit_json

        print(document(audit_json(listing, result, policy)))
    elif arguments.format == "sarif":
        from capath.report.ci_formats import sarif

        print(json_text(sarif(listing.snapshot.title, result.findings)))
    elif arguments.format == "junit":
        from capath.report.ci_formats import junit

        print(junit(listing.snapshot.title, result.findings, failing))
    else:
        from capath.report.audit import audit_lines

        show(audit_lines(listing, result, policy, rule=arguments.rule, everything=arguments.all, width=width()))


def _show_rules(*, as_json: bool) -> int:
    from capath.report.audit import rules_json, rules_lines
    from capath.report.document import document

    if as_json:
        print(document(rules_json()))
    else:
        show(rules_lines(width()))
    return ExitStatus.GOOD


def _severities_and_rules(words: Sequence[str]) -> frozenset[str]:
    """What ``--fail-on`` names; a severity includes those above it. Raises BadInputError."""
    from capath.audit import Severity

    severities = [severity.value for severity in Severity]
    found: set[str] = set()
    for word in words:
        if word in severities:
            found.update(severities[: severities.index(word) + 1])
        else:
            check_rule(word, severities)
            found.add(word)
    return frozenset(found)


def check_rule(rule: str, others: Sequence[str] = ()) -> None:
    """Raise BadInputError where `rule` is not empty and there is no such rule. `others` could be meant too."""
    from capath.audit import RULE_IDS

    if rule and rule not in RULE_IDS:
        import difflib

        near = difflib.get_close_matches(rule, (*others, *RULE_IDS), 1)
        hint = f"did you mean {near[0]}?" if near else "capath check --rules lists them"
        raise BadInputError(f"{visible(rule)}: there is no such rule", hint=hint)


def _write_policy(arguments: argparse.Namespace) -> int:
    from capath.audit import Policy, render_policy

    if arguments.policy is None and arguments.store.read_only:
        raise BadInputError(arguments.store.read_only, hint="or name a file for the policy: --policy FILE")
    path = arguments.policy or os.path.join(arguments.directory, POLICY_FILE)
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(render_policy(Policy()))
    except FileExistsError:
        raise ChangeError(f"{visible(path)} exists; nothing was written") from None
    except OSError as error:
        raise ChangeError(f"{visible(path)}: the policy cannot be written: {error.strerror}") from None
    say(f"wrote {visible(path)}; capath check --help describes it")
    return ExitStatus.GOOD


def _policy(arguments: argparse.Namespace) -> Policy:
    from capath.audit import RULE_IDS, Policy, read_policy

    path = arguments.policy
    if path is None:
        path = os.path.join(arguments.directory, POLICY_FILE)
        if not os.path.isfile(path):
            return Policy()
    return read_policy(read_input(path, _POLICY_OCTETS_LIMIT), visible(path), RULE_IDS)
