"""Directories that another tool owns: said before a change, with what would undo it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from capath.change.apply import apply_plan
from capath.change.ownership import with_owner_notes
from capath.change.rehash import plan_rehash
from capath.change.toggle import plan_toggle
from capath.store import list_store, scan
from capath.store.owner import Debian, FreeBsd, P11Kit, owner_of
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


def test_debians_directory_is_known_and_its_own_way_is_named(debian: Path) -> None:
    """A plan there says what remakes the directory, and which line of the configuration makes it last."""
    certs = debian / "etc/ssl/certs"
    assert isinstance(owner_of(str(certs), str(debian)), Debian)
    listing = list_store(scan(certs))
    plan = plan_toggle(listing, [], [listing.certificates[0].certificate.sha256])
    notes = with_owner_notes(plan, str(debian)).notes
    assert any("update-ca-certificates owns this directory" in note for note in notes)
    assert any("!mozilla/Root_A.crt" in note for note in notes)


def test_the_owner_is_found_through_links(debian: Path) -> None:
    """A link to the directory is the same directory."""
    link = debian / "certs"
    link.symlink_to("etc/ssl/certs")
    assert isinstance(owner_of(str(link), str(debian)), Debian)


def test_fedora_and_freebsd_are_known(tmp_path: Path) -> None:
    """p11-kit's extracted directories, and certctl's."""
    extracted = tmp_path / "etc/pki/ca-trust/extracted/pem/directory-hash"
    extracted.mkdir(parents=True)
    assert isinstance(owner_of(str(extracted), str(tmp_path)), P11Kit)
    (tmp_path / "usr/sbin").mkdir(parents=True)
    (tmp_path / "usr/sbin/certctl").touch()
    (tmp_path / "etc/ssl/certs").mkdir(parents=True)
    assert isinstance(owner_of(str(tmp_path / "etc/ssl/certs"), str(tmp_path)), FreeBsd)


def test_a_directory_of_ones_own_has_no_owner(tmp_path: Path) -> None:
    """Nothing is said of a directory that no tool owns."""
    (tmp_path / "Root_A.pem").write_bytes(mint_root("Root A").pem)
    plan = plan_rehash(scan(tmp_path)).plan
    assert owner_of(str(tmp_path)) is None
    assert with_owner_notes(plan) is plan
