"""See, edit and test the trust behind TLS: OpenSSL CApath directories. The commands' work, for programs.

Read a directory as OpenSSL sees it:
    store = capath.open_store("crts")              # store.certificates, .crls, .links, .skipped
    [row] = capath.select_all(store, "subject~My Root")
    result = capath.check("crts")                  # result.findings, the worst first
    found = capath.diff("crts", "mozilla")         # found.only_left, .only_right, .trust

Change it: every change is a plan, applied whole or not at all, and undoable:
    plan = capath.plan_toggle(store, trust=(), distrust=[row.certificate.sha256])
    found = capath.plan_import("crts", "certifi")  # found.plan, .entries
    plan = capath.plan_rehash(store.snapshot).plan
    capath.apply_plan(plan)                        # returns the change; raises ChangeError
    capath.undo_last("crts"), capath.history("crts"), capath.export_bundle("crts")

Test with it:
    seen = capath.examine_host("example.com", "crts")  # seen.result, seen.diagnosis
    result = capath.probe("example.com:443", "crts")
    result = capath.verify_offline(leaf, "crts", host="example.com")
    why = capath.diagnose(result, store.snapshot)  # why.cause, why.text, why.remedies
    few = capath.minimise("crts", ["example.com"]) # few.roots
    capath.examine_clients("example.com")          # every TLS client of this machine

Explain a failure of requests:
    capath.explain(url, error, capath="crts").text

Names are imported when they are first used, so ``import capath`` costs nothing.
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False  # typing's, without importing it
if TYPE_CHECKING:
    from capath.audit import AuditResult, Policy
    from capath.change.apply import apply_plan, undo_last
    from capath.change.import_ import Import
    from capath.change.journal import Change
    from capath.change.plan import Plan
    from capath.change.rehash import plan_rehash
    from capath.change.staging import staged_directory
    from capath.change.toggle import plan_toggle
    from capath.diagnosis.cause import Cause, CauseFound, Diagnosis, Remedy, RemedyKind
    from capath.diagnosis.diagnose import diagnose, diagnose_offline
    from capath.errors import BadInputError, CapathError, ChangeError, ParseError
    from capath.explanation import Explanation, explain
    from capath.library import (
        check,
        diff,
        examine_clients,
        examine_host,
        export_bundle,
        history,
        minimise,
        open_store,
        plan_import,
    )
    from capath.pki.certificate import Certificate
    from capath.report.verification import command_line, diagnosis_text
    from capath.store import CertificateRow, Listing, Snapshot, list_store, scan
    from capath.store.diff import Comparison
    from capath.store.lookup import find_issuers
    from capath.store.select import select_all, select_one
    from capath.tls.handshake.verification import Verification
    from capath.tls.network.endpoint import Endpoint, parse_endpoint
    from capath.tls.offline.verify import read_certificates, verify_offline
    from capath.tls.probe import probe
    from capath.tls.result import OfflineResult, ProbeResult
    from capath.tls.test_options import Client, CrlCheck, ProbeOptions, VerifyFlags

__version__ = "0.1.0"

_MODULES = {
    "capath.library": (
        *("check", "diff", "examine_clients", "examine_host", "export_bundle"),
        *("history", "minimise", "open_store", "plan_import"),
    ),
    "capath.audit": (
        "AuditResult",
        "Policy",
    ),
    "capath.change.import_": ("Import",),
    "capath.change.journal": ("Change",),
    "capath.store.diff": ("Comparison",),
    "capath.change.apply": ("apply_plan", "undo_last"),
    "capath.change.plan": ("Plan",),
    "capath.change.rehash": ("plan_rehash",),
    "capath.change.staging": ("staged_directory",),
    "capath.change.toggle": ("plan_toggle",),
    "capath.diagnosis.cause": ("RemedyKind", "Cause", "Diagnosis", "CauseFound", "Remedy"),
    "capath.diagnosis.diagnose": ("diagnose", "diagnose_offline"),
    "capath.errors": ("BadInputError", "CapathError", "ChangeError", "ParseError"),
    "capath.explanation": ("Explanation", "explain"),
    "capath.pki.certificate": ("Certificate",),
    "capath.report.verification": ("command_line", "diagnosis_text"),
    "capath.store": ("CertificateRow", "Listing", "Snapshot", "list_store", "scan"),
    "capath.store.lookup": ("find_issuers",),
    "capath.store.select": ("select_all", "select_one"),
    "capath.tls.network.endpoint": ("Endpoint", "parse_endpoint"),
    "capath.tls.offline.verify": ("read_certificates", "verify_offline"),
    "capath.tls.test_options": ("Client", "CrlCheck", "ProbeOptions", "VerifyFlags"),
    "capath.tls.probe": ("probe",),
    "capath.tls.result": ("OfflineResult", "ProbeResult"),
    "capath.tls.handshake.verification": ("Verification",),
}
# There is no __all__ at run time: help(capath) would print every class in full instead of the text above.
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

if TYPE_CHECKING:
    __all__ = [
        "AuditResult",
        "BadInputError",
        "CapathError",
        "Cause",
        "CauseFound",
        "Certificate",
        "CertificateRow",
        "Change",
        "ChangeError",
        "Client",
        "Comparison",
        "CrlCheck",
        "Diagnosis",
        "Endpoint",
        "Explanation",
        "Import",
        "Listing",
        "OfflineResult",
        "ParseError",
        "Plan",
        "Policy",
        "ProbeOptions",
        "ProbeResult",
        "Remedy",
        "RemedyKind",
        "Snapshot",
        "Verification",
        "VerifyFlags",
        "__version__",
        "apply_plan",
        "check",
        "command_line",
        "diagnose",
        "diagnose_offline",
        "diagnosis_text",
        "diff",
        "examine_clients",
        "examine_host",
        "explain",
        "export_bundle",
        "find_issuers",
        "history",
        "list_store",
        "minimise",
        "open_store",
        "parse_endpoint",
        "plan_import",
        "plan_rehash",
        "plan_toggle",
        "probe",
        "read_certificates",
        "scan",
        "select_all",
        "select_one",
        "staged_directory",
        "undo_last",
        "verify_offline",
    ]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*_HOMES, "__version__"])
