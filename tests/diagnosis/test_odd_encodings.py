"""Certificates that OpenSSL loads and `cryptography` refuses are diagnosed as any other: none can end capath."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from capath.cli.main import main
from tests.minting import mint_intermediate, mint_leaf, mint_root

VERSION_3, VERSION_2, VERSION_4 = (bytes((0xA0, 3, 2, 1, number)) for number in (2, 1, 3))


@pytest.mark.parametrize("version", [VERSION_2, VERSION_4], ids=["2", "4"])
@pytest.mark.parametrize("sent", [True, False], ids=["sent", "not sent"])
@pytest.mark.parametrize("option", [[], ["--hostname", "other.test"], ["--crl-check"], ["--strict"]])
def test_a_version_that_the_parser_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], version: bytes, sent: bool, option: list[str]
) -> None:
    root = mint_root("Root")
    middle = mint_intermediate(root)
    directory, leaf, untrusted = tmp_path / "crts", tmp_path / "leaf.der", tmp_path / "middle.pem"
    directory.mkdir()
    (directory / "root.pem").write_bytes(root.pem)
    assert main(["rehash", str(directory)], lambda _: 0) == 0
    leaf.write_bytes(mint_leaf(middle).der.replace(VERSION_3, version, 1))
    untrusted.write_bytes(middle.pem)
    beside = ["--untrusted", str(untrusted)] if sent else []
    assert main(["verify", str(directory), str(leaf), "--json", *beside, *option], lambda _: 0) == 1
    assert json.loads(capsys.readouterr().out)["diagnosis"]["cause"]


def test_show_tells_of_a_neighbour_that_the_parser_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it issued is looked for among all certificates of the store."""
    root = mint_root("Root")
    odd = mint_intermediate(root).der.replace(VERSION_3, VERSION_2, 1)
    (tmp_path / "root.pem").write_bytes(root.pem)
    assert main(["import", str(tmp_path), _written(tmp_path.parent / "odd.der", odd)], lambda _: 0) == 0
    for which in ("root.pem", "subject~Intermediate"):
        assert main(["show", str(tmp_path), which], lambda _: 0) == 0
    assert "Intermediate" in capsys.readouterr().out


def _written(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    return str(path)
