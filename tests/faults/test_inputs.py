"""Inputs without end or without an answer, wherever a file is named: an error that names it, and never a wait."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from capath import files
from capath.change.export import write_export
from capath.errors import BadInputError, ChangeError
from tests.cli.test_commands import capath
from tests.minting import mint_root

INPUTS = {
    "test --file": ["test", "--capath", "DIR", "--file", "INPUT"],
    "minimise --file": ["minimise", "DIR", "--file", "INPUT"],
    "--hosts": ["DIR", "--hosts", "INPUT"],
    "@FILE": ["trust", "DIR", "@INPUT"],
    "verify": ["verify", "DIR", "INPUT"],
    "verify --untrusted": ["verify", "DIR", "LEAF", "--untrusted", "INPUT"],
    "import": ["import", "DIR", "INPUT"],
    "diff": ["diff", "DIR", "INPUT"],
    "--password-file": ["import", "DIR", "LEAF", "--password-file", "INPUT"],
    "check --policy": ["check", "DIR", "--policy", "INPUT"],
    "test --cert": ["test", "--capath", "DIR", "127.0.0.1:1", "--cert", "INPUT"],
}


@pytest.fixture
def crts(tmp_path: Path) -> Path:
    directory = tmp_path / "crts"
    directory.mkdir()
    (directory / "A.pem").write_bytes(mint_root("Root A").pem)
    (tmp_path / "leaf.pem").write_bytes(mint_root("Root B").pem)
    return directory


@pytest.mark.parametrize("kind", ["FIFO", "/dev/zero", "a directory", "too large", "missing"])
@pytest.mark.parametrize("option", INPUTS)
@pytest.mark.timeout(30)
def test_what_is_no_file_is_told(crts: Path, option: str, kind: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Every option that takes a file, with what would keep a reader waiting or fill the memory."""
    path = crts.parent / "input"
    match kind:
        case "FIFO":
            os.mkfifo(path)
        case "/dev/zero":
            path = Path("/dev/zero")
        case "a directory":
            path.mkdir()
            if option in ("import", "diff"):
                pytest.skip("a directory is a source")
        case "too large":
            with path.open("wb") as file:
                file.truncate(2**40)
        case _:
            pass
    words = {"DIR": str(crts), "INPUT": str(path), "@INPUT": f"@{path}", "LEAF": str(crts.parent / "leaf.pem")}
    status = capath(*(words.get(word, word) for word in INPUTS[option]))
    said = capfd.readouterr()
    assert status == (1 if option == "verify" else 2) or (option == "verify" and status == 2)
    assert str(path) in said.err + said.out
    assert "Traceback" not in said.err


def test_standard_input_and_an_inherited_pipe(tmp_path: Path) -> None:
    """``-`` is standard input, and what the shell has opened (process substitution) is read as that is."""
    code = "import sys\nfrom capath.files import read_input\nsys.stdout.buffer.write(read_input(sys.argv[1], 10))"
    for name in ("-", "/dev/fd/0"):
        done = subprocess.run([sys.executable, "-c", code, name], input=b"some", capture_output=True, check=True)
        assert done.stdout == b"some"
    too_much = subprocess.run([sys.executable, "-c", code, "-"], input=b"x" * 11, capture_output=True, check=False)
    assert b"standard input: it cannot be read: it is larger than" in too_much.stderr


def test_limits_are_exact(tmp_path: Path) -> None:
    """As large as the limit is read, one more is not."""
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100)
    assert files.read_input(str(path), 100) == b"x" * 100
    with pytest.raises(BadInputError, match="larger than"):
        files.read_input(str(path), 99)
    with pytest.raises(BadInputError, match=r"null (byte|character)"):
        files.read_input("a\0b")


@pytest.mark.parametrize("umask", [0o022, 0o077], ids=oct)
def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, umask: int) -> None:
    """Its mode stays, a link stays one, a new one is 0644; a device is written to; what fails leaves nothing."""
    old = os.umask(umask)
    try:
        path = tmp_path / "file"
        files.write_file(str(path), b"one")
        assert path.stat().st_mode & 0o777 == 0o644
        path.chmod(0o640)
        (tmp_path / "link").symlink_to("file")
        files.write_file(str(tmp_path / "link"), b"two")
        assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"two", 0o640)
        assert (tmp_path / "link").is_symlink()
        files.write_file(os.devnull, b"three")
        with pytest.raises(ChangeError, match="could not be written"):
            write_export(str(tmp_path / "nowhere" / "file"), b"four")
        (tmp_path / "taken").mkdir()
        with pytest.raises(OSError, match="directory"):
            files.write_file(str(tmp_path / "taken"), b"five")
    finally:
        os.umask(old)
    assert sorted(found.name for found in tmp_path.iterdir()) == ["file", "link", "taken"]
