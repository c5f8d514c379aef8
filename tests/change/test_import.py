"""Importing: new files and links in one plan, with everything told beforehand and taken back exactly."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import datetime, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capath.change.apply import apply_plan, recover, undo_last
from capath.change.file_names import FileNames, safe_stem
from capath.change.import_ import Added, AlreadyHere, Import, ImportOptions, LeftOut, plan_import
from capath.change.rehash import plan_rehash
from capath.change.toggle import plan_toggle
from capath.pki.claims import Claims, Item, Refused, ServerTrust
from capath.pki.load import read_certificate
from capath.store import list_store, scan
from capath.store.constraints import read_constraints_file
from capath.store.link_name import CONSTRAINTS_FILE
from tests.minting import (
    Minted,
    mint_intermediate,
    mint_leaf,
    mint_root,
    raw_attribute,
    raw_certificate,
    raw_name,
)

A, B, C = mint_root("Root A"), mint_root("Root B"), mint_root("Root C")
DATE = datetime(2024, 11, 30, 23, 59, 59, tzinfo=timezone.utc)


def item(minted: Minted, servers: ServerTrust = ServerTrust.UNSAID, **claims: object) -> Item:
    """`minted`, as a source offers it."""
    certificate, _ = read_certificate(minted.der)
    return Item(certificate, "source", Claims(servers=servers, **claims))  # type: ignore[arg-type]


def import_into(directory: Path, *found: Item | Refused, options: ImportOptions | None = None) -> Import:
    listing, kept = list_store(scan(directory)), read_constraints_file(directory)
    return plan_import(listing, found, "test", options or ImportOptions(), kept)


def tree(directory: Path) -> dict[str, str | bytes]:
    """All names with their content or link target."""
    return {
        str(path.relative_to(directory)): os.readlink(path) if path.is_symlink() else path.read_bytes()
        for path in directory.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def trusted(directory: Path) -> set[str]:
    return {row.certificate.sha256 for row in list_store(scan(directory)).certificates if row.trusted}


def test_new_certificates_come_as_one_linked_file_each(tmp_path: Path) -> None:
    """After the import lookup finds them, under names that people know them by."""
    planned = import_into(tmp_path, item(A), item(B))
    assert [entry.file for entry in planned.entries if isinstance(entry, Added)] == ["Root_A.pem", "Root_B.pem"]
    apply_plan(planned.plan)
    assert trusted(tmp_path) == {A.sha256, B.sha256}
    assert (tmp_path / "Root_A.pem").read_bytes() == A.pem


@pytest.mark.oracle
def test_openssl_rehash_has_nothing_to_change_afterwards(tmp_path: Path) -> None:
    """The links are the ones that the seed's own command makes, also for roots of one name."""
    apply_plan(import_into(tmp_path, item(mint_root("Same")), item(mint_root("Same")), item(A)).plan)
    before = tree(tmp_path)
    subprocess.run(["openssl", "rehash", tmp_path], check=True, capture_output=True)
    assert tree(tmp_path) == before
    assert len(trusted(tmp_path)) == 3


def test_undo_leaves_the_directory_as_it_was(tmp_path: Path) -> None:
    """Files, links and kept limits go, and what was there stays."""
    apply_plan(import_into(tmp_path, item(C, distrust_after=DATE)).plan)
    before = tree(tmp_path)
    apply_plan(import_into(tmp_path, item(A, distrust_after=DATE), item(B, ServerTrust.NO)).plan)
    assert tree(tmp_path) != before
    undo_last(str(tmp_path))
    assert tree(tmp_path) == before


def test_an_imported_root_can_be_taken_out_and_in_again(tmp_path: Path) -> None:
    """Off and on are exact inverses for imported files too."""
    apply_plan(import_into(tmp_path, item(A), item(mint_root("Root A"))).plan)
    before = tree(tmp_path)
    apply_plan(plan_toggle(list_store(scan(tmp_path)), (), (A.sha256,)))
    assert A.sha256 not in trusted(tmp_path)
    undo_last(str(tmp_path))
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("options", "servers", "on"),
    [
        (ImportOptions(), ServerTrust.YES, True),
        (ImportOptions(), ServerTrust.UNSAID, True),
        (ImportOptions(), ServerTrust.NO, False),
        (ImportOptions(all_uses=True), ServerTrust.NO, True),
        (ImportOptions(off=True), ServerTrust.YES, False),
    ],
)
def test_what_is_not_for_servers_comes_in_off(
    tmp_path: Path, options: ImportOptions, servers: ServerTrust, on: bool
) -> None:
    """A TLS store trusts what its source trusts for TLS; the rest is there to be taken in."""
    planned = import_into(tmp_path, item(A, servers), options=options)
    apply_plan(planned.plan)
    assert (trusted(tmp_path) == {A.sha256}) is on
    (entry,) = planned.entries
    assert isinstance(entry, Added)
    assert bool(entry.why_off) is not on
    assert os.path.exists(tmp_path / entry.file)


def test_only_websites_leaves_the_others_out(tmp_path: Path) -> None:
    """They are told with the reason, and no file is made of them."""
    planned = import_into(
        tmp_path, item(A, ServerTrust.NO), item(B, ServerTrust.YES), options=ImportOptions(only_websites=True)
    )
    assert [type(entry) for entry in planned.entries] == [LeftOut, Added]


def test_what_its_source_distrusts_never_comes_in(tmp_path: Path) -> None:
    """Not even off, and not on request."""
    planned = import_into(tmp_path, item(A, ServerTrust.DISTRUSTED), options=ImportOptions(all_uses=True))
    (entry,) = planned.entries
    assert isinstance(entry, LeftOut)
    assert "distrusts" in entry.reason
    assert planned.plan.operations == ()


def test_what_is_here_already_stays_as_it_is(tmp_path: Path) -> None:
    """On or off, an import changes no choice that was made here; refusals are passed on."""
    apply_plan(import_into(tmp_path, item(A), item(B), options=ImportOptions()).plan)
    apply_plan(plan_toggle(list_store(scan(tmp_path)), (), (B.sha256,)))
    planned = import_into(tmp_path, item(A), item(B), item(B), Refused("x", "no certificate"))
    assert planned.entries == (
        AlreadyHere(item(A), "Root_A.pem", trusted=True),
        AlreadyHere(item(B), "untrusted/Root_B.pem", trusted=False),
        Refused("x", "no certificate"),
    )
    assert planned.repeats == 1
    assert planned.plan.operations == ()


def test_what_one_library_refuses_comes_in_with_what_it_says(tmp_path: Path) -> None:
    """No certificate is lost because cryptography refuses what OpenSSL loads."""
    extra = bytes.fromhex("a30e300c300a0603551d130403010101")
    raw = raw_certificate(raw_name((raw_attribute(0x0C, b"Raw"),)), extra=extra)
    certificate, _ = read_certificate(raw)
    planned = import_into(tmp_path, Item(certificate, "source"))
    (entry,) = planned.entries
    assert isinstance(entry, Added)
    assert "cryptography refuses it" in entry.item.notes[0]
    apply_plan(planned.plan)
    assert trusted(tmp_path) == {certificate.sha256}


def test_a_bundle_behind_a_link_is_made_one_file_each(tmp_path: Path) -> None:
    """What several share one file with cannot be toggled alone; imported and rehashed, each can."""
    (tmp_path / "two.pem").write_bytes(A.pem + B.pem)
    certificate, _ = read_certificate(A.der)
    os.symlink("two.pem", tmp_path / f"{certificate.subject_hash}.0")
    apply_plan(import_into(tmp_path, item(A), item(B)).plan)
    os.unlink(tmp_path / "two.pem")
    apply_plan(plan_rehash(scan(tmp_path)).plan)
    assert trusted(tmp_path) == {A.sha256, B.sha256}
    apply_plan(plan_toggle(list_store(scan(tmp_path)), (), (B.sha256,)))
    assert trusted(tmp_path) == {A.sha256}


def test_a_servers_leaf_comes_in_off_and_intermediates_on(tmp_path: Path) -> None:
    """Of a chain that a server showed, its own certificate is no anchor."""
    middle = mint_intermediate(A)
    planned = import_into(tmp_path, item(mint_leaf(middle)), item(middle))
    apply_plan(planned.plan)
    assert trusted(tmp_path) == {middle.sha256}


def test_a_name_that_is_taken_is_told_apart_by_the_fingerprint(tmp_path: Path) -> None:
    """Other capitals and files that are off count as taken, so that every root can be toggled later."""
    (tmp_path / "untrusted").mkdir()
    (tmp_path / "untrusted/root_a.pem").write_bytes(B.pem)
    planned = import_into(tmp_path, item(A))
    assert isinstance(planned.entries[0], Added)
    assert planned.entries[0].file == f"Root_A_{A.sha256[:8]}.pem"


def test_limits_are_kept_beside_the_store_and_taken_back(tmp_path: Path) -> None:
    """Distrust-after and constraints stand in capath's own file, which grows and shrinks with the imports."""
    apply_plan(import_into(tmp_path, item(A, distrust_after=DATE)).plan)
    first = (tmp_path / CONSTRAINTS_FILE).read_bytes()
    apply_plan(import_into(tmp_path, item(B, constraints="*.tr")).plan)
    kept = read_constraints_file(tmp_path).by_sha256
    assert kept[A.sha256].distrust_after == DATE
    assert kept[B.sha256].constraints == "*.tr"
    assert kept[A.sha256].source == "test"
    undo_last(str(tmp_path))
    assert (tmp_path / CONSTRAINTS_FILE).read_bytes() == first
    undo_last(str(tmp_path))
    assert os.listdir(tmp_path) == []


def test_limits_of_what_is_here_already_are_brought_up_to_date(tmp_path: Path) -> None:
    """A new date for a root is worth writing down even when no file is new; the same date is not."""
    apply_plan(import_into(tmp_path, item(A)).plan)
    planned = import_into(tmp_path, item(A, distrust_after=DATE))
    assert [kept.sha256 for kept in planned.kept] == [A.sha256]
    apply_plan(planned.plan)
    assert import_into(tmp_path, item(A, distrust_after=DATE)).plan.operations == ()


def test_a_damaged_file_of_limits_is_not_overwritten(tmp_path: Path) -> None:
    """The plan is refused with the reason, and nothing of it is done."""
    (tmp_path / CONSTRAINTS_FILE).write_text(json.dumps(["not ours"]))
    planned = import_into(tmp_path, item(A, distrust_after=DATE))
    assert [refusal.name for refusal in planned.plan.refusals] == [CONSTRAINTS_FILE]
    assert import_into(tmp_path, item(A)).plan.refusals == ()


def test_an_import_that_is_killed_anywhere_is_taken_back(tmp_path: Path) -> None:
    """Whatever step it was killed behind, the next start leaves the directory as it was before."""
    store = tmp_path / "store"
    store.mkdir()
    apply_plan(import_into(store, item(C, distrust_after=DATE)).plan)
    before = tree(store)
    planned = import_into(store, item(A, distrust_after=DATE), item(B, constraints="*.tr")).plan
    for step in range(1, len(planned.operations) + 1):

        def kill(done: int, step: int = step) -> None:
            if done == step:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            apply_plan(planned, kill)
        recover(str(store))
        assert tree(store) == before, f"killed behind step {step}"


@pytest.mark.parametrize(
    ("label", "stem"),
    [
        ("ISRG Root X1", "ISRG_Root_X1"),
        ("TÜRKTRUST Elektronik Sertifika Hizmet Sağlayıcısı", "TURKTRUST_Elektronik_Sertifika_Hizmet_Saglayicisi"),
        ("../../etc/passwd", "etc_passwd"),
        ("-rf *", "rf"),
        ("CA \x1b[31m\n/\0", "CA_31m"),
        ("沃通", ""),
        ("x" * 300, "x" * 80),
    ],
)
def test_any_label_becomes_a_safe_name(label: str, stem: str) -> None:
    """Letters of other alphabets lose their marks; nothing of a path, an option or a terminal survives."""
    assert safe_stem(label) == stem


def test_a_label_without_safe_letters_is_named_by_its_fingerprint() -> None:
    """Something always names the file."""
    assert FileNames(()).choose("沃通", "ab" * 32) == "abababab.pem"


@given(st.lists(st.text(max_size=40), max_size=8))
def test_names_never_meet(labels: list[str]) -> None:
    """However alike the labels, the names differ in any case, are safe, and are looked at by openssl rehash."""
    names = FileNames(["taken.pem"])
    chosen = [names.choose(label, f"{number:064x}"[::-1]) for number, label in enumerate(labels)]
    assert len({name.casefold() for name in chosen}) == len(chosen)
    assert all(name.endswith(".pem") and name.isascii() and "/" not in name for name in chosen)
    assert not any(name.startswith((".", "-")) for name in chosen)
