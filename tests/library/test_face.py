"""The names that `import capath` gives, and what giving them costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import capath
from capath.demo import authority
from tests.tls.conftest import MakeStore, make_store

__all__ = ["make_store"]


def test_every_name_is_there_and_typed() -> None:
    for name in capath.__all__:
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
    assert typed | {"open_store", "__version__"} == set(capath.__all__)


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
