"""What each command without a screen loads: nothing that it does not use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from capath.change.apply import apply_plan
from capath.change.rehash import plan_rehash
from capath.store import scan
from tests.minting import mint_root

HEAVY = {
    *("textual", "rich", "requests", "urllib3", "OpenSSL", "ssl", "certifi", "service_identity", "subprocess"),
    *("capath.tls", "capath.tui", "capath.remedy", "capath.diagnosis", "capath.demo"),
}
READING = {"cryptography", "socket", "email"}
"""What cryptography is and loads: only where a certificate is read."""
AUDIT = {"capath.audit", "capath.sources"}
PARSING = {"argparse"}


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (["--help"], set()),
        (["rehash", "DIR"], set()),
        (["links", "DIR"], PARSING),
        (["list", "DIR"], PARSING | READING),
        (["trust", "--dry-run", "DIR", "a.pem"], PARSING | READING),
        (["distrust", "DIR", "a.pem"], PARSING | READING),
    ],
)
def test_nothing_is_loaded_that_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], needed: set[str]
) -> None:
    """In a directory that has been read before and has not changed since."""
    (tmp_path / "a.pem").write_bytes(mint_root().pem)
    apply_plan(plan_rehash(scan(tmp_path)).plan)
    with monkeypatch.context() as patched:
        patched.setattr("capath.store.cache.SETTLED_NS", -(10**12))
        scan(tmp_path)
    words = [str(tmp_path) if word == "DIR" else word for word in arguments]
    unneeded = (HEAVY | READING | AUDIT | PARSING) - needed
    code = (
        "import io, sys; from capath.__main__ import run; sys.argv[1:] = sys.argv[2:]\n"
        "shown, sys.stdout = sys.stdout, io.StringIO()\n"
        "try:\n    run()\nexcept SystemExit as leaving:\n    assert leaving.code == 0\n"
        f"print(sorted({unneeded} & set(sys.modules)), file=shown)"
    )
    start = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{code}"]
    done = subprocess.run([*start, "capath", *words], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
