"""What strangers get: the wheel's man page, and the description that a package index shows."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from capath.cli.registry import COMMANDS
from tests.coverage_floors import FLOORS, by_package, main

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


def test_every_package_has_a_floor_of_coverage_and_one_below_it_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A package that is new has none, and is below it too unless everything in it ran."""
    source = ROOT / "src" / "capath"
    assert set(FLOORS) == {path.name for path in source.iterdir() if (path / "__init__.py").exists()} | {"capath"}
    full = {"covered_lines": 10, "num_statements": 10, "covered_branches": 4, "num_branches": 4}
    files = {"src/capath/pki/a.py": full, "src/capath/errors.py": full, "src/capath/new/a.py": full}
    report = tmp_path / "report.json"
    for summary, status in ((full, 0), ({**full, "covered_branches": 3}, 1), ({**full, "covered_lines": 9}, 1)):
        files["src/capath/new/b/c.py"] = summary
        report.write_text(json.dumps({"files": {path: {"summary": one} for path, one in files.items()}}))
        assert main([str(report)]) == status
        assert ("below" in capsys.readouterr().out) is bool(status)
    assert by_package(json.loads(report.read_text()))["new"] == (95.0, 100.0)
