"""``capath check DIR``: the health of the links, and the audit of the certificates."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from capath.cli.exit_status import ExitStatus
from capath.cli.parser import add_directory
from capath.cli.store_view import now_utc, read_listing
from capath.errors import BadInputError
from capath.pki.visible import visible

if TYPE_CHECKING:
    from capath.audit import Policy

POLICY_FILE = "capath-audit.json"
_POLICY_OCTETS_LIMIT = 1 << 20


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = f"A file {POLICY_FILE} in DIR is the policy where --policy names no other."
    add_directory(parser)
    parser.add_argument("--policy", metavar="FILE", help="thresholds, and rules switched off with a reason (JSON)")
    parser.add_argument("--all", action="store_true", help="show what is only worth knowing, too")
    parser.add_argument("--rules", action="store_true", help="list the rules, and look at nothing")


def run(arguments: argparse.Namespace) -> int:
    from capath.audit import Severity, findings
    from capath.report.audit import audit_json, audit_text
    from capath.report.document import document
    from capath.store.constraints import read_constraints_file

    if arguments.rules:
        return _show_rules(arguments)
    listing = read_listing(arguments)
    policy = _policy(arguments)
    found = findings(
        listing,
        now_utc(),
        directory_mode=os.stat(arguments.directory).st_mode,
        policy=policy,
        kept=read_constraints_file(arguments.directory),
    )
    if arguments.json:
        print(document(audit_json(listing, found, policy)))
    else:
        print(audit_text(listing, found, policy, everything=arguments.all).lstrip("\n"))
    return ExitStatus.BAD if any(finding.severity is Severity.ERROR for finding in found) else ExitStatus.GOOD


def _show_rules(arguments: argparse.Namespace) -> int:
    from capath.report.audit import rules_json, rules_text
    from capath.report.document import document

    print(document(rules_json()) if arguments.json else rules_text())
    return ExitStatus.GOOD


def _policy(arguments: argparse.Namespace) -> Policy:
    from capath.audit import RULE_IDS, Policy, read_policy

    path = arguments.policy
    if path is None:
        path = os.path.join(arguments.directory, POLICY_FILE)
        if not os.path.isfile(path):
            return Policy()
    try:
        with open(path, "rb") as file:
            data = file.read(_POLICY_OCTETS_LIMIT)
    except OSError as error:
        raise BadInputError(f"{visible(path)}: the policy cannot be read: {error.strerror}") from None
    return read_policy(data, visible(path), RULE_IDS)
