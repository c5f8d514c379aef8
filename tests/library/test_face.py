"""The names that `import capath` gives, and what giving them costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import capath
from capath.demo import authority
from capath.demo.server import Loopback, http, tls, tls_context
from tests.tls.conftest import MakeStore, make_store

__all__ = ["make_store"]

PUBLIC = [
    *(
        "AuditResult",
        "BadInputError",
        "CapathError",
        "Cause",
        "CauseFound",
        "Certificate",
    ),
    *(
        "CertificateRow",
        "Change",
        "ChangeError",
        "Client",
        "Comparison",
        "CrlCheck",
        "Diagnosis",
    ),
    *(
        "Endpoint",
        "Explanation",
        "Import",
        "Listing",
        "OfflineResult",
        "ParseError",
        "Plan",
    ),
    *(
        "Policy",
        "ProbeOptions",
        "ProbeResult",
        "Remedy",
        "RemedyKind",
        "Snapshot",
        "Verification",
    ),
    *(
        "VerifyFlags",
        "__version__",
        "apply_plan",
        "check",
        "command_line",
        "diagnose",
    ),
    *(
        "diagnose_offline",
        "diagnosis_text",
        "diff",
        "examine_clients",
        "examine_host",
        "explain",
    ),
    *(
        "export_bundle",
        "find_issuers",
        "history",
        "list_store",
        "minimise",
        "open_store",
    ),
    *(
        "parse_endpoint",
        "plan_import",
        "plan_rehash",
        "plan_toggle",
        "probe",
        "read_certificates",
    ),
    *(
        "scan",
        "select_all",
        "select_one",
        "staged_directory",
        "undo_last",
        "verify_offline",
    ),
]


def test_every_name_is_there_and_typed() -> None:
    for name in dir(capath):
        assert getattr(capath, name) is not None
    source = ast.parse(Path(capath.__file__).read_text())
    typed = {
        alias.name
        for block in ast.walk(source)
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert typed | {"__version__"} == set(dir(capath))
    exported = next(
        ast.literal_eval(node.value)
        for node in ast.walk(source)
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__"
    )
    assert set(exported) == set(dir(capath))


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        capath.nonsense  # noqa: B018


def test_importing_it_imports_nothing_heavy() -> None:
    code = (
        "import sys, capath; print([n for n in sys.modules if n.startswith(('capath.', 'OpenSSL', 'requests'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_directory_is_read_changed_and_verified_with(make_store: MakeStore) -> None:
    root = authority.root("Root")
    directory = make_store(root__pem__untrusted=root.pem)
    listing = capath.open_store(Path(directory))
    [row] = listing.certificates
    assert not row.trusted
    plan = capath.plan_toggle(listing, [row.certificate.sha256], ())
    capath.apply_plan(plan)
    snapshot = capath.scan(directory)
    assert [found.link for found in capath.find_issuers(snapshot, row.certificate.subject)] == row_links(directory)
    [leaf] = capath.read_certificates(authority.leaf(root, "host.test").pem, "leaf")
    assert capath.verify_offline(leaf, directory, host="host.test").verification.errors == ()
    capath.undo_last(directory)
    result = capath.verify_offline(leaf, directory)
    why = capath.diagnose_offline(result, capath.scan(directory))
    assert why is not None
    assert why.cause is capath.Cause.ROOT_NOT_TRUSTED


def row_links(directory: str) -> list[str]:
    return list(capath.open_store(directory).certificates[0].links)


def test_the_names_are_these() -> None:
    """A name that goes breaks programs; one that comes is added here."""
    assert dir(capath) == sorted(PUBLIC)


def test_help_fits_on_two_screens() -> None:
    code = "import capath; help(capath)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) <= 100
    for name in ("open_store", "plan_toggle", "apply_plan", "examine_host", "explain"):
        assert f"capath.{name}(" in done.stdout


def test_the_commands_work_for_programs(make_store: MakeStore, tmp_path: Path) -> None:
    """Paths in, values out: audit, import, comparison, export, history, a live test, the smallest set."""
    root = authority.root("Root")
    directory = Path(make_store(root__pem__untrusted=root.pem))
    assert capath.check(directory).findings
    (tmp_path / "new.pem").write_bytes(authority.root("New").pem)
    assert [item.member.label for item in capath.diff(directory, tmp_path / "new.pem").only_right] == ["New"]
    planned = capath.plan_import(directory, tmp_path / "new.pem")
    change = capath.apply_plan(planned.plan)
    assert change is not None
    assert [done.number for done in capath.history(directory)] == [change.number]
    assert capath.export_bundle(directory).count(b"BEGIN CERTIFICATE") == 1
    leaf = authority.leaf(root, "localhost", names=("localhost",))
    with Loopback() as servers:
        host = f"localhost:{servers.serve(tls(tls_context(leaf), http()))}"
        seen = capath.examine_host(host, directory)
        assert seen.diagnosis is not None
        assert seen.diagnosis.cause is capath.Cause.ROOT_NOT_TRUSTED
        [row] = capath.select_all(capath.open_store(directory), "subject~Root")[:1]
        capath.apply_plan(capath.plan_toggle(capath.open_store(directory), [row.held.sha256], ()))
        assert capath.examine_host(host, directory).diagnosis is None
        assert capath.minimise(directory, [host]).roots == {row.held.sha256}


def test_what_people_print_is_short(make_store: MakeStore) -> None:
    store = capath.open_store(make_store(authority.root("My Root")))
    assert str(store) == f"<Listing {store.snapshot.directory!r}: 1 certificate, 1 trusted>"
    assert repr(store.certificates[0]).startswith("<CertificateRow '")
    assert "My Root" in str(store.certificates[0].certificate)
    plan = capath.plan_toggle(store, (), [store.certificates[0].held.sha256])
    assert repr(plan).startswith("<Plan 'distrust My Root': ")
