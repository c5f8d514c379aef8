"""See, edit and test the trust behind TLS: OpenSSL CApath directories.

As a library: `open_store` gives a directory as OpenSSL sees it, `plan_toggle`, `plan_rehash` and `apply_plan`
change it, `verify_offline` and `probe` test with it, `diagnose` says why a test failed, and `explain` says it of
an exception of requests. Names are imported when they are first used, so that ``import capath`` costs nothing.
"""

from __future__ import annotations

import importlib
import os

TYPE_CHECKING = False  # typing's, without importing it
if TYPE_CHECKING:
    from capath.change.apply import apply_plan, undo_last
    from capath.change.plan import Plan
    from capath.change.rehash import plan_rehash
    from capath.change.staging import staged_directory
    from capath.change.toggle import plan_toggle
    from capath.diagnosis.cause import Cause, CauseFound, Diagnosis, Remedy, RemedyKind
    from capath.diagnosis.diagnose import diagnose, diagnose_offline
    from capath.errors import BadInputError, CapathError, ChangeError, ParseError
    from capath.explanation import Explanation, explain
    from capath.pki.certificate import Certificate
    from capath.report.verification import command_line, diagnosis_text
    from capath.store import CertificateRow, Listing, Snapshot, list_store, scan
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
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "BadInputError",
    "CapathError",
    "Cause",
    "CauseFound",
    "Certificate",
    "CertificateRow",
    "ChangeError",
    "Client",
    "CrlCheck",
    "Diagnosis",
    "Endpoint",
    "Explanation",
    "Listing",
    "OfflineResult",
    "ParseError",
    "Plan",
    "ProbeOptions",
    "ProbeResult",
    "Remedy",
    "RemedyKind",
    "Snapshot",
    "Verification",
    "VerifyFlags",
    "__version__",
    "apply_plan",
    "command_line",
    "diagnose",
    "diagnose_offline",
    "diagnosis_text",
    "explain",
    "find_issuers",
    "list_store",
    "open_store",
    "parse_endpoint",
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


def open_store(directory: str | os.PathLike[str]) -> Listing:
    """Read a CApath: its certificates, CRLs and links as they are now, immutable. Raises BadInputError."""
    from capath.store import list_store, scan

    return list_store(scan(os.fspath(directory)))


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
