"""What is wrong with a store, and what is only worth knowing: findings with evidence, remedy and source."""

from capath.audit.finding import (
    AboutCertificate,
    AboutDirectory,
    AboutFile,
    AboutLink,
    Finding,
    Severity,
)
from capath.audit.policy import Acceptance, Policy, read_policy, render_policy
from capath.audit.registry import RULE_IDS, RULES
from capath.audit.run import AuditResult, audit

__all__ = [
    "RULES",
    "RULE_IDS",
    "AboutCertificate",
    "AboutDirectory",
    "AboutFile",
    "AboutLink",
    "Acceptance",
    "AuditResult",
    "Finding",
    "Policy",
    "Severity",
    "audit",
    "read_policy",
    "render_policy",
]
