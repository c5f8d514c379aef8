"""Toggling in the shapes of directories that people have, with the openssl binary as the judge."""

from __future__ import annotations

import random
from datetime import datetime, timezone
from pathlib import Path

import pytest

from capath.change.apply import apply_plan
from capath.change.journal import Journal
from capath.change.operation import Absent, MakeLink, ReplaceFile
from capath.change.plan import Plan
from capath.change.toggle import plan_toggle
from capath.pki.load import read_certificate
from capath.store.listing import CertificateRow, list_store
from capath.store.standing import OldHashOnly, TakenOut, Trusted
from capath.store.walk import scan
from tests.minting import Minted, mint_leaf, mint_root, pem
from tests.oracle.openssl import links_in, needs_openssl, openssl, rehash, trusts
from tests.trees import tree


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "d"
    path.mkdir()
    return path


def _plan(directory: Path, *, on: tuple[Minted, ...] = (), off: tuple[Minted, ...] = ()) -> Plan:
    return plan_toggle(
        list_store(scan(directory)),
        [minted.sha256 for minted in on],
        [minted.sha256 for minted in off],
        Journal(str(directory)).row_memory(),
    )


def _toggle(directory: Path, *, on: tuple[Minted, ...] = (), off: tuple[Minted, ...] = ()) -> Plan:
    plan = _plan(directory, on=on, off=off)
    assert not plan.refusals
    apply_plan(plan)
    return plan


def _row(directory: Path, minted: Minted) -> CertificateRow:
    return list_store(scan(directory)).by_sha256[minted.sha256][0]


def _hash(minted: Minted) -> str:
    return read_certificate(minted.der)[0].subject_hash


def _old_hash(minted: Minted) -> str:
    return read_certificate(minted.der)[0].subject.old_hash


@needs_openssl
@pytest.mark.oracle
@pytest.mark.parametrize("seed", range(6))
def test_between_two_steps_the_binary_finds_what_it_found_before_and_will_find(tmp_path: Path, seed: int) -> None:
    """A fresh `openssl verify` after every single step, over rows of links and files in any order."""
    rng = random.Random(seed)
    roots = [mint_root() for _ in range(4)]
    directory, outside = tmp_path / "d", tmp_path / "outside"
    directory.mkdir()
    outside.mkdir()
    for number, root in enumerate(roots):
        (outside / f"{number}.pem").write_bytes(root.pem)
        (directory / f"{number}.pem").write_bytes(root.pem)
    order = [*rng.sample(range(4), 4), rng.randrange(4)]
    for slot, number in enumerate(order):
        path = directory / f"{_hash(roots[0])}.{slot}"
        if rng.random() < 0.3:
            path.write_bytes(roots[number].pem)
        else:
            path.symlink_to(f"{number}.pem")
    off = roots[rng.randrange(4)]
    kept = [number for number, root in enumerate(roots) if root is not off]

    def look(_: int) -> None:
        for number in kept:
            assert trusts(directory, outside / f"{number}.pem")

    apply_plan(_plan(directory, off=(off,)), look)
    assert not trusts(directory, outside / f"{roots.index(off)}.pem")
    apply_plan(_plan(directory, on=(off,)), look)
    assert trusts(directory, outside / f"{roots.index(off)}.pem")


@needs_openssl
@pytest.mark.oracle
@pytest.mark.parametrize("style", ["", "-old", "-compat"])
def test_off_outlasts_a_rehash_and_on_is_what_a_rehash_makes(directory: Path, tmp_path: Path, style: str) -> None:
    """The seed's own command brings nothing back that was taken out, and changes nothing after it is back in."""
    roots = [mint_root() for _ in range(3)]
    for name, root in zip("abc", roots, strict=True):
        (directory / f"{name}.pem").write_bytes(root.pem)
    arguments = [style] if style else []
    rehash(*arguments, directory)
    if style == "-old":
        rehash(directory)
    before = tree(directory)
    leaf = tmp_path / "leaf.pem"
    leaf.write_bytes(mint_leaf(roots[1]).pem)
    verify = ("verify", "-no-CAfile", "-no-CAstore", "-CApath", directory, leaf)
    assert openssl(*verify).returncode == 0
    _toggle(directory, off=(roots[1],))
    taken_out = links_in(directory)
    assert isinstance(_row(directory, roots[1]).standing, TakenOut)
    rehash(*([style] if style == "-compat" else []), directory)
    assert links_in(directory) == taken_out
    assert openssl(*verify).returncode == 2
    _toggle(directory, on=(roots[1],))
    assert openssl(*verify).returncode == 0
    assert tree(directory) == before


def test_every_copy_goes_out_and_comes_in(directory: Path) -> None:
    """The same certificate under three names: one toggle takes them all."""
    root = mint_root()
    for name in ("a.pem", "b.crt", "c.CER"):
        (directory / name).write_bytes(root.pem)
    (directory / f"{_hash(root)}.0").symlink_to("b.crt")
    before = tree(directory)
    _toggle(directory, off=(root,))
    assert sorted(scan(directory).entries) == ["untrusted/a.pem", "untrusted/b.crt", "untrusted/c.CER"]
    _toggle(directory, on=(root,))
    assert tree(directory) == before


@pytest.mark.parametrize(
    ("present", "expected"), [("acd", "abcd"), ("adc", "adcb")], ids=["in order of names", "in no order"]
)
def test_where_no_order_is_known_it_comes_by_its_name_or_last(
    directory: Path, present: str, expected: str
) -> None:
    """A file that capath did not put aside joins a row in order of names where it belongs, else at the end."""
    roots = {name: mint_root() for name in "abcd"}
    for slot, name in enumerate(present):
        (directory / f"{name}.pem").write_bytes(roots[name].pem)
        (directory / f"{_hash(roots['a'])}.{slot}").symlink_to(f"{name}.pem")
    (directory / "untrusted").mkdir()
    (directory / "untrusted" / "b.pem").write_bytes(roots["b"].pem)
    _toggle(directory, on=(roots["b"],))
    links = links_in(directory)
    assert "".join(links[name].removesuffix(".pem") for name in sorted(links)) == expected


@pytest.mark.parametrize(
    ("first", "later", "known"),
    [
        ("abcd", "abd", "abcd"),
        ("abcd", "acd", "abcd"),
        ("abcd", "dca", "dcab"),
        ("bac", "c", "bac"),
        ("ab", "abc", "abc"),
    ],
)
def test_the_order_of_a_row_is_remembered_with_what_left_it(
    directory: Path, first: str, later: str, known: str
) -> None:
    """The newest order counts; what it no longer has comes after what it followed."""
    root = mint_root()
    journal = Journal(str(directory))
    for name in "abcd":
        (directory / f"{name}.pem").write_bytes(root.pem)
    for order in (first, later):
        for link in directory.glob(f"{_hash(root)}.*"):
            link.unlink()
        for slot, name in enumerate(order):
            (directory / f"{_hash(root)}.{slot}").symlink_to(f"{name}.pem")
        step = MakeLink(f"{_hash(root)}.0", "a.pem", Absent())
        journal.begin("a change", [step], scan(directory), datetime(2026, 6, 1, tzinfo=timezone.utc))
    (remembered,) = journal.row_memory().values()
    assert "".join(target.removesuffix(".pem") for target in remembered) == known


def test_links_to_other_directories_and_to_links_come_back(directory: Path, tmp_path: Path) -> None:
    """Debian's two hops: the file is elsewhere and is never touched."""
    store = tmp_path / "share"
    store.mkdir()
    root = mint_root()
    (store / "root.crt").write_bytes(root.pem)
    (directory / "root.pem").symlink_to(store / "root.crt")
    (directory / "alias.pem").symlink_to("root.pem")
    (directory / f"{_hash(root)}.0").symlink_to("root.pem")
    before, elsewhere = tree(directory), tree(store)
    _toggle(directory, off=(root,))
    assert not _row(directory, root).trusted
    assert tree(store) == elsewhere
    _toggle(directory, on=(root,))
    assert tree(directory) == before
    assert tree(store) == elsewhere


def test_a_store_of_links_alone(directory: Path, tmp_path: Path) -> None:
    """Slots that lead out of the directory, with no other name in it: the link itself is put aside."""
    roots = [mint_root() for _ in range(3)]
    for slot, root in enumerate(roots):
        (tmp_path / f"{slot}.crt").write_bytes(root.pem)
        (directory / f"{_hash(root)}.{slot}").symlink_to(tmp_path / f"{slot}.crt")
    before = tree(directory, times=True)
    _toggle(directory, off=(roots[0],))
    listing = list_store(scan(directory))
    assert [listing.by_sha256[root.sha256][0].trusted for root in roots] == [False, True, True]
    _toggle(directory, on=(roots[0],))
    assert tree(directory).keys() == before.keys()
    assert all(_row(directory, root).trusted for root in roots)


def test_regular_files_in_slots_close_up_without_a_gap(directory: Path) -> None:
    """FreeBSD's shape: taking out the first leaves a link in its slot to the one behind."""
    roots = [mint_root() for _ in range(3)]
    for slot, root in enumerate(roots):
        (directory / f"{_hash(root)}.{slot}").write_bytes(root.pem)
    before = tree(directory)
    plan = _toggle(directory, off=(roots[0],))
    assert any(isinstance(operation, ReplaceFile) for operation in plan.operations)
    name = _hash(roots[0])
    assert links_in(directory) == {f"{name}.0": f"{name}.1"}
    assert [_row(directory, root).trusted for root in roots] == [False, True, True]
    assert _row(directory, roots[1]).file == f"{name}.1"
    _toggle(directory, on=(roots[0],))
    assert tree(directory) == before


def test_android_files_are_trusted_through_a_link_and_taken_out_whole(directory: Path) -> None:
    """A regular file named by its old hash: trust links to it, and says that rehash knows no such link."""
    root = mint_root()
    (directory / f"{_old_hash(root)}.0").write_bytes(root.pem + b"Certificate:\n    Data:\n")
    assert isinstance(_row(directory, root).standing, OldHashOnly)
    before = tree(directory)
    plan = _toggle(directory, on=(root,))
    assert "openssl rehash would remove the link" in plan.notes[0]
    assert isinstance(_row(directory, root).standing, Trusted)
    assert links_in(directory) == {f"{_hash(root)}.0": f"{_old_hash(root)}.0"}
    _toggle(directory, off=(root,))
    assert list(scan(directory).entries) == [f"untrusted/{_old_hash(root)}.0"]
    _toggle(directory, on=(root,))
    assert isinstance(_row(directory, root).standing, Trusted)
    assert tree(directory).keys() == {*before, f"{_hash(root)}.0"}


def test_several_certificates_in_one_file_are_refused(directory: Path) -> None:
    """Taking one out would take the other: it is refused, with a remedy, and nothing changes."""
    first, second = mint_root(), mint_root()
    (directory / "both.pem").write_bytes(first.pem + second.pem)
    (directory / f"{_hash(first)}.0").symlink_to("both.pem")
    before = tree(directory)
    plan = _plan(directory, off=(first,))
    assert [refusal.name for refusal in plan.refusals] == ["both.pem"]
    assert "import" in plan.refusals[0].remedy
    assert tree(directory) == before


@pytest.mark.parametrize(
    ("extra", "name", "reason"),
    [
        ("a.pem", "untrusted/a.pem", "is taken"),
        ("", "a.der.txt", ".pem, .crt, .cer and .crl only"),
    ],
)
def test_names_in_the_way_are_refused_with_a_remedy(directory: Path, extra: str, name: str, reason: str) -> None:
    """A taken name, or one that rehash would never look at, stops the plan before it starts."""
    root = mint_root()
    (directory / name).parent.mkdir(exist_ok=True)
    (directory / name).write_bytes(root.pem)
    if extra:
        (directory / extra).write_bytes(b"the user's own\n")
    plan = _plan(directory, on=(root,))
    assert reason in plan.refusals[0].reason
    assert plan.refusals[0].remedy


def test_a_root_behind_a_gap_is_brought_into_reach(directory: Path) -> None:
    """Trusting it mends its row; a root that comes along is named in a note."""
    roots = [mint_root() for _ in range(2)]
    for number, root in enumerate(roots):
        (directory / f"{number}.pem").write_bytes(root.pem)
    (directory / f"{_hash(roots[0])}.1").symlink_to("0.pem")
    _toggle(directory, on=(roots[0],))
    assert links_in(directory) == {f"{_hash(roots[0])}.0": "0.pem"}


def test_trust_attributes_are_no_part_of_the_identity(directory: Path) -> None:
    """A TRUSTED CERTIFICATE and a plain copy of it are one certificate."""
    root = mint_root()
    (directory / "a.pem").write_bytes(pem("TRUSTED CERTIFICATE", root.der + b"\x30\x00"))
    (directory / "b.pem").write_bytes(root.pem)
    _toggle(directory, on=(root,))
    _toggle(directory, off=(root,))
    assert sorted(scan(directory).entries) == ["untrusted/a.pem", "untrusted/b.pem"]


def test_nothing_to_do_is_an_empty_plan(directory: Path) -> None:
    """Trusting the trusted, or distrusting what is out, plans no step."""
    root = mint_root()
    (directory / "a.pem").write_bytes(root.pem)
    assert not _plan(directory, off=(root,)).operations or not _row(directory, root).trusted
    _toggle(directory, on=(root,))
    assert _plan(directory, on=(root,)).operations == ()
