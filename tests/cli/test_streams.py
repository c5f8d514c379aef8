"""Standard streams that are full, closed or gone: one line on standard error, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from capath.cli.main import main
from tests.minting import mint_root

needs_dev_full = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")


@pytest.fixture
def crts(tmp_path: Path) -> Path:
    directory = tmp_path / "crts"
    directory.mkdir()
    (directory / "root.pem").write_bytes(mint_root("Root").pem)
    assert main(["rehash", str(directory)], lambda _: 0) == 0
    return directory


def _shell(line: str, directory: Path, unbuffered: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered, "CAPATH": f"{sys.executable} -m capath"}
    return subprocess.run(
        ["/bin/sh", "-c", line, "sh", str(directory)], capture_output=True, text=True, env=environment, check=False
    )


@needs_dev_full
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", ["list", "rehash --json", "export --bundle -"])
def test_a_full_disk_under_standard_output_is_said(crts: Path, command: str, unbuffered: str) -> None:
    """What was found did not arrive, so the status is not that of good news."""
    done = _shell(f'$CAPATH {command} "$1" > /dev/full', crts, unbuffered)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "capath: the output could not be written: No space left on device",
    ]


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ('$CAPATH list "$1" >&-', 0),
        ('$CAPATH list "$1" <&- >&- 2>&-', 0),
        ('$CAPATH verify "$1" - <&-', 2),
        ('$CAPATH import "$1" "$1/root.pem" <&-', 0),
        ('$CAPATH list "$1/nowhere" 2>&-', 2),
    ],
)
def test_closed_streams_change_nothing_but_what_is_seen(crts: Path, line: str, status: int) -> None:
    done = _shell(line, crts)
    assert done.returncode == status
    assert "Traceback" not in done.stderr
