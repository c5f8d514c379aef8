"""What the plain commands say to people: titles over columns, one sentence for many, the reason of a failure."""

from __future__ import annotations

import json
import os
import pty
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from capath.cli.main import main
from tests.minting import mint_root

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def crts(tmp_path: Path) -> Path:
    """Twelve roots without links."""
    directory = tmp_path / "crts"
    directory.mkdir()
    for number in range(12):
        (directory / f"Root_{number:02d}.pem").write_bytes(mint_root(f"Root {number:02d}").pem)
    return directory


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments], lambda request: 0)


def test_list_has_titles_over_its_columns(crts: Path, capsys: Capture) -> None:
    """Each column begins under its title, whatever is in it."""
    run("rehash", crts)
    run("distrust", crts, "Root_03.pem")
    (crts / "Root_05.pem").rename(crts / "Root_5.pem")
    capsys.readouterr()
    run("list", crts)
    titles, *lines = capsys.readouterr().out.splitlines()
    assert titles.split() == ["State", "Link", "Key", "Until", "Certificate", "(File)"]
    for mark, state, name in (("●", "trusted", "00"), ("◌", "not linked", "05"), ("○", "off", "03")):
        line = next(line for line in lines if f"Root {name}" in line)
        assert line.startswith(f"{mark} {state}")
        assert line[titles.index("Certificate") :].startswith(
            f"Root {name}  ({'untrusted/' if name == '03' else ''}Root_"
        )
        assert line[titles.index("Link") - 1] == " "
        assert line[titles.index("Link")] != " "


def test_an_empty_list_has_no_titles(tmp_path: Path, capsys: Capture) -> None:
    """Nothing stands over nothing."""
    run("list", tmp_path)
    assert capsys.readouterr().out == "0 certificates · 0 trusted · 0 not\n"


def test_check_says_one_sentence_for_all_alike(crts: Path, capsys: Capture) -> None:
    """Text groups what is alike and names ten, --all names all, JSON has each."""
    run("check", crts)
    out = capsys.readouterr().out
    assert out.count("it is not linked, so OpenSSL does not trust it") == 1
    assert "\n▲ not-linked (12): a certificate has no hash link" in out
    assert "Root 04 (Root_04.pem)\n      … and 7 more: --rule not-linked shows all" in out
    run("check", crts, "--rule", "not-linked")
    out = capsys.readouterr().out
    assert "Root 11 (Root_11.pem)" in out
    assert "not-in-mozilla-list" not in out
    run("check", crts, "--all")
    out = capsys.readouterr().out
    assert out.count("it is not linked, so OpenSSL does not trust it") == 1
    assert "Root 11 (Root_11.pem)" in out
    run("check", crts, "--json")
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert sum(finding["rule"] == "not-linked" for finding in findings) == 12


def test_show_json_has_the_pem(crts: Path, capsys: Capture) -> None:
    """--json with --pem is one object, the PEM in it."""
    run("show", crts, "Root_00.pem", "--json", "--pem")
    assert json.loads(capsys.readouterr().out)["pem"].encode() == (crts / "Root_00.pem").read_bytes()


def _on_a_terminal(crts: Path, *options: str) -> tuple[bytes, str]:
    """Standard output, and what a terminal on standard error shows."""
    terminal, side = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "capath", "rehash", *options, str(crts)],
            stdout=subprocess.PIPE,
            stderr=side,
            check=True,
        )
        os.write(side, b"\n")
        return done.stdout, os.read(terminal, 65536).decode().strip()
    finally:
        os.close(side)
        os.close(terminal)


def test_rehash_tells_a_person_what_it_did(crts: Path, capfd: Capture) -> None:
    """A line on a terminal's standard error; standard output is as silent as upstream's, and so is a pipe."""
    out, shown = _on_a_terminal(crts)
    assert out == b""
    assert shown.startswith(f"capath: {crts}: 12 changes of hash links made")
    assert f"capath undo {crts} takes the changes back" in shown
    out, shown = _on_a_terminal(crts)
    assert (out, shown) == (b"", f"capath: {crts}: the hash links are right, nothing had to be changed")
    out, shown = _on_a_terminal(crts, "-v")
    assert out.startswith(b"Doing ")
    assert shown == ""
    run("rehash", crts)
    assert capfd.readouterr().err == ""


def test_a_list_that_cannot_be_fetched_is_told_in_words(crts: Path, capsys: Capture) -> None:
    """What happened, where, and what to do; nothing of the libraries in between."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # and does not listen
        port = bound.getsockname()[1]
        assert run("import", crts, f"https://127.0.0.1:{port}/roots.csv") == 3
    said = capsys.readouterr().err
    assert "127.0.0.1 cannot be reached: Connection refused" in said
    assert f"curl -o roots https://127.0.0.1:{port}/roots.csv" in said
    assert "HTTPSConnection" not in said


def test_an_unknown_name_is_told_in_words(crts: Path, capsys: Capture) -> None:
    """A name that no resolver may know (RFC 6761) is the name of nothing here."""
    assert run("import", crts, "https://roots.invalid/list.csv") == 3
    said = capsys.readouterr().err
    assert "the name of roots.invalid cannot be resolved" in said
    assert "Max retries" not in said


def test_an_archive_is_not_written_to_a_terminal(crts: Path) -> None:
    """Its bytes could act on the terminal, and nobody can read them."""
    terminal, side = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "capath", "export", str(crts), "--tar", "-"],
            stdout=side,
            stderr=subprocess.PIPE,
            check=False,
        )
        assert done.returncode == 2
        assert b"pipe it" in done.stderr
    finally:
        os.close(side)
        os.close(terminal)
