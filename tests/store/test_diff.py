"""Comparing stores, by certificate and by key."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from capath.pki.claims import Claims, Item, ServerTrust
from capath.pki.load import read_certificate
from capath.store import list_store, scan
from capath.store.constraints import Kept
from capath.store.diff import (
    Comparison,
    LimitsDiffer,
    Member,
    OnlyHere,
    Side,
    TrustDiffers,
    compare,
    side_of_items,
    side_of_listing,
    trusted_beyond,
)
from tests.minting import mint_root

DATE = datetime(2024, 11, 30, tzinfo=timezone.utc)


def side(title: str, *members: Member) -> Side:
    return Side(title, {member.sha256: member for member in members})


def member(name: str, trusted: bool = True, *, date: datetime | None = None, key: bytes = b"") -> Member:
    return Member(name, f"Root {name}", trusted, date, "", key)


def test_what_one_side_alone_has_is_told_with_its_twins_there() -> None:
    """A root that was reissued with its key is only here, and its twin is over there."""
    old, new = member("old", key=b"K"), member("new", key=b"K")
    found = compare(side("A", old, member("x")), side("B", new, member("x")))
    assert found.only_left == (OnlyHere(old, (new,)),)
    assert found.only_right == (OnlyHere(new, (old,)),)
    assert found.same == 1


def test_lists_without_keys_have_no_twins() -> None:
    """Two roots of unknown keys are not taken for one key."""
    found = compare(side("A", member("a")), side("B", member("b")))
    assert found.only_left[0].same_key_there == ()


def test_trust_and_limits_that_differ_are_told() -> None:
    """The same certificate, judged apart."""
    on, off = member("a"), member("a", trusted=False)
    dated, free = member("b", date=DATE), member("b")
    found = compare(side("A", on, dated), side("B", off, free, member("c", date=DATE)))
    assert found.trust == (TrustDiffers(on, off),)
    assert found.limits == (LimitsDiffer(dated, free),)
    assert (found.same, found.equal) == (0, False)


def test_limits_that_one_side_alone_knows_are_differences() -> None:
    """A PEM bundle cannot hold them: who uses it instead of the directory loses them."""
    found = compare(side("A", member("b", date=DATE)), side("B", member("b")))
    assert [(item.left.distrust_after, item.right.distrust_after) for item in found.limits] == [(DATE, None)]
    assert not found.equal


def test_equal_stores_are_equal() -> None:
    """No difference, all the same."""
    found = compare(side("A", member("a")), side("B", member("a")))
    assert (found.equal, found.same) == (True, 1)


MEMBERS = st.builds(
    Member,
    st.sampled_from("abcdef"),
    st.sampled_from(["Root", "root", "Other"]),
    st.booleans(),
    st.sampled_from([None, DATE]),
    st.just(""),
    st.sampled_from([b"", b"K", b"L"]),
)
SIDES = st.lists(MEMBERS, unique_by=lambda member: member.sha256).map(lambda found: side("S", *found))


@given(SIDES, SIDES)
def test_a_comparison_turned_round_is_the_same_turned_round(left: Side, right: Side) -> None:
    """Diff is antisymmetric, and accounts for every certificate once."""
    found, turned = compare(left, right), compare(right, left)
    assert (found.only_left, found.only_right) == (turned.only_right, turned.only_left)
    assert {item.left.sha256 for item in found.trust} == {item.left.sha256 for item in turned.trust}
    assert found.same == turned.same
    assert _all(found) == left.members.keys() | right.members.keys()
    assert compare(left, left).equal


def test_what_a_store_trusts_beyond_a_list_is_found() -> None:
    """Neither what the list has off nor what the store has off changes the answer."""
    here = side("A", member("a"), member("b"), member("c", trusted=False), member("d"))
    mozilla = side("M", member("a"), member("b", trusted=False), member("e"))
    assert [found.sha256 for found in trusted_beyond(here, mozilla)] == ["b", "d"]


def test_a_directory_is_a_side_with_its_trust_and_its_kept_limits(tmp_path: Path) -> None:
    """Trust is what lookup finds; the limits are those kept beside the store."""
    root, other = mint_root("Root A"), mint_root("Root B")
    (tmp_path / "a.pem").write_bytes(root.pem)
    (tmp_path / "b.pem").write_bytes(other.pem)
    certificate, _ = read_certificate(root.der)
    os.symlink("a.pem", tmp_path / f"{certificate.subject_hash}.0")
    kept: Mapping[str, Kept] = {root.sha256: Kept(root.sha256, "", DATE, "", "")}
    found = side_of_listing("here", list_store(scan(tmp_path)), kept).members
    assert found[root.sha256].trusted
    assert found[root.sha256].distrust_after == DATE
    assert not found[other.sha256].trusted


def test_a_source_is_a_side_that_trusts_what_it_does_not_distrust() -> None:
    """A bundle says nothing of its roots, and means that it trusts them."""
    certificate, _ = read_certificate(mint_root("Root A").der)
    for servers, is_trusted in (("yes", True), ("unsaid", True), ("no", False), ("distrusted", False)):
        claims = Claims("Label", ServerTrust(servers))
        (found,) = side_of_items("s", [Item(certificate, "", claims)]).members.values()
        assert (found.trusted, found.label) == (is_trusted, "Label")


def _all(found: Comparison) -> set[str]:
    only = [item.member.sha256 for item in (*found.only_left, *found.only_right)]
    shared = found.left.members.keys() & found.right.members.keys()
    assert len(only) == len(set(only))
    assert shared.isdisjoint(only)
    return {*only, *shared}
