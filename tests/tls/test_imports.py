"""What is loaded when: nobody pays for a client that is not asked."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module",
    [
        "capath.tls.probe",
        "capath.tls.offline.verify",
        "capath.tls.clients.requests",
        "capath.cli.test",
        "capath.cli.verify",
        "capath.cli.demo",
    ],
)
def test_importing_loads_neither_openssl_nor_requests(module: str) -> None:
    heavy = "{'OpenSSL', 'requests', 'urllib3', 'cryptography', 'textual', 'service_identity', 'certifi'}"
    code = f"import sys, {module}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_importing_the_diagnosis_loads_no_client() -> None:
    """It is imported where a test failed, which has loaded cryptography by then."""
    heavy = "{'OpenSSL', 'requests', 'urllib3', 'textual', 'service_identity', 'certifi'}"
    code = f"import sys, capath.diagnosis.diagnose; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
