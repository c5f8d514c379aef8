"""The README tells the truth: its tables are those of the program, its files exist, its commands are CI's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from capath.cli.registry import COMMANDS
from capath.demo import authority
from capath.demo.server import Loopback, http, tls, tls_context
from capath.tui.actions import help_rows
from tests.tui.explorer import make_store

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def part(name: str) -> str:
    """The part of the README between the two comments of `name`."""
    match = re.search(rf"<!-- {name}\b.*?-->\n(.*?)\n<!-- end of {name} -->", README, re.DOTALL)
    assert match is not None
    return match[1]


def rows(name: str) -> list[str]:
    """The rows of the table in part `name`, without its head."""
    return part(name).splitlines()[2:]


def test_the_keys_are_those_of_the_program() -> None:
    """README's key table is the first keys, as the table of actions has them, without the views they are for."""
    known = [f"| `{key}` | {text.partition(' (in ')[0]} |" for key, text in help_rows()]
    assert rows("keys") == [row for row in known if row in rows("keys")]
    assert len(rows("keys")) >= 8


def test_the_commands_are_those_of_the_program() -> None:
    """README's command table is made from the registry."""
    groups: dict[str, list[str]] = {}
    for command in COMMANDS:
        groups.setdefault(command.group, []).append(f"`{command.name}`")
    assert rows("commands") == [f"| {group} | {', '.join(names)} |" for group, names in groups.items()]


def test_every_picture_is_there() -> None:
    """No image link leads nowhere."""
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README)
    assert len(pictures) >= 2
    for picture in pictures:
        assert (ROOT / picture).is_file(), picture


def test_every_module_that_is_named_is_there() -> None:
    """Contributors are sent to files that exist."""
    _, _, contributing = README.partition("## Contributing")
    modules = re.findall(r"`([a-z_/]+\.py)`", contributing)
    assert len(modules) >= 5
    for module in modules:
        assert (ROOT / module).is_file() or (ROOT / "src" / "capath" / module).is_file(), module


def test_ci_runs_the_very_test_command() -> None:
    """The command that passes the tests is the one CI runs."""
    command = next(line for line in README.splitlines() if line.startswith("python3 -m venv") and "pytest" in line)
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_the_python_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's example does what it says on a store called crts."""
    make_store(tmp_path / "crts")
    monkeypatch.chdir(tmp_path)
    example = re.search(r"```python\n(import capath.*?)```", README, re.DOTALL)
    assert example is not None
    names: dict[str, object] = {}
    exec(example[1], names)
    assert getattr(names["plan"], "operations", ())
    assert (tmp_path / "crts" / "Aurora_Root.pem").exists()


def test_the_walk_runs_as_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The five minutes, line by line in a shell: what fails fails, and what is fixed works.

    ``internal.example`` is a server on this machine with a private CA, whose root is in company-root.cer.
    """
    root = authority.root("Company Root")
    (tmp_path / "company-root.cer").write_bytes(root.certificate.public_bytes(Encoding.DER))
    leaf = authority.leaf(root, "localhost", names=("localhost",))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with Loopback() as servers:
        host = f"localhost:{servers.serve(tls(tls_context(leaf), http()))}"
        statuses, outputs = [], []
        for line in part("walk").replace("internal.example", host).splitlines():
            if line and not line.startswith(("```", "`")) and line.split()[0] in ("mkdir", "capath", "python"):
                done = subprocess.run(
                    line,
                    shell=True,
                    cwd=tmp_path,
                    env={**os.environ, "PATH": path},
                    capture_output=True,
                    text=True,
                )
                assert "Traceback" not in done.stderr or line.startswith("python"), done.stderr
                statuses.append((" ".join(line.split()[:2]), done.returncode))
                outputs.append(" ".join(done.stdout.replace(host, "internal.example:443").split()))
    shown = re.search(r"```\n(✗ .*?)```", part("walk"), re.DOTALL)
    assert shown is not None
    for words in re.split("…|\n", shown[1].replace("“internal.example”", "“localhost”")):
        assert " ".join(words.split()).rstrip(",") in outputs[3]
    assert statuses[8][1] in (0, 1)
    assert statuses == [
        ("mkdir crts", 0),
        ("capath import", 0),
        ("python -c", 1),
        ("capath test", 1),
        ("capath import", 0),
        ("capath import", 0),
        ("capath test", 0),
        ("python -c", 0),
        ("capath check", statuses[8][1]),  # 1 where certifi is old and has roots that have expired
        ("capath diff", 1),
        ("capath distrust", 0),
        ("capath minimise", 0),
        ("capath export", 0),
        ("capath doctor", 1),
        ("capath undo", 0),
    ]
