"""What strangers get: the wheel's man page, and the description that a package index shows."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from capath.cli.registry import COMMANDS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Some texts of a wheel that is built now, by the end of their names."""
    place = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = place.iterdir()
    with zipfile.ZipFile(path) as archive:
        return {
            end: archive.read(name).decode()
            for name in archive.namelist()
            for end in ("share/man/man1/capath.1", "METADATA")
            if name.endswith(end)
        }


def test_the_man_page_has_every_command_and_option(wheel: dict[str, str], tmp_path: Path) -> None:
    """It is made from the parsers, and what reads man pages finds nothing wrong with it."""
    page = wheel["share/man/man1/capath.1"]
    for command in COMMANDS:
        assert f"\n.SS capath {command.name}\n" in page
    assert "\n.B \\-\\-starttls PROTO\nstart in plain text with: smtp," in page
    assert "\n.B CAPATH_STATE_DIR\n" in page
    if shutil.which("man") is None or shutil.which("groff") is None:
        pytest.skip("man is not installed")
    (tmp_path / "capath.1").write_text(page, encoding="utf-8")
    done = subprocess.run(
        ["man", "--warnings", "-P", "cat", "-l", str(tmp_path / "capath.1")],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "MANWIDTH": "80", "LC_ALL": "C.UTF-8"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "capath export crts --list - | sort > roots.txt" in done.stdout


def test_the_long_description_is_the_readme_without_its_pictures(wheel: dict[str, str]) -> None:
    """The pictures' addresses are relative to the repository, and lead nowhere on an index."""
    _, _, text = wheel["METADATA"].partition("\n\n")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "![" in readme
    assert "![" not in text
    assert [line for line in readme.splitlines() if line and not line.startswith("![")] == [
        line for line in text.splitlines() if line
    ]
    assert "Description-Content-Type: text/markdown" in wheel["METADATA"]
