"""Directories that another tool owns: said before a change, with what would undo it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from capath.change.apply import apply_plan
from capath.change.plan import with_owner_notes
from capath.change.rehash import plan_rehash
from capath.change.toggle import plan_toggle
from capath.cli.main import main
from capath.store import list_store, scan
from tests.minting import mint_root


@pytest.fixture
def debian(tmp_path: Path) -> Path:
    """A copy of Debian's tree: a source, a link to it, a hash link to that, and the configuration."""
    (tmp_path / "etc/ssl/certs").mkdir(parents=True)
    (tmp_path / "usr/share/ca-certificates/mozilla").mkdir(parents=True)
    (tmp_path / "etc/ca-certificates.conf").write_text("mozilla/Root_A.crt\n")
    source = tmp_path / "usr/share/ca-certificates/mozilla/Root_A.crt"
    source.write_bytes(mint_root("Root A").pem)
    os.symlink(source, tmp_path / "etc/ssl/certs/Root_A.pem")
    apply_plan(plan_rehash(scan(tmp_path / "etc/ssl/certs")).plan)
    return tmp_path


def test_a_plan_for_debians_directory_names_its_owner_and_the_lasting_way(debian: Path) -> None:
    """What remakes the directory is said, and how the change is made to last."""
    listing = list_store(scan(debian / "etc/ssl/certs"))
    plan = plan_toggle(listing, [], [listing.certificates[0].certificate.sha256])
    notes = with_owner_notes(plan, str(debian)).notes
    assert any(note.startswith("update-ca-certificates owns this directory") for note in notes)
    assert any("--policy" in note for note in notes)


def test_a_directory_of_ones_own_has_no_owner(tmp_path: Path) -> None:
    """Nothing is said of a directory that no tool owns."""
    (tmp_path / "Root_A.pem").write_bytes(mint_root("Root A").pem)
    plan = plan_rehash(scan(tmp_path)).plan
    assert with_owner_notes(plan) is plan


def test_policy_is_refused_where_debian_owns_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--policy on a directory of one's own is an error that says so, and changes nothing."""
    (tmp_path / "Root_A.pem").write_bytes(mint_root("Root A").pem)
    assert main(["distrust", str(tmp_path), "Root_A.pem", "--policy"], lambda request: 0) == 2
    assert "update-ca-certificates does not own" in capsys.readouterr().err
    assert (tmp_path / "Root_A.pem").exists()
